use super::*;

#[test]
fn directives_are_in_force_and_only_where_they_should() {
    let mut world = World::new(3, None).unwrap();
    let state = world.db.clone();
    world.db = with_directives(&world, &state, 5).unwrap();
    let now = world.params().timestamp();
    let mut reader = BlockDb::new(&mut world.db);
    for id in 1..=5 {
        let directive = directive_on(&mut reader, target(id), now).unwrap().unwrap();
        assert_eq!(directive.alert_id, U256::from(id));
    }
    assert_eq!(directive_on(&mut reader, target(6), now).unwrap(), None);
}

#[test]
fn every_variant_executes_the_block() {
    let args = GuardArgs {
        directives: 3,
        rounds: 2,
        txs: 4,
        guard_accounts: 4,
    };
    let mut world = World::new(args.guard_accounts, None).unwrap();
    let work = world.work(Kind::Transfer, args.txs).unwrap();
    let result = compare(&args, &mut world, &work).unwrap();
    assert!(result.none_us > 0.0, "{result:?}");
}

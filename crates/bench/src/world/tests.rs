use super::*;

#[test]
fn blocks_can_be_made_and_applied_one_after_the_other() {
    let mut world = World::new(10, None).unwrap();
    let work = world.work(Kind::Transfer, 25).unwrap();
    let outcome = world.execute(&work).unwrap();
    assert_eq!(outcome.gas_used, 25 * 21_000);
    let again = world.execute(&work).unwrap();
    assert_eq!(
        again.changes, outcome.changes,
        "executing leaves the state alone"
    );
    world.apply(&outcome.changes);
    assert!(world.execute(&work).is_err(), "nonces are used up");
    let next = world.work(Kind::Transfer, 25).unwrap();
    world.execute(&next).unwrap();
}

#[test]
fn pieces_hold_the_whole_state() {
    let world = World::new(25, None).unwrap();
    let pieces = world.pieces(10);
    let mut copy = MemoryDb::default();
    for piece in &pieces {
        assert!(piece.accounts.len() + piece.storage.len() <= 10);
        copy.apply(piece);
    }
    assert_eq!(copy.accounts, world.db.accounts);
    assert_eq!(copy.storage, world.db.storage);
    assert_eq!(copy.code, world.db.code);
}

#[test]
fn without_a_token_there_are_no_token_transfers() {
    let mut world = World::new(3, None).unwrap();
    assert!(world.work(Kind::Erc20, 1).is_err());
}

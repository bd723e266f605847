//! Processes: started, recognised, stopped, and never mistaken for others.

use super::{FAILING, PATIENT, STUBBORN, folder, program, small, stand_in, up};
use crate::league::{process::stop, *};
use std::{
    fs,
    net::TcpListener,
    process::{Child, Command},
    time::{Duration, Instant},
};

fn sleeper() -> Child {
    Command::new("sleep").arg("60").spawn().unwrap()
}

/// The record of a child that has replaced its image.
fn record(child: &Child) -> Record {
    let begun = Instant::now();
    loop {
        match Record::observe(child.id()) {
            Some(record) if record.command == ["sleep", "60"] => return record,
            _ => assert!(begun.elapsed() < Duration::from_secs(5), "no sleep"),
        }
    }
}

#[tokio::test]
async fn a_league_resumes_with_its_keys_and_its_chain() {
    let (parent, dir) = folder();
    let up1 = stand_in(parent.path(), &dir, PATIENT);
    let hash = up1.league().document().unwrap().genesis_hash;
    let key = fs::read(dir.join("operator-1/key")).unwrap();
    let program = program(parent.path(), PATIENT);
    // While it runs, another `up` starts nothing and leaves everything to the first.
    let twice = up(&dir, &Options::default(), &program).unwrap();
    assert_eq!(
        (twice.began(), twice.started().count()),
        (Began::Running, 0)
    );
    assert_eq!(
        twice.league().document().unwrap(),
        up1.league().document().unwrap()
    );
    let moved = Options {
        port_base: Some(small().port_base.unwrap() + 100),
        ..Options::default()
    };
    let error = up(&dir, &moved, &program).unwrap_err();
    assert!(matches!(error, LeagueError::PortsInUse { .. }), "{error}");
    twice.stop().await.unwrap();
    assert!(
        up1.league().process("operator-1").is_some(),
        "it was not twice's to stop"
    );

    let stopped = down(&dir, Some("operator-2")).await.unwrap();
    assert_eq!(stopped, ["operator-2"]);
    let third = up(&dir, &Options::default(), &program).unwrap();
    assert_eq!(third.began(), Began::Resumed);
    assert_eq!(third.started().collect::<Vec<_>>(), ["operator-2"]);
    assert_eq!(
        down(&dir, None).await.unwrap(),
        ["operator-1", "operator-2"]
    );
    assert_eq!(down(&dir, None).await.unwrap(), Vec::<String>::new());

    let fourth = up(&dir, &moved, &program).unwrap();
    assert_eq!(fourth.league().document().unwrap().genesis_hash, hash);
    assert_eq!(fs::read(dir.join("operator-1/key")).unwrap(), key);
    let operators = fourth.league().operators();
    assert_eq!(Some(operators[0].config.rpc.listen.port()), moved.port_base);
    // The peers moved with them.
    assert_eq!(
        operators[0].config.p2p.peers[0].address,
        operators[1].config.p2p.listen
    );
    fourth.stop().await.unwrap();
}

#[test]
fn a_busy_port_names_its_owner() {
    // The port before it may be somebody else's: another one, then.
    for _ in 0..20 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        if the_second_port_is_found_busy(port) {
            return;
        }
    }
    panic!("no two ports in a row are free");
}

/// False when the port before it is not free either.
fn the_second_port_is_found_busy(port: u16) -> bool {
    let (parent, dir) = folder();
    let options = Options {
        port_base: Some(port - 1),
        operators: Some(1),
        ..Options::default()
    };
    let error = up(&dir, &options, &program(parent.path(), PATIENT)).unwrap_err();
    let LeagueError::PortBusy {
        port: busy,
        what,
        owner,
        free_base,
        ..
    } = &error
    else {
        panic!("{error}");
    };
    if (*busy, *what) == (port - 1, "rpc") {
        return false;
    }
    assert_eq!((*busy, *what), (port, "taxii"));
    assert!(
        owner.ends_with(&format!("(pid {})", std::process::id())),
        "{owner}"
    );
    assert!(error.advice().contains(&free_base.unwrap().to_string()));
    // Nothing was started, and what was made is there for the next try.
    assert!(League::open(&dir).unwrap().process("operator-1").is_none());
    true
}

#[tokio::test]
async fn a_reused_number_is_another_process() {
    let mut child = sleeper();
    let real = record(&child);
    assert!(real.find().is_some());
    let others = [
        Record {
            start_ticks: real.start_ticks + 1,
            ..real.clone()
        },
        Record {
            boot_id: "another".into(),
            ..real.clone()
        },
        Record {
            command: vec!["hansa".into(), "node".into()],
            ..real.clone()
        },
    ];
    for other in others {
        assert!(other.find().is_none(), "{other:?}");
    }
    let process = real.find().unwrap();
    child.kill().unwrap();
    // Dead and not yet waited for is dead.
    let begun = Instant::now();
    while Record::observe(real.pid).is_some() {
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
    assert!(real.find().is_none());
    stop(&[("gone".into(), process)], Duration::ZERO)
        .await
        .unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn down_never_touches_a_stranger() {
    let (parent, dir) = folder();
    stand_in(parent.path(), &dir, PATIENT).stop().await.unwrap();
    let mut stranger = sleeper();
    let mut stale = record(&stranger);
    stale.start_ticks -= 1;
    fs::write(
        dir.join("operator-1/process.json"),
        serde_json::to_vec(&stale).unwrap(),
    )
    .unwrap();
    fs::write(dir.join("operator-2/process.json"), "{ not a record").unwrap();
    fs::write(dir.join("league.json"), "neither").unwrap();
    assert_eq!(down(&dir, None).await.unwrap(), Vec::<String>::new());
    assert!(stranger.try_wait().unwrap().is_none(), "it was signalled");
    assert!(!dir.join("operator-1/process.json").exists());
    serde_json::from_slice::<Document>(&fs::read(dir.join("league.json")).unwrap()).unwrap();
    let error = down(&dir, Some("operator-3")).await.unwrap_err();
    assert!(
        matches!(error, LeagueError::UnknownOperator { .. }),
        "{error}"
    );
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[tokio::test]
async fn what_does_not_stop_is_killed() {
    let (parent, dir) = folder();
    let mut up = stand_in(parent.path(), &dir, STUBBORN);
    let league = up.league().clone();
    let (_, process) = league.process("operator-1").unwrap();
    // The trap must be set before the signal comes.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    let grace = Duration::from_millis(200);
    stop(&[("operator-1".into(), process)], grace)
        .await
        .unwrap();
    assert!(
        begun.elapsed() >= grace,
        "SIGTERM was enough: the test tests nothing"
    );
    let ended = up.ended().unwrap();
    assert_eq!(
        (ended.operator.as_str(), ended.in_order),
        ("operator-1", false)
    );
    assert!(up.ended().is_none() && up.is_running());
    let (_, process) = league.process("operator-2").unwrap();
    stop(&[("operator-2".into(), process)], Duration::ZERO)
        .await
        .unwrap();
    up.stop().await.unwrap();
}

#[tokio::test]
async fn a_failing_node_is_told_with_its_last_words() {
    let (parent, dir) = folder();
    let mut up = stand_in(parent.path(), &dir, FAILING);
    let error = up
        .healthy(Duration::from_secs(10), |_| {})
        .await
        .unwrap_err();
    assert!(matches!(error, LeagueError::Exited { .. }), "{error}");
    assert!(
        error.to_string().contains("error: no luck (try: again)"),
        "{error}"
    );
    assert_eq!(error.kind(), Kind::Unhealthy);
    up.stop().await.unwrap();
}

#[tokio::test]
async fn running_is_not_healthy() {
    let (parent, dir) = folder();
    let mut up = stand_in(parent.path(), &dir, PATIENT);
    let health = health(up.league()).await;
    assert!(!health.healthy);
    for operator in &health.operators {
        assert!(operator.pid.is_some() && operator.head.is_none());
        assert!(
            operator
                .problems
                .iter()
                .any(|problem| problem.starts_with("RPC: "))
        );
        assert!(
            operator
                .problems
                .iter()
                .any(|problem| problem.starts_with("TAXII: "))
        );
    }
    let mut told = 0;
    let error = up
        .healthy(Duration::from_millis(300), |_| told += 1)
        .await
        .unwrap_err();
    assert!(matches!(error, LeagueError::NotHealthy { .. }), "{error}");
    assert_eq!(error.kind(), Kind::Timeout);
    assert!(told > 1);
    assert!(matches!(reset(&dir), Err(LeagueError::Running { .. })));
    up.stop().await.unwrap();
    reset(&dir).unwrap();
    assert!(!dir.exists());
}

#[test]
fn a_program_that_cannot_be_started_leaves_nothing_running() {
    let (parent, dir) = folder();
    let missing = parent.path().join("missing");
    let error = up(&dir, &small(), &missing).unwrap_err();
    assert!(matches!(error, LeagueError::Spawn { .. }), "{error}");
    assert!(League::open(&dir).unwrap().process("operator-1").is_none());
}

#[test]
fn giving_up_between_two_operators_leaves_nothing_running() {
    let (parent, dir) = folder();
    let asked = std::cell::Cell::new(0);
    let stopped = || {
        asked.set(asked.get() + 1);
        asked.get() > 1
    };
    let program = program(parent.path(), PATIENT);
    let error = crate::league::up(&dir, &small(), &program, &stopped).unwrap_err();
    assert_eq!(error.kind(), Kind::Interrupted, "{error}");
    // The first was started, and is known by its record.
    assert!(dir.join("operator-1/process.json").exists());
    let league = League::open(&dir).unwrap();
    assert!(league.process("operator-1").is_none());
    assert!(league.process("operator-2").is_none());
}

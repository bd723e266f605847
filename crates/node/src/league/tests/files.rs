//! Files: genesis, keys, ports, the document, logs.

use super::{PATIENT, folder, program, small, stand_in, up};
use crate::{
    Config,
    league::{
        accounts::{development_member, development_x25519},
        layout::Layout,
        lock::Lock,
        logs::last_words,
        *,
    },
    load_key,
};
use alloy_primitives::{Address, B256};
use alloy_signer_local::PrivateKeySigner;
use commonware_cryptography::Signer as _;
use hansa_primitives::{Pace, StakingParams};
use std::{collections::BTreeSet, fs, io::Write as _, path::Path, time::Duration};

#[test]
fn ports_never_overlap() {
    for base in [None, Some(MIN_PORT_BASE), Some(20_000)] {
        let plan = PortPlan::new(base, MAX_LOCAL_OPERATORS).unwrap();
        let ports = (0..MAX_LOCAL_OPERATORS).map(|index| plan.ports(index));
        let all: BTreeSet<u16> = ports
            .flat_map(|ports| {
                [
                    ports.rpc,
                    ports.taxii,
                    ports.p2p,
                    ports.metrics,
                    ports.dashboard,
                ]
            })
            .collect();
        assert_eq!(all.len(), 5 * MAX_LOCAL_OPERATORS, "{base:?}");
    }
    let first = PortPlan::new(None, 4).unwrap().ports(0);
    assert_eq!(
        (first.rpc, first.taxii, first.dashboard),
        (8_545, 8_180, 8_080)
    );
    let third = PortPlan::new(Some(20_000), 4).unwrap().ports(2);
    assert_eq!(
        (third.rpc, third.taxii, third.dashboard),
        (20_020, 20_021, 20_024)
    );
    assert_eq!((third.p2p, third.metrics), (20_022, 20_023));
}

#[test]
fn port_bases_have_limits() {
    for (base, fits) in [
        (1_023, false),
        (1_024, true),
        (65_495, true),
        (65_496, false),
    ] {
        assert_eq!(PortPlan::new(Some(base), 4).is_ok(), fits, "{base}");
    }
}

#[test]
fn the_accounts_are_those_of_other_development_tools() {
    let accounts = development_accounts().unwrap();
    assert_eq!(accounts.len(), 10);
    // The first and the last that anvil prints.
    let first = accounts[0].address.to_string();
    let last = accounts[9].address.to_string();
    assert_eq!(first, "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    assert_eq!(last, "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720");
}

#[tokio::test]
async fn a_new_league_is_complete_and_valid() {
    let (parent, dir) = folder();
    let up = stand_in(parent.path(), &dir, PATIENT);
    assert_eq!(up.began(), Began::Created);
    let league = up.league();
    let layout = league.layout();
    let genesis = league.genesis();
    check_genesis(&layout.genesis(), genesis).unwrap();
    assert!(is_development(genesis));
    // Ten accounts, two members, and two accounts that send evidence.
    // Development accounts, members, accounts for evidence, and the contract that deploys by `CREATE2`.
    assert_eq!(genesis.alloc.len(), 10 + 2 + 2 + 1);
    let roles: Vec<u8> = genesis.members.iter().map(|member| member.roles).collect();
    assert_eq!(roles, [3, 1]);
    let reread = load_genesis_file(&layout.genesis()).unwrap();
    assert_eq!(reread.hash().unwrap(), genesis.hash().unwrap());
    let password = fs::read_to_string(layout.password()).unwrap();
    for (member, operator) in genesis.members.iter().zip(&genesis.operators) {
        let keystore = layout.keystore(&member.name);
        let signer = PrivateKeySigner::decrypt_keystore(&keystore, &password).unwrap();
        assert_eq!(signer.address(), member.address);
        // The library reads a secret of 32 bytes, whatever it is for.
        let secret = PrivateKeySigner::decrypt_keystore(layout.x25519(&member.name), &password);
        let public = hansa_primitives::x25519_public(&secret.unwrap().to_bytes());
        assert_eq!(member.x25519, public);
        let config = Config::load(&layout.config(&operator.name)).unwrap();
        let key = load_key(config.key.as_deref().unwrap()).unwrap();
        assert_eq!(key.public_key().as_ref(), operator.public_key.as_slice());
        assert_eq!(
            config.genesis.canonicalize().unwrap(),
            layout.genesis().canonicalize().unwrap()
        );
        assert_eq!(
            (config.p2p.peers.len(), config.taxii.credentials.len()),
            (1, 2)
        );
    }
    let bad: Vec<Finding> = doctor(&dir, &std::env::current_exe().unwrap()).unwrap();
    let bad = bad
        .into_iter()
        .filter(|finding| finding.level == Level::Problem);
    assert_eq!(bad.collect::<Vec<_>>(), []);
    up.stop().await.unwrap();
}

#[tokio::test]
async fn the_document_has_the_promised_shape() {
    let (parent, dir) = folder();
    let up = stand_in(parent.path(), &dir, PATIENT);
    let document = up.league().document().unwrap();
    let pid = document.operators[0].pid.unwrap();
    let port = up.league().operators()[0].config.rpc.listen.port();
    let written: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.join("league.json")).unwrap()).unwrap();
    assert_eq!(written, serde_json::to_value(&document).unwrap());
    let fields = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let sorted = |mut names: Vec<&str>| {
        names.sort_unstable();
        names.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let mut top = fields(&written);
    top.sort();
    let promised = vec![
        "chain_id",
        "genesis_hash",
        "dir",
        "genesis",
        "password_file",
        "operators",
        "accounts",
        "members",
    ];
    assert_eq!(top, sorted(promised));
    let operator = serde_json::json!({
        "name": "operator-1",
        "rpc": format!("http://127.0.0.1:{port}"),
        "ws": format!("ws://127.0.0.1:{port}"),
        "taxii": format!("http://127.0.0.1:{}/taxii2/", port + 1),
        "dashboard": format!("http://127.0.0.1:{}/", port + 4),
        "metrics": format!("http://127.0.0.1:{}/metrics", port + 3),
        "pid": pid,
        "dir": dir.join("operator-1"),
    });
    assert_eq!(written["operators"][0], operator);
    let member = serde_json::json!({
        "name": "member-2",
        "address": up.league().genesis().members[1].address,
        "keystore": dir.join("members/member-2.json"),
        "operator": "operator-2",
    });
    assert_eq!(written["members"][1], member);
    assert_eq!(
        written["accounts"][0]["private_key"],
        "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
    );
    up.stop().await.unwrap();
    let stopped: Document =
        serde_json::from_slice(&fs::read(dir.join("league.json")).unwrap()).unwrap();
    assert_eq!(stopped.operators[0].pid, None);
}

#[tokio::test]
async fn options_that_contradict_the_league_are_refused() {
    let (parent, dir) = folder();
    stand_in(parent.path(), &dir, PATIENT).stop().await.unwrap();
    let program = program(parent.path(), PATIENT);
    let contradictions = [
        Options {
            operators: Some(3),
            ..Options::default()
        },
        Options {
            chain_id: Some(31_337),
            ..Options::default()
        },
        Options {
            block_interval_ms: Some(101),
            ..Options::default()
        },
        Options {
            heartbeat_ms: Some(5_001),
            ..Options::default()
        },
    ];
    for options in contradictions {
        let error = up(&dir, &options, &program).unwrap_err();
        assert!(matches!(error, LeagueError::Differs { .. }), "{error}");
        assert_eq!(error.kind(), Kind::Usage);
    }
    let (_parent, fresh) = folder();
    let impossible = [
        Options {
            operators: Some(0),
            ..small()
        },
        Options {
            operators: Some(MAX_LOCAL_OPERATORS + 1),
            ..small()
        },
        Options {
            chain_id: Some(1),
            ..small()
        },
        Options {
            heartbeat_ms: Some(0),
            ..small()
        },
        Options {
            heartbeat_ms: Some(60_001),
            ..small()
        },
        Options {
            block_interval_ms: Some(0),
            ..small()
        },
        Options {
            block_interval_ms: Some(5_001),
            ..small()
        },
    ];
    for options in impossible {
        let error = up(&fresh, &options, &program).unwrap_err();
        assert!(matches!(error, LeagueError::Range { .. }), "{error}");
        assert_eq!(error.kind(), Kind::Usage);
        assert!(!fresh.exists());
    }
}

#[tokio::test]
async fn well_known_keys_stay_on_development_chains() {
    let (parent, dir) = folder();
    stand_in(parent.path(), &dir, PATIENT).stop().await.unwrap();
    let path = dir.join("genesis.toml");
    let text = fs::read_to_string(&path).unwrap();
    let real = [
        text.replace("chain_id = 4857", "chain_id = 1"),
        text.replace("development = true", "development = false"),
    ];
    for text in real {
        fs::write(&path, text).unwrap();
        let error = up(&dir, &Options::default(), Path::new("/bin/false")).unwrap_err();
        assert!(
            matches!(error, LeagueError::NotDevelopment { .. }),
            "{error}"
        );
        assert!(matches!(
            reset(&dir),
            Err(LeagueError::NotDevelopment { .. })
        ));
    }
    assert!(path.exists());
}

#[tokio::test]
async fn parts_of_a_league_are_no_league() {
    let (parent, dir) = folder();
    stand_in(parent.path(), &dir, PATIENT).stop().await.unwrap();
    // As after a crash while it was put together: the genesis comes last.
    fs::create_dir(dir.join(".creating")).unwrap();
    fs::rename(dir.join("genesis.toml"), dir.join(".creating/genesis.toml")).unwrap();
    fs::write(dir.join("notes.txt"), "mine").unwrap();
    let error = League::open(&dir).unwrap_err();
    assert!(matches!(error, LeagueError::Incomplete { .. }), "{error}");
    reset(&dir).unwrap();
    let left: Vec<_> = fs::read_dir(&dir)
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(left, ["notes.txt"]);
    assert!(matches!(reset(&dir), Err(LeagueError::NoLeague { .. })));
}

#[tokio::test]
async fn a_reset_removes_no_folder_that_is_not_the_leagues() {
    let (parent, dir) = folder();
    stand_in(parent.path(), &dir, PATIENT).stop().await.unwrap();
    let refused = |path: &Path| {
        let error = reset(&dir).unwrap_err();
        assert!(
            matches!(&error, LeagueError::Foreign { path: named, .. } if named == path),
            "{error}"
        );
        assert!(dir.join("genesis.toml").exists() || dir.join("aside").exists());
        assert!(dir.join("operator-1/key").exists());
    };
    let stranger = dir.join("operator-3");
    fs::create_dir(&stranger).unwrap();
    fs::write(stranger.join("key"), "precious").unwrap();
    refused(&stranger);
    // An operator's folder of a league elsewhere, as `hansa init` makes it.
    let config = fs::read_to_string(dir.join("operator-1/node.toml")).unwrap();
    let elsewhere = config.replace("../genesis.toml", "genesis.toml");
    fs::write(stranger.join("node.toml"), elsewhere).unwrap();
    refused(&stranger);
    fs::remove_dir_all(&stranger).unwrap();
    fs::rename(dir.join("genesis.toml"), dir.join("aside")).unwrap();
    refused(&dir.join("operator-1"));
    fs::rename(dir.join("aside"), dir.join("genesis.toml")).unwrap();

    // A node that no record tells of.
    fs::create_dir(dir.join("operator-2/data")).unwrap();
    let lock = fs::File::create(dir.join("operator-2/data/lock")).unwrap();
    lock.lock().unwrap();
    let error = reset(&dir).unwrap_err();
    assert!(
        matches!(&error, LeagueError::Running { operators, .. } if operators.contains("operator-2")),
        "{error}"
    );
    drop(lock);
    // What an earlier reset did not finish is no hindrance.
    fs::create_dir(dir.join(".removing")).unwrap();
    fs::remove_dir_all(dir.join("operator-1")).unwrap();
    reset(&dir).unwrap();
    assert!(!dir.exists());
}

#[test]
fn one_command_at_a_time() {
    let (_parent, dir) = folder();
    fs::create_dir(&dir).unwrap();
    let layout = Layout::new(&dir).unwrap();
    let held = Lock::take_within(&layout, Duration::ZERO).unwrap();
    let error = Lock::take_within(&layout, Duration::from_millis(60)).unwrap_err();
    let owner = std::process::id().to_string();
    assert!(
        matches!(error, LeagueError::Locked { .. }) && error.to_string().contains(&owner),
        "{error}"
    );
    // A reset removes the file while it holds it; who waited must not end up with the old one.
    fs::remove_file(dir.join("lock")).unwrap();
    let second = Lock::take_within(&layout, Duration::ZERO).unwrap();
    drop(held);
    assert!(Lock::take_within(&layout, Duration::ZERO).is_err());
    drop(second);
    Lock::take_within(&layout, Duration::ZERO).unwrap();
}

#[tokio::test]
async fn the_doctor_finds_what_is_wrong() {
    use std::os::unix::fs::PermissionsExt as _;
    let (parent, dir) = folder();
    stand_in(parent.path(), &dir, PATIENT).stop().await.unwrap();
    let expose = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let problem = |what: &str| {
        let findings = doctor(&dir, Path::new("/bin/sh")).unwrap();
        let found = findings
            .into_iter()
            .find(|finding| finding.level == Level::Problem);
        let found = found.unwrap_or_else(|| panic!("{what} was not found"));
        assert!(found.advice.is_some());
        (found.check, found.found)
    };
    expose(&dir.join("password"), 0o644);
    assert_eq!(problem("a readable password").0, "permissions");
    expose(&dir.join("password"), 0o600);
    fs::create_dir(dir.join("operator-2/data")).unwrap();
    fs::write(
        dir.join("operator-2/data/chain.json"),
        r#"{"format":1,"genesis":"0x00"}"#,
    )
    .unwrap();
    let (check, found) = problem("another chain's data");
    assert!(
        check == "operator" && found.contains("another chain"),
        "{found}"
    );
    fs::remove_dir_all(dir.join("operator-2/data")).unwrap();
    fs::copy(
        dir.join("members/member-1.json"),
        dir.join("members/member-2.json"),
    )
    .unwrap();
    assert_eq!(problem("a swapped keystore").0, "members");
    fs::remove_file(dir.join("operator-1/node.toml")).unwrap();
    assert_eq!(problem("a lost configuration").0, "folder");
    let gone = doctor(&dir, Path::new("/nonexistent")).unwrap();
    assert_eq!((gone[0].check, gone[0].level), ("binary", Level::Problem));
}

#[tokio::test]
async fn logs_are_read_from_their_end_and_followed() {
    let (parent, dir) = folder();
    stand_in(parent.path(), &dir, PATIENT).stop().await.unwrap();
    let league = League::open(&dir).unwrap();
    let path = league.layout().log("operator-1");
    fs::write(&path, "one\ntwo\nthree\nhal").unwrap();
    let texts = |lines: Vec<LogLine>| lines.into_iter().map(|line| line.line).collect::<Vec<_>>();
    let (mut logs, past) = Logs::open(&league, Some("operator-1"), None, 2).unwrap();
    assert_eq!(texts(past), ["two", "three"]);
    fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"f\nnext\n")
        .unwrap();
    assert_eq!(texts(logs.read_new().unwrap()), ["half", "next"]);
    fs::write(&path, "anew\n").unwrap();
    assert_eq!(texts(logs.read_new().unwrap()), ["anew"]);
    assert!(Logs::open(&league, None, None, MAX_LOG_LINES).is_ok());
    assert!(matches!(
        Logs::open(&league, None, None, MAX_LOG_LINES + 1),
        Err(LeagueError::Range { .. })
    ));
    assert!(matches!(
        Logs::open(&league, Some("operator-9"), None, 1),
        Err(LeagueError::UnknownOperator { .. })
    ));
    // Of one zone: so many of its lines, however many others there are.
    let lines = "a zone=market\nb zone=market\nc\nd zone=grid\ne\n";
    fs::write(&path, lines).unwrap();
    let (mut logs, past) = Logs::open(&league, None, Some("market"), 1).unwrap();
    assert_eq!(texts(past), ["b zone=market"]);
    fs::write(&path, format!("{lines}f\ng zone=market\n")).unwrap();
    assert_eq!(texts(logs.read_new().unwrap()), ["g zone=market"]);
    fs::write(&path, "INFO running\n\n").unwrap();
    assert_eq!(last_words(&path).unwrap(), "INFO running");
}

#[test]
fn a_real_league_is_made_from_its_operators_files() {
    let (parent, _) = folder();
    let folder = |name: &str| parent.path().join(name);
    let options = |name: &str, peers| InitOptions {
        name: name.into(),
        // Operators act by it, unless they say otherwise: each has its own.
        fee_recipient: Address::repeat_byte(name.len() as u8),
        address: "203.0.113.7:9545".parse().unwrap(),
        p2p_listen: "0.0.0.0:9545".parse().unwrap(),
        rpc_listen: "127.0.0.1:8545".parse().unwrap(),
        taxii_listen: "127.0.0.1:8180".parse().unwrap(),
        dashboard_listen: "127.0.0.1:8080".parse().unwrap(),
        metrics_listen: "127.0.0.1:9645".parse().unwrap(),
        peers,
        allow_private_ips: false,
        genesis: "genesis.toml".into(),
    };
    let made =
        ["alpha", "beta"].map(|name| init(&folder(name), &options(name, Vec::new())).unwrap());
    let files = made.clone().map(|made| made.operator_file);
    let peers: Vec<_> = files
        .iter()
        .map(|path| read_operator_file(path).unwrap())
        .collect();
    let again = init(&folder("alpha"), &options("alpha", peers)).unwrap();
    assert!(again.kept_key && again.public_key == made[0].public_key);
    // Its own file among the others' is no peer.
    let config = Config::load(&again.config).unwrap();
    assert_eq!(config.p2p.peers.len(), 1);
    assert_eq!(config.p2p.peers[0].public_key, made[1].public_key);
    let member = folder("member.toml");
    fs::write(
        &member,
        format!(
            "name = \"CERT\"\naddress = \"{}\"\n",
            Address::repeat_byte(1)
        ),
    )
    .unwrap();
    let mut options = GenesisOptions {
        chain_id: 77_001,
        name: "Baltic".into(),
        operators: files.to_vec(),
        members: vec![member.clone()],
        alloc: None,
        timestamp_ms: Some(1_800_000_000_000),
        pace: Pace::default(),
        staking: StakingParams::default(),
    };
    let genesis = new_genesis(&options).unwrap();
    for name in ["genesis.toml", "genesis.json"] {
        let path = folder(name);
        save_genesis(&path, &genesis).unwrap();
        let read = load_genesis_file(&path).unwrap();
        assert_eq!(read.hash().unwrap(), genesis.hash().unwrap(), "{name}");
        assert!(matches!(
            save_genesis(&path, &genesis),
            Err(LeagueError::Exists { .. })
        ));
    }
    // A rule of the members module, which no field check knows: names have at most 128 bytes.
    for (length, valid) in [(128, true), (129, false)] {
        let name = "x".repeat(length);
        let text = format!(
            "name = \"{name}\"\naddress = \"{}\"\n",
            Address::repeat_byte(1)
        );
        fs::write(&member, text).unwrap();
        assert_eq!(new_genesis(&options).is_ok(), valid, "{length}");
    }
    fs::write(
        &member,
        format!(
            "name = \"CERT\"\naddress = \"{}\"\n",
            Address::repeat_byte(1)
        ),
    )
    .unwrap();
    // A key that everybody knows is encrypted to nowhere, and holds nothing outside of development chains, whether of an account or of a member.
    let alloc = folder("alloc.toml");
    options.alloc = Some(alloc.clone());
    let member = development_member(0).unwrap().address();
    for known in [development_accounts().unwrap()[3].address, member] {
        fs::write(&alloc, format!("[{known}]\nbalance = \"0x1\"\n")).unwrap();
        let error = new_genesis(&options).unwrap_err();
        assert!(matches!(error, LeagueError::Misplaced { .. }), "{error}");
    }
    options.alloc = None;
    let known = hansa_primitives::x25519_public(&development_x25519(1).unwrap().to_bytes());
    for (public, valid) in [(B256::repeat_byte(9), true), (known, false)] {
        let address = Address::repeat_byte(1);
        let text = format!("name = \"CERT\"\naddress = \"{address}\"\nx25519 = \"{public}\"\n");
        fs::write(folder("member.toml"), text).unwrap();
        assert_eq!(new_genesis(&options).is_ok(), valid, "{public}");
    }
    options.alloc = Some(alloc);
    options.chain_id = 31_337;
    let mut genesis = new_genesis(&options).unwrap();
    genesis.development = true;
    check_genesis(Path::new("g"), &genesis).unwrap();
    genesis.chain_id = 77_001;
    genesis.alloc.clear();
    let error = check_genesis(Path::new("g"), &genesis).unwrap_err();
    assert!(matches!(error, LeagueError::Misplaced { .. }), "{error}");
    options.operators.push(files[0].clone());
    assert!(new_genesis(&options).is_err(), "the same operator twice");
}

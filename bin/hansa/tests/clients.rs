//! Real clients against a real league: cast and forge, viem, the TAXII client, and the whole loop from
//! a published object to a blocked transfer.
//!
//! The clients come from npm and PyPI (`scripts/tools.sh`); without them these tests say so and pass, but for continuous integration.

mod common;
#[path = "common/tools.rs"]
mod tools;

use common::port_base;
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};
use tools::{repository, shared_data, tool, tool_for};

const HANSA: &str = env!("CARGO_BIN_EXE_hansa");
/// A sanctioned address (OFAC SDN list).
const TARGET: &str = "0x098B716B8Aaf21512996dC57EB0615e2383E2f96";

/// Four operators, stopped when the test ends.
struct League {
    folder: tempfile::TempDir,
    document: Value,
}

impl Drop for League {
    fn drop(&mut self) {
        let _ = self.hansa(&["down"]).output();
    }
}

impl League {
    fn up() -> Self {
        let port = port_base();
        let mut league = Self {
            folder: tempfile::tempdir().unwrap(),
            document: Value::Null,
        };
        let up = [
            "up",
            "--no-zone",
            "--detach",
            "--json",
            "--timeout",
            "120",
            "--port-base",
            &port,
        ];
        let output = succeed(&mut league.hansa(&up));
        league.document = serde_json::from_slice(&output.stdout).unwrap();
        league
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("league")
    }

    fn hansa(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(HANSA);
        command.env_remove("HANSA_DIR").env_remove("HANSA_RPC");
        command.args(arguments).arg("--dir").arg(self.dir());
        command
    }

    /// Runs a member's command and gives its JSON.
    fn member(&self, member: &str, arguments: &[&str]) -> Value {
        let mut command = self.hansa(arguments);
        let output = succeed(command.args(["--as", member, "--json"]));
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    fn url(&self, operator: usize, kind: &str) -> &str {
        self.document["operators"][operator][kind].as_str().unwrap()
    }

    fn key(&self, account: usize) -> &str {
        self.document["accounts"][account]["private_key"]
            .as_str()
            .unwrap()
    }
}

fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn text(output: &Output) -> String {
    let both = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[test]
fn wallets_and_forge_work_unchanged() {
    let (Some(cast), Some(forge), Some(_)) = (
        tool("contracts/node_modules/.bin/cast"),
        tool("contracts/node_modules/.bin/forge"),
        tool("bin/hansa/tests/clients/node_modules/viem"),
    ) else {
        return;
    };
    let league = League::up();
    // OpenZeppelin's token, through one operator, read from another.
    let token = deploy(
        &forge,
        (league.url(0, "rpc"), league.key(0)),
        "src/demo/DemoToken.sol:DemoToken",
        &["Demo", "DMO", "1000"],
    );
    let [deployer, receiver] = [0, 1].map(|account| address_of(&cast, league.key(account)));
    let held = |who: &str| {
        let mut call = Command::new(&cast);
        call.args(["call", "--rpc-url", league.url(2, "rpc"), &token])
            .args(["balanceOf(address)(uint256)", who]);
        // Nothing is held of a token that is not there yet.
        text(&call.output().unwrap()).trim().to_owned()
    };
    let transfer = |account: usize, to: &str, amount: &str| {
        let mut send = Command::new(&cast);
        send.args(["send", "--json", "--rpc-url", league.url(1, "rpc")])
            .args(["--private-key", league.key(account), &token])
            .args(["transfer(address,uint256)", to, amount]);
        text(&send.output().unwrap())
    };
    // What one operator has shown, others have a moment later.
    let come = |who: &str, amount: &str| {
        let patience = Instant::now() + Duration::from_secs(20);
        while held(who) != amount {
            assert!(Instant::now() < patience, "{who}: {}", held(who));
        }
    };
    come(&deployer, "1000");
    let sent = transfer(0, &receiver, "250");
    let receipt: Value = serde_json::from_str(sent.trim()).unwrap_or_else(|_| panic!("{sent}"));
    assert_eq!(receipt["status"], "0x1", "{sent}");
    assert_eq!(receipt["logs"].as_array().map(Vec::len), Some(1), "{sent}");
    come(&receiver, "250");
    assert_eq!(held(&deployer), "750");
    // A revert has its reason.
    let refused = transfer(1, TARGET, "251");
    let reason = format!("ERC20InsufficientBalance({receiver}, 250, 251)");
    assert!(refused.contains(&reason), "no {reason} in {refused}");
    assert_eq!((held(&receiver), held(TARGET)), ("250".into(), "0".into()));
    let viem = succeed(
        Command::new("node")
            .current_dir(repository().join("bin/hansa/tests/clients"))
            .args([
                "viem.mjs",
                league.url(1, "rpc"),
                league.url(2, "ws"),
                league.key(2),
            ])
            .arg("0x00000000000000000000000000000000000cafe1"),
    );
    assert!(text(&viem).contains("\"chainId\":4857"), "{}", text(&viem));
}

/// The address of a private key.
fn address_of(cast: &Path, key: &str) -> String {
    let address = succeed(Command::new(cast).args(["wallet", "address", key]));
    text(&address).trim().to_owned()
}

/// Deploys a contract with forge, and gives its address.
fn deploy(forge: &Path, (url, key): (&str, &str), contract: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(forge);
    command
        .current_dir(repository().join("contracts"))
        .args(["create", "--json", "--broadcast", "--rpc-url", url])
        .args(["--private-key", key, contract]);
    if !arguments.is_empty() {
        command.arg("--constructor-args").args(arguments);
    }
    let created = text(&succeed(&mut command));
    let (start, end) = (created.find('{').unwrap(), created.rfind('}').unwrap());
    let created: Value = serde_json::from_str(&created[start..=end]).unwrap();
    created["deployedTo"].as_str().unwrap().to_owned()
}

/// Deploys what needs no arguments through the contract that every chain has for it: the address depends on nothing else.
fn deploy_anywhere(
    (cast, forge): (&Path, &Path),
    (url, key): (&str, &str),
    contract: &str,
) -> String {
    const DEPLOYER: &str = "0x4e59b44847b379578588920cA78FbF26c0B4956C";
    let salt = "00".repeat(32);
    let mut inspect = Command::new(forge);
    inspect
        .current_dir(repository().join("contracts"))
        .args(["inspect", contract, "bytecode"]);
    let code = text(&succeed(&mut inspect)).trim().to_owned();
    let input = format!("0x{salt}{}", code.trim_start_matches("0x"));
    let mut create = Command::new(cast);
    create
        .args(["send", "--json", "--rpc-url", url, "--private-key", key])
        .args([DEPLOYER, &input]);
    let sent = text(&succeed(&mut create));
    let receipt: Value = serde_json::from_str(sent.trim()).unwrap();
    assert_eq!(receipt["status"], "0x1", "{sent}");
    let mut address = Command::new(cast);
    address
        .args(["create2", "--deployer", DEPLOYER, "--salt", &salt])
        .args(["--init-code", &code]);
    let found = text(&succeed(&mut address));
    let words = found.split_whitespace();
    let mut address = words.filter(|word| word.starts_with("0x") && word.len() == 42);
    address.next_back().unwrap().to_owned()
}

/// The ERC-7930 address of an account on an EVM chain with a chain id of two bytes.
fn interoperable(chain_id: u16, account: &str) -> String {
    let account = account.trim_start_matches("0x");
    format!("0x0001000002{chain_id:04x}14{account}")
}

/// OpenZeppelin's cross-chain token on two zones, through the gateway, deployed by forge: it moves there and back, and ether comes home.
#[test]
fn a_token_moves_between_zones() {
    let (Some(cast), Some(forge)) = (
        tool("contracts/node_modules/.bin/cast"),
        tool("contracts/node_modules/.bin/forge"),
    ) else {
        return;
    };
    let league = League::up();
    let key = league.key(5);
    let me = address_of(&cast, key);
    let zones: [(&str, u16); 2] = [("market", 48_571), ("grid", 48_572)];
    let urls = zones.map(|(name, _)| format!("{}/zones/{name}", league.url(0, "rpc")));
    let mut tokens = Vec::new();
    let mut gateways = Vec::new();
    for ((name, chain_id), url) in zones.iter().zip(&urls) {
        let chain_id = chain_id.to_string();
        let create = ["zone", "create", name, "--chain-id", &chain_id];
        league.member("member-1", &create);
        let deployer = address_of(&cast, league.key(6 + gateways.len()));
        for to in [me.as_str(), &member_address(&league), &deployer] {
            let deposit = ["bridge", "deposit", name, "5ether", "--to", to];
            league.member("member-1", &deposit);
        }
        let at = (url.as_str(), key);
        let gateway = "src/crosschain/HansaGateway.sol:HansaGateway";
        // Whoever deploys it, in whatever order.
        let by = (url.as_str(), league.key(6 + gateways.len()));
        gateways.push(deploy_anywhere((&cast, &forge), by, gateway));
        let supply = if tokens.is_empty() { "1000" } else { "0" };
        tokens.push(deploy(
            &forge,
            at,
            "src/demo/CrossToken.sol:CrossToken",
            &[supply],
        ));
    }
    assert_eq!(gateways[0], gateways[1]);
    let send = |zone: usize, function: &str, arguments: &[&str]| -> String {
        let mut command = Command::new(&cast);
        command
            .args([
                "send",
                "--json",
                "--rpc-url",
                &urls[zone],
                "--private-key",
                key,
            ])
            .args([tokens[zone].as_str(), function])
            .args(arguments);
        let sent = text(&succeed(&mut command));
        let receipt: Value = serde_json::from_str(sent.trim()).unwrap();
        assert_eq!(receipt["status"], "0x1", "{sent}");
        receipt["transactionHash"].as_str().unwrap().to_owned()
    };
    for (zone, other) in [(0, 1), (1, 0)] {
        let counterpart = interoperable(zones[other].1, &tokens[other]);
        send(
            zone,
            "link(address,bytes)",
            &[&gateways[zone], &counterpart],
        );
    }
    let held = |zone: usize| {
        let mut command = Command::new(&cast);
        command
            .args(["call", "--rpc-url", &urls[zone], tokens[zone].as_str()])
            .args(["balanceOf(address)(uint256)", me.as_str()]);
        text(&succeed(&mut command)).trim().to_owned()
    };
    assert_eq!((held(0), held(1)), ("1000".into(), "0".into()));
    for (zone, amount, left) in [(0, "400", ("600", "400")), (1, "150", ("750", "250"))] {
        let to = interoperable(zones[1 - zone].1, &me);
        let sent = send(zone, "crosschainTransfer(bytes,uint256)", &[&to, amount]);
        // Nodes call the gateway there by themselves.
        let begun = Instant::now();
        while (held(0), held(1)) != (left.0.into(), left.1.into()) {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{} {}",
                held(0),
                held(1)
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        let deliver = ["message", "deliver", &sent, "--zone", zones[zone].0];
        assert_eq!(league.member("member-1", &deliver)["already"], json!(true));
        let status = ["message", "status", &sent, "--zone", zones[zone].0];
        assert_eq!(league.member("member-1", &status)[0]["state"], "taken");
    }
    let home = league.member("member-1", &["bridge", "withdraw", "grid", "1ether"]);
    assert_eq!(home["outcome"], "paid");
}

fn member_address(league: &League) -> String {
    let members = league.member("member-1", &["member", "list"]);
    members[0]["address"].as_str().unwrap().to_owned()
}

/// Sends one wei to the target; what cast says if it is refused. (Its npm wrapper exits with 0 either
/// way.)
fn pay(cast: &Path, league: &League) -> Result<(), String> {
    let output = Command::new(cast)
        .args(["send", "--json", "--rpc-url", league.url(3, "rpc")])
        .args(["--private-key", league.key(3), TARGET, "--value", "1"])
        .output()
        .unwrap();
    let said = text(&output);
    if said.contains(r#""status":"0x1""#) {
        Ok(())
    } else {
        Err(said)
    }
}

/// Directly, through a contract, and a contract that is itself named; and none of it any more when the directive has ended.
#[test]
fn an_accepted_alert_blocks_transfers_until_it_ends() {
    let (Some(cast), Some(forge), Some(_)) = (
        tool("contracts/node_modules/.bin/cast"),
        tool("contracts/node_modules/.bin/forge"),
        tool("bin/hansa/tests/clients/node_modules/viem"),
    ) else {
        return;
    };
    let league = League::up();
    let list = league.folder.path().join("addresses.txt");
    std::fs::write(&list, format!("{TARGET}\n")).unwrap();
    let list = list.to_str().unwrap();
    league.member("member-2", &["exchange", "import", list]);
    let listed = league.member("member-2", &["exchange", "list", "--type", "indicator"]);
    let object = find_id(&listed).unwrap_or_else(|| panic!("no indicator in {listed}"));
    let by = (league.url(0, "rpc"), league.key(0));
    let forwarder = deploy(&forge, by, "src/demo/Forwarder.sol:Forwarder", &[]);
    let token = "src/demo/DemoToken.sol:DemoToken";
    let token = deploy(&forge, by, token, &["Demo", "DMO", "1000"]);
    let mut stock = Command::new(&cast);
    stock
        .args(["send", "--json", "--rpc-url", by.0, "--private-key", by.1])
        .args([&token, "transfer(address,uint256)", &forwarder, "100"]);
    let stocked = text(&succeed(&mut stock));
    assert!(stocked.contains(r#""status":"0x1""#), "{stocked}");
    let viem = |state: &str| {
        let mut script = Command::new("node");
        script
            .current_dir(repository().join("bin/hansa/tests/clients"))
            .args(["guard.mjs", state, league.url(1, "rpc"), league.key(0)])
            .args([forwarder.as_str(), TARGET, &token]);
        succeed(&mut script);
    };
    pay(&cast, &league).unwrap();
    let raise = [
        "alert", "raise", "--target", TARGET, "--target", &token, "--object", &object, "--for",
        "40s",
    ];
    league.member("member-1", &raise);
    league.member("member-3", &["alert", "endorse", "1"]);
    pay(&cast, &league).unwrap();
    league.member("member-4", &["alert", "endorse", "1"]);
    let refused = pay(&cast, &league).unwrap_err();
    assert!(
        refused.contains("blocked by directive 1 until"),
        "{refused}"
    );
    viem("blocked");
    let begun = Instant::now();
    while let Err(refused) = pay(&cast, &league) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{refused}");
        std::thread::sleep(Duration::from_secs(1));
    }
    viem("free");
}

#[test]
#[should_panic(expected = "`scripts/tools.sh node` installs it")]
fn a_missing_client_fails_continuous_integration() {
    tool_for("contracts/node_modules/.bin/no-such-client", true);
}

/// The first STIX indicator id anywhere in a document.
fn find_id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.starts_with("indicator--") => Some(text.clone()),
        Value::Array(values) => values.iter().find_map(find_id),
        Value::Object(fields) => fields.values().find_map(find_id),
        _ => None,
    }
}

#[test]
fn a_bundle_published_at_one_operator_is_read_from_another() {
    let Some(python) = tool(".tools/venv/bin/python") else {
        return;
    };
    let bundle = shared_data().map(|folder| folder.join("mobile-attack-17.1.json"));
    let Some(bundle) = bundle.filter(|bundle| bundle.exists()) else {
        eprintln!("skipped: the MITRE bundle is not here (set HANSA_SHARED_DATA)");
        return;
    };
    let league = League::up();
    let bundle = bundle.to_str().unwrap();
    let first = league.member("member-1", &["exchange", "publish", bundle]);
    assert_eq!(first["published"], json!(2_148), "{first}");
    let second = league.member("member-1", &["exchange", "publish", bundle]);
    assert_eq!(second["published"], json!(0), "{second}");
    let script = repository().join("bin/hansa/tests/clients/taxii.py");
    let password = league.dir().join("password");
    let read = succeed(
        Command::new(python)
            .arg(script)
            .args([league.url(2, "taxii"), "member-3"])
            .arg(password)
            .arg(bundle),
    );
    let read: Value = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!(read["identical"], json!(2_148), "{read}");
}

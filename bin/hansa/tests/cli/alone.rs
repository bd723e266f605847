//! Without a league.

use crate::{command, finish, hansa};
use std::path::Path;

/// Address of the key of 32 bytes 0x01.
const ONES: &str = "0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1";

#[test]
fn exit_codes_of_what_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let table: &[(&str, i32, &str)] = &[
        ("", 2, "Usage: hansa"),
        ("--help", 0, "Exit codes: 0 ok, 1 failed"),
        ("--version", 0, "hansa 0."),
        ("exchange", 2, "Usage: hansa exchange"),
        ("nonsense", 2, "unrecognized subcommand 'nonsense'"),
        (
            "member list --nonsense",
            2,
            "unexpected argument '--nonsense'",
        ),
        (
            "--timeout 0 config show",
            2,
            "timeout is 0 seconds (flag --timeout)",
        ),
        ("--timeout x config show", 2, "invalid value 'x'"),
        (
            "--settings none.toml config show",
            2,
            "cannot read none.toml",
        ),
        ("config show", 0, "http://127.0.0.1:8545"),
        ("completions zsh", 0, "#compdef hansa"),
        ("completions sh", 2, "possible values"),
        ("keys new k.json", 2, "no password was given"),
        ("keys password", 2, "no password was given"),
        ("keys show none.json", 1, "none.json"),
        ("keys list none", 2, "cannot read none"),
        ("account list", 2, "no league in .hansa"),
        ("account balance", 2, "this needs a key"),
        ("account balance 0x12", 2, "invalid value '0x12'"),
        (
            "account send 0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1 5",
            2,
            "is no amount",
        ),
        ("--as me account nonce", 2, "no league in .hansa"),
        ("--rpc nonsense member list", 2, "is not a JSON-RPC URL"),
        (
            "--rpc http://127.0.0.1:1 member list",
            3,
            "no answer from http://127.0.0.1:1",
        ),
        ("exchange publish none.json", 2, "cannot read none.json"),
        ("exchange publish x --window 0", 2, "give 1 to 32"),
        ("exchange publish x --window 33", 2, "give 1 to 32"),
        ("exchange publish x --tlp red", 2, "`clear` or `green`"),
        ("exchange get nonsense", 2, "write a STIX id"),
        ("exchange watch --interval 1", 2, "1 is not in 50..=60000"),
        ("alert raise", 2, "--target <ADDRESS>"),
        ("alert show x", 2, "invalid digit"),
        ("stake", 2, "Usage: hansa stake"),
        ("stake delegate operator-1 5", 2, "is no amount"),
        ("stake undelegate operator-1 half", 2, "or `all`"),
        ("stake delegate 1 5ether --max-loss 5", 2, "is no share"),
        (
            "stake delegate 1 5ether --max-loss-for theft=5%",
            2,
            "there is no kind",
        ),
        ("stake operator set-risk", 2, "required"),
        ("stake delegate 1 5ether", 3, "no answer from"),
        ("stake status 0x12", 2, "invalid value '0x12'"),
        ("stake preview 1", 2, "--kind <KIND>"),
        ("stake preview --kind nullify-finalize", 2, "<OPERATOR>"),
        ("stake preview 1 --kind theft", 2, "possible values"),
        ("stake operator set-profile", 2, "required"),
        (
            "stake operator register none.key --name x --commission 101%",
            2,
            "is no share",
        ),
        ("evidence submit none.json", 2, "cannot read none.json"),
        ("member update", 2, "required"),
        (
            "member nominate 0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1 --name x --key 0x1",
            2,
            "invalid value '0x1'",
        ),
    ];
    for (line, code, words) in table {
        let arguments: Vec<_> = line.split_whitespace().collect();
        let run = hansa(folder.path(), &arguments);
        assert_eq!(run.code, *code, "{line}: {}{}", run.stdout, run.stderr);
        let text = format!("{}{}", run.stdout, run.stderr);
        assert!(text.contains(words), "{line}: {text}");
        if *code != 0 && !run.stderr.contains("Usage: hansa") {
            assert_eq!(run.stderr.lines().count(), 2, "{line}: {}", run.stderr);
        }
        if *code != 0 {
            assert_eq!(run.stdout, "", "{line}");
        }
    }
}

#[test]
fn failures_are_json_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for (line, code, kind) in [
        ("--json nonsense", 2, "usage"),
        ("alert raise --json", 2, "usage"),
        (
            "--json --rpc http://127.0.0.1:1 member list",
            3,
            "unhealthy",
        ),
        ("--json keys show none.json", 1, "failed"),
    ] {
        let arguments: Vec<_> = line.split_whitespace().collect();
        let run = hansa(folder.path(), &arguments);
        let document: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
        let error = &document["error"];
        assert_eq!(
            (run.code, error["code"].as_i64()),
            (code, Some(code.into())),
            "{line}"
        );
        assert_eq!(error["kind"], kind, "{line}");
        for field in ["cause", "advice"] {
            assert!(
                error[field].as_str().is_some_and(|text| !text.is_empty()),
                "{line}"
            );
        }
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn failures_are_json_when_the_environment_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.toml"), "rpc = 1").unwrap();
    for line in ["nonsense", "--settings bad.toml config show"] {
        let arguments: Vec<_> = line.split_whitespace().collect();
        let mut asked = command(folder.path(), &arguments);
        let run = finish(asked.env("HANSA_JSON", "1").output().unwrap());
        let document: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
        assert_eq!((run.code, &document["error"]["kind"]), (2, &"usage".into()));
    }
}

#[test]
fn an_empty_password_is_none_and_text_must_be_text() {
    use std::os::unix::ffi::OsStringExt as _;
    let folder = tempfile::tempdir().unwrap();
    let mut empty = command(folder.path(), &["keys", "new", "k.json"]);
    let run = finish(empty.env("HANSA_PASSWORD", "").output().unwrap());
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(
        run.stderr.contains("no password was given"),
        "{}",
        run.stderr
    );
    assert!(!folder.path().join("k.json").exists());
    let mut binary = command(folder.path(), &["config", "show"]);
    let value = std::ffi::OsString::from_vec(vec![0xff]);
    let run = finish(binary.env("HANSA_AS", value).output().unwrap());
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn a_node_names_the_place_in_a_wrong_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("node.toml"), "name = 7\n").unwrap();
    let run = hansa(folder.path(), &["node"]);
    assert_eq!(run.code, 1);
    let lines: Vec<_> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.stderr);
    assert!(lines[0].contains("line 1, column 8"), "{}", run.stderr);
    assert!(
        lines[1].contains("correct the configuration"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_wrong_pace_is_a_usage_error_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let run = hansa(folder.path(), &["up", "--heartbeat-ms", "0"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("--heartbeat-ms"), "{}", run.stderr);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn every_command_shows_an_example() {
    let folder = tempfile::tempdir().unwrap();
    fn visit(folder: &Path, path: &[&str]) -> usize {
        let mut arguments = path.to_vec();
        arguments.push("--help");
        let help = hansa(folder, &arguments).stdout;
        let commands = help.split("Commands:\n").nth(1);
        let Some(commands) = commands else {
            assert!(help.contains("Example"), "{path:?} has no example");
            assert!(help.contains("hansa "), "{path:?}");
            return 1;
        };
        let names = commands
            .lines()
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
            .filter(|name| !name.is_empty() && *name != "help");
        names
            .map(|name| {
                let mut path = path.to_vec();
                path.push(name);
                visit(folder, &path)
            })
            .sum()
    }
    assert!(visit(folder.path(), &[]) >= 50);
}

#[test]
fn settings_say_where_they_come_from() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".config/hansa/config.toml");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "rpc = \"http://file\"\ntimeout = 7\nas = \"uni\"\n").unwrap();
    let arguments = [
        "--rpc",
        "http://flag",
        "--json",
        "config",
        "show",
        "--origin",
    ];
    let mut command = command(folder.path(), &arguments);
    let run = finish(command.env("HANSA_TIMEOUT", "9").output().unwrap());
    let document = run.json();
    let shown = |name: &str| {
        let origin = document[name]["origin"].as_str().unwrap().to_owned();
        (document[name]["value"].to_string(), origin)
    };
    assert_eq!(
        shown("rpc"),
        ("\"http://flag\"".into(), "flag --rpc".into())
    );
    assert_eq!(
        shown("timeout"),
        ("9".into(), "environment HANSA_TIMEOUT".into())
    );
    assert_eq!(
        shown("as"),
        ("\"uni\"".into(), format!("file {}", file.display()))
    );
    assert_eq!(shown("dir"), ("\".hansa\"".into(), "default".into()));
}

#[test]
fn keys_are_made_imported_listed_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let run = |line: &str| {
        let arguments: Vec<_> = line.split_whitespace().collect();
        hansa(folder.path(), &arguments)
    };
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let key = format!("0x{}", "01".repeat(32));
    write("password", "correct horse\n");
    write("wrong", "wrong\n");
    write("key.txt", &format!("{key}\n"));
    write(
        "words.txt",
        "test test test test test test test test test test test junk\n",
    );

    let made = run("keys new keys/new.json --password-file password --json");
    assert_eq!(made.code, 0, "{}", made.stderr);
    let imported = run("keys import keys/ones.json --from key.txt --password-file password");
    assert!(
        imported.stdout.starts_with(ONES),
        "{}{}",
        imported.stdout,
        imported.stderr
    );
    let words = run(
        "keys import keys/words.json --from words.txt --mnemonic --index 1 --password-file password",
    );
    assert!(
        words
            .stdout
            .starts_with("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
    );
    let encryption = "keys encryption keys/new.x25519.json --password-file password --json";
    let public = run(encryption).json()["x25519"].clone();
    let listed = run("keys list keys --json").json();
    assert_eq!(listed.as_array().unwrap().len(), 4);
    assert_eq!(listed[1]["x25519"], public, "{listed}");
    let secret =
        run("keys show keys/new.x25519.json --private-key --password-file password --json").json();
    let (shown, secret) = (&secret["x25519"], secret["private_key"].as_str().unwrap());
    assert_eq!(shown, &public);
    let derived = hansa_primitives::x25519_public(&secret.parse().unwrap());
    assert_eq!(shown.as_str().unwrap(), derived.to_string());
    assert_eq!(
        run("keys show keys/new.x25519.json").stdout.trim(),
        shown.as_str().unwrap()
    );

    assert_eq!(
        run("keys show keys/ones.json").stdout.trim().to_lowercase(),
        ONES.to_lowercase()
    );
    let shown =
        run("keys show keys/ones.json --private-key --password-file password --json").json();
    assert_eq!(shown["private_key"], key.as_str());
    let wrong = run("keys show keys/ones.json --private-key --password-file wrong");
    assert_eq!(wrong.code, 1, "{}", wrong.stderr);
    let again = run("keys new keys/ones.json --password-file password");
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains("never overwritten"));
    assert_eq!(
        run("keys import x.json --from password --password-file password").code,
        2
    );

    let operator = run("keys operator operator.key --json");
    assert_eq!(operator.json()["public_key"].as_str().unwrap().len(), 66);
    assert_eq!(run("keys operator operator.key").code, 1);
    let hash = run("keys password --password-file password");
    assert!(hash.stdout.starts_with("$argon2id$"), "{}", hash.stderr);
}

use super::{Kind::*, *};

fn messages(workspace: &Workspace) -> Vec<String> {
    check(workspace).iter().map(ToString::to_string).collect()
}

#[test]
fn upward_dependencies_pass() {
    let workspace = Workspace::default()
        .with("crates/primitives", &[])
        .with(
            "crates/evm",
            &[("crates/primitives", Normal), ("crates/primitives", Dev)],
        )
        .with(
            "crates/rpc",
            &[("crates/evm", Normal), ("crates/index", Build)],
        )
        .with("bin/hansa", &[("crates/rpc", Normal)]);
    assert_eq!(messages(&workspace), Vec::<String>::new());
}

#[test]
fn a_dependency_on_a_lower_crate_is_found_in_every_section() {
    for kind in [Normal, Build, Dev] {
        let workspace = Workspace::default().with("crates/state", &[("crates/index", kind)]);
        let expected = format!(
            "crates/state: names crates/index in {}, which is not above it in the table of crates",
            kind.section()
        );
        assert_eq!(messages(&workspace), [expected]);
    }
}

#[test]
fn a_crate_that_names_itself_is_found() {
    let workspace = Workspace::default().with("crates/abi", &[("crates/abi", Dev)]);
    assert_eq!(check(&workspace).len(), 1);
}

#[test]
fn tests_of_the_simulation_and_the_binary_may_look_down() {
    let workspace = Workspace::default()
        .with("crates/sim", &[("bin/hansa", Dev)])
        .with("bin/hansa", &[("xtask", Dev)]);
    assert!(check(&workspace).is_empty());
    let workspace = Workspace::default().with("crates/sim", &[("bin/hansa", Normal)]);
    assert_eq!(check(&workspace).len(), 1);
}

#[test]
fn servers_are_kept_from_the_engine_directly_and_through_others() {
    for server in ["crates/rpc", "crates/taxii"] {
        for kind in [Normal, Build, Dev] {
            let workspace = Workspace::default().with(server, &[("crates/engine", kind)]);
            let expected = format!(
                "{server}: must never depend on crates/engine, but does: {server} -> crates/engine"
            );
            assert_eq!(messages(&workspace), [expected]);
        }
        let workspace = Workspace::default()
            .with(server, &[("crates/index", Normal)])
            .with("crates/index", &[("crates/engine", Normal)]);
        let expected = format!(
            "{server}: must never depend on crates/engine, but does: {server} -> crates/index -> crates/engine"
        );
        assert_eq!(messages(&workspace), [expected]);
        // What only the tests of a crate in between use does not reach the server.
        let workspace = Workspace::default()
            .with(server, &[("crates/index", Normal)])
            .with("crates/index", &[("crates/engine", Dev)]);
        assert!(check(&workspace).is_empty());
    }
}

#[test]
fn a_cycle_ends_and_is_found() {
    let workspace = Workspace::default()
        .with("crates/index", &[("crates/rpc", Normal)])
        .with("crates/rpc", &[("crates/index", Normal)]);
    assert_eq!(check(&workspace).len(), 1);
}

#[test]
fn a_crate_without_a_place_is_found() {
    let workspace = Workspace::default().with("crates/misc", &[("crates/sim", Normal)]);
    let found = messages(&workspace);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("crates/misc: is not in the table"),
        "{found:?}"
    );
}

#[test]
fn metadata_is_read() {
    let json = r#"{"workspace_root": "/r", "packages": [
        {"manifest_path": "/r/crates/evm/Cargo.toml", "dependencies": [
            {"name": "serde", "kind": null},
            {"name": "p", "kind": null, "path": "/r/crates/primitives"},
            {"name": "m", "kind": "dev", "path": "/r/crates/modules"},
            {"name": "a", "kind": "build", "path": "/r/crates/abi"},
            {"name": "elsewhere", "kind": null, "path": "/other/thing"}]},
        {"manifest_path": "/r/xtask/Cargo.toml", "dependencies": []}]}"#;
    let workspace = Workspace::parse(json).unwrap();
    assert_eq!(
        workspace.directories().collect::<Vec<_>>(),
        ["crates/evm", "xtask"]
    );
    let named: Vec<_> = workspace
        .depends("crates/evm")
        .map(|(to, kind)| (to.as_str(), *kind))
        .collect();
    assert_eq!(
        named,
        [
            ("crates/abi", Build),
            ("crates/modules", Dev),
            ("crates/primitives", Normal)
        ]
    );
    assert!(matches!(Workspace::parse("[]"), Err(Error::Metadata(_))));
}

#[test]
fn only_tests_ask_for_what_only_tests_may_have() {
    let package = |directory: &str, dependency: &str, features: &str| {
        let json = format!(
            r#"{{"workspace_root": "/r", "packages": [
            {{"manifest_path": "/r/{directory}/Cargo.toml", "features": {{{features}}}, "dependencies": [{{{dependency}}}]}}]}}"#
        );
        messages(&Workspace::parse(&json).unwrap())
    };
    let asks = |kind: &str| format!(r#""kind": {kind}, "features": ["test-utils"]"#);
    let forwards = r#""test-utils": ["hansa-engine/test-utils"]"#;
    assert_eq!(
        package("crates/node", &asks("\"dev\""), forwards),
        Vec::<String>::new()
    );
    assert_eq!(
        package("crates/sim", &asks("null"), ""),
        Vec::<String>::new()
    );
    assert_eq!(
        package("crates/node", &asks("null"), ""),
        ["crates/node: asks for the feature test-utils in [dependencies]: only tests may"]
    );
    let default = r#""default": ["hansa-engine/test-utils"]"#;
    assert_eq!(
        package("bin/hansa", r#""kind": null"#, default),
        ["bin/hansa: asks for the feature test-utils in its feature default: only tests may"]
    );
}

use super::*;

fn messages(file: &str, text: &str) -> Vec<String> {
    check_file(file, text)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn clean_text_passes() {
    assert!(check_file("crates/evm/src/lib.rs", "//! Docs.\npub fn run() {}\n").is_empty());
}

#[test]
fn source_files_are_limited_at_the_line() {
    let lines = "// x\n".repeat(MAX_LINES);
    let longer = format!("{lines}// x\n");
    for file in [
        "a.rs",
        "contracts/src/A.sol",
        "dashboard/a.tsx",
        "scripts/a.sh",
    ] {
        assert!(check_file(file, &lines).is_empty());
        assert_eq!(check_file(file, &longer).len(), 1, "{file}");
    }
    assert!(check_file("data.json", &longer).is_empty());
    let generated = format!("// {GENERATED} by a program\n{lines}");
    assert!(check_file("a.rs", &generated).is_empty());
    let late = format!("{lines}// {GENERATED}\n");
    assert_eq!(check_file("a.rs", &late).len(), 1);
}

#[test]
fn unfinished_rust_is_found_with_its_line() {
    for (word, advice) in UNFINISHED {
        let text = format!("fn f() {{\n    {word}\n}}\n");
        assert_eq!(
            messages("a.rs", &text),
            [format!("a.rs:2: `{word}`: {advice}")]
        );
        assert!(check_file("a.md", &text).is_empty());
    }
}

#[test]
fn machine_paths_are_found_in_any_file_but_not_inside_other_paths() {
    for path in MACHINE_PATHS {
        for text in [
            format!("see {path}x"),
            format!("{path}x"),
            format!("a=\"{path}x\""),
        ] {
            assert_eq!(check_file("a.md", &text).len(), 1, "{text}");
        }
        for text in [
            format!("target{path}x"),
            format!("..{path}x"),
            format!("${{DIR}}{path}x"),
        ] {
            assert!(check_file("a.md", &text).is_empty(), "{text}");
        }
    }
}

#[test]
fn private_registries_are_found() {
    for word in REGISTRY_SETTINGS {
        assert_eq!(
            check_file("requirements.txt", &format!("--{word} x")).len(),
            1
        );
    }
    let public = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
    let private = "source = \"git+https://example.org/x\"\n";
    assert!(check_file("Cargo.lock", public).is_empty());
    assert_eq!(check_file("fuzz/Cargo.lock", private).len(), 1);
    assert!(check_file("elsewhere.toml", private).is_empty());
    let public = "  \"resolved\": \"https://registry.npmjs.org/a/-/a-1.tgz\",\n";
    let private = "  \"resolved\": \"https://example.org/a/-/a-1.tgz\",\n";
    assert!(check_file("contracts/package-lock.json", public).is_empty());
    assert_eq!(check_file("contracts/package-lock.json", private).len(), 1);
}

#[test]
fn members_inherit_the_lints() {
    let without = "[package]\nname = \"x\"\n";
    let with = "[package]\nname = \"x\"\n\n[lints]\nworkspace = true\n";
    let own = "[package]\n[lints]\nrust = {}\n";
    for file in ["crates/x/Cargo.toml", "xtask/Cargo.toml"] {
        assert!(check_file(file, with).is_empty());
        assert_eq!(check_file(file, without).len(), 1);
        assert_eq!(check_file(file, own).len(), 1);
    }
    for file in ["Cargo.toml", "fuzz/Cargo.toml"] {
        assert!(check_file(file, without).is_empty());
    }
}

use super::*;

/// Checks pages given as (path, text); other files of the repository are `src/lib.rs` and `LICENSE`.
fn messages(pages: &[(&str, &str)]) -> Vec<String> {
    let pages: BTreeMap<String, String> = pages
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect();
    let mut files = vec!["LICENSE".to_owned(), "src/lib.rs".to_owned()];
    files.extend(pages.keys().cloned());
    check_pages(&files, &pages)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn good_links_pass() {
    let readme = "[a](src/lib.rs) [b](./docs/tour.md#the-end) [c](https://example.org/x)\n\
        [d](#top) [e](docs) ![f](/LICENSE \"title\") [g](mailto:a@example.org)\n\n# Top\n[h]: docs/tour.md\n";
    let tour = "# `cast`: the end\n[back](../README.md) [license](<../LICENSE>)\n## The end\n";
    assert_eq!(
        messages(&[("README.md", readme), ("docs/tour.md", tour)]),
        Vec::<String>::new()
    );
}

#[test]
fn broken_links_are_found_with_their_line() {
    for (target, reason) in [
        ("gone.md", "leads to gone.md, which does not exist"),
        (
            "docs/gone.md#x",
            "leads to docs/gone.md, which does not exist",
        ),
        ("../outside.md", "leads out of the repository"),
    ] {
        assert_eq!(
            messages(&[("README.md", &format!("first\n[x]({target})\n"))]),
            [format!("README.md:2: `{target}` {reason}")]
        );
        assert_eq!(
            messages(&[("README.md", &format!("[x]: {target}\n"))]).len(),
            1
        );
    }
    assert_eq!(
        messages(&[("README.md", "[x](#nowhere)\n# Somewhere\n")]),
        ["README.md:1: `#nowhere`: README.md has no such heading"]
    );
    assert_eq!(
        messages(&[("README.md", "[a](LICENSE) [b](gone) [c](gone2)")]).len(),
        2
    );
}

#[test]
fn code_is_not_prose() {
    let text = "`[x](gone)` and\n```sh\n[x](gone)\n~~~\n[x](gone)\n```\n[x](gone)\n";
    assert_eq!(
        messages(&[("README.md", text)]),
        ["README.md:7: `gone` leads to gone, which does not exist"]
    );
}

#[test]
fn headings_become_anchors() {
    let text = "# One: two & three\n## Same\n## Same\n#hash\n```\n# code\n```\n";
    let expected = ["one-two--three", "same", "same-1"].map(str::to_owned);
    assert_eq!(headings(text), BTreeSet::from(expected));
}

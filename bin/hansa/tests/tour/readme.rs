//! The tour as README.md has it.
//!
//! Each `console` block of a numbered section (`**7. Title.**`) is a list of commands after `$ `, each with what it prints. What a reader
//! is told in prose (to wait, say) stands for this test in a comment that readers do not see: `<!-- tour: run COMMAND -->` runs a command
//! that must succeed, whatever it prints.

use std::ops::RangeInclusive;

const FENCE: &str = "```";
const CONSOLE: &str = "```console";
const COMMENT: &str = "<!-- tour:";

/// One thing to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Step {
    pub(crate) section: usize,
    /// Where the command stands in the document, from 1 on.
    pub(crate) line: usize,
    pub(crate) command: String,
    /// What it prints; `None` where that does not matter.
    pub(crate) shown: Option<Vec<String>>,
}

/// All steps of a document.
///
/// # Panics
/// Something of it is not of the form above: nothing of the tour is passed over.
pub(crate) fn steps(document: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut section = 0;
    let mut lines = document.lines().zip(1..);
    while let Some((text, line)) = lines.next() {
        section = number(text).unwrap_or(section);
        if let Some(comment) = text.trim_start().strip_prefix(COMMENT) {
            let comment = comment.trim_end().strip_suffix("-->");
            let command = comment.and_then(|comment| comment.trim().strip_prefix("run "));
            let command = command.unwrap_or_else(|| panic!("line {line}: `{text}` is no `run`"));
            steps.push(Step {
                section,
                line,
                command: command.to_owned(),
                shown: None,
            });
        }
        if text != CONSOLE {
            assert!(!text.contains(CONSOLE), "line {line}: indented: `{text}`");
            continue;
        }
        assert!(section > 0, "line {line}: a block before the first section");
        let block: Vec<_> = lines
            .by_ref()
            .take_while(|(text, _)| *text != FENCE)
            .collect();
        let first = block
            .first()
            .is_some_and(|(text, _)| text.starts_with("$ "));
        assert!(first, "line {line}: a block begins with a command");
        for (text, line) in block {
            if let Some(command) = text.strip_prefix("$ ") {
                steps.push(Step {
                    section,
                    line,
                    command: command.to_owned(),
                    shown: Some(Vec::new()),
                });
            } else if let Some(shown) = steps.last_mut().and_then(|step| step.shown.as_mut()) {
                shown.push(text.to_owned());
            }
        }
    }
    steps
}

/// The number of the section that begins here.
fn number(text: &str) -> Option<usize> {
    let (number, _) = text.strip_prefix("**")?.split_once(". ")?;
    number.parse().ok()
}

/// The steps of some sections.
pub(crate) fn of(steps: Vec<Step>, sections: &RangeInclusive<usize>) -> Vec<Step> {
    let wanted = |step: &Step| sections.contains(&step.section);
    steps.into_iter().filter(wanted).collect()
}

#[test]
fn every_command_is_found_with_what_it_prints() {
    let document = "\
**Not a section.**
**2. Two.** Words.

```console
$ first
a

b
$ second
```

<!-- tour: run sleep 1 -->
```sh
not run
```
";
    let step = |line, command: &str, shown: Option<&[&str]>| Step {
        section: 2,
        line,
        command: command.to_owned(),
        shown: shown.map(|shown| shown.iter().map(|&line| line.to_owned()).collect()),
    };
    let expected = [
        step(5, "first", Some(&["a", "", "b"])),
        step(9, "second", Some(&[])),
        step(12, "sleep 1", None),
    ];
    assert_eq!(steps(document), expected);
    assert_eq!(of(steps(document), &(1..=1)), []);
}

#[test]
#[should_panic(expected = "line 2: `<!-- tour: walk -->` is no `run`")]
fn an_unknown_comment_is_refused() {
    steps("**1. One.**\n<!-- tour: walk -->\n");
}

//! Relative links in Markdown: the file must be in the repository, and a heading that is named must exist.
//!
//! Read are `[text](target)`, `![text](target)` and `[label]: target`, outside of code. Links to the web are not
//! followed: whether a test passes must not depend on somebody's server.

use crate::{Error, Finding, repository::Repository};
use std::collections::{BTreeMap, BTreeSet};

#[cfg(test)]
mod tests;

/// Checks every Markdown file of the repository.
///
/// # Errors
/// [`Error::Read`] when a file cannot be read.
pub fn check(repository: &Repository) -> Result<Vec<Finding>, Error> {
    let mut pages = BTreeMap::new();
    for file in repository
        .files()
        .iter()
        .filter(|file| file.ends_with(".md"))
    {
        if let Some(text) = repository.text(file)? {
            pages.insert(file.clone(), text);
        }
    }
    Ok(check_pages(repository.files(), &pages))
}

/// Checks `pages` (path and text) of a repository that holds `files`.
pub fn check_pages(files: &[String], pages: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut known: BTreeSet<&str> = BTreeSet::from([""]);
    for file in files {
        known.insert(file);
        // A link may lead to a directory, too.
        known.extend(file.match_indices('/').map(|(at, _)| &file[..at]));
    }
    let mut findings = Vec::new();
    for (page, text) in pages {
        for (line, target) in links(text) {
            if let Some(message) = broken(page, &target, &known, pages) {
                findings.push(Finding {
                    place: page.clone(),
                    line: Some(line),
                    message,
                });
            }
        }
    }
    findings
}

fn broken(
    page: &str,
    target: &str,
    known: &BTreeSet<&str>,
    pages: &BTreeMap<String, String>,
) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, heading) = match target.split_once('#') {
        Some((path, heading)) => (path, Some(heading)),
        None => (target, None),
    };
    let Some(file) = (if path.is_empty() {
        Some(page.to_owned())
    } else {
        resolve(page, path)
    }) else {
        return Some(format!("`{target}` leads out of the repository"));
    };
    if !known.contains(file.as_str()) {
        return Some(format!("`{target}` leads to {file}, which does not exist"));
    }
    let (Some(heading), Some(text)) = (heading, pages.get(&file)) else {
        return None;
    };
    (!headings(text).contains(heading)).then(|| format!("`{target}`: {file} has no such heading"))
}

/// The path in the repository that `path` means on `page`, or `None` when it leads out.
fn resolve(page: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = match path.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => page
            .rsplit_once('/')
            .map_or(Vec::new(), |(dir, _)| dir.split('/').collect()),
    };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The lines outside of fenced code, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fence: Option<&str> = None;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let start = line.trim_start();
        let mark = ["```", "~~~"]
            .into_iter()
            .find(|mark| start.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => return Some((index + 1, line)),
            _ => {}
        }
        None
    })
}

/// Every link's line and target.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let line = without_code(line);
        let mut rest = line.as_str();
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            if let Some(end) = rest.find(')') {
                found.push((number, clean(&rest[..end])));
            }
        }
        let label = line.trim_start().strip_prefix('[');
        if let Some((label, target)) = label.and_then(|label| label.split_once("]: "))
            && !label.starts_with('^')
        {
            found.push((number, clean(target)));
        }
    }
    found
}

/// A target without its title and angle brackets.
fn clean(target: &str) -> String {
    let first = target.split_whitespace().next().unwrap_or_default();
    first
        .trim_start_matches('<')
        .trim_end_matches('>')
        .to_owned()
}

fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("")
}

/// The anchors that GitHub makes of a page's headings.
fn headings(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for (_, line) in prose(text) {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let kept = title
            .trim()
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let base = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let mut anchor = base.clone();
        let mut copy = 0;
        while !anchors.insert(anchor) {
            copy += 1;
            anchor = format!("{base}-{copy}");
        }
    }
    anchors
}

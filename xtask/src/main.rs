//! `cargo xtask <check>`: the repository's checks from the command line.

use std::process::ExitCode;
use xtask::{Error, Finding, deps, links, repository, text};

const USAGE: &str = "usage: cargo xtask <check-deps | check-text | check>

  check-deps  crates depend only on crates above them in the table of crates
  check-text  length of source files, words that must not stay, links in Markdown
  check       all of them";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["check-deps"] => check_deps(),
        ["check-text"] => check_text(),
        ["check"] => check_deps().and_then(|mut findings| {
            findings.extend(check_text()?);
            Ok(findings)
        }),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(findings) if findings.is_empty() => ExitCode::SUCCESS,
        Ok(findings) => {
            for finding in &findings {
                eprintln!("{finding}");
            }
            eprintln!("{} found", findings.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("cannot check: {error}");
            ExitCode::FAILURE
        }
    }
}

fn check_deps() -> Result<Vec<Finding>, Error> {
    Ok(deps::check(&repository::workspace()?))
}

fn check_text() -> Result<Vec<Finding>, Error> {
    let repository = repository::Repository::open()?;
    let mut findings = text::check(&repository)?;
    findings.extend(links::check(&repository)?);
    Ok(findings)
}

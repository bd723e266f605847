//! The TAXII walk: the benchmark of `hansa-taxii`, run as it is.

use crate::report::{Aim, Report};
use eyre::{OptionExt as _, Result, ensure};
use std::process::{Command, Stdio};

/// Pages of 1,000 objects per CPU-second that are aimed at.
const AIM: f64 = 500.0;

/// Runs `cargo bench -p hansa-taxii --bench walk`.
///
/// # Errors
/// It fails, or prints something else.
pub(crate) fn run(report: &mut Report) -> Result<()> {
    let output = Command::new("cargo")
        .args([
            "bench",
            "--quiet",
            "--package",
            "hansa-taxii",
            "--bench",
            "walk",
        ])
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the TAXII benchmark failed");
    let text = String::from_utf8_lossy(&output.stdout);
    let rates: Vec<_> = text.lines().filter_map(rate).collect();
    rates
        .first()
        .ok_or_eyre("the TAXII benchmark printed no rates")?;
    for (name, rate) in rates {
        let aim = Some(Aim::AtLeast(AIM));
        report.row("taxii", name, rate, "pages per CPU-s", aim);
    }
    Ok(())
}

/// Reads `name   N pages in S CPU-s: R pages per CPU-second`.
fn rate(line: &str) -> Option<(String, f64)> {
    let rest = line.strip_suffix(" pages per CPU-second")?;
    let (what, rate) = rest.rsplit_once(": ")?;
    let name = what.split("  ").next()?.trim();
    Some((name.to_owned(), rate.parse().ok()?))
}

#[cfg(test)]
mod tests;

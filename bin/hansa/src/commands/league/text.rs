//! What people read about a local league.

use super::market::{self, Zone};
use crate::output::table;
use hansa_node::league::{Began, Document, Finding, Health, Level, Up};
use std::fmt::Write as _;

/// Said before the first zone is there.
pub(super) const MARKET: &str = "Its operators agree. Its first zone, market: creating it ...";

/// Said before the nodes are waited for.
pub(super) fn beginning(up: &Up) -> String {
    let dir = up.league().dir().display();
    match up.began() {
        Began::Created => format!("A new development league in {dir}: starting its operators ..."),
        Began::Resumed => {
            let started: Vec<&str> = up.started().collect();
            format!("The league in {dir}: starting {} ...", started.join(", "))
        }
        Began::Running => format!("The league in {dir} is running already."),
    }
}

/// The league, its URLs, its accounts, and what to try.
pub(super) fn document(document: &Document, zones: &[Zone], began: Began) -> String {
    let mut text = String::new();
    let state = match began {
        Began::Created => "created",
        Began::Resumed => "resumed",
        Began::Running => "already running",
    };
    let dir = document.dir.display();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "Chain id {} ({state}), in {dir}\n", document.chain_id);
    let operators: Vec<Vec<String>> = document
        .operators
        .iter()
        .map(|operator| {
            let pid = operator.pid.map_or("-".into(), |pid| pid.to_string());
            vec![
                operator.name.clone(),
                pid,
                operator.rpc.clone(),
                operator.taxii.clone(),
                operator.dashboard.clone(),
            ]
        })
        .collect();
    text += &table(
        &["OPERATOR", "PID", "JSON-RPC", "TAXII 2.1", "DASHBOARD"],
        &operators,
    );
    let _ = writeln!(
        text,
        "\nTAXII takes a member's name and the password in {}\n",
        document.password_file.display()
    );
    if !zones.is_empty() {
        let zones: Vec<Vec<String>> = zones
            .iter()
            .map(|zone| {
                vec![
                    zone.name.clone(),
                    zone.chain_id.to_string(),
                    zone.phase.to_owned(),
                    zone.rpc.clone(),
                ]
            })
            .collect();
        text += &table(&["ZONE", "CHAIN ID", "PHASE", "JSON-RPC"], &zones);
        text += "\n";
    }
    let members: Vec<Vec<String>> = document
        .members
        .iter()
        .map(|member| vec![member.name.clone(), member.address.to_string()])
        .collect();
    text += &table(&["MEMBER", "ADDRESS"], &members);
    let on_zone = if began == Began::Created && !zones.is_empty() {
        format!(", {} of it on the zone", market::FUNDS)
    } else {
        String::new()
    };
    let _ = writeln!(
        text,
        "\nDevelopment accounts, 10,000 ether each{on_zone} (everybody knows these keys: never send value there)"
    );
    let accounts: Vec<Vec<String>> = document
        .accounts
        .iter()
        .map(|account| vec![account.address.to_string(), account.private_key.to_string()])
        .collect();
    text += &table(&["ADDRESS", "PRIVATE KEY"], &accounts);
    let _ = write!(text, "\nNext: hansa status --dir {dir}");
    if let Some(operator) = document.operators.first() {
        let _ = write!(text, "\n      cast block-number --rpc-url {}", operator.rpc);
        // Last, where eyes end up.
        let _ = write!(text, "\n\nOpen the dashboard: {}", operator.dashboard);
    }
    text
}

/// A league's health in a table.
pub(super) fn status(health: &Health) -> String {
    let number = |value: Option<u64>| value.map_or("-".into(), |value| value.to_string());
    let rows: Vec<Vec<String>> = health
        .operators
        .iter()
        .map(|operator| {
            let state = if operator.problems.is_empty() {
                "healthy"
            } else {
                "unhealthy"
            };
            vec![
                operator.name.clone(),
                state.into(),
                number(operator.pid.map(u64::from)),
                operator.uptime_s.map_or("-".into(), duration),
                number(operator.head),
                match operator.zones_down.len() {
                    0 => operator.zones.len().to_string(),
                    down => format!(
                        "{} of {}",
                        operator.zones.len(),
                        operator.zones.len() + down
                    ),
                },
                operator.peers.map_or("-".into(), |peers| peers.to_string()),
                bytes(operator.disk_bytes),
                operator.rpc.clone(),
            ]
        })
        .collect();
    let head = [
        "OPERATOR", "STATE", "PID", "UPTIME", "HEAD", "ZONES", "PEERS", "DISK", "JSON-RPC",
    ];
    let state = if health.healthy {
        "healthy"
    } else {
        "unhealthy"
    };
    let mut text = format!(
        "League in {}, chain id {}: {state}\n\n{}",
        health.dir.display(),
        health.chain_id,
        table(&head, &rows)
    );
    for warning in &health.warnings {
        let _ = write!(text, "\nwarning: {warning}");
    }
    text
}

/// A league's health in a line.
pub(super) fn one_line(health: &Health) -> String {
    let heads = || health.operators.iter().filter_map(|operator| operator.head);
    let head = heads()
        .max()
        .map_or("no block".into(), |head| format!("block {head}"));
    match health.problems.first() {
        None => format!("{head}, {} operators healthy", health.operators.len()),
        Some(problem) => format!("{head}, unhealthy: {problem}"),
    }
}

/// What the doctor found.
pub(super) fn findings(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let mark = match finding.level {
            Level::Ok => "ok     ",
            Level::Warning => "warning",
            Level::Problem => "problem",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{mark}  {}: {}", finding.check, finding.found);
        if let Some(advice) = &finding.advice {
            let _ = writeln!(text, "         try: {advice}");
        }
    }
    text
}

fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

fn bytes(bytes: u64) -> String {
    match bytes >> 20 {
        0 => format!("{} KiB", bytes >> 10),
        mebibytes @ 1..10_240 => format!("{mebibytes} MiB"),
        mebibytes => format!("{} GiB", mebibytes >> 10),
    }
}

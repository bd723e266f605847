//! The TAXII walk: 25,000 objects published on a league, read back page by page from another operator.

use super::start::{League, Setup};
use crate::{
    cpu::usage,
    load::Client,
    report::{Aim, Report},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use eyre::{OptionExt as _, Result, ensure};
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

const SECTION: &str = "taxii";
const OBJECTS: usize = 25_000;
const PAGE: usize = 1_000;
/// Bytes of the description that pads an object to the size that those of MITRE ATT&CK have on average.
const DESCRIPTION: usize = 1_500;
/// Walks over all objects: enough CPU time for the clock of `/proc`, which ticks in hundredths of a second.
const WALKS: usize = 20;
/// Pages of 1,000 objects per CPU-second that are aimed at.
const AIM: f64 = 500.0;
const MEMBER: &str = "member-1";

/// Publishes through the first operator of a league made by `hansa up`, and walks the second's collection.
///
/// # Errors
/// The league does not start, or the walk misses objects.
pub(super) async fn run(setup: Setup, report: &mut Report) -> Result<()> {
    let league = League::start(setup.clone()).await?;
    let bundle = setup.directory.join("bundle.json");
    fs::write(&bundle, serde_json::to_vec(&made_up())?)?;
    let start = Instant::now();
    publish(&setup, &bundle)?;
    let rate = OBJECTS as f64 / start.elapsed().as_secs_f64();
    report.row(SECTION, "publish, made-up objects", rate, "objects/s", None);

    let operator = &league.operators[1];
    let url = operator.taxii.as_deref().ok_or_eyre("no TAXII URL")?;
    let password = fs::read_to_string(setup.directory.join("password"))?;
    let login = STANDARD.encode(format!("{MEMBER}:{}", password.trim()));
    let mut client = Client::new(url)?;
    let mut walk = Walk {
        client: &mut client,
        login: format!("Basic {login}"),
    };
    // The first walk fills caches, and is not counted.
    walk.all().await?;
    let before = usage(operator.pid)?.cpu_s;
    let mut pages = 0;
    for _ in 0..WALKS {
        pages += walk.all().await?;
    }
    let rate = pages as f64 / (usage(operator.pid)?.cpu_s - before);
    let name = format!("walk of {OBJECTS} objects on a league, pages of {PAGE}");
    report.row(SECTION, name, rate, "/CPU-s", Some(Aim::AtLeast(AIM)));
    Ok(())
}

fn publish(setup: &Setup, bundle: &Path) -> Result<()> {
    let status = Command::new(&setup.hansa)
        .args(["exchange", "publish", "--as", MEMBER, "--dir"])
        .arg(&setup.directory)
        .arg(bundle)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    ensure!(
        status.success(),
        "`hansa exchange publish` failed: {status}"
    );
    Ok(())
}

/// Indicators of the size that ATT&CK's objects have on average.
fn made_up() -> Value {
    let description = "x".repeat(DESCRIPTION);
    let objects: Vec<Value> = (0..OBJECTS)
        .map(|n| {
            json!({
                "type": "indicator",
                "spec_version": "2.1",
                "id": format!("indicator--00000000-0000-4000-8000-{n:012x}"),
                "created": "2026-01-01T00:00:00.000Z",
                "modified": "2026-01-01T00:00:00.000Z",
                "name": format!("made-up indicator {n}"),
                "description": description,
                "pattern": format!("[url:value = 'http://example.org/{n}']"),
                "pattern_type": "stix",
                "valid_from": "2026-01-01T00:00:00Z",
            })
        })
        .collect();
    json!({
        "type": "bundle",
        "id": "bundle--00000000-0000-4000-8000-000000000000",
        "objects": objects,
    })
}

struct Walk<'a> {
    client: &'a mut Client,
    login: String,
}

impl Walk<'_> {
    /// Reads every page; gives their number.
    async fn all(&mut self) -> Result<usize> {
        let base = format!("/taxii2/league/collections/all/objects/?limit={PAGE}");
        let headers = [
            ("accept", "application/taxii+json;version=2.1"),
            ("authorization", self.login.as_str()),
        ];
        let (mut pages, mut objects) = (0, 0);
        let mut path = base.clone();
        loop {
            let body = self.client.get(&path, &headers).await?;
            let page: Value = serde_json::from_slice(&body)?;
            pages += 1;
            objects += page["objects"].as_array().map_or(0, Vec::len);
            if page["more"] != true {
                break;
            }
            let next = page["next"].as_str().ok_or_eyre("more, but no next")?;
            path = format!("{base}&next={next}");
        }
        ensure!(
            objects == OBJECTS,
            "{objects} objects came instead of {OBJECTS}"
        );
        Ok(pages)
    }
}

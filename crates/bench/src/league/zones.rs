//! Zones: how fast one is there, what goes between chains, when a directive holds on all of them, what idle ones cost, what they include
//! together, and what one notices of another that is flooded.
//!
//! Everything is done by the `hansa` command, as a user does it: its own start (some ten milliseconds) is part of the times.

use super::{LeagueArgs, start::League};
use crate::{
    accounts::development,
    cpu::usage,
    load::{Client, Outcome, Rate, Recipients, Run, Session, execute},
    report::{Aim, Report},
    stats::percentile,
    world::Kind,
};
use alloy_primitives::{B256, U64};
use alloy_sol_types::SolEvent as _;
use clap::Args;
use eyre::{Context as _, OptionExt as _, Result, ensure};
use hansa_abi::{IMessages, IZones};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

const SECTION: &str = "zones";
/// An address that the members warn of.
const HOSTILE: &str = "0x00000000000000000000000000000000000b0b0b";
/// `blockedUntil(address)` of the guard.
const BLOCKED_UNTIL: &str = "0x383dc5e5";
const GUARD: &str = "0x48414e5341000000000000000000000000000005";
/// How long idle zones are watched.
const IDLE: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(30);
const MEMBER: [&str; 2] = ["--as", "member-1"];
/// Accounts that send on each zone, which each of the development accounts there has to fund a tenth of.
const SENDERS: u64 = 100;
/// What each of these has there.
const FUNDS: &str = "60ether";
/// Transactions that are submitted and not yet included, on all zones together.
const IN_FLIGHT: u64 = 8_000;
/// What a zone carries, per second, while another is flooded.
const STEADY: u64 = 200;
/// For how many seconds.
const STEADY_S: u64 = 20;
/// Blocks of the flooded zone take 238 transfers, four times a second. What a zone may use of a machine is set by its gas limit and interval: one
/// that may use all of it leaves nothing to others, flooded or not.
const FLOODED_TERMS: [&str; 4] = ["--gas-limit", "5000000", "--interval", "250"];
const FLOODED: &str = "flooded";
/// Transactions that wait there once it is: more than four blocks of them.
const WAITING: u64 = 1_000;

/// Sizes of the benchmark of zones.
#[derive(Args, Clone, Debug)]
pub(crate) struct ZonesArgs {
    #[command(flatten)]
    league: LeagueArgs,
    /// Zones beside the hub
    #[arg(long, default_value_t = 8)]
    zones: usize,
    /// Times that ether goes each way
    #[arg(long, default_value_t = 30)]
    crossings: usize,
}

/// The command, on one league.
struct Hansa {
    binary: PathBuf,
    directory: PathBuf,
}

impl Hansa {
    fn json(&self, arguments: &[&str]) -> Result<Value> {
        let output = Command::new(&self.binary)
            .arg("--dir")
            .arg(&self.directory)
            .arg("--json")
            .args(arguments)
            .output()
            .wrap_err_with(|| format!("cannot run {}", self.binary.display()))?;
        ensure!(
            output.status.success(),
            "`hansa {}` failed: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        // Of several documents, one to a line, the last.
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text).wrap_err("what `hansa --json` printed")
    }

    /// Milliseconds that a command of member 1 took by its own account.
    fn timed(&self, arguments: &[&str]) -> Result<f64> {
        let document = self.json(&[&MEMBER, arguments].concat())?;
        document["elapsed_ms"]
            .as_f64()
            .ok_or_eyre("the command tells no time")
    }
}

/// Measures zones of a league on this machine.
///
/// # Errors
/// The league does not start or stops, or a command fails.
pub(crate) fn run(args: &ZonesArgs, report: &mut Report) -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(zones(args, report))
}

async fn zones(args: &ZonesArgs, report: &mut Report) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let mut setup = args.league.setup(directory.path());
    setup.nodes = false;
    let league = League::start(setup).await?;
    let hansa = Hansa {
        binary: args.league.hansa.clone(),
        directory: directory.path().to_owned(),
    };
    tokio::time::sleep(Duration::from_secs(5)).await;
    let alone = Cost::watch(&league).await?;
    let names: Vec<_> = (1..=args.zones.max(2))
        .map(|id| format!("zone-{id}"))
        .collect();
    let mut created = Vec::new();
    for (name, chain_id) in names.iter().zip(50_001u64..) {
        let chain_id = chain_id.to_string();
        created.push(hansa.timed(&["zone", "create", name, "--chain-id", &chain_id])?);
        hansa.json(&[&MEMBER[..], &["bridge", "deposit", name, "5ether"]].concat())?;
    }
    spread(
        report,
        "create to first final block",
        &created,
        Some(5_000.0),
    );
    let (first, second) = (names[0].as_str(), names[1].as_str());
    let ways: [(&str, Vec<&str>, Option<f64>); 3] = [
        (
            "hub to zone",
            vec!["bridge", "deposit", first, "1gwei"],
            None,
        ),
        (
            "zone to hub",
            vec!["bridge", "withdraw", first, "1gwei"],
            None,
        ),
        (
            "zone to zone",
            vec!["bridge", "withdraw", first, "1gwei", "--into", second],
            Some(1_000.0),
        ),
    ];
    for (way, command, aim) in ways {
        let mut times = Vec::new();
        for _ in 0..args.crossings {
            times.push(hansa.timed(&command)?);
        }
        spread(report, way, &times, aim);
    }
    gas(&league, report).await?;
    directive(&hansa, &league, &names, report).await?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let beside = Cost::watch(&league).await?;
    beside.over(&alone, names.len(), report);
    let mut sessions = Vec::new();
    for name in &names {
        sessions.push(session(&hansa, &league, name).await?);
    }
    throughput(args, &mut sessions, report).await?;
    flood(args, (&hansa, &league), &mut sessions[0], report).await
}

/// What nodes paid for telling the hub of zones' blocks, and for delivering one message.
async fn gas(league: &League, report: &mut Report) -> Result<()> {
    let mut hub = Client::new(&league.operators[0].rpc)?;
    let head: U64 = hub.call("eth_blockNumber", json!([])).await?;
    let (mut checkpoints, mut deliveries) = (Vec::new(), Vec::new());
    for number in 1..=head.to::<u64>() {
        let block = json!([U64::from(number)]);
        let receipts: Vec<Value> = hub.call("eth_getBlockReceipts", block).await?;
        for receipt in receipts {
            let used: U64 = serde_json::from_value(receipt["gasUsed"].clone())?;
            let logs = receipt["logs"].as_array().cloned().unwrap_or_default();
            let of = |event: B256| {
                let topics = logs.iter().map(|log| &log["topics"][0]);
                topics.filter(|topic| **topic == json!(event)).count()
            };
            if of(IZones::Checkpointed::SIGNATURE_HASH) == 1 {
                checkpoints.push(used.to::<u64>() as f64);
            }
            if of(IMessages::Delivered::SIGNATURE_HASH) == 1 {
                deliveries.push(used.to::<u64>() as f64);
            }
        }
    }
    for (what, gas) in [
        ("a checkpoint", checkpoints),
        ("the delivery of a message", deliveries),
    ] {
        if let Some(median) = percentile(&gas, 50.0) {
            report.row(SECTION, format!("gas of {what}, median"), median, "", None);
            eprintln!("gas of {what}, median of {}: {median}", gas.len());
        }
    }
    Ok(())
}

/// Accounts of a zone that send there.
async fn session(hansa: &Hansa, league: &League, zone: &str) -> Result<Session> {
    for account in development()? {
        let to = account.address().to_string();
        let deposit = ["bridge", "deposit", zone, FUNDS, "--to", &to, "--no-wait"];
        hansa.json(&[&MEMBER[..], &deposit].concat())?;
    }
    // One that waits: what was sent before is there as well.
    hansa.json(&[&MEMBER[..], &["bridge", "deposit", zone, "1gwei"]].concat())?;
    let urls = league.urls().into_iter();
    let urls: Vec<_> = urls.map(|url| format!("{url}/zones/{zone}")).collect();
    // That it is the zone which is measured, and no other chain.
    let status = hansa.json(&["zone", "status", zone])?;
    let chain_id: U64 = Client::new(&urls[0])?
        .call("eth_chainId", json!([]))
        .await?;
    ensure!(
        status["chain_id"].as_u64() == Some(chain_id.to()),
        "{} answers for chain {chain_id}",
        urls[0]
    );
    Session::open_default(urls, SENDERS).await
}

/// A run of transfers on one of `zones` that are loaded together.
const fn transfers(txs: u64, rate: Rate, zones: u64) -> Run {
    Run {
        kind: Kind::Transfer,
        recipients: Recipients::Senders,
        txs,
        rate,
        connections: if zones < 8 { 8 / zones } else { 1 },
        in_flight: IN_FLIGHT / zones,
        probes: 0,
        pids: Vec::new(),
    }
}

/// The same load on one zone, on two, and so on: what all of them include together.
async fn throughput(args: &ZonesArgs, sessions: &mut [Session], report: &mut Report) -> Result<()> {
    let mut alone = None;
    let (counts, most) = ([1, 2, 4, 8, 16, 32, 64], sessions.len());
    for count in counts.into_iter().take_while(|count| *count <= most) {
        let zones = count as u64;
        let run = transfers(args.league.load_txs / zones, Rate::Max, zones);
        let runs = sessions[..count].iter_mut();
        let runs = futures::future::try_join_all(runs.map(|session| execute(session, &run)));
        let outcomes: Vec<Outcome> = runs.await?;
        let longest = outcomes.iter().map(|of| of.duration_s).fold(0.0, f64::max);
        let total = (run.txs * zones) as f64 / longest;
        let lost: usize = outcomes.iter().map(|of| of.lost + of.failed).sum();
        ensure!(lost == 0, "{lost} transfers are lost or failed");
        let what = format!("transfers on {count} zones together");
        report.row(SECTION, &what, total, "/s", None);
        eprintln!("{what}: {total:.0} /s");
        let alone = *alone.get_or_insert(total);
        if count > 1 {
            let what = format!("{what}, over one");
            report.row(SECTION, what, total / alone, "x", Some(Aim::AtLeast(0.85)));
        }
    }
    Ok(())
}

/// A zone that carries a steady load, alone and beside one whose pool is kept full.
async fn flood(
    args: &ZonesArgs,
    (hansa, league): (&Hansa, &League),
    steady: &mut Session,
    report: &mut Report,
) -> Result<()> {
    let chain_id = (50_001 + args.zones.max(2) as u64).to_string();
    let create = ["zone", "create", FLOODED, "--chain-id", &chain_id];
    hansa.json(&[&MEMBER[..], &create, &FLOODED_TERMS].concat())?;
    let mut flooded = session(hansa, league, FLOODED).await?;
    let flooded_url = flooded.urls[0].clone();
    let run = Run {
        probes: args.league.probes.max(1),
        ..transfers(STEADY * STEADY_S, Rate::PerSecond(STEADY as f64), 1)
    };
    let alone = execute(steady, &run).await?;
    let full = async {
        // Not while the generator signs what it is going to send, which takes every core.
        until_full(&flooded_url).await?;
        execute(steady, &run).await
    };
    let beside = tokio::select! {
        beside = full => beside?,
        error = endless(&mut flooded, args.league.load_txs) => return Err(error),
    };
    if let Some(latency) = &beside.latency {
        let slowest = (latency.slowest_in, latency.max_ms);
        tell_slowest(&steady.urls[0], slowest).await?;
    }
    let p99 = |of: &Outcome| {
        of.latency
            .as_ref()
            .map_or(f64::NAN, |latency| latency.p99_ms)
    };
    let rows = [
        (
            "steady load, alone: included",
            alone.included_per_s,
            "/s",
            None,
        ),
        (
            "steady load, beside a flood: included",
            beside.included_per_s,
            "/s",
            None,
        ),
        (
            "steady load, beside a flood: share of the throughput",
            beside.included_per_s / alone.included_per_s,
            "",
            Some(Aim::AtLeast(0.9)),
        ),
        ("steady load, alone: p99", p99(&alone), "ms", None),
        ("steady load, beside a flood: p99", p99(&beside), "ms", None),
        (
            "steady load, beside a flood: p99 over alone",
            p99(&beside) / p99(&alone),
            "x",
            Some(Aim::AtMost(1.5)),
        ),
    ];
    for (what, value, unit, aim) in rows {
        report.row(SECTION, what, value, unit, aim);
        eprintln!("{what}: {value:.2} {unit}");
    }
    Ok(())
}

/// Tells how consensus came to the block that held the slowest probe, and to those around it.
async fn tell_slowest(url: &str, (block, ms): (u64, f64)) -> Result<()> {
    let mut client = Client::new(url)?;
    eprintln!("the slowest took {ms:.0} ms, in block {block}; what is around it:");
    for number in block.saturating_sub(3)..=block + 2 {
        let of = json!([format!("{number:#x}")]);
        let certificate: Value = client.call("hansa_getCertificate", of.clone()).await?;
        let with_hashes = json!([of[0], false]);
        let header: Value = client.call("eth_getBlockByNumber", with_hashes).await?;
        if header.is_null() {
            continue;
        }
        let time: U64 = serde_json::from_value(header["timestampMs"].clone())?;
        eprintln!(
            "  block {number}: timestamp {time} ms, {} transactions, epoch {}, view {} (parent's {})",
            header["transactions"].as_array().map_or(0, Vec::len),
            certificate["epoch"],
            certificate["view"],
            certificate["parentView"],
        );
    }
    Ok(())
}

/// Waits until more transactions wait on a zone than its next blocks take.
async fn until_full(url: &str) -> Result<()> {
    let mut client = Client::new(url)?;
    let start = Instant::now();
    loop {
        let status: Value = client.call("txpool_status", json!([])).await?;
        let pending: U64 = serde_json::from_value(status["pending"].clone())?;
        if pending.to::<u64>() >= WAITING {
            return Ok(());
        }
        let waited = start.elapsed();
        ensure!(
            waited < TIMEOUT,
            "{pending} transactions wait after {waited:?}: no flood"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Floods a zone until it is dropped; ends with an error only.
async fn endless(session: &mut Session, txs: u64) -> eyre::Report {
    loop {
        if let Err(error) = execute(session, &transfers(txs, Rate::Max, 1)).await {
            return error;
        }
    }
}

fn spread(report: &mut Report, what: &str, times: &[f64], aim: Option<f64>) {
    for percent in [50.0, 99.0] {
        let Some(value) = percentile(times, percent) else {
            continue;
        };
        let aim = aim.map(Aim::AtMost);
        report.row(SECTION, format!("{what}, p{percent}"), value, "ms", aim);
        eprintln!("{what}, p{percent}: {value} ms");
    }
}

/// From the call that accepts an alert to the block of each zone that enforces it.
async fn directive(
    hansa: &Hansa,
    league: &League,
    names: &[String],
    report: &mut Report,
) -> Result<()> {
    let bundle = hansa.directory.join("indicator.json");
    let indicator = json!({
        "type": "indicator",
        "spec_version": "2.1",
        "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
        "created": "2026-11-26T00:00:00.000Z",
        "modified": "2026-11-26T00:00:00.000Z",
        "pattern": "[x-evm:address = '0x0b']",
        "pattern_type": "stix",
        "valid_from": "2026-11-26T00:00:00Z",
    });
    fs::write(&bundle, indicator.to_string())?;
    let path = bundle.to_str().ok_or_eyre("a path of this league")?;
    hansa.json(
        &[
            &MEMBER[..],
            &["exchange", "publish", path, "--tlp", "clear"],
        ]
        .concat(),
    )?;
    let object = indicator["id"].as_str().unwrap_or_default();
    let raise = [
        "alert",
        "raise",
        "--target",
        HOSTILE,
        "--object",
        object,
        "--severity",
        "critical",
        "--for",
        "1h",
    ];
    hansa.json(&[&MEMBER[..], &raise].concat())?;
    hansa.json(&["--as", "member-2", "alert", "endorse", "1"])?;
    // The third endorsement accepts it.
    let rpc = &league.operators[0].rpc;
    let mut watched: Vec<Client> = Vec::new();
    for name in names {
        watched.push(Client::new(&format!("{rpc}/zones/{name}"))?);
    }
    watched.push(Client::new(rpc)?);
    let accept = std::thread::spawn({
        let (binary, directory) = (hansa.binary.clone(), hansa.directory.clone());
        move || Hansa { binary, directory }.json(&["--as", "member-3", "alert", "endorse", "1"])
    });
    let mut hub = watched.pop().ok_or_eyre("the hub")?;
    let since = until_blocked(&mut hub).await?;
    let mut latest: f64 = 0.0;
    for zone in &mut watched {
        let at = until_blocked(zone).await?;
        latest = latest.max(at.saturating_duration_since(since).as_secs_f64() * 1_000.0);
    }
    accept
        .join()
        .map_err(|_| eyre::eyre!("the endorsement panicked"))??;
    let what = format!("accepted on the hub to enforced on {} zones", names.len());
    report.row(SECTION, &what, latest, "ms", Some(Aim::AtMost(500.0)));
    eprintln!("{what}: {latest:.0} ms");
    Ok(())
}

async fn until_blocked(client: &mut Client) -> Result<Instant> {
    let data = format!("{BLOCKED_UNTIL}{:0>64}", &HOSTILE[2..]);
    let start = Instant::now();
    loop {
        let call = json!([{ "to": GUARD, "data": data }, "latest"]);
        let answer: String = client.call("eth_call", call).await?;
        if answer
            .trim_start_matches("0x")
            .bytes()
            .any(|digit| digit != b'0')
        {
            return Ok(Instant::now());
        }
        ensure!(start.elapsed() < TIMEOUT, "no directive after {TIMEOUT:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What an operator's process costs while nothing happens: means over the operators.
struct Cost {
    cpu_percent: f64,
    rss_mib: f64,
    descriptors: f64,
}

impl Cost {
    async fn watch(league: &League) -> Result<Self> {
        let pids = league.pids();
        let seconds = |pids: &[u32]| -> Result<f64> {
            let all = pids.iter().map(|pid| Ok(usage(*pid)?.cpu_s));
            Ok(all.collect::<Result<Vec<_>>>()?.into_iter().sum())
        };
        let before = seconds(&pids)?;
        tokio::time::sleep(IDLE).await;
        let used = seconds(&pids)? - before;
        let count = pids.len() as f64;
        let (mut rss, mut descriptors) = (0.0, 0.0);
        for pid in &pids {
            rss += usage(*pid)?.rss_mib;
            let open = fs::read_dir(Path::new("/proc").join(pid.to_string()).join("fd"))?;
            descriptors += open.count() as f64;
        }
        Ok(Self {
            cpu_percent: 100.0 * used / count / IDLE.as_secs_f64(),
            rss_mib: rss / count,
            descriptors: descriptors / count,
        })
    }

    fn over(&self, alone: &Self, zones: usize, report: &mut Report) {
        let rows = [
            (
                "CPU of an operator without zones",
                alone.cpu_percent,
                "% of a core",
            ),
            ("memory of an operator without zones", alone.rss_mib, "MiB"),
            (
                "descriptors of an operator without zones",
                alone.descriptors,
                "",
            ),
        ];
        for (what, value, unit) in rows {
            report.row(SECTION, what, value, unit, None);
            eprintln!("{what}: {value:.2} {unit}");
        }
        let each = |now: f64, before: f64| (now - before) / zones as f64;
        // Twenty of them are to cost 5% of a core and 300 MB.
        let rows = [
            (
                "CPU of an idle zone",
                each(self.cpu_percent, alone.cpu_percent),
                "% of a core",
                Some(0.25),
            ),
            (
                "memory of an idle zone",
                each(self.rss_mib, alone.rss_mib),
                "MiB",
                Some(14.3),
            ),
            (
                "descriptors of an idle zone",
                each(self.descriptors, alone.descriptors),
                "",
                None,
            ),
        ];
        for (what, value, unit, aim) in rows {
            report.row(SECTION, what, value, unit, aim.map(Aim::AtMost));
            eprintln!("{what}: {value:.2} {unit}");
        }
    }
}

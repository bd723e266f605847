//! `hansa zone room`: what the zones cost a node's machine, and which others it can still take.

use crate::{failure::Outcome, output::table, session::Session};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Memory that a zone takes when it is quiet, bytes: BENCHMARKS.md, "Zones".
const ZONE_MEMORY: u64 = 34 << 20;
/// Gas in a second below which it is blocks that cost, and not their gas.
const LEAST_GAS: f64 = 1_000_000.0;

/// As `hansa_load` tells it.
#[derive(Debug, Deserialize)]
struct Load {
    machine: Machine,
    chains: Vec<Chain>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all(deserialize = "camelCase"))]
struct Machine {
    cores: usize,
    load_average: Option<f64>,
    memory_available: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chain {
    zone: Option<String>,
    cores: f64,
    executing: f64,
    gas_per_second: f64,
}

impl Chain {
    fn all(&self) -> f64 {
        self.cores + self.executing
    }
}

/// As `hansa_zones` tells them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Zone {
    name: String,
    phase: String,
    serves: bool,
    gas_limit: alloy_primitives::U64,
    block_interval_ms: u64,
}

impl Zone {
    /// Gas in each second when every block is full.
    fn most_gas(&self) -> f64 {
        self.gas_limit.to::<u64>() as f64 * 1_000.0 / self.block_interval_ms.max(1) as f64
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Fits {
    /// It runs here.
    Runs,
    /// Nothing runs there any more.
    Ended,
    /// Even when all its blocks are full.
    Full,
    /// As long as it is not used much, or what its gas costs here is not known.
    Quiet,
    /// Not even then.
    No,
}

impl Fits {
    const fn words(self) -> &'static str {
        match self {
            Self::Runs => "runs here",
            Self::Ended => "has ended",
            Self::Full => "fits, at its gas limit too",
            Self::Quiet => "fits while it is quiet",
            Self::No => "does not fit",
        }
    }
}

#[derive(Debug, Serialize)]
struct Row {
    zone: String,
    phase: String,
    serves: bool,
    /// Cores that it takes here now.
    cores: Option<f64>,
    gas_per_second: Option<f64>,
    /// Cores that it would take here when quiet, and when every block is full.
    quiet_cores: f64,
    full_cores: Option<f64>,
    fits: Fits,
}

/// What a machine has left, and what chains cost there.
#[derive(Debug)]
struct Costs {
    free_cores: Option<f64>,
    free_memory: Option<u64>,
    /// Cores of a chain without its gas.
    quiet: f64,
    /// Seconds on a core for each gas.
    gas: Option<f64>,
}

impl Costs {
    fn of(load: &Load) -> Self {
        let zones = || load.chains.iter().filter(|chain| chain.zone.is_some());
        let (count, cores) = zones().fold((0u32, 0.0), |(count, cores), chain| {
            (count + 1, cores + chain.cores)
        });
        let hub = load.chains.iter().find(|chain| chain.zone.is_none());
        let quiet = match count {
            0 => hub.map_or(0.0, |hub| hub.cores),
            _ => cores / f64::from(count),
        };
        let executing: f64 = load.chains.iter().map(|chain| chain.executing).sum();
        let gas: f64 = load.chains.iter().map(|chain| chain.gas_per_second).sum();
        Self {
            free_cores: load
                .machine
                .load_average
                .map(|busy| (load.machine.cores as f64 - busy).max(0.0)),
            free_memory: load.machine.memory_available,
            quiet,
            gas: (gas >= LEAST_GAS).then(|| executing / gas),
        }
    }

    fn row(&self, zone: &Zone, load: &Load) -> Row {
        let here = load
            .chains
            .iter()
            .find(|chain| chain.zone.as_ref() == Some(&zone.name));
        let full = self.gas.map(|gas| self.quiet + gas * zone.most_gas());
        let room = |cores: f64| self.free_cores.is_none_or(|free| cores <= free);
        let memory = self.free_memory.is_none_or(|free| free >= ZONE_MEMORY);
        let fits = if here.is_some() {
            Fits::Runs
        } else if matches!(zone.phase.as_str(), "stopped" | "settled") {
            Fits::Ended
        } else if !memory || !room(self.quiet) {
            Fits::No
        } else if full.is_some_and(room) {
            Fits::Full
        } else {
            Fits::Quiet
        };
        Row {
            zone: zone.name.clone(),
            phase: zone.phase.clone(),
            serves: zone.serves,
            cores: here.map(Chain::all),
            gas_per_second: here.map(|chain| chain.gas_per_second),
            quiet_cores: self.quiet,
            full_cores: full,
            fits,
        }
    }
}

fn cores(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.2}"))
}

pub(super) async fn run(session: &Session<'_>) -> Outcome {
    let rpc = session.rpc()?;
    let load: Load = rpc.call("hansa_load", vec![]).await?;
    let zones: Vec<Zone> = rpc.call("hansa_zones", vec![]).await?;
    let costs = Costs::of(&load);
    let rows: Vec<Row> = zones.iter().map(|zone| costs.row(zone, &load)).collect();
    let hub = load.chains.iter().find(|chain| chain.zone.is_none());
    let hub_cores = hub.map(Chain::all);
    let document = json!({
        "node": rpc.url(),
        "machine": load.machine,
        "free_cores": costs.free_cores,
        "seconds_per_million_gas": costs.gas.map(|gas| gas * 1e6),
        "hub_cores": hub_cores,
        "zones": rows,
    });
    session.output.result(&document, || {
        let machine = &load.machine;
        let busy = machine.load_average.map_or_else(String::new, |busy| {
            format!(", {busy:.2} busy over the last minute")
        });
        let memory = machine.memory_available.map_or_else(String::new, |bytes| {
            format!(", {} MiB of memory left", bytes >> 20)
        });
        let gas = costs.gas.map_or_else(
            || {
                "what gas costs here is not known: nothing was executed in the last minute"
                    .to_owned()
            },
            |gas| format!("a million gas costs {:.1} ms here", gas * 1e9),
        );
        let mut shown = vec![vec![
            "(hub)".to_owned(),
            String::new(),
            cores(hub_cores),
            String::new(),
            Fits::Runs.words().to_owned(),
        ]];
        shown.extend(rows.iter().map(|row| {
            vec![
                row.zone.clone(),
                row.phase.clone(),
                cores(row.cores),
                cores(row.full_cores),
                row.fits.words().to_owned(),
            ]
        }));
        let head = ["CHAIN", "PHASE", "CORES NOW", "CORES WHEN FULL", "HERE"];
        format!(
            "{}: {} cores{busy}{memory}; {gas}\n\n{}",
            rpc.url(),
            machine.cores,
            table(&head, &shown)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(busy: f64, gas_per_second: f64, memory_available: u64) -> Load {
        let chain = |zone: Option<&str>, cores, executing, gas_per_second| Chain {
            zone: zone.map(str::to_owned),
            cores,
            executing,
            gas_per_second,
        };
        Load {
            machine: Machine {
                cores: 2,
                load_average: Some(busy),
                memory_available: Some(memory_available),
            },
            chains: vec![
                chain(None, 0.1, gas_per_second * 1e-8, gas_per_second),
                chain(Some("market"), 0.02, 0.0, 0.0),
            ],
        }
    }

    fn zone(name: &str, phase: &str, gas_limit: u64) -> Zone {
        Zone {
            name: name.into(),
            phase: phase.into(),
            serves: false,
            gas_limit: alloy_primitives::U64::from(gas_limit),
            block_interval_ms: 100,
        }
    }

    fn fits(load: &Load, zone: &Zone) -> Fits {
        Costs::of(load).row(zone, load).fits
    }

    #[test]
    fn a_zone_fits_by_what_is_left_of_the_machine() {
        // 10 million gas in a second at 10 ns each: a tenth of a core.
        let (small, large) = (
            zone("grid", "active", 1_000_000),
            zone("huge", "active", 1_000_000_000),
        );
        let some = load(0.5, 1e6, 1 << 30);
        assert_eq!(fits(&some, &small), Fits::Full);
        assert_eq!(fits(&some, &large), Fits::Quiet);
        let row = Costs::of(&some).row(&small, &some);
        assert!((row.full_cores.unwrap() - 0.12).abs() < 1e-9, "{row:?}");
        assert!((row.quiet_cores - 0.02).abs() < 1e-9, "{row:?}");
        // Nothing left, of cores or of memory.
        assert_eq!(fits(&load(2.5, 1e6, 1 << 30), &small), Fits::No);
        assert_eq!(fits(&load(0.5, 1e6, 1 << 20), &small), Fits::No);
        // Who has executed nothing cannot tell.
        assert_eq!(fits(&load(0.5, 0.0, 1 << 30), &small), Fits::Quiet);
        assert_eq!(fits(&some, &zone("market", "active", 1)), Fits::Runs);
        assert_eq!(fits(&some, &zone("old", "settled", 1)), Fits::Ended);
    }
}

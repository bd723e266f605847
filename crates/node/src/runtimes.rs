//! The runtimes of this process's chains: whose a line of the log is, and how busy each chain keeps the machine.
//!
//! A chain has a runtime of its own, and its tasks know no more of it than its id. The log is the process's, and so is the register of ids.

use hansa_engine::Effort;
use hansa_rpc::{ChainLoad, Load, Machine};
use parking_lot::{Mutex, RwLock};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fmt::{self, Write as _},
    fs,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::runtime::{Handle, Id, RuntimeMetrics};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{DefaultFields, Format, Json, Writer},
    },
    registry::LookupSpan,
};

/// How far back an average goes.
const WINDOW: Duration = Duration::from_secs(60);
/// How often counters are read.
const EVERY: Duration = Duration::from_secs(5);

/// The zones' runtimes.
static ZONES: RwLock<Option<HashMap<Id, Arc<str>>>> = RwLock::new(None);

/// The zone of the runtime that this thread belongs to; `None` on the hub's, and on threads of no chain.
pub(crate) fn zone_here() -> Option<Arc<str>> {
    let id = Handle::try_current().ok()?.id();
    ZONES.read().as_ref()?.get(&id).cloned()
}

/// While it lives, what is logged on the runtime where it was made is marked as of a zone.
#[derive(Debug)]
pub(crate) struct Marked(Id);

impl Marked {
    /// Marks the runtime of this thread.
    pub(crate) fn here(zone: &str) -> Self {
        let id = Handle::current().id();
        ZONES
            .write()
            .get_or_insert_default()
            .insert(id, zone.into());
        Self(id)
    }
}

impl Drop for Marked {
    fn drop(&mut self) {
        if let Some(zones) = ZONES.write().as_mut() {
            zones.remove(&self.0);
        }
    }
}

/// Whether a line of the log is of a zone, or about it.
pub(crate) fn is_of_zone(line: &str, zone: &str) -> bool {
    let named = |mark: &str| {
        let mut rest = line;
        while let Some((_, after)) = rest.split_once(mark) {
            let value = after.strip_prefix('"').unwrap_or(after);
            let after_name = value.strip_prefix(zone);
            if after_name.is_some_and(|after| after.is_empty() || after.starts_with([' ', '"'])) {
                return true;
            }
            rest = after;
        }
        false
    };
    named(" zone=") || named("\"zone\":")
}

/// Fields as usual, and whose they are.
#[derive(Debug, Default)]
pub struct ZoneFields(DefaultFields);

impl<'writer> FormatFields<'writer> for ZoneFields {
    fn format_fields<R: RecordFields>(
        &self,
        mut writer: Writer<'writer>,
        fields: R,
    ) -> fmt::Result {
        self.0.format_fields(writer.by_ref(), fields)?;
        match zone_here() {
            Some(zone) => write!(writer, " zone={zone}"),
            None => Ok(()),
        }
    }
}

/// Events as JSON, and whose they are.
#[derive(Debug)]
pub struct ZoneJson(Format<Json>);

impl Default for ZoneJson {
    fn default() -> Self {
        Self(Format::default().json())
    }
}

impl<S, N> FormatEvent<S, N> for ZoneJson
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(zone) = zone_here() else {
            return self.0.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.0
            .format_event(context, Writer::new(&mut line), event)?;
        let rest = line.strip_prefix('{').unwrap_or(&line);
        // Names of zones are letters, digits and dashes.
        write!(writer, "{{\"zone\":\"{zone}\",{rest}")
    }
}

/// The chains that run here, and how busy they are. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loads(Arc<Mutex<BTreeMap<Option<String>, Meter>>>);

#[derive(Debug)]
struct Meter {
    runtime: RuntimeMetrics,
    effort: Effort,
    /// Oldest first.
    past: VecDeque<Reading>,
}

/// Counters of one moment.
#[derive(Clone, Copy, Debug)]
struct Reading {
    at: Instant,
    busy: Duration,
    executing: Duration,
    gas: u64,
}

impl Meter {
    fn read(&self) -> Reading {
        let workers = 0..self.runtime.num_workers();
        Reading {
            at: Instant::now(),
            busy: workers
                .map(|worker| self.runtime.worker_total_busy_duration(worker))
                .sum(),
            executing: self.effort.executing(),
            gas: self.effort.gas(),
        }
    }

    /// The newest reading that is older than a moment ago by the window is where averages begin.
    fn keep(&mut self) {
        let now = self.read();
        while self
            .past
            .get(1)
            .is_some_and(|next| now.at.duration_since(next.at) >= WINDOW)
        {
            self.past.pop_front();
        }
        self.past.push_back(now);
    }

    fn load(&self, zone: Option<String>) -> ChainLoad {
        let now = self.read();
        let Some(then) = self.past.front() else {
            return ChainLoad {
                zone,
                ..ChainLoad::default()
            };
        };
        let seconds = now.at.duration_since(then.at).as_secs_f64();
        let rate = |amount: f64| if seconds > 0.0 { amount / seconds } else { 0.0 };
        let spent = |now: Duration, then: Duration| now.saturating_sub(then).as_secs_f64();
        ChainLoad {
            zone,
            cores: rate(spent(now.busy, then.busy)),
            executing: rate(spent(now.executing, then.executing)),
            gas_per_second: rate(now.gas.saturating_sub(then.gas) as f64),
            seconds,
        }
    }
}

impl Loads {
    /// Counts the runtime of this thread as a chain's; `None` is the hub.
    pub(crate) fn insert(&self, zone: Option<&str>, effort: Effort) {
        let mut meter = Meter {
            runtime: Handle::current().metrics(),
            effort,
            past: VecDeque::new(),
        };
        meter.keep();
        self.0.lock().insert(zone.map(str::to_owned), meter);
    }

    pub(crate) fn remove(&self, zone: &str) {
        self.0.lock().remove(&Some(zone.to_owned()));
    }

    /// Reads the counters again and again.
    pub(crate) async fn keep(self) {
        loop {
            tokio::time::sleep(EVERY).await;
            self.0.lock().values_mut().for_each(Meter::keep);
        }
    }

    pub(crate) fn now(&self) -> Load {
        let chains = self.0.lock();
        let chains = chains.iter().map(|(zone, meter)| meter.load(zone.clone()));
        Load {
            machine: machine(),
            chains: chains.collect(),
        }
    }

    /// What every chain took since it was started, as Prometheus reads it.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        let chains = self.0.lock();
        let readings: Vec<_> = chains
            .iter()
            .map(|(zone, meter)| (zone.as_deref().unwrap_or("hub"), meter.read()))
            .collect();
        type Value = fn(&Reading) -> String;
        let counters: [(&str, &str, Value); 3] = [
            (
                "hansa_chain_busy_seconds_total",
                "Time in which a chain's consensus, network and storage kept a core busy",
                |reading| reading.busy.as_secs_f64().to_string(),
            ),
            (
                "hansa_chain_executing_seconds_total",
                "Time in which a chain's transactions were executed",
                |reading| reading.executing.as_secs_f64().to_string(),
            ),
            (
                "hansa_chain_gas_total",
                "Gas that was executed for a chain",
                |reading| reading.gas.to_string(),
            ),
        ];
        for (name, help, value) in counters {
            // Of the family, whose name is that of the counter without this end.
            let family = name.trim_end_matches("_total");
            let _ = writeln!(text, "# HELP {family} {help}.\n# TYPE {family} counter");
            for (chain, reading) in &readings {
                let _ = writeln!(text, "{name}{{chain=\"{chain}\"}} {}", value(reading));
            }
        }
        text
    }
}

fn machine() -> Machine {
    let words = |path: &str| fs::read_to_string(path).ok();
    let first = |text: String| text.split_whitespace().next()?.parse().ok();
    let available = |text: String| -> Option<u64> {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("MemAvailable:"))?;
        let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kibibytes * 1_024)
    };
    Machine {
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        load_average: words("/proc/loadavg").and_then(first),
        memory_available: words("/proc/meminfo").and_then(available),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Logs;
    use hansa_dashboard::LogQuery;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap()
    }

    #[test]
    fn lines_of_a_zone_say_so_and_others_do_not() {
        let logs = Logs::default();
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(ZoneFields::default())
            .with_writer(logs.clone())
            .finish();
        let (hub, zone) = (runtime(), runtime());
        let marked = zone.block_on(async { Marked::here("market") });
        tracing::subscriber::with_default(subscriber, || {
            let _entered = hub.enter();
            tracing::info!(height = 3, "a block");
            let entered = zone.enter();
            tracing::info!(height = 4, "a block");
            drop((entered, marked));
            let _entered = zone.enter();
            tracing::info!("left");
        });
        let told = logs.read(LogQuery {
            level: 5,
            after: None,
            limit: 10,
        });
        let lines = told["lines"].as_array().unwrap().iter();
        let marked: Vec<bool> = lines
            .map(|line| is_of_zone(line["text"].as_str().unwrap(), "market"))
            .collect();
        assert_eq!(marked, [false, true, false]);
    }

    #[test]
    fn lines_in_json_say_so_too() {
        let logs = Logs::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .event_format(ZoneJson::default())
            .with_writer(logs.clone())
            .finish();
        let zone = runtime();
        let marked = zone.block_on(async { Marked::here("market") });
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(height = 3, "a block");
            let _entered = zone.enter();
            tracing::info!(height = 4, "a block");
        });
        drop(marked);
        let query = LogQuery {
            level: 5,
            after: None,
            limit: 10,
        };
        let told = logs.read(query);
        let lines = told["lines"].as_array().unwrap().iter();
        let lines: Vec<serde_json::Value> = lines
            .map(|line| serde_json::from_str(line["text"].as_str().unwrap()).unwrap())
            .collect();
        assert_eq!(lines[0].get("zone"), None);
        assert_eq!(lines[1]["zone"], "market");
        assert_eq!(lines[1]["fields"]["height"], 4);
    }

    #[test]
    fn a_zone_is_found_by_its_whole_name() {
        for line in [
            "INFO epoch entered epoch=3 zone=market",
            "INFO zone running zone=\"market\" chain_id=7",
            "INFO a zone=market2 and zone=market too",
            "{\"zone\":\"market\",\"level\":\"INFO\"}",
        ] {
            assert!(is_of_zone(line, "market"), "{line}");
        }
        for line in [
            "INFO epoch entered",
            "INFO a block zone=market-2",
            "x zone=",
        ] {
            assert!(!is_of_zone(line, "market"), "{line}");
        }
    }

    #[test]
    fn work_is_counted_for_the_chain_that_does_it() {
        let loads = Loads::default();
        let (busy, idle) = (runtime(), runtime());
        busy.block_on(async { loads.insert(Some("busy"), Effort::default()) });
        idle.block_on(async { loads.insert(None, Effort::default()) });
        let work = busy.spawn(async {
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_millis(200) {
                std::hint::spin_loop();
            }
        });
        busy.block_on(work).unwrap();
        // Its worker counts what it did when it rests.
        std::thread::sleep(Duration::from_millis(50));
        let load = loads.now();
        let [hub, zone] = &load.chains[..] else {
            panic!("{load:?}");
        };
        assert_eq!((&hub.zone, zone.zone.as_deref()), (&None, Some("busy")));
        assert!(zone.cores * zone.seconds > 0.15, "{load:?}");
        assert!(hub.cores * hub.seconds < 0.1, "{load:?}");
        assert!(load.machine.cores > 0);
        let text = loads.render();
        assert!(
            text.contains("hansa_chain_gas_total{chain=\"hub\"} 0"),
            "{text}"
        );
        loads.remove("busy");
        assert_eq!(loads.now().chains.len(), 1);
    }

    #[test]
    fn an_average_goes_back_a_minute_and_no_further() {
        let runtime = runtime();
        let metrics = runtime.metrics();
        let mut meter = Meter {
            runtime: metrics,
            effort: Effort::default(),
            past: VecDeque::new(),
        };
        let now = Instant::now();
        let ago = |seconds| Reading {
            at: now.checked_sub(Duration::from_secs(seconds)).unwrap(),
            busy: Duration::ZERO,
            executing: Duration::ZERO,
            gas: 0,
        };
        meter.past = [90, 70, 61, 59, 1].map(ago).into();
        meter.keep();
        let oldest = meter.load(None).seconds;
        assert!((61.0..62.0).contains(&oldest), "{oldest}");
    }
}

//! `hansa up`, `down`, `status`, `logs`, `reset`, `doctor`: a league on this machine.

mod market;
mod text;

use crate::{
    failure::{Exit, Failure, Outcome},
    output::Output,
    settings::Settings,
    values,
};
use clap::Args;
use hansa_node::league::{
    self, Began, Document, Health, Kind, League, LeagueError, Level, Logs, Options, Up,
};
use serde::Serialize;
use serde_json::json;
use std::{
    future::Future,
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, interval},
};

/// How often a league in the foreground is looked at.
const WATCH_INTERVAL: Duration = Duration::from_secs(2);
/// How often it is told about when nothing changes.
const STATUS_INTERVAL: Duration = Duration::from_secs(60);
/// How often logs are looked at.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(200);

#[derive(Args, Debug)]
#[command(after_help = "\
The ports: without --port-base, operator 1 has RPC 8545, TAXII 8180, p2p 9545, metrics 9645 and the dashboard 8080, each
further operator ten more. With --port-base N, operator 1 has RPC N, TAXII N+1, p2p N+2, metrics
N+3 and the dashboard N+4, each further operator ten more.

Examples:
  hansa up
  hansa up --detach --dir ~/leagues/test --operators 4 --port-base 20500 --json")]
pub(crate) struct UpArgs {
    /// How many operators, and members [default: 4]
    #[arg(long, value_name = "K")]
    operators: Option<usize>,
    /// First port of all ports
    #[arg(long, value_name = "N")]
    port_base: Option<u16>,
    /// Return once the league is healthy, and leave it running
    #[arg(long)]
    detach: bool,
    /// Blocks are at least this far apart [default: 100]
    #[arg(long, value_name = "MS")]
    block_interval_ms: Option<u64>,
    /// An idle league makes a block this often [default: 5000]
    #[arg(long, value_name = "MS")]
    heartbeat_ms: Option<u64>,
    /// A development chain id: 4857, 1337 or 31337 [default: 4857]
    #[arg(long, value_name = "ID")]
    chain_id: Option<u64>,
    /// A zone counts as halted after so long without a checkpoint, or after its time of notice if that is longer [default: 1h]
    #[arg(long, value_name = "TIME", value_parser = values::duration_s)]
    halted_after: Option<u64>,
    /// A new league begins without the zone `market`
    #[arg(long)]
    no_zone: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  hansa down\n  hansa down --operator operator-2")]
pub(crate) struct DownArgs {
    /// Only this one; `hansa up` starts it again
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
}

#[derive(Args, Debug)]
#[command(after_help = "Exit code 3 when it is not healthy.\n\nExamples:\n  hansa status --json")]
pub(crate) struct StatusArgs;

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  hansa logs operator-1 -n 100\n  hansa logs --follow")]
pub(crate) struct LogsArgs {
    /// Only this one's
    operator: Option<String>,
    /// Go on with what is written from now on
    #[arg(long, short)]
    follow: bool,
    /// So many lines of each operator
    #[arg(long, short = 'n', value_name = "LINES", default_value_t = 50)]
    lines: usize,
}

#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  hansa reset\n  hansa reset --dir ~/leagues/test --yes")]
pub(crate) struct ResetArgs {
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Exit code 3 when something is in the way.\n\nExamples:\n  hansa doctor")]
pub(crate) struct DoctorArgs;

/// A league's error as a command's.
pub(super) fn failure(error: LeagueError) -> Failure {
    let exit = match error.kind() {
        Kind::Failed => Exit::Failed,
        Kind::Usage => Exit::Usage,
        Kind::Unhealthy => Exit::Unhealthy,
        Kind::Timeout => Exit::Timeout,
        Kind::Interrupted => Exit::Interrupted,
    };
    Failure::new(exit, &error, error.advice())
}

fn run<T>(future: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime
        .map_err(|error| Failure::failed(error, "free some memory or file descriptors"))?
        .block_on(future)
}

pub(super) fn program() -> Outcome<PathBuf> {
    std::env::current_exe().map_err(|error| {
        let cause = format!("cannot find this program's own file: {error}");
        Failure::failed(cause, "start it by its path")
    })
}

/// The signals by which the user or the system asks to stop. From its making on they end nothing by
/// themselves.
struct Stop {
    signals: [Signal; 3],
}

impl Stop {
    fn new() -> Outcome<Self> {
        let on = |kind| {
            signal(kind).map_err(|error| Failure::failed(error, "free some file descriptors"))
        };
        let interrupt = on(SignalKind::interrupt())?;
        let terminate = on(SignalKind::terminate())?;
        let hangup = on(SignalKind::hangup())?;
        Ok(Self {
            signals: [interrupt, terminate, hangup],
        })
    }

    /// Resolves when one of them comes.
    async fn asked(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

pub(crate) fn up(arguments: &UpArgs, settings: &Settings, output: Output) -> Outcome {
    let options = Options {
        operators: arguments.operators,
        port_base: arguments.port_base,
        block_interval_ms: arguments.block_interval_ms,
        heartbeat_ms: arguments.heartbeat_ms,
        chain_id: arguments.chain_id,
        halted_after_s: arguments.halted_after,
    };
    run(async {
        // Before the first process: none may be left without somebody who watches it.
        let mut stop = Stop::new()?;
        let up = start(&settings.dir.value, options, &mut stop).await?;
        bring_up(up, &mut stop, arguments, settings, output).await
    })
}

/// Starts the processes, unless the user gives up meanwhile: then none is left.
async fn start(dir: &Path, options: Options, stop: &mut Stop) -> Outcome<Up> {
    let given_up = Arc::new(AtomicBool::new(false));
    let (dir, program, flag) = (dir.to_owned(), program()?, given_up.clone());
    let mut starting = tokio::task::spawn_blocking(move || {
        league::up(&dir, &options, &program, &|| flag.load(Ordering::Relaxed))
    });
    let started = tokio::select! {
        started = &mut starting => started,
        () = stop.asked() => {
            given_up.store(true, Ordering::Relaxed);
            starting.await
        }
    };
    let advice = "run the command again; `hansa down` stops what was started";
    let up = started
        .map_err(|error| Failure::failed(error, advice))?
        .map_err(failure)?;
    if given_up.load(Ordering::Relaxed) {
        let interrupted = stop_failure(&up);
        up.stop().await.map_err(failure)?;
        return Err(interrupted);
    }
    Ok(up)
}

async fn bring_up(
    mut up: Up,
    stop: &mut Stop,
    arguments: &UpArgs,
    settings: &Settings,
    output: Output,
) -> Outcome {
    let patience = Duration::from_secs(settings.timeout.value);
    let pending = up.league().layout().zone_pending();
    if up.began() == Began::Created && !arguments.no_zone {
        std::fs::write(&pending, "")?;
    }
    if !output.json {
        tell(&text::beginning(&up));
    }
    let ready = async {
        let document = healthy(&mut up, stop, patience).await?;
        // What an earlier `up` could not finish, this one does.
        if pending.exists() {
            let interrupted = stop_failure(&up);
            tokio::select! {
                opened = market::open(&document, settings, output) => opened?,
                () = stop.asked() => return Err(interrupted),
            }
            std::fs::remove_file(&pending)?;
        }
        let zones = market::zones(&document).await?;
        Ok((document, zones))
    };
    let outcome = match ready.await {
        Ok((document, zones)) => {
            let shown = show(&document, &zones, up.began(), output);
            if arguments.detach || !up.is_running() {
                return shown;
            }
            match shown {
                Ok(()) => watch(&mut up, stop, output).await,
                error => error,
            }
        }
        Err(error) => Err(error),
    };
    let Err(error) = outcome else {
        return Ok(());
    };
    // Whatever ended it: what was started here is watched by nobody any more.
    if up.is_running() {
        tell("stopping ...");
    }
    let stopped = up.stop().await;
    if error.exit == Exit::Interrupted {
        stopped.map_err(failure)?;
    }
    Err(error)
}

async fn healthy(up: &mut Up, stop: &mut Stop, patience: Duration) -> Outcome<Document> {
    let interrupted = stop_failure(up);
    let mut told = String::new();
    let progress = |health: &Health| {
        let problem = health.problems.first().cloned().unwrap_or_default();
        if std::io::stderr().is_terminal() && problem != told {
            tell(&format!("  waiting: {problem}"));
            told = problem;
        }
    };
    tokio::select! {
        result = up.healthy(patience, progress) => result.map_err(failure),
        () = stop.asked() => Err(interrupted),
    }
}

fn stop_failure(up: &Up) -> Failure {
    failure(LeagueError::Interrupted {
        dir: up.league().dir().into(),
    })
}

fn show(document: &Document, zones: &[market::Zone], began: Began, output: Output) -> Outcome {
    #[derive(Serialize)]
    struct Shown<'a> {
        #[serde(flatten)]
        document: &'a Document,
        zones: &'a [market::Zone],
    }
    let shown = Shown { document, zones };
    output.result(&shown, || text::document(document, zones, began))
}

/// Remarks for people, beside the result.
pub(super) fn tell(text: &str) {
    // Nobody is left to tell when standard error is gone.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Stays with a league in the foreground until it is stopped.
async fn watch(up: &mut Up, stop: &mut Stop, output: Output) -> Outcome {
    let mut failed = None;
    let say = |text: &str, failed: &mut Option<Failure>| {
        // What failed before is the verdict, also when nobody reads on.
        let said = output.line(text);
        said.map_err(|error| failed.take().unwrap_or(error))
    };
    if !output.json {
        let running = "\nRunning. Ctrl-C stops the league; `hansa up` resumes it.";
        say(running, &mut failed)?;
    }
    let mut ticks = interval(WATCH_INTERVAL);
    let (mut said, mut said_at) = (Vec::new(), Instant::now());
    loop {
        tokio::select! {
            () = stop.asked() => return Err(stop_failure(up)),
            _ = ticks.tick() => {}
        }
        while let Some(ended) = up.ended() {
            if ended.in_order {
                tell(&format!("{} was stopped", ended.operator));
            } else {
                let error = failure(ended.error);
                tell(&format!("{}\n  try: {}", error.cause, error.advice));
                failed = Some(error);
            }
        }
        if !up.is_running() {
            return failed.map_or(Ok(()), Err);
        }
        let health = league::health(up.league()).await;
        let changed = health.problems.is_empty() != said.is_empty();
        if !output.json && (changed || said_at.elapsed() >= STATUS_INTERVAL) {
            say(&text::one_line(&health), &mut failed)?;
            (said, said_at) = (health.problems, Instant::now());
        }
    }
}

pub(crate) fn down(arguments: &DownArgs, settings: &Settings, output: Output) -> Outcome {
    let operator = arguments.operator.as_deref();
    let stopped = run(async {
        let stopped = league::down(&settings.dir.value, operator).await;
        stopped.map_err(failure)
    })?;
    output.result(&json!({ "stopped": stopped }), || match stopped.len() {
        0 => "nothing was running".into(),
        _ => format!("stopped {}", stopped.join(", ")),
    })
}

pub(crate) fn status(settings: &Settings, output: Output) -> Outcome {
    let health = run(async {
        let league = League::open(&settings.dir.value).map_err(failure)?;
        Ok(league::health(&league).await)
    })?;
    let printed = output.result(&health, || text::status(&health));
    let Some(first) = health.problems.first() else {
        return printed;
    };
    let cause = match health.problems.len() - 1 {
        0 => first.clone(),
        more => format!("{first} (and {more} more)"),
    };
    let dir = health.dir.display();
    let advice =
        format!("`hansa up --dir {dir}` starts what is missing; `hansa logs --dir {dir}` says why");
    Err(Failure::new(Exit::Unhealthy, cause, advice))
}

pub(crate) fn logs(arguments: &LogsArgs, settings: &Settings, output: Output) -> Outcome {
    run(logs_of(None, arguments, settings, output))
}

/// The logs, or what there is of one zone in them.
pub(super) async fn logs_of(
    zone: Option<&str>,
    arguments: &LogsArgs,
    settings: &Settings,
    output: Output,
) -> Outcome {
    let league = League::open(&settings.dir.value).map_err(failure)?;
    let operator = arguments.operator.as_deref();
    let (mut logs, past) = Logs::open(&league, operator, zone, arguments.lines).map_err(failure)?;
    let print = |lines: Vec<league::LogLine>| {
        lines.iter().try_for_each(|line| {
            output.item(line, || match operator {
                Some(_) => line.line.clone(),
                None => format!("{} | {}", line.operator, line.line),
            })
        })
    };
    print(past)?;
    if !arguments.follow {
        return Ok(());
    }
    let mut stop = Stop::new()?;
    loop {
        tokio::select! {
            // Asking to stop is how following ends.
            () = stop.asked() => return Ok(()),
            () = tokio::time::sleep(FOLLOW_INTERVAL) => {}
        }
        print(logs.read_new().map_err(failure)?)?;
    }
}

pub(crate) fn reset(arguments: &ResetArgs, settings: &Settings, output: Output) -> Outcome {
    let dir = &settings.dir.value;
    let plan = league::reset_plan(dir).map_err(failure)?;
    if !arguments.yes {
        if !std::io::stdin().is_terminal() {
            let cause = "a reset removes keys and chain data, and there is nobody to ask";
            return Err(Failure::usage(cause, "confirm it with --yes"));
        }
        let names: Vec<String> = plan.iter().map(|path| path.display().to_string()).collect();
        tell(&format!("This removes for good:\n  {}", names.join("\n  ")));
        let _ = write!(std::io::stderr(), "Type `yes` to go on: ");
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        if answer.trim() != "yes" {
            return Err(Failure::failed(
                "nothing was removed",
                "answer `yes`, or give --yes",
            ));
        }
    }
    let removed = league::reset(dir).map_err(failure)?;
    output.result(&json!({ "removed": removed }), || {
        format!("removed the league in {}", dir.display())
    })
}

pub(crate) fn doctor(settings: &Settings, output: Output) -> Outcome {
    let findings = league::doctor(&settings.dir.value, &program()?).map_err(failure)?;
    let printed = output.result(&findings, || text::findings(&findings));
    let bad = findings
        .iter()
        .find(|finding| finding.level == Level::Problem);
    match bad {
        None => printed,
        Some(finding) => Err(Failure::new(
            Exit::Unhealthy,
            format!("{}: {}", finding.check, finding.found),
            finding.advice.as_deref().unwrap_or_default(),
        )),
    }
}

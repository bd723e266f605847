//! CPU time, memory, and what machine this is. Reads `/proc`: Linux only.

use eyre::{Context as _, OptionExt as _, Result};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use std::{fs, path::Path};

/// What `/proc/PID/stat` counts CPU time in on Linux (`getconf CLK_TCK`).
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU time of this process over all its threads, seconds with nanosecond resolution.
pub(crate) fn own_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// What a process used so far.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Usage {
    /// Its process id.
    pub(crate) pid: u32,
    /// CPU time in user and kernel, seconds.
    pub(crate) cpu_s: f64,
    /// Resident memory now, MiB.
    pub(crate) rss_mib: f64,
    /// Most resident memory ever, MiB.
    pub(crate) peak_rss_mib: f64,
}

/// Reads a process's usage.
///
/// # Errors
/// There is no such process.
pub(crate) fn usage(pid: u32) -> Result<Usage> {
    let directory = Path::new("/proc").join(pid.to_string());
    let read = |name: &str| {
        let path = directory.join(name);
        fs::read_to_string(&path).wrap_err_with(|| format!("cannot read {}", path.display()))
    };
    let status = read("status")?;
    let mib = |name| status_kib(&status, name).unwrap_or_default() as f64 / 1_024.0;
    Ok(Usage {
        pid,
        cpu_s: stat_seconds(&read("stat")?).ok_or_eyre("/proc/PID/stat is malformed")?,
        rss_mib: mib("VmRSS"),
        peak_rss_mib: mib("VmHWM"),
    })
}

/// User and system time from the text of `/proc/PID/stat`.
fn stat_seconds(stat: &str) -> Option<f64> {
    // Counted from behind the program's name, which may hold anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

/// A line `name:  123 kB` from the text of `/proc/PID/status`.
fn status_kib(status: &str, name: &str) -> Option<u64> {
    let line = status
        .lines()
        .find(|line| line.split_once(':').is_some_and(|(key, _)| key == name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The machine that a benchmark ran on.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Machine {
    /// As the kernel names it.
    pub(crate) cpu: String,
    /// Logical processors.
    pub(crate) cores: usize,
    /// MiB.
    pub(crate) memory_mib: u64,
    /// Kernel version.
    pub(crate) kernel: String,
}

/// Reads what this machine is; what cannot be read stays empty.
pub(crate) fn machine() -> Machine {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let cpu = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .and_then(|rest| rest.split_once(':'))
        .map_or("", |(_, name)| name.trim());
    Machine {
        cpu: cpu.to_owned(),
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        memory_mib: status_kib(&read("/proc/meminfo"), "MemTotal").unwrap_or_default() / 1_024,
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
    }
}

/// Load averages over 1, 5 and 15 minutes, as the kernel prints them.
pub(crate) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;

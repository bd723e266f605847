//! Whether ports are free, and who has those that are not.

use super::{
    LeagueError,
    layout::{PortPlan, Ports},
    process::Record,
};
use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    thread,
    time::{Duration, Instant},
};

/// Bases that are tried when one has to be offered.
const OFFERED_BASES: [u16; 8] = [
    18_500, 20_500, 22_500, 24_500, 26_500, 28_500, 30_500, 12_500,
];
/// How long a process that has ended may hold its ports.
const ENDING: Duration = Duration::from_secs(5);
/// How often its port is tried.
const POLL: Duration = Duration::from_millis(20);
/// The state `LISTEN` in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// Checks that every port can be listened on.
///
/// # Errors
/// [`LeagueError::PortBusy`] for the first that cannot, naming its owner.
pub(super) fn check(operator: &str, ports: Ports, operators: usize) -> Result<(), LeagueError> {
    for (what, port) in named(ports) {
        match bind_soon(port) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(LeagueError::PortBusy {
                    port,
                    what,
                    operator: operator.into(),
                    owner: owner(port).unwrap_or_else(|| "a process of another user".into()),
                    free_base: free_base(operators),
                });
            }
            Err(source) => {
                let path = format!("port {port} ({what} of {operator})").into();
                return Err(LeagueError::Io { path, source });
            }
        }
    }
    Ok(())
}

/// The ports of a configuration.
pub(super) const fn of(config: &crate::Config) -> Ports {
    Ports {
        rpc: config.rpc.listen.port(),
        taxii: config.taxii.listen.port(),
        p2p: config.p2p.listen.port(),
        metrics: config.metrics.listen.port(),
        dashboard: config.dashboard.listen.port(),
    }
}

const fn named(ports: Ports) -> [(&'static str, u16); 5] {
    [
        ("rpc", ports.rpc),
        ("taxii", ports.taxii),
        ("p2p", ports.p2p),
        ("metrics", ports.metrics),
        ("dashboard", ports.dashboard),
    ]
}

/// As [`bind`]. A process can hold its ports for some moments after it counts as ended, until the system has
/// closed what it had open.
fn bind_soon(port: u16) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        match bind(port) {
            Err(error)
                if error.kind() == io::ErrorKind::AddrInUse
                    && listener(port).is_none_or(is_ending)
                    && begun.elapsed() < ENDING =>
            {
                thread::sleep(POLL);
            }
            result => return result,
        }
    }
}

fn bind(port: u16) -> io::Result<()> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).map(drop)
}

/// A base with which all ports are free now.
pub(super) fn free_base(operators: usize) -> Option<u16> {
    OFFERED_BASES.into_iter().find(|&base| {
        let Ok(plan) = PortPlan::new(Some(base), operators) else {
            return false;
        };
        let mut ports = (0..operators).flat_map(|index| named(plan.ports(index)));
        ports.all(|(_, port)| bind(port).is_ok())
    })
}

/// The process that listens on a TCP port, as `name (pid N)`; `None` if it cannot be seen.
pub fn owner(port: u16) -> Option<String> {
    let pid = listener(port)?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(format!("{} (pid {pid})", name.trim()))
}

/// Whether a process is past its end: its memory goes first, and with it its command line, then its files, then all else.
fn is_ending(pid: u32) -> bool {
    Record::observe(pid).is_none_or(|now| now.command.iter().all(String::is_empty))
}

/// The process that listens on a TCP port; `None` if it cannot be seen.
fn listener(port: u16) -> Option<u32> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .find_map(|table| listening_inode(&table, port))?;
    let socket = format!("socket:[{inode}]");
    let holds = |pid: u32| {
        let files = fs::read_dir(format!("/proc/{pid}/fd"))
            .into_iter()
            .flatten();
        let mut files = files.flatten();
        files.any(|file| fs::read_link(file.path()).is_ok_and(|to| to.as_os_str() == &*socket))
    };
    fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .find(|&pid| holds(pid))
}

/// The inode of the socket that listens on `port`, in a table as proc(5) describes it.
fn listening_inode(table: &str, port: u16) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, hex) = fields.get(1)?.rsplit_once(':')?;
        let is_it = u16::from_str_radix(hex, 16).ok()? == port && *fields.get(3)? == LISTEN;
        is_it.then(|| fields.get(9)?.parse().ok())?
    })
}

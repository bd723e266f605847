//! How many files a process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Open files that a node may need: the databases', which grow with the chain, and its servers'
/// connections.
pub(crate) const WANTED_FILES: u64 = 65_536;

/// Lets this process, and those that it starts, open as many files as the system allows, up to
/// [`WANTED_FILES`]. Returns what is allowed now if that is less.
pub(crate) fn raise_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let allowed = limit.maximum.unwrap_or(WANTED_FILES).min(WANTED_FILES);
    let raised = Rlimit {
        current: Some(allowed),
        maximum: limit.maximum,
    };
    let current = match limit.current {
        Some(current) if current < allowed => match setrlimit(Resource::Nofile, raised) {
            Ok(()) => allowed,
            Err(_) => current,
        },
        Some(current) => current,
        None => WANTED_FILES,
    };
    (current < WANTED_FILES).then_some(current)
}

/// As [`raise_limit`], for a node: says so if it is not enough.
pub(crate) fn raise_limit_or_warn() {
    if let Some(allowed) = raise_limit() {
        tracing::warn!(
            allowed,
            wanted = WANTED_FILES,
            "a busy node may run out of open files; raise the hard limit: `LimitNOFILE={WANTED_FILES}` in its systemd unit, or `ulimit -Hn {WANTED_FILES}` as root"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_raised_as_far_as_the_hard_one_allows() {
        let before = getrlimit(Resource::Nofile);
        let lowered = before.current.unwrap_or(WANTED_FILES).min(512);
        let low = Rlimit {
            current: Some(lowered),
            maximum: before.maximum,
        };
        setrlimit(Resource::Nofile, low).unwrap();
        let told = raise_limit();
        let hard = before.maximum.unwrap_or(u64::MAX);
        let now = getrlimit(Resource::Nofile).current.unwrap();
        assert_eq!(now, hard.min(WANTED_FILES));
        assert_eq!(told, (hard < WANTED_FILES).then_some(hard));
    }
}

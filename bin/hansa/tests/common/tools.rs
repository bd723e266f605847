//! What tests with real clients need beside Rust: programs that `make tools` installs, and public data that not every machine has.

use std::path::{Path, PathBuf};

/// The root of this repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder with public data, if this machine has it.
pub(crate) fn shared_data() -> Option<PathBuf> {
    let named = std::env::var_os("HANSA_SHARED_DATA");
    let folder = named.map_or_else(|| repository().join("../shared/data"), PathBuf::from);
    Some(folder).filter(|folder| folder.is_dir())
}

/// A program or a package that `scripts/tools.sh` installs. Without it a test is skipped where somebody works, and fails in continuous
/// integration, where nobody would notice.
pub(crate) fn tool(path: &str) -> Option<PathBuf> {
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    tool_for(path, in_ci)
}

/// As [`tool`], in continuous integration or not.
pub(crate) fn tool_for(path: &str, in_ci: bool) -> Option<PathBuf> {
    let found = repository().join(path);
    if found.exists() {
        return Some(found);
    }
    let part = if path.starts_with(".tools/venv") {
        "python"
    } else {
        "node"
    };
    let cause = format!("{path} is not installed (`scripts/tools.sh {part}` installs it)");
    assert!(!in_ci, "{cause}");
    eprintln!("skipped: {cause}");
    None
}

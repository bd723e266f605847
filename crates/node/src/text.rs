//! Files as text, and errors as one line of it.

use std::{
    fmt::Display,
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// Largest configuration, or file about one operator or member, bytes.
pub(crate) const MAX_CONFIG_BYTES: u64 = 1 << 20;
/// Largest genesis, or file of its accounts, bytes.
pub(crate) const MAX_GENESIS_BYTES: u64 = 64 << 20;

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// It cannot be read, is larger, or is not UTF-8.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?
        .take(limit + 1)
        .read_to_string(&mut text)?;
    if read as u64 > limit {
        let reason = format!("it is larger than the limit of {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(text)
}

/// An error in one line. Those of TOML also draw the place: this leaves the drawing out.
pub(crate) fn one_line(error: &impl Display) -> String {
    let text = error.to_string();
    let drawn = |line: &str| {
        line.trim_start_matches(|digit: char| digit.is_ascii_digit())
            .trim_start()
            .starts_with('|')
    };
    let lines = text.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !drawn(line));
    lines.collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_up_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), "12345");
        let error = read(&path, 4).unwrap_err().to_string();
        assert!(error.contains("limit of 4 bytes"), "{error}");
        // A size that the system does not tell is bounded as well.
        assert!(read(Path::new("/dev/zero"), 1_000).is_err());
    }

    #[test]
    fn errors_of_toml_fit_into_a_line() {
        let error = toml::from_str::<toml::Table>("name = \"x\"\nkey = = 1\n").unwrap_err();
        assert!(error.to_string().lines().count() > 1);
        let line = one_line(&error);
        assert!(line.starts_with("TOML parse error at line 2"), "{line}");
        assert!(!line.contains(['\n', '|']), "{line}");
    }
}

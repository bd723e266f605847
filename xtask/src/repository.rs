//! Reading the repository: its root, its files, its workspace.

use crate::{Error, deps::Workspace};
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

/// The files of a repository, as the text checks see them.
#[derive(Debug)]
pub struct Repository {
    root: PathBuf,
    files: Vec<String>,
}

impl Repository {
    /// Opens the repository that this crate was built in.
    ///
    /// Files are those that git tracks and those that it would track (new, not ignored), so that a check fails
    /// before the commit and not after it.
    ///
    /// # Errors
    /// [`Error::Program`] when git cannot list the files.
    pub fn open() -> Result<Self, Error> {
        let root = root();
        // The owner of the checkout may be another user than the one who tests (a CI machine).
        let safe = format!("safe.directory={}", root.display());
        let args = [
            "-c",
            &safe,
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ];
        let listed = run(Command::new("git").args(args).current_dir(&root))?;
        let mut files: Vec<String> = listed
            .split('\0')
            .filter(|file| !file.is_empty() && root.join(file).is_file())
            .map(str::to_owned)
            .collect();
        files.sort();
        files.dedup();
        Ok(Self { root, files })
    }

    /// The files, relative to the root, in order.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// The root directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file's text, or `None` when it is not UTF-8 (a picture, say).
    ///
    /// # Errors
    /// [`Error::Read`] when the file cannot be read.
    pub fn text(&self, file: &str) -> Result<Option<String>, Error> {
        let bytes = std::fs::read(self.root.join(file)).map_err(|source| Error::Read {
            path: file.to_owned(),
            source,
        })?;
        Ok(String::from_utf8(bytes).ok())
    }
}

/// Reads the workspace's crates and what they declare to depend on. Needs no network.
///
/// # Errors
/// [`Error::Program`] when cargo fails, [`Error::Metadata`] when its output cannot be read.
pub fn workspace() -> Result<Workspace, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let args = [
        "metadata",
        "--no-deps",
        "--offline",
        "--format-version",
        "1",
    ];
    Workspace::parse(&run(Command::new(cargo).args(args).current_dir(root()))?)
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

fn run(command: &mut Command) -> Result<String, Error> {
    let program = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ");
    let failed = |reason: String| Error::Program {
        program: program.clone(),
        reason,
    };
    let output = command
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        ));
    }
    String::from_utf8(output.stdout).map_err(|_| failed("it printed no UTF-8".to_owned()))
}

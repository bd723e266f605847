//! The reader's shell.

use crate::{common::port_base, compare::compare, readme::Step, tools::repository};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

const HANSA: &str = env!("CARGO_BIN_EXE_hansa");
/// How long one command may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);
/// What a command of `hansa` waits for the chain, seconds: less than [`PATIENCE`], so that it says itself what it waited for.
const TIMEOUT_S: &str = "200";
/// Operators that the tour has at most, and the distance of their ports.
const OPERATORS: u16 = 5;
const STEP: u16 = 10;
/// Ports of operator 1 as `hansa up` chooses them, and their offset from `--port-base`.
const PORTS: [(u16, u16); 3] = [(8_545, 0), (8_180, 1), (8_080, 4)];

/// What a command came to.
pub(crate) struct Ran {
    pub(crate) code: i32,
    printed: Vec<String>,
}

impl Ran {
    pub(crate) fn text(&self) -> String {
        self.printed.join("\n")
    }
}

/// One bash in a folder of its own, `repository`, beside which is `shared/data`. Its league has other ports than the document shows, so
/// that tests can run beside each other: they are replaced in commands and in what is shown.
pub(crate) struct Shell {
    folder: tempfile::TempDir,
    bash: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    port_base: u16,
    /// Addresses that were typed.
    typed: Vec<String>,
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.bash.kill();
        let _ = self.bash.wait();
        let mut down = Command::new(HANSA);
        down.arg("down")
            .arg("--dir")
            .arg(self.home().join(".hansa"));
        let _ = down.env("HOME", self.home()).output();
    }
}

impl Shell {
    pub(crate) fn new(data: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("repository");
        std::fs::create_dir_all(&home).unwrap();
        if let Some(data) = data {
            let shared = folder.path().join("shared");
            std::fs::create_dir(&shared).unwrap();
            let data = data.canonicalize().unwrap();
            std::os::unix::fs::symlink(data, shared.join("data")).unwrap();
        }
        let programs = [
            PathBuf::from(HANSA).parent().unwrap().to_owned(),
            repository().join("contracts/node_modules/.bin"),
        ];
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(programs.into_iter().chain(std::env::split_paths(&path)));
        let mut bash = Command::new("bash")
            .args(["--noprofile", "--norc"])
            .current_dir(&home)
            .env("PATH", path.unwrap())
            .env("HOME", &home)
            .env("HANSA_TIMEOUT", TIMEOUT_S)
            // A reader's own settings must not matter.
            .env_remove("HANSA_DIR")
            .env_remove("HANSA_RPC")
            .env_remove("HANSA_AS")
            .env_remove("HANSA_JSON")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let output = bash.stdout.take().unwrap();
        thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut input = bash.stdin.take().unwrap();
        // Whoever reads along a terminal sees both.
        writeln!(input, "exec 2>&1").unwrap();
        Self {
            folder,
            bash,
            input,
            lines,
            port_base: port_base().parse().unwrap(),
            typed: Vec::new(),
        }
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// It has none for too long, or the shell has ended.
    pub(crate) fn run(&mut self, command: &str) -> Ran {
        const END: &str = "-- the command has ended:";
        let command = command.replace(
            "hansa up",
            &format!("hansa up --port-base {}", self.port_base),
        );
        let command = self.with_our_ports(&command);
        // In this shell, whose variables stay, and with nothing to read, which would be the next command.
        writeln!(
            self.input,
            "{{ {command}\n}} </dev/null; printf '\\n{END} %s\\n' $?"
        )
        .unwrap();
        let begun = Instant::now();
        let mut printed = Vec::new();
        let code = loop {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|error| {
                panic!("{error}: {command}\n{}", printed.join("\n"));
            });
            if let Some(code) = line.strip_prefix(END) {
                break code.trim().parse().unwrap();
            }
            printed.push(line);
        };
        // The line feed before the mark ends the last line or, as here, is a line of its own.
        if printed.last().is_some_and(String::is_empty) {
            printed.pop();
        }
        println!("$ {command}\n{}", printed.join("\n"));
        Ran { code, printed }
    }

    /// Does what the document says.
    ///
    /// # Errors
    /// What came is not what is shown.
    pub(crate) fn take(&mut self, step: &Step) -> Result<(), String> {
        let words = step
            .command
            .split(|character: char| !character.is_ascii_alphanumeric());
        self.typed.extend(
            words
                .filter(|word| word.starts_with("0x"))
                .map(str::to_owned),
        );
        let ran = self.run(&step.command);
        let place = format!("README.md, line {}: $ {}", step.line, step.command);
        let Some(shown) = &step.shown else {
            return match ran.code {
                0 => Ok(()),
                code => Err(format!("{place}\n  exit code {code}:\n{}\n", ran.text())),
            };
        };
        let shown: Vec<String> = shown.iter().map(|line| self.with_our_ports(line)).collect();
        let fails = shown
            .iter()
            .any(|line| line.to_lowercase().starts_with("error:"));
        // The exit code of npm's wrapper around `cast` is 0 either way.
        let is_wrapped = step.command.starts_with("cast ");
        if (ran.code != 0) != fails && !(fails && is_wrapped) {
            let code = ran.code;
            return Err(format!("{place}\n  exit code {code}:\n{}\n", ran.text()));
        }
        compare(&shown, &ran.printed, &self.typed).map_err(|at| {
            let what = match shown.get(at) {
                Some(line) => format!(
                    "line {} is shown and not printed: {line}",
                    step.line + at + 1
                ),
                None => "more is printed than is shown".to_owned(),
            };
            format!(
                "{place}\n  {what}\n-- shown:\n{}\n-- printed:\n{}\n",
                shown.join("\n"),
                ran.text()
            )
        })
    }

    fn with_our_ports(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for operator in 0..OPERATORS {
            for (first, offset) in PORTS {
                let shown = format!("127.0.0.1:{}", first + operator * STEP);
                let ours = self.port_base + offset + operator * STEP;
                text = text.replace(&shown, &format!("127.0.0.1:{ours}"));
            }
        }
        text
    }
}

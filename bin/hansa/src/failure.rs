//! How a command fails: an exit code, one line of cause, one line of what to do.

use std::{fmt::Display, io::Write as _, process::ExitCode};

/// What the exit code says. 0 is success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 1: it was tried and failed.
    Failed,
    /// 2: it was asked for wrongly.
    Usage,
    /// 3: the league or a node is not healthy, or not there.
    Unhealthy,
    /// 4: it took too long.
    Timeout,
    /// 130: the user interrupted (128 + SIGINT).
    Interrupted,
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unhealthy => 3,
            Self::Timeout => 4,
            Self::Interrupted => 130,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Unhealthy => "unhealthy",
            Self::Timeout => "timeout",
            Self::Interrupted => "interrupted",
        }
    }
}

/// The outcome of a command.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Exit code.
    pub(crate) exit: Exit,
    /// What happened, in one line.
    pub(crate) cause: String,
    /// What to do, in one line.
    pub(crate) advice: String,
    /// The reader of standard output went away: nothing to report.
    silent: bool,
}

impl Failure {
    pub(crate) fn new(exit: Exit, cause: impl Display, advice: impl Display) -> Self {
        Self {
            exit,
            cause: one_line(&cause.to_string()),
            advice: one_line(&advice.to_string()),
            silent: false,
        }
    }

    /// Exit code 1.
    pub(crate) fn failed(cause: impl Display, advice: impl Display) -> Self {
        Self::new(Exit::Failed, cause, advice)
    }

    /// Exit code 2.
    pub(crate) fn usage(cause: impl Display, advice: impl Display) -> Self {
        Self::new(Exit::Usage, cause, advice)
    }

    /// Exit code 130.
    pub(crate) fn interrupted() -> Self {
        Self::new(
            Exit::Interrupted,
            "interrupted",
            "run the same command again: what is done already is skipped",
        )
    }

    /// Writes the failure to standard error: two lines, or one JSON object.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        if self.silent {
            return ExitCode::SUCCESS;
        }
        let mut stderr = std::io::stderr().lock();
        // Nobody is left to tell when standard error is gone too.
        let _ = if json {
            writeln!(
                stderr,
                "{}",
                serde_json::json!({"error": {
                    "code": self.exit.code(),
                    "kind": self.exit.name(),
                    "cause": self.cause,
                    "advice": self.advice,
                }})
            )
        } else {
            writeln!(stderr, "error: {}\n  try: {}", self.cause, self.advice)
        };
        ExitCode::from(self.exit.code())
    }
}

/// Standard output could not be written. A reader that closed the pipe (`| head`) has what it wanted.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let mut failure = Self::failed(
            format!("cannot write to standard output: {error}"),
            "check where the output goes",
        );
        failure.silent = error.kind() == std::io::ErrorKind::BrokenPipe;
        failure
    }
}

fn one_line(text: &str) -> String {
    text.split(['\n', '\r'])
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}

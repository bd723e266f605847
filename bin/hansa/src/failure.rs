//! How a command fails: an exit code, one line of cause, one line of what to do.

use crate::output::part;
use hansa_client::{
    RpcError, SendError, import::ImportError, keystore::KeystoreError, objects::ReadError,
};
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

/// A cause may quote what a stranger wrote: it steers no terminal.
fn one_line(text: &str) -> String {
    let line = text
        .split(['\n', '\r'])
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("; ");
    part(&line).into_owned()
}

impl From<RpcError> for Failure {
    fn from(error: RpcError) -> Self {
        let (exit, advice) = match &error {
            RpcError::Url { .. } => (Exit::Usage, "give a URL such as http://127.0.0.1:8545"),
            RpcError::Unreachable { .. } => (
                Exit::Unhealthy,
                "start a league with `hansa up`, or name a running node with --rpc",
            ),
            RpcError::Timeout { .. } => (
                Exit::Timeout,
                "see whether the node is healthy with `hansa status`, then run the command again",
            ),
            RpcError::Reverted(_) | RpcError::Refused { .. } => {
                (Exit::Failed, advice_for(&error.to_string()))
            }
            RpcError::Malformed { .. } => (
                Exit::Unhealthy,
                "check that --rpc is a Hansa node of this version",
            ),
        };
        Self::new(exit, error, advice)
    }
}

/// What to do about words of the node or of a native module.
fn advice_for(words: &str) -> &'static str {
    const TABLE: &[(&str, &str)] = &[
        (
            "insufficient funds",
            "send ether to the account, or act as another with --as",
        ),
        (
            "this chain has ended",
            "claim on the hub what is left there: `hansa zone exit`",
        ),
        (
            "NotActiveMember",
            "act as an active member: `hansa member list`",
        ),
        (
            "NotVotingMember",
            "act as a member with weight: `hansa member list`",
        ),
        ("AlreadyVoted", "nothing: this vote counts already"),
        ("AlreadyMember", "nothing: it is a member already"),
        (
            "ProposalPending",
            "vote on the open proposal: `hansa member proposals`",
        ),
        (
            "UnknownProposal",
            "see the proposals: `hansa member proposals`",
        ),
        (
            "ProposalClosed",
            "see the proposals: `hansa member proposals`",
        ),
        ("UnknownAlert", "see the alerts: `hansa alert list`"),
        (
            "WrongStatus",
            "see its status: `hansa alert show` or `hansa member show`",
        ),
        (
            "BondTooSmall",
            "raise with a larger --bond; `hansa alert list` tells the least",
        ),
        ("BondLocked", "claim it again after the time given"),
        (
            "NotSentinel",
            "raise without --provisional, or act as a sentinel",
        ),
        (
            "NotWarden",
            "act as the zone's warden: `hansa zone guard NAME` tells who it is; without one nobody can",
        ),
        (
            "TooManyProtected",
            "take others off the list first: `hansa zone guard NAME --unprotect`",
        ),
        (
            "TooManyOwn",
            "end others, or those that are over, first: `hansa zone guard NAME --unblock`",
        ),
        (
            "ProtectedTarget",
            "leave this target out: it is one of the protocol's own, or the chain's policy never blocks it",
        ),
        (
            "UnknownObject",
            "see what is published: `hansa exchange list`",
        ),
        (
            "InvalidObject",
            "publish the object that gives the grounds first; a revoked one gives none",
        ),
        (
            "VersionInFuture",
            "check this machine's clock, or the object's `modified`",
        ),
        ("NotPublisher", "act as the object's publisher"),
        (
            "Revoked",
            "publish under a new id: a revoked object stays revoked",
        ),
        ("irective", "see the directives: `hansa alert list`"),
        (
            "UnknownOperator",
            "see which there are: `hansa stake status`",
        ),
        (
            "OperatorClosed",
            "choose another operator: `hansa stake status`",
        ),
        (
            "NotOwner",
            "act as an operator's owner: `hansa stake status --json` names them",
        ),
        (
            "AlreadyOperator",
            "act as another account: each owns one operator",
        ),
        ("KeyUsed", "make another key with `hansa keys operator`"),
        (
            "InvalidProof",
            "check that --rpc is a node of the chain that you mean",
        ),
        (
            "StakeTooSmall",
            "give at least the minimum, which is in wei",
        ),
        (
            "CommissionTooHigh",
            "ask for less: `limit` is in parts of 10,000",
        ),
        (
            "CommissionTooFast",
            "raise it to `limit` (parts of 10,000) now, and further a day later",
        ),
        (
            "RiskTooHigh",
            "agree to the operator's terms with a larger --max-loss, or --max-loss-for this kind of fault (0 \
             conflicting-notarize, 1 conflicting-finalize, 2 nullify-finalize), or choose another",
        ),
        (
            "RiskTooLow",
            "cover what the chain takes for this kind of fault: `minimum` is in parts of 10,000",
        ),
        (
            "TermsPending",
            "wait for the epoch given, or leave the share for this kind of fault as it is",
        ),
        (
            "InsufficientStake",
            "ask for no more than there is, or for `all`",
        ),
        (
            "NoDelegation",
            "see what an account has: `hansa stake status ADDRESS`",
        ),
        (
            "NothingDue",
            "wait: `hansa stake status ADDRESS` tells from when on",
        ),
        (
            "SlashPending",
            "wait until the slash is settled: `hansa evidence list`",
        ),
        ("operatorIds", "name fewer operators at once"),
        ("SameOperator", "name two different operators"),
        ("NotExited", "nothing: it can be selected already"),
        ("NotBarred", "nothing: it is not barred"),
        (
            "StillBarred",
            "wait for the epoch given: `hansa stake status` tells the present one",
        ),
        (
            "SlashedOut",
            "register another operator: this one has offended too often",
        ),
        (
            "AlreadyPunished",
            "nothing: this offence is punished, see `hansa evidence list`",
        ),
        ("EvidenceExpired", "nothing: it is too late for this one"),
        (
            "MalformedEvidence",
            "check --kind, and that the file is whole",
        ),
        ("UnknownSigner", "check that the evidence is of this chain"),
        (
            "InvalidSignature",
            "check that the evidence is of this chain",
        ),
        (
            "UnknownEpoch",
            "see the present epoch: `hansa stake status`",
        ),
        (
            "NotEnabled",
            "use a league with stake: the genesis of this one has no operators, or block 1 is not there yet",
        ),
        ("limit exceeded", "ask for less at once"),
        (
            "nonce too low",
            "run the command again: the account sent something else meanwhile",
        ),
        (
            "underpriced",
            "run the command again: a transaction of this account waits in the pool",
        ),
    ];
    let found = TABLE.iter().find(|(part, _)| words.contains(part));
    found.map_or(
        "see the command's --help, or the node's log",
        |(_, advice)| advice,
    )
}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Self {
        let text = error.to_string();
        match error {
            SendError::Rpc(error) => error.into(),
            SendError::TooMuchGas { .. } => Self::failed(text, "do less in one transaction"),
            SendError::Failed { reason, .. } => Self::failed(text, advice_for(&reason)),
            SendError::Timeout { .. } => Self::new(
                Exit::Timeout,
                text,
                "see `hansa status`; run the command again, or give it a longer --timeout",
            ),
            SendError::Signer(_) => Self::failed(text, "check the key"),
        }
    }
}

impl From<KeystoreError> for Failure {
    fn from(error: KeystoreError) -> Self {
        let advice = match &error {
            KeystoreError::Io { .. } => "name a keystore that can be read or written",
            KeystoreError::Exists(_) => "name another file",
            KeystoreError::Malformed { .. } => "make a keystore with `hansa keys new`",
            KeystoreError::Password(_) => "check --password-file or HANSA_PASSWORD",
        };
        Self::failed(error, advice)
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Rpc(error) => error.into(),
            other => Self::new(
                Exit::Unhealthy,
                other,
                "ask another operator's node with --rpc",
            ),
        }
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Rpc(error) => error.into(),
            ImportError::Read(error) => error.into(),
            ImportError::Json(_) => Self::failed(error, "leave out the address it is about"),
        }
    }
}

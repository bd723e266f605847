//! What a command that talks to a league works with: a node, a key, a clock, an end.

use crate::{
    failure::{Failure, Outcome},
    league_file::{LeagueFile, PASSWORD_FILE_NAME},
    output::Output,
    settings::{Origin, Password, Settings},
};
use alloy_primitives::Address;
use alloy_signer_local::PrivateKeySigner;
use hansa_client::{Rpc, Sender, SenderConfig, keystore};
use std::{
    io::Read as _,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Largest password file, bytes.
const MAX_PASSWORD_BYTES: u64 = 4_096;

/// A command's surroundings.
pub(crate) struct Session<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) output: Output,
    league: Option<LeagueFile>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(settings: &'a Settings, output: Output) -> Outcome<Self> {
        let league = LeagueFile::load(&settings.dir.value)?;
        Ok(Self {
            settings,
            output,
            league,
        })
    }

    /// The local league.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn league(&self) -> Outcome<&LeagueFile> {
        self.league.as_ref().ok_or_else(|| {
            Failure::usage(
                format!("no league in {}", self.settings.dir.value.display()),
                "start one with `hansa up`, or name its directory with --dir",
            )
        })
    }

    /// The node: the one asked for, else those of the league, of which the member's operator is asked first, the others where it does
    /// not answer.
    pub(crate) fn rpc(&self) -> Outcome<Rpc> {
        let asked = &self.settings.rpc;
        let league = self
            .league
            .as_ref()
            .filter(|league| asked.origin == Origin::Default && !league.operators.is_empty());
        let Some(league) = league else {
            return Ok(Rpc::new(&asked.value)?);
        };
        let member = self.settings.member.value.as_ref();
        let member = member.and_then(|who| league.member(who));
        let own = member.and_then(|member| league.operator_of(member));
        let own = own.map(|own| own.rpc.as_str());
        let all = league
            .operators
            .iter()
            .map(|operator| operator.rpc.as_str());
        let others = all.filter(|other| Some(*other) != own);
        Ok(Rpc::of(own.into_iter().chain(others))?)
    }

    /// The key to act with.
    ///
    /// # Errors
    /// None was named, or its keystore does not open.
    pub(crate) fn signer(&self) -> Outcome<PrivateKeySigner> {
        if let Some(path) = &self.settings.keystore.value {
            let password = self.password(None)?;
            return Ok(keystore::open(path, &password)?);
        }
        let Some(who) = &self.settings.member.value else {
            return Err(Failure::usage(
                "this needs a key to sign with",
                "name a member with --as, or a keystore with --keystore",
            ));
        };
        let dir = &self.settings.dir.value;
        let league = self.league()?;
        if let Some(member) = league.member(who) {
            let password = self.password(Some(&dir.join(PASSWORD_FILE_NAME)))?;
            return Ok(keystore::open(&dir.join(&member.keystore), &password)?);
        }
        let account = league.account(who).ok_or_else(|| {
            let names: Vec<_> = league.members.iter().map(|member| &*member.name).collect();
            Failure::usage(
                format!("no member or account `{who}` in {}", dir.display()),
                format!("the members are {}", names.join(", ")),
            )
        })?;
        PrivateKeySigner::from_bytes(&account.private_key).map_err(|error| {
            Failure::failed(
                format!("the key of {who} is not valid: {error}"),
                "make the league anew with `hansa reset` and `hansa up`",
            )
        })
    }

    /// Signs with [`Self::signer`] and sends to [`Self::rpc`].
    pub(crate) async fn sender(&self, window: Option<usize>) -> Outcome<Sender> {
        self.sender_at(self.rpc()?, window).await
    }

    /// Signs with [`Self::signer`] and sends to `rpc`.
    pub(crate) async fn sender_at(&self, rpc: Rpc, window: Option<usize>) -> Outcome<Sender> {
        let signer = self.signer()?;
        let mut config = SenderConfig {
            timeout: Duration::from_secs(self.settings.timeout.value),
            ..SenderConfig::default()
        };
        config.window = window.unwrap_or(config.window);
        Ok(Sender::new(rpc, signer, config).await?)
    }

    /// An address that was given, else the one acted with.
    pub(crate) fn address_or_own(&self, given: Option<Address>) -> Outcome<Address> {
        if let Some(address) = given {
            return Ok(address);
        }
        // No password is needed to know an address.
        let member = self.settings.member.value.as_ref();
        let member = member.zip(self.league.as_ref());
        if let Some(member) = member.and_then(|(who, league)| league.member(who)) {
            return Ok(member.address);
        }
        if let Some(path) = &self.settings.keystore.value
            && let Some(address) = keystore::address(path)?
        {
            return Ok(address);
        }
        Ok(self.signer()?.address())
    }

    /// A password: that of the settings, or of `fallback`. Never asked for: a script must not hang.
    pub(crate) fn password(&self, fallback: Option<&Path>) -> Outcome<String> {
        password(self.settings, fallback)?.ok_or_else(no_password)
    }
}

/// The advice for a missing password.
pub(crate) fn no_password() -> Failure {
    Failure::usage(
        "no password was given",
        "name a file that holds it with --password-file, or set HANSA_PASSWORD",
    )
}

/// The password that the settings name, or that of `fallback` if that file exists.
pub(crate) fn password(settings: &Settings, fallback: Option<&Path>) -> Outcome<Option<String>> {
    match (&settings.password.value, fallback) {
        (Some(Password::File(path)), _) => read_password(path).map(Some),
        (Some(Password::Words(words)), _) => Ok(Some(words.clone())),
        (None, Some(path)) if path.exists() => read_password(path).map(Some),
        (None, _) => Ok(None),
    }
}

/// The first line of a file.
fn read_password(path: &Path) -> Outcome<String> {
    let text = read_limited(path, MAX_PASSWORD_BYTES)?;
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Failure::usage(
            format!("{} holds no password", path.display()),
            "write the password into its first line",
        ));
    }
    Ok(line.to_owned())
}

/// A file of at most `limit` bytes.
pub(crate) fn read_limited(path: &Path, limit: u64) -> Outcome<Vec<u8>> {
    let unreadable = |error: std::io::Error| {
        Failure::usage(
            format!("cannot read {}: {error}", path.display()),
            "name a file that can be read",
        )
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    // Not by its size: what is no ordinary file does not tell it.
    let read = file.take(limit + 1).read_to_end(&mut bytes);
    if read.map_err(unreadable)? as u64 > limit {
        return Err(Failure::usage(
            format!("{} has more than {limit} bytes", path.display()),
            "split the file",
        ));
    }
    Ok(bytes)
}

/// Runs to the end, or until the user interrupts.
pub(crate) fn block_on(task: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(error, "free resources of this machine"))?;
    runtime.block_on(async {
        tokio::select! {
            outcome = task => outcome,
            _ = tokio::signal::ctrl_c() => Err(Failure::interrupted()),
        }
    })
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

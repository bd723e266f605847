//! Settings and where each one comes from: a TOML file, under the environment, under flags.
//!
//! Relative paths in the file are relative to its folder, all others to the working directory.

use crate::{
    cli::Global,
    failure::{Failure, Outcome},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    cmp::Ordering,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

#[cfg(test)]
mod tests;

/// Where a node listens by default.
pub(crate) const DEFAULT_RPC: &str = "http://127.0.0.1:8545";
/// Where a local league lives by default, relative to the working directory.
pub(crate) const DEFAULT_DIR: &str = ".hansa";
/// How long to wait for the chain by default, seconds.
pub(crate) const DEFAULT_TIMEOUT_S: u64 = 120;
/// The longest wait that can be asked for, seconds: a day.
pub(crate) const MAX_TIMEOUT_S: u64 = 86_400;

/// Where a setting comes from, the strongest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A flag on the command line.
    Flag(&'static str),
    /// An environment variable.
    Environment(&'static str),
    /// The settings file.
    File(PathBuf),
    /// Nobody said anything.
    Default,
}

impl Origin {
    /// The layer's rank: a smaller one is stronger.
    const fn rank(&self) -> u8 {
        match self {
            Self::Flag(_) => 0,
            Self::Environment(_) => 1,
            Self::File(_) => 2,
            Self::Default => 3,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(formatter, "flag --{name}"),
            Self::Environment(name) => write!(formatter, "environment {name}"),
            Self::File(path) => write!(formatter, "file {}", path.display()),
            Self::Default => formatter.write_str("default"),
        }
    }
}

/// A value and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

impl<T> Setting<T> {
    /// A value that nobody chose.
    pub(crate) const fn default(value: T) -> Self {
        Self {
            value,
            origin: Origin::Default,
        }
    }

    fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting {
            value: change(self.value),
            origin: self.origin,
        }
    }
}

/// Environment variable with a password itself.
const PASSWORD: &str = "HANSA_PASSWORD";

/// A password, or where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Password {
    /// The first line of this file.
    File(PathBuf),
    /// These words.
    Words(String),
}

/// What a settings file may hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    json: Option<bool>,
    rpc: Option<String>,
    dir: Option<PathBuf>,
    #[serde(rename = "as")]
    member: Option<String>,
    keystore: Option<PathBuf>,
    password_file: Option<PathBuf>,
    timeout: Option<u64>,
}

/// The settings in force. At most one of `member` and `keystore` has a value.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) json: Setting<bool>,
    pub(crate) rpc: Setting<String>,
    pub(crate) dir: Setting<PathBuf>,
    pub(crate) member: Setting<Option<String>>,
    pub(crate) keystore: Setting<Option<PathBuf>>,
    pub(crate) password: Setting<Option<Password>>,
    /// Seconds.
    pub(crate) timeout: Setting<u64>,
}

/// A setting as it is shown.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) value: Value,
    pub(crate) origin: String,
}

impl Settings {
    /// Settings for `flags`, with this process's environment and the settings file.
    ///
    /// # Errors
    /// The file is malformed, or was named and cannot be read, a variable has a wrong value, or two
    /// settings of one layer contradict each other.
    pub(crate) fn load(flags: &Global) -> Outcome<Self> {
        Self::with(flags, &|name| std::env::var_os(name))
    }

    fn with(flags: &Global, env: &dyn Fn(&str) -> Option<OsString>) -> Outcome<Self> {
        let env = |name: &str| variable(name, env);
        let (path, file) = read_file(flags, &env)?;
        let layers = Layers { path, env: &env };
        let json = layers.pick("json", "HANSA_JSON", flags.json.then_some(true), file.json)?;
        let timeout = layers.pick("timeout", "HANSA_TIMEOUT", flags.timeout, file.timeout)?;
        let mut member = layers.pick("as", "HANSA_AS", flags.member.clone(), file.member)?;
        let mut keystore =
            layers.path("keystore", "HANSA_KEYSTORE", &flags.keystore, file.keystore)?;
        keep_stronger(&mut member, &mut keystore)?;
        let mut password_file = layers.path(
            "password-file",
            "HANSA_PASSWORD_FILE",
            &flags.password_file,
            file.password_file,
        )?;
        let mut words = env(PASSWORD)?.map(|value| Setting {
            value,
            origin: Origin::Environment(PASSWORD),
        });
        keep_stronger(&mut password_file, &mut words)?;
        let password = password_file.map(|setting| setting.map(Password::File));
        let password = password.or(words.map(|setting| setting.map(Password::Words)));
        let settings = Self {
            json: or(json, false),
            rpc: or(
                layers.pick("rpc", "HANSA_RPC", flags.rpc.clone(), file.rpc)?,
                DEFAULT_RPC.into(),
            ),
            dir: or(
                layers.path("dir", "HANSA_DIR", &flags.dir, file.dir)?,
                DEFAULT_DIR.into(),
            ),
            member: optional(member),
            keystore: optional(keystore),
            password: optional(password),
            timeout: or(timeout, DEFAULT_TIMEOUT_S),
        };
        if !(1..=MAX_TIMEOUT_S).contains(&settings.timeout.value) {
            return Err(Failure::usage(
                format!(
                    "timeout is {} seconds ({})",
                    settings.timeout.value, settings.timeout.origin
                ),
                format!("give 1 to {MAX_TIMEOUT_S} seconds"),
            ));
        }
        Ok(settings)
    }

    /// The file with the password; the password itself is never shown.
    fn password_file(&self) -> Setting<Option<&Path>> {
        let value = match &self.password.value {
            Some(Password::File(path)) => Some(path.as_path()),
            Some(Password::Words(_)) | None => None,
        };
        let origin = self.password.origin.clone();
        Setting { value, origin }
    }

    /// Every setting, for people and programs.
    pub(crate) fn rows(&self) -> Vec<Row> {
        fn row<T: Serialize>(name: &'static str, setting: &Setting<T>) -> Row {
            Row {
                name,
                // Texts, numbers and booleans always have a JSON form; a path may not.
                value: serde_json::to_value(&setting.value).unwrap_or(Value::Null),
                origin: setting.origin.to_string(),
            }
        }
        vec![
            row("rpc", &self.rpc),
            row("dir", &self.dir),
            row("as", &self.member),
            row("keystore", &self.keystore),
            row("password_file", &self.password_file()),
            row("timeout", &self.timeout),
            row("json", &self.json),
        ]
    }
}

/// Where settings are looked for below the flags.
struct Layers<'a> {
    path: PathBuf,
    env: &'a dyn Fn(&str) -> Outcome<Option<String>>,
}

impl Layers<'_> {
    fn pick<T: std::str::FromStr>(
        &self,
        flag: &'static str,
        variable: &'static str,
        from_flag: Option<T>,
        from_file: Option<T>,
    ) -> Outcome<Option<Setting<T>>> {
        if let Some(value) = from_flag {
            let origin = Origin::Flag(flag);
            return Ok(Some(Setting { value, origin }));
        }
        if let Some(text) = (self.env)(variable)? {
            // People write 1 and 0 for booleans.
            let parsed = text.parse().ok().or_else(|| switch(&text)?.parse().ok());
            let value = parsed.ok_or_else(|| {
                Failure::usage(
                    format!("{variable} is `{text}`"),
                    format!("set it as --{flag} takes it, or unset it"),
                )
            })?;
            let origin = Origin::Environment(variable);
            return Ok(Some(Setting { value, origin }));
        }
        Ok(from_file.map(|value| Setting {
            value,
            origin: Origin::File(self.path.clone()),
        }))
    }

    fn path(
        &self,
        flag: &'static str,
        variable: &'static str,
        from_flag: &Option<PathBuf>,
        from_file: Option<PathBuf>,
    ) -> Outcome<Option<Setting<PathBuf>>> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let from_file = from_file.map(|path| folder.join(path));
        self.pick(flag, variable, from_flag.clone(), from_file)
    }
}

/// A variable's value. An empty one counts as absent, as in most shells' scripts.
fn variable(name: &str, env: &dyn Fn(&str) -> Option<OsString>) -> Outcome<Option<String>> {
    let Some(value) = env(name).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    value.into_string().map(Some).map_err(|_| {
        let cause = format!("{name} is not valid UTF-8");
        Failure::usage(cause, "set it to text in UTF-8, or unset it")
    })
}

/// What stands for `true` and `false` besides these words.
fn switch(text: &str) -> Option<&'static str> {
    match text {
        "1" | "yes" => Some("true"),
        "0" | "no" => Some("false"),
        _ => None,
    }
}

/// Whether failures that settings have no part in are to be JSON: `flag`, or `HANSA_JSON`.
pub(crate) fn json_failures(flag: bool) -> bool {
    let text = std::env::var("HANSA_JSON").unwrap_or_default();
    flag || text == "true" || switch(&text) == Some("true")
}

/// Of two settings for one purpose, keeps the one of the stronger layer.
fn keep_stronger<A, B>(one: &mut Option<Setting<A>>, other: &mut Option<Setting<B>>) -> Outcome {
    let (Some(first), Some(second)) = (&*one, &*other) else {
        return Ok(());
    };
    match first.origin.rank().cmp(&second.origin.rank()) {
        Ordering::Less => *other = None,
        Ordering::Greater => *one = None,
        Ordering::Equal => {
            let (first, second) = (&first.origin, &second.origin);
            let cause = format!("two settings for one purpose: {first} and {second}");
            return Err(Failure::usage(cause, "give one of them"));
        }
    }
    Ok(())
}

fn or<T>(setting: Option<Setting<T>>, default: T) -> Setting<T> {
    setting.unwrap_or(Setting {
        value: default,
        origin: Origin::Default,
    })
}

fn optional<T>(setting: Option<Setting<T>>) -> Setting<Option<T>> {
    match setting {
        Some(Setting { value, origin }) => Setting {
            value: Some(value),
            origin,
        },
        None => or(None, None),
    }
}

/// The settings file and what it holds. One that nobody named may be absent.
fn read_file(
    flags: &Global,
    env: &dyn Fn(&str) -> Outcome<Option<String>>,
) -> Outcome<(PathBuf, File)> {
    let named = match &flags.settings {
        Some(path) => Some(path.clone()),
        None => env("HANSA_SETTINGS")?.map(PathBuf::from),
    };
    let must_exist = named.is_some();
    let path = match named {
        Some(path) => path,
        None => {
            let folder = match env("XDG_CONFIG_HOME")? {
                Some(folder) => Some(PathBuf::from(folder)),
                None => env("HOME")?.map(|home| Path::new(&home).join(".config")),
            };
            let Some(folder) = folder else {
                return Ok((PathBuf::new(), File::default()));
            };
            folder.join("hansa/config.toml")
        }
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => match toml::from_str(&text) {
            Ok(file) => Ok((path, file)),
            Err(error) => Err(Failure::usage(
                format!("{}: {}", path.display(), error.message()),
                "correct the settings file; `hansa config show` names every setting",
            )),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => {
            Ok((path, File::default()))
        }
        Err(error) => Err(Failure::usage(
            format!("cannot read {}: {error}", path.display()),
            "name a settings file that can be read, or none",
        )),
    }
}

//! `hansa keys`.

use crate::{
    failure::{Failure, Outcome},
    output::{Output, table},
    session,
    settings::Settings,
};
use alloy_primitives::{Address, B256};
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner};
use clap::{Args, Subcommand};
use hansa_client::keystore;
use serde_json::{Value, json};
use std::{
    io::{IsTerminal as _, Read as _},
    path::{Path, PathBuf},
};

/// Largest key file, bytes.
const MAX_KEY_FILE_BYTES: u64 = 4_096;

/// Keys are encrypted under the password of --password-file or HANSA_PASSWORD.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make an account key in a new encrypted keystore
    #[command(after_help = "Example:\n  hansa keys new alice.json --password-file password")]
    New(FileArgs),
    /// Encrypt an existing account key into a new keystore
    #[command(after_help = "\
Examples:
  hansa keys import alice.json --from key.txt --password-file password
  hansa keys import alice.json --from words.txt --mnemonic --index 2 --password-file password")]
    Import(ImportArgs),
    /// List the keystores in a folder
    #[command(after_help = "Example:\n  hansa keys list .hansa/keys")]
    List(ListArgs),
    /// Show a keystore's address (or X25519 key), or its private key
    #[command(after_help = "\
Examples:
  hansa keys show alice.json
  hansa keys show alice.json --private-key --password-file password")]
    Show(ShowArgs),
    /// Make a member's X25519 key, which others encrypt to, in a new encrypted keystore
    #[command(after_help = "\
The public key goes into `hansa member nominate --key` or `hansa member update --key`.

Example:
  hansa keys encryption alice.x25519.json --password-file password")]
    Encryption(FileArgs),
    /// Make an operator's ed25519 key
    #[command(after_help = "Example:\n  hansa keys operator operator.key")]
    Operator(FileArgs),
    /// Make the key of an account that a node sends evidence from (`evidence_key` in its configuration)
    #[command(after_help = "\
The node signs with it by itself, so the file is not encrypted; keep as much ether there as some transactions cost.

Example:
  hansa keys evidence evidence.key")]
    Evidence(FileArgs),
    /// Hash a password for the TAXII server's configuration
    #[command(after_help = "\
The password comes from --password-file, HANSA_PASSWORD, or standard input.

Example:
  hansa keys password --password-file password")]
    Password,
}

#[derive(Args, Debug)]
pub(crate) struct FileArgs {
    /// The new file
    file: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// The new keystore
    file: PathBuf,
    /// File with the private key in hex, or with a mnemonic; - is standard input
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The file holds a BIP-39 mnemonic
    #[arg(long)]
    mnemonic: bool,
    /// Which key of the mnemonic (m/44'/60'/0'/0/INDEX)
    #[arg(long, requires = "mnemonic", default_value_t = 0)]
    index: u32,
}

#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// The folder
    folder: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// The keystore
    file: PathBuf,
    /// Print the private key too
    #[arg(long)]
    private_key: bool,
}

pub(crate) fn run(command: &KeysCommand, settings: &Settings, output: Output) -> Outcome {
    let password = || session::password(settings, None)?.ok_or_else(session::no_password);
    match command {
        KeysCommand::New(arguments) => {
            let key = PrivateKeySigner::random().to_bytes();
            made(output, &arguments.file, &key, &password()?)
        }
        KeysCommand::Import(arguments) => {
            let key = read_key(arguments)?;
            made(output, &arguments.file, &key, &password()?)
        }
        KeysCommand::List(arguments) => list(&arguments.folder, output),
        KeysCommand::Encryption(arguments) => {
            // Any 32 bytes are a secret: RFC 7748 section 5.
            let secret = PrivateKeySigner::random().to_bytes();
            let file = &arguments.file;
            let public = keystore::save_x25519(file, &secret, &password()?)?;
            let document = json!({"x25519": public, "keystore": file});
            output.result(&document, || {
                format!("{public}, its secret encrypted in {}", file.display())
            })
        }
        KeysCommand::Show(arguments) => {
            if let Some(public) = keystore::x25519(&arguments.file)? {
                let mut document = json!({"x25519": public});
                if arguments.private_key {
                    let secret = keystore::open_x25519(&arguments.file, &password()?)?;
                    document["private_key"] = json!(secret);
                }
                return shown(output, &document, ["x25519", "private_key"]);
            }
            let stated = keystore::address(&arguments.file)?;
            let mut document = json!({"address": stated});
            if arguments.private_key || stated.is_none() {
                let signer = keystore::open(&arguments.file, &password()?)?;
                document["address"] = json!(signer.address());
                if arguments.private_key {
                    document["private_key"] = json!(signer.to_bytes());
                }
            }
            shown(output, &document, ["address", "private_key"])
        }
        KeysCommand::Operator(arguments) => operator(&arguments.file, output),
        KeysCommand::Evidence(arguments) => evidence(&arguments.file, output),
        KeysCommand::Password => hash(settings, output),
    }
}

fn shown(output: Output, document: &Value, names: [&str; 2]) -> Outcome {
    output.result(document, || {
        let texts = names.map(|name| document[name].as_str());
        texts.into_iter().flatten().collect::<Vec<_>>().join("\n")
    })
}

fn made(output: Output, file: &Path, key: &B256, password: &str) -> Outcome {
    let address = keystore::save(file, key, password)?;
    let document = json!({"address": address, "keystore": file});
    output.result(&document, || {
        format!("{address}, encrypted in {}", file.display())
    })
}

fn read_key(arguments: &ImportArgs) -> Outcome<B256> {
    let text = if arguments.from == Path::new("-") {
        read_stdin()?
    } else {
        session::read_limited(&arguments.from, MAX_KEY_FILE_BYTES)?
    };
    let text = String::from_utf8_lossy(&text);
    let wrong = |what: &dyn std::fmt::Display| {
        Failure::usage(
            format!("no key in {}: {what}", arguments.from.display()),
            "give 64 hex digits, or a mnemonic with --mnemonic",
        )
    };
    let signer = if arguments.mnemonic {
        let words = MnemonicBuilder::english().phrase(text.trim());
        let words = words
            .index(arguments.index)
            .map_err(|error| wrong(&error))?;
        words.build().map_err(|error| wrong(&error))?
    } else {
        let key: B256 = text.trim().parse().map_err(|error| wrong(&error))?;
        PrivateKeySigner::from_bytes(&key).map_err(|error| wrong(&error))?
    };
    Ok(signer.to_bytes())
}

/// Standard input, if it is not a person who was not asked anything.
fn read_stdin() -> Outcome<Vec<u8>> {
    let mut stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Err(Failure::usage(
            "nothing is piped into standard input",
            "pipe it in, or name a file",
        ));
    }
    let mut text = Vec::new();
    let limited = stdin
        .by_ref()
        .take(MAX_KEY_FILE_BYTES)
        .read_to_end(&mut text);
    limited.map_err(|error| Failure::usage(error, "pipe it in, or name a file"))?;
    Ok(text)
}

fn list(folder: &Path, output: Output) -> Outcome {
    let unreadable = |error: std::io::Error| {
        Failure::usage(
            format!("cannot read {}: {error}", folder.display()),
            "name a folder with keystores",
        )
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.sort();
    let found: Vec<_> = paths
        .into_iter()
        .filter(|path| path.is_file())
        .filter_map(|path| {
            let public = keystore::x25519(&path).ok()?;
            Some((keystore::address(&path).ok()?, public, path))
        })
        .collect();
    let document: Vec<_> = found
        .iter()
        .map(|(address, public, path)| match public {
            Some(public) => json!({"x25519": public, "keystore": path}),
            None => json!({"address": address, "keystore": path}),
        })
        .collect();
    output.result(&document, || {
        let row = |(address, public, path): &(Option<Address>, Option<B256>, PathBuf)| {
            let address = address.map(|address| address.to_string());
            let public = public.map(|public| format!("X25519 {public}"));
            let key = public.or(address).unwrap_or_else(|| "-".into());
            vec![key, path.display().to_string()]
        };
        table(
            &["ADDRESS", "KEYSTORE"],
            &found.iter().map(row).collect::<Vec<_>>(),
        )
    })
}

fn operator(file: &Path, output: Output) -> Outcome {
    let (key, public) = hansa_node::generate_key();
    hansa_node::save_key(file, &key)
        .map_err(|error| Failure::failed(error, "name a new file in a folder that exists"))?;
    let public = B256::from_slice(public.as_ref());
    let document = json!({"public_key": public, "key": file});
    output.result(&document, || {
        format!("public key {public}, private key in {}", file.display())
    })
}

fn evidence(file: &Path, output: Output) -> Outcome {
    let address = hansa_node::new_evidence_account(file)
        .map_err(|error| Failure::failed(error, "name a new file in a folder that exists"))?;
    let document = json!({"address": address, "key": file});
    output.result(&document, || {
        format!("{address}, private key in {}", file.display())
    })
}

fn hash(settings: &Settings, output: Output) -> Outcome {
    let given = session::password(settings, None)?;
    let piped = || {
        if std::io::stdin().is_terminal() {
            return Err(session::no_password());
        }
        let text = String::from_utf8_lossy(&read_stdin()?).into_owned();
        let line = text.lines().next().unwrap_or_default().to_owned();
        if line.is_empty() {
            return Err(session::no_password());
        }
        Ok(line)
    };
    let password = given.map_or_else(piped, Ok)?;
    let hash = hansa_taxii::hash_password(&password)
        .map_err(|error| Failure::failed(error, "use another password"))?;
    output.result(&json!({"password_hash": hash}), || hash.clone())
}

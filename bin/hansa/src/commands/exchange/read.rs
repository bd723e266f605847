//! `hansa exchange get`, `list` and `watch`.

use crate::{
    failure::{Failure, Outcome},
    output::{Output, part, printable},
    session::Session,
    values,
};
use alloy_primitives::{Address, B256, hex};
use clap::Args;
use hansa_abi::{EXCHANGE, IExchange};
use hansa_client::{
    Rpc,
    objects::{self, Published, Selection},
    publish::label,
};
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::{io::IsTerminal as _, time::Duration};

/// Default for `list --limit`.
const LIST_LIMIT: usize = 100;

#[derive(Args, Debug)]
pub(crate) struct GetArgs {
    /// The object: its STIX id, or the exchange's id
    #[arg(value_parser = values::object_id)]
    object: B256,
    /// This version, such as 2026-01-31T12:00:00.000Z; the latest by default
    #[arg(long, value_name = "TIME", value_parser = values::timestamp_ms)]
    at: Option<u64>,
    /// Tell where and by whom it was published, instead of its content
    #[arg(long)]
    about: bool,
}

/// Which versions.
#[derive(Args, Debug)]
struct Which {
    /// Only objects of this STIX type
    #[arg(long = "type", value_name = "TYPE")]
    object_type: Option<String>,
    /// Only by this publisher
    #[arg(long, value_name = "ADDRESS")]
    publisher: Option<Address>,
    /// Print each object whole
    #[arg(long)]
    content: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    which: Which,
    /// From this block on
    #[arg(long, value_name = "BLOCK", default_value_t = 0)]
    from_block: u64,
    /// At most so many; 0 for all
    #[arg(long, default_value_t = LIST_LIMIT)]
    limit: usize,
}

#[derive(Args, Debug)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    which: Which,
    /// From this block on; from now on by default
    #[arg(long, value_name = "BLOCK")]
    from_block: Option<u64>,
    /// End after so many
    #[arg(long)]
    count: Option<usize>,
    /// Look for new blocks every so many milliseconds
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(50..=60_000))]
    interval: u64,
}

pub(super) async fn get(arguments: &GetArgs, session: &Session<'_>) -> Outcome {
    let rpc = session.rpc()?;
    let object_id = arguments.object;
    let latest = IExchange::latestCall {
        objectId: object_id,
    };
    let latest = rpc.view(EXCHANGE, &latest).await?;
    let absent = || {
        Failure::failed(
            "nothing is published under this id and version",
            "see what there is: `hansa exchange list`",
        )
    };
    if latest.status == IExchange::Status::None {
        return Err(absent());
    }
    let selection = Selection {
        object: Some(object_id),
        version: Some(arguments.at.unwrap_or(latest.version)),
        ..Selection::default()
    };
    let object = objects::find(&rpc, &selection).await?.ok_or_else(absent)?;
    objects::check(&rpc, std::slice::from_ref(&object)).await?;
    let revoked = latest.status == IExchange::Status::Revoked;
    if !arguments.about {
        return print_content(session.output, &object);
    }
    let mut document = about(&object);
    document["revoked"] = json!(revoked);
    session.output.result(&document, || {
        let rows = [
            ("id", object.id.clone()),
            ("exchange", object.object_id.to_string()),
            ("publisher", object.publisher.to_string()),
            ("version", values::show_ms(object.version)),
            ("tlp", label(object.tlp).to_owned()),
            ("digest", object.digest.to_string()),
            ("bytes", object.content.len().to_string()),
            ("block", object.block.to_string()),
            ("by", object.transaction.to_string()),
            ("revoked", revoked.to_string()),
        ];
        rows.map(|(name, value)| format!("{name:9} {}", part(&value)))
            .join("\n")
    })
}

/// Prints content byte for byte as published. What is no text (ciphertext) comes in hex; to programs
/// that asked for JSON, so does what is no JSON. A terminal gets nothing that steers it.
fn print_content(output: Output, object: &Published) -> Outcome {
    let text = std::str::from_utf8(&object.content);
    let is_json = || serde_json::from_slice::<IgnoredAny>(&object.content).is_ok();
    match text {
        Ok(text) if output.json && is_json() => output.line(text),
        _ if output.json => output.item(&hex_of(object), String::new),
        Ok(text) if std::io::stdout().is_terminal() => output.line(&printable(text)),
        Ok(text) => output.line(text),
        Err(_) => output.line(&hex_of(object)),
    }
}

fn hex_of(object: &Published) -> String {
    hex::encode_prefixed(&object.content)
}

fn about(object: &Published) -> Value {
    json!({
        "id": object.id,
        "object_id": object.object_id,
        "type": object.object_type,
        "publisher": object.publisher,
        "version": object.version,
        "tlp": label(object.tlp),
        "digest": object.digest,
        "bytes": object.content.len(),
        "block": object.block,
        "transaction": object.transaction,
    })
}

impl Which {
    fn selection(&self) -> Selection {
        Selection {
            publisher: self.publisher,
            ..Selection::default()
        }
    }

    fn takes(&self, object: &Published) -> bool {
        let wanted = self.object_type.as_ref();
        wanted.is_none_or(|wanted| *wanted == object.object_type)
    }

    fn print(&self, output: Output, object: &Published) -> Outcome {
        if self.content && !output.json {
            return print_content(output, object);
        }
        let mut document = about(object);
        if self.content {
            // What is no JSON (ciphertext) is shown as hex.
            let content = serde_json::from_slice::<Value>(&object.content);
            document["content"] = content.unwrap_or_else(|_| json!(hex_of(object)));
        }
        output.item(&document, || {
            format!(
                "{:8} {} {:6} {}  {}",
                object.block,
                values::show_ms(object.version),
                label(object.tlp),
                part(&object.id),
                object.publisher
            )
        })
    }
}

pub(super) async fn list(arguments: &ListArgs, session: &Session<'_>) -> Outcome {
    let rpc = session.rpc()?;
    let head = rpc.block_number().await?;
    let limit = match arguments.limit {
        0 => usize::MAX,
        limit => limit,
    };
    let found = Found {
        which: &arguments.which,
        left: limit,
        objects: Vec::new(),
    };
    let (_, cut) = found
        .read(&rpc, session.output, arguments.from_block, head)
        .await?;
    if cut {
        // Not on standard output, which may be read by a program.
        eprintln!("there is more: --limit {limit} was reached");
    }
    Ok(())
}

/// Selected versions, printed as they are found.
struct Found<'a> {
    which: &'a Which,
    left: usize,
    objects: Vec<Published>,
}

impl Found<'_> {
    /// Reads blocks and prints what is selected; how many more are wanted, and whether there are more.
    async fn read(
        mut self,
        rpc: &Rpc,
        output: Output,
        from: u64,
        to: u64,
    ) -> Outcome<(usize, bool)> {
        let mut cut = false;
        objects::walk(rpc, &self.which.selection(), from, to, |object| {
            if !self.which.takes(&object) {
                return true;
            }
            if self.objects.len() == self.left {
                cut = true;
                return false;
            }
            self.objects.push(object);
            true
        })
        .await?;
        objects::check(rpc, &self.objects).await?;
        for object in &self.objects {
            self.which.print(output, object)?;
        }
        Ok((self.left - self.objects.len(), cut))
    }
}

pub(super) async fn watch(arguments: &WatchArgs, session: &Session<'_>) -> Outcome {
    let rpc = session.rpc()?;
    let mut next = match arguments.from_block {
        Some(block) => block,
        None => rpc.block_number().await?.saturating_add(1),
    };
    let mut left = arguments.count.unwrap_or(usize::MAX);
    while left > 0 {
        let head = rpc.block_number().await?;
        if head >= next {
            let found = Found {
                which: &arguments.which,
                left,
                objects: Vec::new(),
            };
            (left, _) = found.read(&rpc, session.output, next, head).await?;
            next = head.saturating_add(1);
        }
        tokio::time::sleep(Duration::from_millis(arguments.interval)).await;
    }
    Ok(())
}

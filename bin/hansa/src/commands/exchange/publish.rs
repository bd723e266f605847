//! `hansa exchange publish`, and what it shares with `import`.

use crate::{
    failure::{Failure, Outcome},
    output::part,
    progress,
    session::{Session, now_ms, read_limited},
    values,
};
use clap::Args;
use hansa_client::{
    limits::{MAX_FILE_BYTES, MAX_WINDOW, WINDOW},
    publish::{self, Refused, Report, StixObject, Verdict},
};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Refused objects that are named one by one in text; --json has them all.
const SHOWN_REFUSALS: usize = 10;

#[derive(Args, Debug)]
pub(crate) struct PublishArgs {
    /// The JSON file
    file: PathBuf,
    /// Label of objects that carry no TLP marking: clear or green
    #[arg(long, default_value = "green", value_parser = values::plain_tlp)]
    tlp: u8,
    #[command(flatten)]
    how: How,
}

/// How things are published.
#[derive(Args, Debug)]
pub(super) struct How {
    /// Transactions in flight at once
    #[arg(long, default_value_t = WINDOW, value_parser = window)]
    window: usize,
    /// Only tell what would be published
    #[arg(long)]
    dry_run: bool,
}

fn window(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(window) if (1..=MAX_WINDOW).contains(&window) => Ok(window),
        _ => Err(format!("give 1 to {MAX_WINDOW}")),
    }
}

pub(super) async fn run(arguments: &PublishArgs, session: &Session<'_>) -> Outcome {
    let file = read_limited(&arguments.file, MAX_FILE_BYTES)?;
    let parsed = publish::parse(&file, arguments.tlp).map_err(|error| {
        Failure::usage(
            format!("{}: {error}", arguments.file.display()),
            "give a STIX 2.1 bundle, an object, or a list of objects",
        )
    })?;
    let report = publish_all(&arguments.how, session, parsed.objects).await?;
    let refused: Vec<_> = parsed
        .refused
        .into_iter()
        .chain(report.refused.clone())
        .collect();
    let document = summary(
        &arguments.how,
        &report,
        &refused,
        json!({"duplicates": parsed.duplicates}),
    );
    let printed = session.output.result(&document, || {
        let mut text = describe(&arguments.how, &report, &refused);
        if parsed.duplicates > 0 {
            text.push_str(&format!("\n{} repeated in the file", parsed.duplicates));
        }
        text
    });
    // What was refused fails the command, also when nobody reads on.
    verdict(&refused).and(printed)
}

/// Publishes what is not there yet, or only counts it.
pub(super) async fn publish_all(
    how: &How,
    session: &Session<'_>,
    mut objects: Vec<StixObject>,
) -> Outcome<Report> {
    if how.dry_run {
        let publisher = session.address_or_own(None)?;
        let rpc = session.rpc()?;
        let verdicts = publish::compare(&rpc, publisher, &mut objects, now_ms()).await?;
        return Ok(count(objects, verdicts));
    }
    let sender = session.sender(Some(how.window)).await?;
    let bar = progress::bar(session.output, "publishing");
    let report = publish::publish(&sender, objects, now_ms(), |progress| {
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
    })
    .await;
    bar.finish_and_clear();
    Ok(report?)
}

fn count(objects: Vec<StixObject>, verdicts: Vec<Verdict>) -> Report {
    let mut report = Report::default();
    let mut new = Vec::new();
    for (object, verdict) in objects.into_iter().zip(verdicts) {
        match verdict {
            Verdict::New => new.push(object),
            Verdict::Published => report.already += 1,
            Verdict::Refused(reason) => report.refused.push(Refused {
                id: Some(object.id()),
                position: object.position,
                reason,
            }),
        }
    }
    report.published = new.len();
    report.bytes = new.iter().map(|object| object.content.len()).sum();
    report.transactions = publish::plan(&new).len();
    report
}

/// The result as JSON.
pub(super) fn summary(how: &How, report: &Report, refused: &[Refused], more: Value) -> Value {
    let mut document = json!({
        "dry_run": how.dry_run,
        "published": report.published,
        "already_published": report.already,
        "refused": refused,
        "transactions": report.transactions,
        "bytes": report.bytes,
        "gas_used": report.gas_used,
        "block": report.block,
    });
    if let (Value::Object(document), Value::Object(more)) = (&mut document, more) {
        document.extend(more);
    }
    document
}

/// The result for people.
pub(super) fn describe(how: &How, report: &Report, refused: &[Refused]) -> String {
    let would = if how.dry_run {
        "would be published"
    } else {
        "published"
    };
    let mut text = format!(
        "{} {would} ({} bytes, {} transactions), {} already there, {} refused",
        report.published,
        report.bytes,
        report.transactions,
        report.already,
        refused.len()
    );
    if let Some(block) = report.block {
        text.push_str(&format!("; last in block {block}"));
    }
    for object in refused.iter().take(SHOWN_REFUSALS) {
        let id = part(object.id.as_deref().unwrap_or("no id"));
        text.push_str(&format!(
            "\nrefused: {id} (no. {}): {}",
            object.position,
            part(&object.reason)
        ));
    }
    if refused.len() > SHOWN_REFUSALS {
        let more = refused.len() - SHOWN_REFUSALS;
        text.push_str(&format!("\nrefused: {more} more (--json names all)"));
    }
    text
}

/// Objects that were refused fail the command, after everything else was published.
pub(super) fn verdict(refused: &[Refused]) -> Outcome {
    match refused.first() {
        None => Ok(()),
        Some(first) => Err(Failure::failed(
            format!(
                "{} objects were refused; the first: {}",
                refused.len(),
                first.reason
            ),
            "correct them and run the command again: what is published is left out",
        )),
    }
}

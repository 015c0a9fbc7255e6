//! `sync` and `resume`: the upkeep of a patient's records.

use hospital_record::{Synced, act::Removed, record::TooLarge};
use serde_json::{Value, json};

use super::{all_heard, warn_left_out};
use crate::{
    app::App,
    args::{Resume, Sync},
    failure::{Failure, Result},
    json::accounts,
    lookup::hex_of,
    session::Session,
    shown::{shown, shown_lines},
    size,
};

/// Records that are listed one by one.
const MOST_WARNED: usize = 20;
/// Digits of an id to type.
const DIGITS: usize = 12;

pub(crate) async fn sync(app: &App, args: &Sync) -> Result {
    let session = app.session().await?;
    let mut syncing = session.client.sync();
    for typed in &args.take {
        syncing = syncing.take(&session.record(typed, Some(session.me())).await?);
    }
    if let Some(bytes) = args.most {
        syncing = syncing.most(bytes);
    }
    if let Some(bytes) = args.most_of_one {
        syncing = syncing.most_of_one(bytes);
    }
    let synced = syncing.await?;
    let too_large: Vec<Value> = synced.too_large.iter().map(too_large).collect();
    let object = json!({
        "type": "synced", "copied": synced.copied, "rotated": synced.rotated, "keys": synced.keys, "failed": synced.missing,
        "left_out": accounts(&synced.left_out), "too_large": too_large, "later": synced.later,
    });
    app.printer
        .result(&object, format!("{} records copied, keys of {} folders rotated", synced.copied, synced.rotated))?;
    for missing in &synced.missing {
        app.printer.warn(format!("not copied: {}", shown_lines(missing)));
    }
    warn_too_large(app, &session, &synced).await?;
    warn_left_out(app, &session, &synced.left_out).await?;
    all_heard(synced.unavailable)
}

fn too_large(left: &TooLarge) -> Value {
    json!({"record": left.record.to_string(), "author": left.author.to_string(), "bytes": left.size})
}

async fn warn_too_large(app: &App, session: &Session, synced: &Synced) -> Result {
    for left in synced.too_large.iter().take(MOST_WARNED) {
        let (id, size) = (&hex_of(&left.record)[..DIGITS], size::shown(left.size));
        let by = session.called(left.author).await?;
        app.printer.warn(format!("not copied, because {by} added much: {id}, {size}; `sync --take {id}` copies it"));
    }
    let more = synced.too_large.len().saturating_sub(MOST_WARNED);
    if more > 0 {
        app.printer.warn(format!("and {more} more: `sync --most SIZE --most-of-one SIZE` allows more"));
    }
    if synced.later > 0 {
        app.printer.warn(format!("{} more records were not checked yet: run `sync` again", synced.later));
    }
    Ok(())
}

fn removed_object(left: &Removed) -> Value {
    json!({"id": left.id.to_string(), "name": left.name, "reason": left.reason})
}

pub(crate) async fn resume(app: &App, args: &Resume) -> Result {
    let session = app.session().await?;
    if let Some(name) = args.give_up {
        session.client.acts().give_up(name).await?;
        return app.printer.result(&json!({"type": "given-up", "name": name.to_string()}), "it is abandoned");
    }
    if let Some(who) = &args.accept_chain {
        return accept_chain(app, &session, who).await;
    }
    let resumed = session.client.resume().await?;
    let finished: Vec<String> = resumed.finished.iter().map(|id| id.to_string()).collect();
    let failed: Vec<String> = resumed.failed.iter().map(|left| format!("{}: {}", left.what, left.reason)).collect();
    let removed: Vec<Value> = resumed.removed.iter().map(removed_object).collect();
    let object = json!({
        "type": "resumed", "finished": finished.len(), "ids": finished, "removed": resumed.removed.len(),
        "removed_records": removed, "waiting": resumed.waiting,
        "keys": resumed.keys, "discarded": resumed.discarded, "swept": resumed.swept, "failed": failed, "watching": resumed.watching,
        "sent_again": resumed.sent_again, "tx": resumed.transaction.map(|hash| hash.to_string()),
    });
    if let Some(transaction) = resumed.transaction.filter(|_| !app.printer.json) {
        app.printer.line(&format!("transaction {transaction} was under way and has taken effect"))?;
    }
    if resumed.keys > 0 && !app.printer.json {
        app.printer.line(&format!("the keys of {} are stored now", size::count(resumed.keys as u64, "act")))?;
    }
    let words = match (finished.len(), resumed.removed.len()) {
        (0, 0) if resumed.transaction.is_some() || resumed.keys > 0 => "nothing else was left unfinished".to_owned(),
        (0, 0) if failed.is_empty() && resumed.waiting == 0 => "nothing was left unfinished".to_owned(),
        (finished, 0) => format!("{} finished", size::count(finished as u64, "record")),
        (finished, removed) => {
            let removed = format!("{} removed", size::count(removed as u64, "upload"));
            format!("{} finished, {removed}", size::count(finished as u64, "record"))
        }
    };
    app.printer.result(&object, words)?;
    for left in &resumed.removed {
        let what = left.name.as_deref().map_or_else(|| format!("record {}", left.id), shown);
        app.printer.warn(format!("add it again: {what} could not be registered, for {}", shown(&left.reason)));
    }
    if resumed.waiting > 0 {
        let acts = size::count(resumed.waiting as u64, "act");
        app.printer.warn(format!(
            "{acts} that a relay has may still take effect within 15 minutes: then run `resume`, to store the keys"
        ));
    }
    if resumed.watching > 0 {
        app.printer
            .note(format!("watching {} that the chain could still undo", size::count(resumed.watching as u64, "act")));
    }
    match resumed.failed.first() {
        None => Ok(()),
        Some(first) => Err(Failure::new(first.kind.into(), format!("not finished: {}", failed.join("; ")))),
    }
}

/// Gives up, on request, entries that two nodes deny.
async fn accept_chain(app: &App, session: &Session, who: &str) -> Result {
    let patient = session.person(who).await?.address;
    let entries = session.client.system().accept_chain(patient).await?;
    let object = json!({"type": "accepted", "patient": patient.to_string(), "given_up": entries});
    app.printer.result(&object, format!("{entries} entries that both nodes deny are given up"))
}

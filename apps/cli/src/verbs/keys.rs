//! `rotate`, `sync`, `resume`: what keeps a patient's records in order.

use serde_json::json;

use super::{all_heard, warn_left_out};
use crate::{
    app::App,
    args::Rotate,
    failure::{Failure, Result},
    json::accounts,
    shown::{shown, shown_lines},
};

pub(crate) async fn rotate(app: &App, args: &Rotate) -> Result {
    let session = app.session().await?;
    let rotated = session.client.rotate(&args.folder, args.confidentiality).await?;
    let object = json!({
        "type": "rotated", "folder": args.folder, "confidentiality": args.confidentiality.code(),
        "left_out": accounts(&rotated.left_out), "tx": rotated.transaction.to_string(), "gas": rotated.gas,
    });
    let folder = shown(&args.folder);
    let words = format!("{folder} has new keys: what is added from now on opens only for who has access now");
    app.printer.result(&object, words)?;
    warn_left_out(app, &session, &rotated.left_out).await
}

pub(crate) async fn sync(app: &App) -> Result {
    let session = app.session().await?;
    let synced = session.client.sync().await?;
    let object = json!({
        "type": "synced", "copied": synced.copied, "rotated": synced.rotated, "failed": synced.missing,
        "left_out": accounts(&synced.left_out),
    });
    app.printer
        .result(&object, format!("{} records copied, keys of {} folders moved on", synced.copied, synced.rotated))?;
    for missing in &synced.missing {
        app.printer.warn(format!("not copied: {}", shown_lines(missing)));
    }
    warn_left_out(app, &session, &synced.left_out).await?;
    all_heard(synced.unavailable)
}

pub(crate) async fn resume(app: &App) -> Result {
    let resumed = app.session().await?.client.resume().await?;
    let finished: Vec<String> = resumed.finished.iter().map(|id| id.to_string()).collect();
    let failed: Vec<String> = resumed.failed.iter().map(|left| format!("{}: {}", left.what, left.reason)).collect();
    let object = json!({
        "type": "resumed", "finished": finished.len(), "ids": finished, "removed": resumed.removed,
        "swept": resumed.swept, "failed": failed, "tx": resumed.transaction.map(|hash| hash.to_string()),
    });
    if let Some(transaction) = resumed.transaction.filter(|_| !app.printer.json) {
        app.printer.line(&format!("transaction {transaction} was under way and has taken effect"))?;
    }
    let words = match (finished.len(), resumed.removed) {
        (0, 0) if resumed.transaction.is_some() => "nothing else was left unfinished".to_owned(),
        (0, 0) if failed.is_empty() => "nothing was left unfinished".to_owned(),
        (finished, removed) => format!("{finished} records finished, {removed} removed: add what was removed again"),
    };
    app.printer.result(&object, words)?;
    match resumed.failed.first() {
        None => Ok(()),
        Some(first) => Err(Failure::new(first.kind.into(), format!("not finished: {}", failed.join("; ")))),
    }
}

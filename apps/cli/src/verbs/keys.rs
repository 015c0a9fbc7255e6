//! `rotate`, `sync`, `resume`: what keeps a patient's records in order.

use serde_json::json;

use crate::{
    app::App,
    args::Rotate,
    failure::Result,
    shown::{shown, shown_lines},
};

pub(crate) async fn rotate(app: &App, args: &Rotate) -> Result {
    app.session().await?.client.rotate(&args.folder, args.confidentiality.into()).await?;
    let object = json!({"type": "rotated", "folder": args.folder, "confidentiality": args.confidentiality.letter()});
    let folder = shown(&args.folder);
    app.printer
        .result(&object, format!("{folder} has new keys: what is added from now on opens only for who has access now"))
}

pub(crate) async fn sync(app: &App) -> Result {
    let synced = app.session().await?.client.sync().await?;
    let object = json!({
        "type": "synced", "copied": synced.copied, "rotated": synced.rotated, "failed": synced.missing,
    });
    app.printer
        .result(&object, format!("{} records copied, keys of {} folders moved on", synced.copied, synced.rotated))?;
    for missing in &synced.missing {
        app.printer.warn(format!("not copied: {}", shown_lines(missing)));
    }
    Ok(())
}

pub(crate) async fn resume(app: &App) -> Result {
    let resumed = app.session().await?.client.resume().await?;
    let finished: Vec<String> = resumed.finished.iter().map(|id| id.to_string()).collect();
    let object = json!({
        "type": "resumed", "finished": finished.len(), "ids": finished, "removed": resumed.removed,
        "swept": resumed.swept, "tx": resumed.transaction.map(|hash| hash.to_string()),
    });
    let words = match (finished.len(), resumed.removed) {
        (0, 0) if resumed.transaction.is_some() => {
            "a transaction that was under way has taken effect; nothing else was left".to_owned()
        }
        (0, 0) => "nothing was left unfinished".to_owned(),
        (finished, removed) => format!("{finished} records finished, {removed} removed: add what was removed again"),
    };
    app.printer.result(&object, words)
}

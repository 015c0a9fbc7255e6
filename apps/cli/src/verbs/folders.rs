//! `folders`: a person's folders, and new keys for them.

use hospital_record::{ErrorKind, folder::FolderInfo};
use serde_json::{Value, json};

use super::{all_heard, warn_left_out, word};
use crate::{
    app::App,
    args::folders::{Folders, Rotate},
    failure::Result,
    folder,
    json::accounts,
    shown::shown,
};

pub(crate) async fn folders(app: &App, args: Folders) -> Result {
    match args {
        Folders::List => list(app).await,
        Folders::Rotate(args) => rotate(app, &args).await,
    }
}

async fn list(app: &App) -> Result {
    let folders = app.session().await?.client.folders().list().await?;
    folders.iter().try_for_each(|folder| app.printer.object(&object(folder)))?;
    let rows: Vec<Vec<String>> = folders.iter().map(row).collect();
    if rows.is_empty() {
        app.printer.note("No folders yet: `add FILE --folder NAME --new-folder` makes one.");
    }
    app.printer.table(&["FOLDER", "CONFIDENTIALITY", "RECORDS", "READERS"], &rows)?;
    all_heard(folders.iter().filter_map(|folder| folder.unavailable))
}

fn object(folder: &FolderInfo) -> Value {
    json!({
        "type": "folder", "name": folder.name, "confidentiality": folder.confidentiality.map(|level| level.to_string()),
        "number": folder.number, "records": folder.records, "readers": folder.readers, "unavailable": word(folder.unavailable),
    })
}

fn row(folder: &FolderInfo) -> Vec<String> {
    let name = folder.name.as_deref().map_or_else(|| format!("number {}", folder.number), shown);
    let level = folder.confidentiality.map(|level| level.to_string()).unwrap_or_default();
    vec![name, level, folder.records.to_string(), folder.readers.to_string()]
}

async fn rotate(app: &App, args: &Rotate) -> Result {
    let session = app.session().await?;
    let rotated = match session.client.folders().rotate(&args.folder, args.confidentiality).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(folder::never_was(&session, &args.folder, args.confidentiality).await);
        }
        rotated => rotated?,
    };
    let object = json!({
        "type": "rotated", "folder": args.folder, "confidentiality": args.confidentiality.code(),
        "left_out": accounts(&rotated.left_out), "tx": rotated.transaction, "gas": rotated.gas,
    });
    let folder = shown(&args.folder);
    let words = format!("{folder} has new keys: later records open only for those with access now");
    app.printer.result(&object, words)?;
    warn_left_out(app, &session, &rotated.left_out).await
}

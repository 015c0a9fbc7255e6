//! `replace`: a new version, or none.

use serde_json::json;

use crate::{
    app::{App, check_record},
    args::Replace,
    failure::{Failure, Result},
    input,
    json::{merged, record},
    progress::Bar,
    shown::shown,
};

pub(crate) async fn replace(app: &App, args: Replace) -> Result {
    check_record(&args.record)?;
    let Some(path) = &args.file else { return withdraw(app, &args).await };
    let input = input::file(path).await?;
    let session = app.session().await?;
    let old = session.record(&args.record, None).await?;
    let name = args.name.unwrap_or(input.name);
    let media_type = args.media_type.unwrap_or(input.media_type);
    let (bar, shown_bar) = Bar::pair(app.printer);
    let replace = session.client.replace(&old, input.source).name(&name).media_type(&media_type);
    let added = replace.progress(move |progress| shown_bar.show(progress)).await?;
    bar.clear();
    let object = json!({
        "type": "replaced", "old": old.to_string(), "patient": old.patient.to_string(), "name": name,
        "media_type": media_type, "size": added.size, "folder": added.folder,
        "tx": added.transaction.to_string(), "gas": added.gas,
    });
    let (name, folder) = (shown(&name), shown(&added.folder));
    let words = format!("{name} ({} bytes) takes its place in {folder}\n{}", added.size, added.record);
    app.printer.result(&merged([object, record(&added.record)]), words)
}

async fn withdraw(app: &App, args: &Replace) -> Result {
    if !args.entered_in_error {
        return Err(Failure::usage("name the new version, or say --entered-in-error"));
    }
    let session = app.session().await?;
    let old = session.record(&args.record, None).await?;
    session.client.mark_entered_in_error(&old).await?;
    let object = json!({"type": "status-set", "status": "entered-in-error"});
    app.printer.result(&merged([object, record(&old)]), "marked as entered in error; it stays in the history")
}

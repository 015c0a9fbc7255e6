//! `replace`: a new version, or none; `reencrypt`: the same content under a new key.

use hospital_record::{Added, RecordRef};
use serde_json::{Value, json};

use super::{
    add::{Description, warn_renamed},
    warn_left_out,
};
use crate::{
    app::{App, check_person, check_record},
    args::{Reencrypt, Replace},
    failure::{Failure, Result},
    input,
    json::{accounts, merged, record},
    progress::Bar,
    shown::shown,
    size,
};

pub(crate) async fn replace(app: &App, args: Replace) -> Result {
    check_record(&args.record)?;
    args.author.as_deref().map_or(Ok(()), check_person)?;
    let Some(path) = &args.file else { return withdraw(app, &args).await };
    let (description, named) =
        (Description::of(app, &args.describe)?, input::file(path, args.describe.name.as_deref())?);
    warn_renamed(app, [path]);
    let session = app.session().await?;
    let input = description.put_on(named.read());
    let old = session.record(&args.record, None).await?;
    let (bar, shown_bar) = Bar::pair(app.printer);
    let mut replace = session.client.replace(&old, input.source);
    if let Some(author) = &args.author {
        replace = replace.author(session.person(author).await?.address);
    }
    let added = replace.progress(move |progress| shown_bar.show(progress)).await?;
    bar.clear();
    let object = json!({"type": "replaced", "name": input.name, "media_type": added.media_type});
    let (name, folder) = (shown(&input.name), shown(&added.folder));
    let words = format!("{name} ({}) replaces it in {folder}\n{}", size::count(added.size, "byte"), added.record);
    app.printer.result(&merged([object, instead(&old, &added)]), words)?;
    warn_left_out(app, &session, &added.left_out).await
}

/// The fields of the old and the new record.
fn instead(old: &RecordRef, added: &Added) -> Value {
    let object = json!({
        "old": old.to_string(), "patient": old.patient.to_string(), "size": added.size, "folder": added.folder,
        "left_out": accounts(&added.left_out), "tx": added.transaction, "gas": added.gas,
    });
    merged([object, record(&added.record)])
}

async fn withdraw(app: &App, args: &Replace) -> Result {
    if !args.entered_in_error {
        return Err(Failure::usage("name the new version, or say --entered-in-error"));
    }
    let session = app.session().await?;
    let old = session.record(&args.record, None).await?;
    let mut mark = session.client.mark_entered_in_error(&old);
    if let Some(author) = &args.author {
        mark = mark.author(session.person(author).await?.address);
    }
    let done = mark.await?;
    let object = json!({
        "type": "status-set", "status": "entered-in-error", "tx": done.transaction, "gas": done.gas,
    });
    app.printer.result(&merged([object, record(&old)]), "marked as entered in error; it stays in the history")
}

pub(crate) async fn reencrypt(app: &App, args: &Reencrypt) -> Result {
    check_record(&args.record)?;
    let session = app.session().await?;
    let old = session.record(&args.record, None).await?;
    let added = session.client.reencrypt(&old).await?;
    let words = format!("encrypted under a new key; the old record is superseded\n{}", added.record);
    app.printer.result(&merged([json!({"type": "reencrypted"}), instead(&old, &added)]), words)?;
    app.printer.note("The old ciphertext stays where others keep it, and opens with its old key.");
    warn_left_out(app, &session, &added.left_out).await
}

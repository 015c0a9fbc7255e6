//! `list`: records, newest first.

use futures::TryStreamExt;
use hospital_record::{Address, ErrorKind, Listed, Metadata, Status, history::status_code, record::Content};
use serde_json::{Value, json};

use super::{all_heard, word};
use crate::{
    app::{App, check_person},
    args::{Filter, List},
    failure::{Failure, Result},
    folder::Known,
    json::{instant, local, merged, record, seconds},
    lookup::{hex_of, short_length},
    session::Session,
    shown::shown,
};

mod wanted;

use wanted::Wanted;

pub(crate) async fn list(app: &App, args: &List) -> Result {
    args.patient.as_deref().map_or(Ok(()), check_person)?;
    let filter = Wanted::of(&args.filter, app.tz())?;
    let session = app.session().await?;
    let patient = session.patient(args.patient.as_deref()).await?;
    let mut builder = session.client.list().patient(patient);
    if let Some(folder) = &args.folder {
        builder = builder.folder(folder);
    }
    if args.attested {
        builder = builder.attested_only();
    }
    if !app.settings.authorities.is_empty() {
        builder = builder.trusted_by(session.authorities(app).await?);
    }
    let mut records = builder.stream();
    let (mut listed, mut missing, mut any) = (Vec::new(), Vec::new(), false);
    while let Some(record) = records.try_next().await? {
        missing.extend(why_unreadable(&record));
        if !filter.takes(&record) {
            continue;
        }
        any = true;
        if app.printer.json {
            app.printer.object(&object(&session, &record).await?)?;
        } else {
            listed.push(record);
        }
    }
    if !app.printer.json {
        table(app, &session, &listed).await?;
    }
    all_heard(missing)?;
    if any { Ok(()) } else { none(app, &session, args, patient).await }
}

/// A missing folder is not found; an empty one is no error.
async fn none(app: &App, session: &Session, args: &List, patient: Address) -> Result {
    let mine = patient == session.me();
    let Some(folder) = &args.folder else {
        app.printer.note(nothing(args, mine, ""));
        return Ok(());
    };
    let known = Known::of(session, patient).await;
    if known.lacks(folder) {
        return Err(Failure::not_found(lacking(
            folder,
            args.patient.as_deref().filter(|_| !mine),
            &known.instead(folder),
        )));
    }
    app.printer.note(nothing(args, mine, &known.others(folder)));
    Ok(())
}

fn lacking(folder: &str, patient: Option<&str>, instead: &str) -> String {
    match patient {
        None => format!("there is no folder {}{instead}", shown(folder)),
        Some(patient) => format!("{} gave you no folder {}{instead}", shown(patient), shown(folder)),
    }
}

fn why_unreadable(listed: &Listed) -> Option<ErrorKind> {
    match listed.content {
        Content::Unreadable { kind, .. } => Some(kind),
        _ => None,
    }
}

/// The note for an empty list, in terms of its filters.
fn nothing(args: &List, mine: bool, instead: &str) -> String {
    let folder = args.folder.as_deref().map(shown);
    if args.filter != Filter::default() {
        return "No such records: `list` without --name, --keyword, --type, --since and --until shows all.".to_owned();
    }
    if args.attested {
        return "No such records with an attestation that counts for you: `list` without --attested shows the \
                others."
            .to_owned();
    }
    match (args.patient.as_deref().filter(|_| !mine).map(shown), folder) {
        (None, None) => {
            "No records of your own: `add FILE` adds one. `grants received` shows what others gave you.".to_owned()
        }
        (None, Some(folder)) => format!("No records in a folder {folder}{instead}"),
        (Some(patient), None) => format!("No records of {patient} that you may read."),
        (Some(patient), Some(folder)) => {
            format!("No records of {patient} in a folder {folder} that you may read{instead}")
        }
    }
}

async fn table(app: &App, session: &Session, listed: &[Listed]) -> Result {
    let ids: Vec<String> = listed.iter().map(|listed| hex_of(&listed.record)).collect();
    let digits = short_length(&ids);
    let mut rows = Vec::with_capacity(listed.len());
    for listed in listed {
        let id = hex_of(&listed.record)[..digits].to_owned();
        rows.push(
            [
                vec![id, local(listed.added, app.tz()), listed.doc_status.to_string()],
                content(&listed.content),
                vec![remarks(session, listed).await?],
            ]
            .concat(),
        );
    }
    app.printer.table(&["ID", "ADDED", "STATUS", "FOLDER", "CONF", "NAME", "MEDIA TYPE", "BYTES", ""], &rows)
}

fn content(content: &Content) -> Vec<String> {
    match content {
        Content::Readable { metadata, size, .. } => {
            let Metadata { folder_name, name, media_type, confidentiality, .. } = metadata;
            let title = metadata.title.as_deref().map_or_else(String::new, |title| format!(" ({})", shown(title)));
            let name = format!("{}{title}", shown(name));
            vec![shown(folder_name), confidentiality.to_string(), name, shown(media_type), size.to_string()]
        }
        Content::Unreadable { reason, .. } => {
            let why = format!("unreadable: {}", shown(reason));
            vec![String::new(), String::new(), why, String::new(), String::new()]
        }
        _ => vec![String::new(); 5],
    }
}

async fn remarks(session: &Session, listed: &Listed) -> Result<String> {
    let mut remarks = Vec::new();
    if listed.status == Status::Superseded {
        remarks.push(status_code(listed.status).to_owned());
    }
    for word in listed.attestations.iter().filter(|word| word.counts) {
        remarks.push(format!("attested by {}", session.called(word.account).await?));
    }
    match listed.attestations.iter().filter(|word| !word.counts).count() {
        0 => {}
        others => remarks.push(format!("attested by {others} that do not count for you")),
    }
    if listed.author != listed.record.patient {
        remarks.push(format!("by {}", session.called(listed.author).await?));
    }
    if listed.held_by_author_only {
        remarks.push("held by its author only: `sync` copies it".to_owned());
    }
    Ok(remarks.join(", "))
}

async fn object(session: &Session, listed: &Listed) -> Result<Value> {
    let mut attestations = Vec::with_capacity(listed.attestations.len());
    for word in &listed.attestations {
        attestations.push(json!({
            "by": word.account.to_string(), "by_name": session.name_of(word.account).await?, "at": instant(word.at),
            "chosen_by_patient": word.chosen_by_patient, "counts": word.counts,
        }));
    }
    let chain = json!({
        "type": "record", "patient": listed.record.patient.to_string(), "author": listed.author.to_string(),
        "author_name": session.name_of(listed.author).await?, "status": status_code(listed.status),
        "doc_status": listed.doc_status.to_string(), "attestations": attestations,
        "added": instant(listed.added), "held_by_author_only": listed.held_by_author_only,
    });
    let content = match &listed.content {
        Content::Readable { metadata, size, .. } => readable(metadata, *size),
        Content::Unreadable { kind, reason, .. } => unreadable(*kind, reason),
        _ => unreadable(ErrorKind::Invalid, "this program is too old for it"),
    };
    Ok(merged([chain, record(&listed.record), content]))
}

fn readable(metadata: &Metadata, size: u64) -> Value {
    json!({
        "readable": true, "kind": null, "reason": null, "folder": metadata.folder_name,
        "confidentiality": metadata.confidentiality.to_string(), "name": metadata.name,
        "media_type": metadata.media_type, "size": size, "document_type": metadata.document_type,
        "created": metadata.created.and_then(seconds), "title": metadata.title,
        "description": metadata.description, "keywords": metadata.keywords,
    })
}

fn unreadable(kind: ErrorKind, reason: &str) -> Value {
    json!({
        "readable": false, "kind": word(Some(kind)), "reason": reason, "folder": null, "confidentiality": null, "name": null,
        "media_type": null, "size": null, "document_type": null, "created": null, "title": null,
        "description": null, "keywords": [],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_list_says_what_is_missing() {
        let told = |folder: Option<&str>, patient: Option<&str>, mine| {
            let (folder, patient) = (folder.map(Into::into), patient.map(Into::into));
            nothing(&List { folder, patient, attested: false, filter: Filter::default() }, mine, "; did you mean y?")
        };
        assert_eq!(
            told(None, None, true),
            "No records of your own: `add FILE` adds one. `grants received` shows what others gave you."
        );
        assert_eq!(told(None, Some("me"), true), told(None, None, true));
        let (folder, of) = (told(Some("x\u{1b}"), None, true), told(None, Some("ana"), false));
        assert!(folder.contains(r"folder x\u{1b}; did you mean y?") && !folder.contains("add FILE"), "{folder}");
        assert!(of.contains("of ana") && !of.contains("add FILE"), "{of}");
        let both = told(Some("x"), Some("ana"), false);
        assert!(both.contains("of ana") && both.contains("folder x"), "{both}");
    }
}

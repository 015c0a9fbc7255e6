//! `add`: encrypt, store, register.

use std::path::PathBuf;

use hospital_record::{Added, Address, Confidentiality, Source, names::readable_name, record::AddMany};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::warn_left_out;
use crate::{
    app::{App, check_person},
    args,
    failure::{Failure, Result},
    folder,
    input::{self, Input, Named},
    json::{accounts, merged, record},
    media::Detector,
    progress::Bar,
    session::Session,
    shown::shown,
    size, when,
};

/// The folder to add to.
struct Place {
    patient: Address,
    folder: String,
    confidentiality: Confidentiality,
}

pub(crate) async fn add(app: &App, args: args::Add) -> Result {
    args.patient.as_deref().map_or(Ok(()), check_person)?;
    let (description, named) = named(app, &args)?;
    let session = app.session().await?;
    let patient = session.patient(args.patient.as_deref()).await?;
    if patient == session.me() {
        folder::must_be_meant(app, &session, &args.folder, args.confidentiality, args.new_folder).await?;
    }
    let mut inputs = Vec::with_capacity(named.len());
    for named in named {
        inputs.push(description.put_on(named.read()));
    }
    let (all, mut done) = (inputs.len(), 0);
    let mut inputs = inputs.into_iter().peekable();
    let place = Place { patient, folder: args.folder.clone(), confidentiality: args.confidentiality };
    // Each transaction is reported when it is done: the next may fail.
    while inputs.peek().is_some() {
        store(app, &session, &place, inputs.by_ref().take(AddMany::BATCH)).await?;
        done += AddMany::BATCH;
        if all > AddMany::BATCH {
            app.printer.note(format!("{} of {all} added", done.min(all)));
        }
    }
    Ok(())
}

/// All inputs, checked before a password is asked for or anything is sent.
fn named<'a>(app: &App, args: &'a args::Add) -> Result<(Description<'a>, Vec<Named>)> {
    let one = args.bundle.is_some() || args.files.len() == 1;
    let own = [&args.describe.name, &args.describe.title, &args.describe.description];
    if !one && own.iter().any(|text| text.is_some()) {
        return Err(Failure::usage("--name, --title and --description are for one file: add the files one by one"));
    }
    let description = Description::of(app, &args.describe)?;
    let named = match &args.bundle {
        Some(folder) => vec![Named::OnDisk(Box::new(input::bundle(folder)?))],
        None => input::files(&args.files, args.describe.name.as_deref())?,
    };
    warn_renamed(app, &args.files);
    Ok((description, named))
}

/// Names are recorded as text: bytes of another encoding are escaped, with a warning.
pub(super) fn warn_renamed<'a>(app: &App, files: impl IntoIterator<Item = &'a PathBuf>) {
    let names = files.into_iter().filter_map(|file| file.file_name()).filter(|name| name.to_str().is_none());
    for name in names.map(readable_name) {
        app.printer.warn(format!("a name that is not UTF-8 is recorded as {}: --name gives another", shown(&name)));
    }
}

/// The flags that describe a record.
pub(super) struct Description<'a> {
    flags: &'a args::Describe,
    created: Option<std::time::SystemTime>,
}

impl<'a> Description<'a> {
    pub(super) fn of(app: &App, flags: &'a args::Describe) -> Result<Self> {
        let now = Timestamp::now();
        let created = flags.created.as_deref().map(|text| when::made(text, now, app.tz())).transpose()?;
        Ok(Self { flags, created: created.map(Into::into) })
    }

    pub(super) fn put_on(&self, mut input: Input) -> Input {
        let args::Describe { name, media_type, document_type, title, description, keywords, .. } = self.flags;
        input.name = name.clone().unwrap_or(input.name);
        input.document_type.clone_from(document_type);
        let source = input.source.name(&input.name).keywords(keywords);
        let mut source = match media_type.as_deref().or(input.media_type) {
            Some(media_type) => source.media_type(media_type),
            None => {
                let (name, found_as) = (input.name.clone(), input.found_as.clone());
                source.detect(move || Detector::new([&name, &found_as]))
            }
        };
        if let Some(code) = document_type {
            source = source.document_type(code);
        }
        if let Some(text) = title {
            source = source.title(text);
        }
        if let Some(text) = description {
            source = source.description(text);
        }
        if let Some(created) = self.created {
            source = source.created(created);
        }
        Input { source, ..input }
    }
}

async fn store(app: &App, session: &Session, place: &Place, inputs: impl Iterator<Item = Input>) -> Result {
    let told = |input: Input| {
        let Input { source, name, document_type, .. } = input;
        (source, json!({"name": name, "document_type": document_type}))
    };
    let (sources, labels): (Vec<Source>, Vec<Value>) = inputs.map(told).unzip();
    let (bar, shown_bar) = Bar::pair(app.printer);
    let adding = session.client.add_many(sources).patient(place.patient);
    let adding = adding.folder(&place.folder).confidentiality(place.confidentiality);
    let added = match adding.progress(move |progress| shown_bar.show(progress)).await {
        Ok(added) => added,
        Err(error) => {
            let Place { patient, folder, confidentiality } = place;
            return Err(folder::refused(session, *patient, folder, *confidentiality, error).await);
        }
    };
    bar.clear();
    for (added, label) in added.iter().zip(labels) {
        tell(app, session, place, added, label).await?;
    }
    match added.first() {
        Some(added) => warn_left_out(app, session, &added.left_out).await,
        None => Ok(()),
    }
}

async fn tell(app: &App, session: &Session, place: &Place, added: &Added, label: Value) -> Result {
    let object = json!({
        "type": "added", "patient": added.record.patient.to_string(), "size": added.size, "folder": added.folder,
        "media_type": added.media_type, "confidentiality": place.confidentiality.to_string(), "left_out": accounts(&added.left_out),
        "tx": added.transaction, "gas": added.gas,
    });
    let name = shown(label["name"].as_str().unwrap_or_default());
    let whose = match place.patient == session.me() {
        true => String::new(),
        false => format!(" of {}", session.called(place.patient).await?),
    };
    let words =
        format!("{name} ({}) is in {}{whose}\n{}", size::count(added.size, "byte"), shown(&added.folder), added.record);
    app.printer.result(&merged([object, record(&added.record), label]), words)
}

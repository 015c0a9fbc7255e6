//! `add`: encrypt, store, register.

use std::time::SystemTime;

use hospital_record::{Added, Confidentiality, Source, alloy::primitives::Address};
use serde_json::{Value, json};

use crate::{
    app::{App, Session, check_person},
    args::{Add, Describe},
    failure::{Failure, Result},
    input::{self, Input},
    json::{merged, record},
    progress::Bar,
    shown::shown,
    when,
};

/// Where to.
struct Place {
    patient: Address,
    folder: String,
    confidentiality: Confidentiality,
}

pub(crate) async fn add(app: &App, args: Add) -> Result {
    let created = created(app, &args.describe)?;
    args.patient.as_deref().map_or(Ok(()), check_person)?;
    let one = args.bundle.is_some() || args.files.len() == 1;
    if !one && (args.describe.name.is_some() || args.describe.description.is_some()) {
        return Err(Failure::usage("--name and --description are of one record: add the files one by one"));
    }
    let inputs = match &args.bundle {
        Some(folder) => vec![input::bundle(folder)?],
        None => input::files(&args.files).await?,
    };
    let session = app.session().await?;
    let place = Place {
        patient: session.patient(args.patient.as_deref()).await?,
        folder: args.folder,
        confidentiality: args.confidentiality.into(),
    };
    for group in same_kind(inputs, &args.describe) {
        store(app, &session, &place, group, &args.describe, created).await?;
    }
    Ok(())
}

pub(crate) fn created(app: &App, describe: &Describe) -> Result<Option<SystemTime>> {
    let moment = describe.created.as_deref().map(|text| when::moment(text, app.tz())).transpose()?;
    Ok(moment.map(SystemTime::from))
}

/// Runs of inputs with one media type, for one transaction each: the SDK takes one media type for all of a batch.
fn same_kind(inputs: Vec<Input>, describe: &Describe) -> Vec<Vec<Input>> {
    let mut groups: Vec<Vec<Input>> = Vec::new();
    for mut input in inputs {
        if let Some(media_type) = &describe.media_type {
            input.media_type.clone_from(media_type);
        }
        match groups.last_mut() {
            Some(group) if group[0].media_type == input.media_type => group.push(input),
            _ => groups.push(vec![input]),
        }
    }
    groups
}

/// The setters that one record and several have in common, on builders of two types.
macro_rules! described {
    ($builder:expr, $place:expr, $describe:expr, $media_type:expr, $created:expr, $bar:expr) => {{
        let bar = $bar.clone();
        let mut builder = $builder
            .patient($place.patient)
            .folder(&$place.folder)
            .confidentiality($place.confidentiality)
            .media_type($media_type)
            .keywords(&$describe.keywords)
            .progress(move |progress| bar.show(progress));
        if let Some(code) = &$describe.document_type {
            builder = builder.document_type(code);
        }
        if let Some(created) = $created {
            builder = builder.created(created);
        }
        builder
    }};
}

async fn store(
    app: &App,
    session: &Session,
    place: &Place,
    inputs: Vec<Input>,
    describe: &Describe,
    created: Option<SystemTime>,
) -> Result {
    let bar = Bar::new(app.printer);
    let media_type = inputs[0].media_type.clone();
    let (mut names, sources): (Vec<String>, Vec<Source>) = inputs.into_iter().map(|i| (i.name, i.source)).unzip();
    if let Some(name) = &describe.name {
        names = vec![name.clone()];
    }
    let added = match <[Source; 1]>::try_from(sources) {
        Ok([source]) => {
            let mut one = described!(session.client.add(source), place, describe, &media_type, created, bar);
            one = one.name(&names[0]);
            if let Some(description) = &describe.description {
                one = one.description(description);
            }
            vec![one.await?]
        }
        Err(sources) => {
            described!(session.client.add_many(sources), place, describe, &media_type, created, bar).await?
        }
    };
    bar.clear();
    for (added, name) in added.iter().zip(&names) {
        tell(
            app,
            session,
            place,
            added,
            &json!({"name": name, "media_type": media_type, "document_type": describe.document_type}),
        )
        .await?;
    }
    Ok(())
}

async fn tell(app: &App, session: &Session, place: &Place, added: &Added, known: &Value) -> Result {
    let object = json!({
        "type": "added", "patient": added.record.patient.to_string(), "size": added.size, "folder": added.folder,
        "confidentiality": place.confidentiality.to_string(), "tx": added.transaction.to_string(), "gas": added.gas,
    });
    let name = shown(known["name"].as_str().unwrap_or_default());
    let whose = match place.patient == session.me() {
        true => String::new(),
        false => format!(" of {}", session.called(place.patient).await?),
    };
    let words = format!("{name} ({} bytes) is in {}{whose}\n{}", added.size, shown(&added.folder), added.record);
    app.printer.result(&merged([object, record(&added.record), known.clone()]), words)
}

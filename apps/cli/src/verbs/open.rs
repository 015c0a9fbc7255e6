//! `open`: fetch, check, decrypt.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use hospital_record::{Address, Metadata, RecordRef, record::Open};
use serde_json::{Value, json};

use super::export::{export, must_be_free};
use crate::{
    app::{App, check_person, check_record},
    args,
    failure::Result,
    json::{merged, record},
    lookup::hex_of,
    output::{self, Existing},
    progress::Bar,
    session::Session,
    shown::{safe_name, shown},
    size,
};

pub(crate) async fn open(app: &App, args: args::Open) -> Result {
    check_record(&args.record)?;
    args.patient.as_deref().map_or(Ok(()), check_person)?;
    let output = checked_output(app, &args)?;
    let session = app.session().await?;
    let record = session.record_of(&args.record, args.patient.as_deref()).await?;
    let authorities = if args.attested { session.authorities(app).await? } else { &[] };
    let builder = builder(&session, &record, &args, authorities);
    if let Some(folder) = &args.export {
        return export(app, builder, &record, folder).await;
    }
    let target = match output {
        Some(target) => target,
        None => Target::File(checked(app, &recorded_name(&session, &record).await?, args.force)?),
    };
    let (bar, written) = (Bar::new(app.printer), Arc::new(AtomicU64::new(0)));
    let count = written.clone();
    let shown_bar = bar.clone();
    let mut builder = builder.progress(move |progress| {
        count.store(progress.done, Ordering::Relaxed);
        shown_bar.show(progress);
    });
    if let Some(range) = args.range {
        builder = builder.range(range.bounds());
    }
    let metadata = write(builder, &target).await?;
    bar.clear();
    let logged = !args.unlogged && record.patient != session.me();
    let written = written.load(Ordering::Relaxed);
    let range = args.range.map(|range| [range.start, range.start + written]);
    let told = Told { metadata, range, written, target, logged };
    told.print(app, &record)
}

fn builder(session: &Session, record: &RecordRef, args: &args::Open, authorities: &[Address]) -> Open {
    let mut builder = session.client.open(record);
    if args.attested {
        builder = builder.attested_only().trusted_by(authorities);
    }
    if args.unlogged {
        builder = builder.unlogged();
    }
    if let Some(purpose) = args.purpose {
        builder = builder.purpose(purpose.into());
    }
    if args.force {
        builder = builder.overwrite();
    }
    builder
}

/// Where the plaintext goes.
enum Target {
    Stdout,
    File(PathBuf),
}

/// The target that the caller named, checked before the chain is asked; `None` if the record's name gives it.
fn checked_output(app: &App, args: &args::Open) -> Result<Option<Target>> {
    match (&args.export, &args.output) {
        (Some(folder), _) => must_be_free(folder).map(|()| None),
        (_, Some(path)) if path == Path::new("-") => Ok(Some(Target::Stdout)),
        (_, Some(path)) => checked(app, path, args.force).map(Target::File).map(Some),
        (None, None) => output::check_folder(Path::new(".")).map(|()| None),
    }
}

/// Checks before anything is logged or fetched; the SDK checks again at the end.
fn checked(app: &App, path: &Path, force: bool) -> Result<PathBuf> {
    let existing = if force { Existing::Replaced } else { Existing::Kept };
    let Some(real) = output::check(path, existing)? else { return Ok(path.into()) };
    let (link, file) = (path.to_string_lossy(), real.to_string_lossy());
    app.printer.warn(format!("{} is a link: {} is replaced", shown(&link), shown(&file)));
    Ok(real)
}

/// The name comes from the author, so it is made safe.
async fn recorded_name(session: &Session, record: &RecordRef) -> Result<PathBuf> {
    let metadata = session.client.open(record).metadata().await?;
    let fallback = format!("record-{:.12}", hex_of(record));
    Ok(safe_name(&metadata.name, &fallback).into())
}

async fn write(builder: Open, target: &Target) -> Result<Metadata> {
    match target {
        Target::Stdout => Ok(builder.to_writer(&mut tokio::io::stdout()).await?),
        Target::File(path) => Ok(builder.to_file(path).await?),
    }
}

struct Told {
    metadata: Metadata,
    range: Option<[u64; 2]>,
    written: u64,
    target: Target,
    logged: bool,
}

impl Told {
    fn print(&self, app: &App, opened: &RecordRef) -> Result {
        let name = shown(&self.metadata.name);
        match &self.target {
            // The data has stdout to itself.
            Target::Stdout if app.printer.json => app.printer.urgent(crate::shown::json_line(&self.object(opened))),
            Target::Stdout => app.printer.note(format!("{name}: {}", size::count(self.written, "byte"))),
            Target::File(path) => {
                let (path, bytes) = (path.to_string_lossy(), size::count(self.written, "byte"));
                let words = format!("{name} is in {} ({bytes})", shown(&path));
                app.printer.result(&self.object(opened), words)?;
            }
        }
        if self.logged {
            app.printer.note("The reading was logged.");
        }
        Ok(())
    }

    fn object(&self, opened: &RecordRef) -> Value {
        let output = match &self.target {
            Target::Stdout => "-".into(),
            Target::File(path) => path.to_string_lossy(),
        };
        let told = json!({
            "type": "opened", "name": self.metadata.name, "media_type": self.metadata.media_type,
            "size": self.range.is_none().then_some(self.written),
            "range": self.range,
            "written": self.written, "output": output, "logged": self.logged,
        });
        merged([told, record(opened)])
    }
}

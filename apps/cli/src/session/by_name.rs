//! Finds a record by its name.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt, stream};
use hospital_record::{
    Address, Error, ErrorKind, Listed, RecordRef, Status, grant::Patients, names::spelled, record::Content,
};

use super::Session;
use crate::{
    failure::{Failure, Kind, Result},
    json::instant,
    lookup,
    shown::shown,
    suggest::did_you_mean,
};

/// Histories that are read at the same time.
const ABREAST: usize = 8;

/// The one readable record with this name: of the patient, else of this person and of those who shared something. A
/// current record wins over superseded ones and those entered in error.
pub(super) async fn record(session: &Session, typed: &str, patient: Option<Address>) -> Result<RecordRef> {
    let readable = readable(session, patient).await?;
    let mut fitting = called(&readable, typed);
    if fitting.iter().any(|listed| listed.status == Status::Current) {
        fitting.retain(|listed| listed.status == Status::Current);
    }
    match fitting.as_slice() {
        [one] => Ok(one.record),
        [] => Err(none(&readable, typed)),
        several => {
            let mut lines = Vec::with_capacity(several.len());
            for listed in several {
                lines.push(line(session, listed).await?);
            }
            Err(lookup::ambiguous_name(typed, &lines))
        }
    }
}

async fn readable(session: &Session, patient: Option<Address>) -> Result<Vec<Listed>> {
    let patients: BTreeSet<Address> = match patient {
        Some(patient) => [patient].into(),
        None => {
            let Patients { patients: mut near, .. } = session.client.grants().patients().await?;
            near.insert(session.me());
            near
        }
    };
    let lists = stream::iter(patients).map(|patient| async move { session.client.list().patient(patient).await });
    let lists: Vec<Vec<Listed>> = lists.buffered(ABREAST).map(unless_denied).try_collect().await?;
    Ok(lists.into_iter().flatten().collect())
}

/// Empty if the patient has ended the access.
fn unless_denied(listed: Result<Vec<Listed>, Error>) -> Result<Vec<Listed>, Error> {
    match listed {
        Err(error) if error.kind() == ErrorKind::Denied => Ok(Vec::new()),
        listed => listed,
    }
}

fn called<'a>(readable: &'a [Listed], typed: &str) -> Vec<&'a Listed> {
    let wanted = spelled(typed);
    let named = |listed: &&Listed| listed.metadata().is_some_and(|metadata| spelled(&metadata.name) == wanted);
    let mut found: Vec<&Listed> = readable.iter().filter(named).collect();
    found.sort_by_key(|listed| listed.record);
    found.dedup_by_key(|listed| listed.record);
    found
}

fn none(readable: &[Listed], typed: &str) -> Failure {
    let silent = readable.iter().find_map(|listed| match listed.content {
        Content::Unreadable { kind: kind @ (ErrorKind::Unreachable | ErrorKind::TimedOut), .. } => Some(kind),
        _ => None,
    });
    let failure = lookup::none(typed);
    match silent {
        Some(kind) => {
            let why = "not all records could be read, because a store did not answer: repeat it later, or give the id";
            Failure::new(Kind::from(kind), format!("{failure}; {why}"))
        }
        None => {
            let names = readable.iter().filter_map(Listed::metadata).map(|metadata| metadata.name.as_str());
            Failure::not_found(format!("{failure}{}", did_you_mean(typed, names)))
        }
    }
}

async fn line(session: &Session, listed: &Listed) -> Result<String> {
    let (of, folder) = (session.called(listed.record.patient).await?, shown(listed.folder_name()));
    let by = match listed.author == listed.record.patient {
        true => String::new(),
        false => format!(" by {}", session.called(listed.author).await?),
    };
    Ok(format!("{}  of {of}, in {folder}, added {}{by}", listed.record, instant(listed.added)))
}

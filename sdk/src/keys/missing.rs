//! Ends of somebody's access that the chain shows no more: that account may hold the keys.

use alloy::primitives::{Address, B256};
use hospital_record_core::id::Folder;

use crate::{
    acts::{
        person::Person,
        watch::{Standing, WatchNote, ends_access, standing_in},
    },
    base::error::{Error, Result},
    journal::{missing::MissingEntry, vanished::Vanished, verified::VerifiedJournal},
    keys::readers,
    ledger::{Event, folder_of},
};

/// The very journal that is judged is the one to go by: the next answer may be another.
pub(crate) async fn require_nothing_missing(person: &Person, journal: &VerifiedJournal) -> Result<()> {
    let missing = ends_that_are_missing(person, journal).await?;
    let Some((_, first)) = missing.first() else { return Ok(()) };
    Err(Error::Vanished { what: first.clone(), others: missing.len() - 1 })
}

/// Scope and grantee of the ends that are missing.
pub(crate) async fn places_of_missing_ends(person: &Person, journal: &VerifiedJournal) -> Result<Vec<(B256, Address)>> {
    Ok(ends_that_are_missing(person, journal).await?.into_iter().filter_map(|(event, _)| event.place()).collect())
}

pub(crate) async fn ends_that_are_missing(person: &Person, journal: &VerifiedJournal) -> Result<Vec<(Event, String)>> {
    let mut missing = Vec::new();
    for gone in journal.vanished.iter().filter(|gone| gone.entry.ends_access()) {
        if !is_rightly_covered(person, journal, gone).await? {
            missing.push((gone.entry.event, MissingEntry::from(gone).to_string()));
        }
    }
    for act in person.sender().sent(person.address()).await? {
        let (Some(effects), Some(note)) = (person.effects(&act)?, WatchNote::from_bytes(&act.note)) else { continue };
        let here = effects.patient == journal.patient && standing_in(journal, &effects, &note) == Standing::Missing;
        for event in effects.events.iter().filter(|event| here && ends_access(event)) {
            if !missing.iter().any(|(known, _)| known.is_same_act(event)) {
                missing.push((*event, format!("the chain does not show that {} {event}", act.account)));
            }
        }
    }
    Ok(missing)
}

/// Whether something stands in its place that nobody could have invented: a grant needs an envelope that was signed.
async fn is_rightly_covered(person: &Person, journal: &VerifiedJournal, gone: &Vanished) -> Result<bool> {
    if gone.is_back(&journal.history) {
        return Ok(true);
    }
    if !gone.is_covered(&journal.history) {
        return Ok(false);
    }
    let Some((scope, grantee)) = gone.entry.event.place() else { return Ok(true) };
    let folder = folder_of(scope).and_then(|number| Folder::new(number).ok());
    let (Some(folder), Some(_)) = (folder, journal.grant(scope, grantee)) else { return Ok(true) };
    match readers::was_let_in(person, journal, folder, grantee).await {
        Ok(()) => Ok(true),
        Err(error) if error.is_silence() => Err(error),
        Err(_) => Ok(false),
    }
}

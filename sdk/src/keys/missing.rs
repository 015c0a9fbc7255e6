//! Ends of somebody's access that the chain no longer shows: that account may hold the keys.

use alloy::primitives::{Address, B256};
use hospital_record_core::id::Folder;

use crate::{
    acts::{
        person::Person,
        watch::{Standing, WatchNote, standing_in},
    },
    base::error::{Error, Result},
    journal::{missing::MissingEntry, vanished::VanishedEntry, verified::VerifiedJournal},
    keys::readers,
    ledger::{Event, folder_of},
};

/// Checks the given journal itself: the next read may return another one.
pub(crate) async fn require_nothing_missing(person: &Person, journal: &VerifiedJournal) -> Result<()> {
    let missing = ends_that_are_missing(person, journal).await?;
    let Some((_, first)) = missing.first() else { return Ok(()) };
    Err(Error::Vanished { what: first.clone(), others: missing.len() - 1 })
}

/// Scope and grantee of the missing ends.
pub(crate) async fn places_of_missing_ends(person: &Person, journal: &VerifiedJournal) -> Result<Vec<(B256, Address)>> {
    Ok(ends_that_are_missing(person, journal).await?.into_iter().filter_map(|(event, _)| event.place()).collect())
}

pub(crate) async fn ends_that_are_missing(person: &Person, journal: &VerifiedJournal) -> Result<Vec<(Event, String)>> {
    let mut missing = Vec::new();
    for vanished in journal.vanished.iter().filter(|vanished| vanished.entry.ends_access()) {
        if !is_rightly_covered(person, journal, vanished).await? {
            missing.push((vanished.entry.event, MissingEntry::from(vanished).to_string()));
        }
    }
    for act in person.sender.sent(person.address()).await? {
        let (Some(effects), Some(note)) = (person.effects(&act)?, WatchNote::from_bytes(&act.note)) else { continue };
        let is_missing =
            effects.patient == journal.patient && standing_in(journal, &effects, &note) == Standing::Missing;
        for event in effects.events.iter().filter(|event| is_missing && event.ends_access()) {
            if !missing.iter().any(|(other, _)| other.is_same_act(event)) {
                missing.push((*event, format!("the chain does not show that {} {event}", act.account)));
            }
        }
    }
    Ok(missing)
}

/// Whether an entry supersedes it that no provider could have invented: a grant needs a signed envelope.
async fn is_rightly_covered(person: &Person, journal: &VerifiedJournal, vanished: &VanishedEntry) -> Result<bool> {
    if vanished.is_back(&journal.history) {
        return Ok(true);
    }
    if !vanished.is_covered(&journal.history) {
        return Ok(false);
    }
    let Some((scope, grantee)) = vanished.entry.event.place() else { return Ok(true) };
    let folder = folder_of(scope).and_then(|number| Folder::new(number).ok());
    let (Some(folder), Some(_)) = (folder, journal.grant(scope, grantee)) else { return Ok(true) };
    match readers::was_let_in(person, journal, folder, grantee).await {
        Ok(()) => Ok(true),
        Err(error) if error.is_outage() => Err(error),
        Err(_) => Ok(false),
    }
}

//! The journal to lock by if entries are missing.

use std::{collections::BTreeSet, sync::Arc};

use alloy::primitives::Address;
use hospital_record_core::id::Folder;

use crate::{
    acts::{person::Person, watch::shows},
    base::error::{Error, Result},
    journal::{vanished::VanishedEntry, verified::VerifiedJournal},
    keys::{missing, rotate},
    ledger::{Event, Sent, folder_of},
};

/// The journal to lock by. While an end of somebody's access is missing, nothing is locked, because that account may
/// hold the keys. First it sends this person's own acts again.
pub(crate) async fn journal_without_gaps(person: &Person, patient: Address) -> Result<Arc<VerifiedJournal>> {
    let journal = person.journals.of(patient).await?;
    if missing::ends_that_are_missing(person, &journal).await?.is_empty() {
        return Ok(journal);
    }
    match person.recall().await {
        Ok(missing_acts) if person.is_me(patient) => move_keys_instead(person, &missing_acts).await?,
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "a missing act could not be sent again"),
    }
    let journal = person.journals.of(patient).await?;
    missing::require_nothing_missing(person, &journal).await?;
    Ok(journal)
}

/// Rotates keys in place of acts that cannot be sent again: a rotation, and the end of a grant that is no longer there.
async fn move_keys_instead(person: &Person, missing_acts: &[(Sent, Option<Error>)]) -> Result<()> {
    let journal = person.journals.of(person.address()).await?;
    let is_open = |vanished: &&VanishedEntry| {
        let is_sent_again = |(act, error): &(Sent, Option<Error>)| {
            error.is_none() && person.effects(act).is_ok_and(|effects| shows(effects.as_ref(), vanished))
        };
        !vanished.is_covered(&journal.history) && !missing_acts.iter().any(is_sent_again)
    };
    let folder = |vanished: &VanishedEntry| match vanished.entry.event {
        Event::KeysRotated { folder, .. } => Some(folder),
        Event::AccessRevoked { scope, grantee, .. } if journal.grant(scope, grantee).is_some() => None,
        event if vanished.entry.ends_access() => event.place().and_then(|(scope, _)| folder_of(scope)),
        _ => None,
    };
    let folders: BTreeSet<u64> = journal.vanished.iter().filter(is_open).filter_map(folder).collect();
    for folder in folders.into_iter().filter_map(|number| Folder::new(number).ok()) {
        rotate::rotate_folder(person, folder).await?;
    }
    Ok(())
}

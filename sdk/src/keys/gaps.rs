//! What to lock by, where something is missing from the journal.

use std::{collections::BTreeSet, sync::Arc};

use alloy::primitives::Address;
use hospital_record_core::id::Folder;

use crate::{
    acts::{person::Person, watch::shows},
    base::error::{Error, Result},
    journal::{vanished::Vanished, verified::VerifiedJournal},
    keys::{missing, rotate},
    ledger::{Event, Sent, folder_of},
};

/// The journal to lock by. Nothing is locked while an end of somebody's access is missing: that account may hold the
/// keys. What this person did is sent again first.
pub(crate) async fn journal_without_gaps(person: &Person, patient: Address) -> Result<Arc<VerifiedJournal>> {
    let journal = person.journals().of(patient).await?;
    if missing::ends_that_are_missing(person, &journal).await?.is_empty() {
        return Ok(journal);
    }
    match person.recall().await {
        Ok(left) if person.is_me(patient) => move_keys_instead(person, &left).await?,
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "a missing act could not be sent again"),
    }
    let journal = person.journals().of(patient).await?;
    missing::require_nothing_missing(person, &journal).await?;
    Ok(journal)
}

/// New keys take the place of what can be sent again no more: a rotation, and the end of a grant that is not there.
async fn move_keys_instead(person: &Person, left: &[(Sent, Option<Error>)]) -> Result<()> {
    let journal = person.journals().of(person.address()).await?;
    let is_open = |gone: &&Vanished| {
        let sent = |(act, error): &(Sent, Option<Error>)| {
            error.is_none() && person.effects(act).is_ok_and(|effects| shows(effects.as_ref(), gone))
        };
        !gone.is_covered(&journal.history) && !left.iter().any(sent)
    };
    let folder = |gone: &Vanished| match gone.entry.event {
        Event::KeysRotated { folder, .. } => Some(folder),
        Event::AccessRevoked { scope, grantee, .. } if journal.grant(scope, grantee).is_some() => None,
        event if gone.entry.ends_access() => event.place().and_then(|(scope, _)| folder_of(scope)),
        _ => None,
    };
    let folders: BTreeSet<u64> = journal.vanished.iter().filter(is_open).filter_map(folder).collect();
    for folder in folders.into_iter().filter_map(|number| Folder::new(number).ok()) {
        rotate::rotate_folder(person, folder).await?;
    }
    Ok(())
}

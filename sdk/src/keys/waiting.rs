//! Folders whose keys must move on, because somebody left or a reader waits for keys.

use alloy::primitives::Address;
use hospital_record_core::{
    id::{Account, Folder},
    seal::keyring::MAX_ENTRIES,
};

use crate::{
    acts::person::Person,
    base::error::Result,
    journal::verified::VerifiedJournal,
    keys::{
        holder::board,
        keyrings,
        readers::{self, MOST_TRIED},
        rotate,
    },
};

pub(crate) async fn folders_to_rotate(person: &Person, journal: &VerifiedJournal) -> Result<Vec<Folder>> {
    let now = person.clocks.latest_time().await?;
    let mut stale = Vec::new();
    for (number, keys) in &journal.state().folders {
        let Ok(folder) = Folder::new(*number) else { continue };
        if rotate::is_stale(person, journal, folder, now).await?
            || board::is_dealt_amiss(person, journal, folder, now).await?
            || somebody_waits(person, journal, folder, keys.epoch, now).await?
        {
            stale.push(folder);
        }
    }
    Ok(stale)
}

/// Whether a live reader has neither an envelope nor a keyring entry for the folder's current keys. This happens if one
/// device admitted the reader while another rotated the keys.
async fn somebody_waits(
    person: &Person,
    journal: &VerifiedJournal,
    folder: Folder,
    epoch: u16,
    now: u64,
) -> Result<bool> {
    let readers = journal.state().folder_readers(folder.number(), now);
    let behind = |account: &&Address| journal.folder_grant(folder, **account).is_some_and(|g| g.epoch < epoch);
    let behind: Vec<&Address> = readers.iter().filter(behind).collect();
    let Some(newest) = journal.folder(folder).keyring().copied().filter(|_| !behind.is_empty()) else {
        return Ok(false);
    };
    let keyring = keyrings::keyring(person, journal.patient, folder, newest.digest, newest.epoch).await?;
    // A full keyring has no room for more.
    let behind = behind.into_iter().filter(|_| keyring.entries.len() < MAX_ENTRIES).take(MOST_TRIED);
    let person = rotate::for_rotating(person);
    for account in behind {
        let has_entry = keyring.entries.iter().any(|entry| entry.grantee == Account((*account).into()));
        // A rotation gives nothing to a reader without usable keys or envelope, and would be repeated for ever.
        if !has_entry && readers::key_of_reader(&person, journal, folder, *account).await.is_ok() {
            return Ok(true);
        }
    }
    Ok(false)
}

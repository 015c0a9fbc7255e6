//! Where a record goes, and to whom it is locked.

use crate::{
    acts::person::Person,
    base::{
        builder::ATTEMPTS,
        error::{Error, Result},
    },
    journal::verified::VerifiedJournal,
    keys::{
        folder_keys::{self, ReceivedKeys},
        gaps,
        holder::board,
        missing, readers, rotate,
    },
    ledger::{folder_of, folder_scope},
};
use std::sync::Arc;

use alloy::primitives::Address;
use futures::{StreamExt, stream};
use hospital_record_core::{
    error::CoreError,
    id::{Account, Confidentiality, Epoch, Folder},
    identity::folder_name,
    seal::{
        lock::{HpkePublicKey, Lock, LockContext},
        stream::ContentKey,
    },
};

/// Account locks that fit beside the patient's in one manifest.
const MOST_READERS: usize = 31;

/// Where a record goes and to whom it is locked.
pub(crate) struct Target {
    pub(crate) patient: Address,
    pub(crate) folder: Folder,
    pub(crate) name: String,
    pub(crate) confidentiality: Confidentiality,
    pub(crate) key_changes: u32,
    pub(crate) epoch: Epoch,
    /// Readers who were left out when the keys moved on first.
    pub(crate) left_out: Vec<Address>,
    recipients: Recipients,
}

enum Recipients {
    Folder(HpkePublicKey),
    /// Where a read right ended and the patient has not moved the keys on yet.
    Accounts(Vec<(Account, HpkePublicKey)>),
}

/// Which folder is meant.
#[derive(Clone)]
pub(crate) enum Place {
    Named(String, Confidentiality),
    /// The folder of a record, with the name its metadata give. Of another patient's folder the grant gives the name.
    Of(Folder, String, Confidentiality),
}

impl Target {
    pub(crate) fn locks(&self, context: &LockContext, key: &ContentKey) -> Result<Vec<Lock>> {
        let locks = match &self.recipients {
            Recipients::Folder(public) => vec![Lock::folder(context, public, key)],
            Recipients::Accounts(accounts) => {
                accounts.iter().map(|(account, public)| Lock::account(context, *account, public, key)).collect()
            }
        };
        Ok(locks.into_iter().collect::<Result<_, _>>().map_err(CoreError::from)?)
    }
}

/// Looks up where a record of `patient` goes. A patient's own folder whose keys must move on is rotated first.
pub(crate) async fn target(person: &Person, patient: Address, place: &Place) -> Result<Target> {
    person.clocks().require_right_time().await?;
    let journal = gaps::journal_without_gaps(person, patient).await?;
    if person.is_me(patient) {
        own_target(person, journal, place).await
    } else {
        others_target(person, &journal, place).await
    }
}

async fn own_target(person: &Person, mut journal: Arc<VerifiedJournal>, place: &Place) -> Result<Target> {
    let (folder, name, confidentiality) = match place {
        Place::Named(name, level) => (person.keys().folder(name, *level), name.clone(), *level),
        Place::Of(folder, name, level) => (*folder, name.clone(), *level),
    };
    let now = person.clocks().latest_time().await?;
    let mut left_out = Vec::new();
    let mut left = ATTEMPTS;
    while rotate::is_stale(person, &journal, folder, now).await?
        || board::is_dealt_amiss(person, &journal, folder, now).await?
    {
        // Another device of this person may have ended access since.
        left = left.checked_sub(1).ok_or(Error::StaleKeys)?;
        left_out = rotate::rotate_folder(person, folder).await?.left_out;
        journal = person.journals().of(person.address()).await?;
        missing::require_nothing_missing(person, &journal).await?;
    }
    let epoch = journal.folder(folder).epoch;
    let proven = person.journals().proven_epoch(person.address(), folder).await?;
    if epoch < proven {
        return Err(Error::Integrity(format!(
            "{} shows keys of epoch {epoch} for this folder, after those of epoch {proven} were in use: ask another node",
            person.ledger().name()
        ).into()));
    }
    let recipients = Recipients::Folder(person.keys().folder_state(folder, epoch).public_key());
    let patient = person.address();
    let key_changes = journal.state().key_changes;
    Ok(Target { patient, folder, name, confidentiality, key_changes, epoch, left_out, recipients })
}

async fn others_target(person: &Person, journal: &VerifiedJournal, place: &Place) -> Result<Target> {
    let (folder, received) = match place {
        Place::Of(folder, ..) => (*folder, folder_keys::received(person, journal, *folder).await?),
        Place::Named(name, level) => received_by_name(person, journal, name, *level).await?,
    };
    may_contribute(person, journal, folder, &received.name).await?;
    let now = person.clocks().latest_time().await?;
    let recipients = if rotate::is_stale(person, journal, folder, now).await? {
        Recipients::Accounts(patient_and_readers(person, journal, folder, now).await?)
    } else {
        Recipients::Folder(received.public)
    };
    Ok(Target {
        patient: journal.patient,
        folder,
        name: received.name,
        confidentiality: received.confidentiality,
        key_changes: journal.state().key_changes,
        epoch: received.epoch,
        left_out: Vec::new(),
        recipients,
    })
}

/// What the contract would refuse is refused before anything is uploaded.
async fn may_contribute(person: &Person, journal: &VerifiedJournal, folder: Folder, name: &str) -> Result<()> {
    let account = person.address();
    let patient = journal.patient;
    let now = person.clocks().chain_time().await?;
    let denied = |why: &str| {
        Err(Error::Denied(format!(
            "{account} may not add to the folder {name:?} of {patient}: {why}; ask the patient for a grant to contribute"
        ).into()))
    };
    match journal.grant(folder_scope(folder.number()), account).map(|grant| grant.state) {
        Some(grant) if !grant.rights.contributes() => denied("the grant is to read"),
        None => denied("there is no grant"),
        Some(_) => match journal.state().live(folder_scope(folder.number()), account, now) {
            Some(_) => Ok(()),
            None => denied("the grant has ended"),
        },
    }
}

pub(crate) async fn received_by_name(
    person: &Person,
    journal: &VerifiedJournal,
    name: &str,
    level: Confidentiality,
) -> Result<(Folder, ReceivedKeys)> {
    let mut found = None;
    for (folder, passed_on) in folders_of(person, journal).await? {
        let received = match folder_keys::received(person, journal, folder).await {
            Ok(received) => received,
            Err(error) if error.is_silence() => return Err(error),
            // One envelope that cannot be had does not close the other folders.
            Err(_) => continue,
        };
        if folder_name(&received.name) != folder_name(name) || received.confidentiality != level {
            continue;
        }
        match found {
            None if !passed_on => return Ok((folder, received)),
            None => found = Some((folder, received)),
            Some(_) => return Err(two_of_a_name(name, level)),
        }
    }
    found.ok_or_else(|| {
        Error::Denied(
            format!(
                "{} has given {} no folder {name:?} of confidentiality {level}: ask for a grant to contribute",
                journal.patient,
                person.address()
            )
            .into(),
        )
    })
}

/// The folders of which this account was given something, and whether it was passed on. What the patient gave comes
/// first: the name in what is passed on is the word of whoever did it, who could turn what is to be added to one
/// folder into another.
async fn folders_of(person: &Person, journal: &VerifiedJournal) -> Result<Vec<(Folder, bool)>> {
    let now = person.clocks().chain_time().await?;
    let mut folders = Vec::new();
    for ((scope, grantee), grant) in &journal.state().grants {
        let passed_on = grant.state.giver.is_some();
        let counts = !grant.state.is_bar() && (!passed_on || journal.state().live(*scope, *grantee, now).is_some());
        let Some(number) = folder_of(*scope).filter(|_| person.is_me(*grantee) && counts) else { continue };
        folders.push((Folder::new(number).map_err(CoreError::from)?, passed_on));
    }
    folders.sort_by_key(|(_, passed_on)| *passed_on);
    Ok(folders)
}

async fn patient_and_readers(
    person: &Person,
    journal: &VerifiedJournal,
    folder: Folder,
    now: u64,
) -> Result<Vec<(Account, HpkePublicKey)>> {
    let key = |account: Address| async move {
        Ok::<_, Error>((Account(account.into()), readers::key_of_reader(person, journal, folder, account).await?))
    };
    let (_, patient) = person.people().profile_of(journal.patient, None).await?;
    let mut keys = vec![(Account(journal.patient.into()), patient.keys.hpke)];
    let readers = journal.state().folder_readers(folder.number(), now);
    if readers.len() <= MOST_READERS {
        // A reader whose keys cannot be had reads it after the patient's next rotation.
        let found = stream::iter(readers.into_iter().map(key)).buffered(8);
        keys.extend(found.filter_map(|key| async { key.ok() }).collect::<Vec<_>>().await);
    }
    Ok(keys)
}

/// A patient has one folder of a name and confidentiality.
fn two_of_a_name(name: &str, level: Confidentiality) -> Error {
    Error::Integrity(format!(
        "two folders that were passed on to this account are called {name:?} ({level}), and one of them is not: ask the \
         patient which, and `renounce` the other"
    ).into())
}

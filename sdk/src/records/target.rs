//! The target of a record: its folder, and the keys that it is locked to.

use std::sync::Arc;

use crate::{
    acts::person::Person,
    base::{
        builder::ATTEMPTS,
        error::{Error, Result, fail},
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

/// Account locks that fit into one manifest, besides the patient's.
const MOST_READERS: usize = 31;

/// The folder of a new record, and the keys that it is locked to.
pub(crate) struct Target {
    pub(crate) patient: Address,
    pub(crate) folder: Folder,
    pub(crate) name: String,
    pub(crate) confidentiality: Confidentiality,
    pub(crate) key_changes: u32,
    pub(crate) epoch: Epoch,
    /// Readers who were left out of a key rotation that came first.
    pub(crate) left_out: Vec<Address>,
    recipients: Recipients,
}

enum Recipients {
    Folder(HpkePublicKey),
    /// The folder is stale: a read right ended, and the patient has not rotated the keys yet.
    Accounts(Vec<(Account, HpkePublicKey)>),
}

/// The choice of a folder.
#[derive(Clone)]
pub(crate) enum FolderChoice {
    Named(String, Confidentiality),
    /// The folder of a record, with the name and confidentiality in its metadata. For another patient's folder, the grant
    /// gives these.
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

/// Looks up the target of a record of `patient`. If a patient's own folder is stale, its keys are rotated first.
pub(crate) async fn target(person: &Person, patient: Address, choice: &FolderChoice) -> Result<Target> {
    person.clocks.require_right_time().await?;
    let journal = gaps::journal_without_gaps(person, patient).await?;
    if person.is_me(patient) {
        own_target(person, journal, choice).await
    } else {
        others_target(person, &journal, choice).await
    }
}

async fn own_target(person: &Person, mut journal: Arc<VerifiedJournal>, choice: &FolderChoice) -> Result<Target> {
    let (folder, name, confidentiality) = match choice {
        FolderChoice::Named(name, level) => (person.keys().folder(name, *level), name.clone(), *level),
        FolderChoice::Of(folder, name, level) => (*folder, name.clone(), *level),
    };
    let now = person.clocks.latest_time().await?;
    let mut left_out = Vec::new();
    let mut attempts = ATTEMPTS;
    while rotate::is_stale(person, &journal, folder, now).await?
        || board::is_dealt_amiss(person, &journal, folder, now).await?
    {
        // Another device of this person can end access in the meantime.
        attempts = attempts.checked_sub(1).ok_or(Error::StaleKeys)?;
        left_out = rotate::rotate_folder(person, folder).await?.left_out;
        journal = person.journals.of(person.address()).await?;
        missing::require_nothing_missing(person, &journal).await?;
    }
    let epoch = journal.folder(folder).epoch;
    let proven = person.journals.proven_epoch(person.address(), folder).await?;
    if epoch < proven {
        return fail!(
            Integrity,
            "{} shows epoch {epoch} of this folder's keys, but epoch {proven} was in use before: ask another node",
            person.ledger().name()
        );
    }
    let recipients = Recipients::Folder(person.keys().folder_state(folder, epoch).public_key());
    let patient = person.address();
    let key_changes = journal.state().key_changes;
    Ok(Target { patient, folder, name, confidentiality, key_changes, epoch, left_out, recipients })
}

async fn others_target(person: &Person, journal: &VerifiedJournal, choice: &FolderChoice) -> Result<Target> {
    let (folder, received) = match choice {
        FolderChoice::Of(folder, ..) => (*folder, folder_keys::received(person, journal, *folder).await?),
        FolderChoice::Named(name, level) => received_by_name(person, journal, name, *level).await?,
    };
    require_contributor(person, journal, folder, &received.name).await?;
    let now = person.clocks.latest_time().await?;
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

/// Refuses before the upload what the contract would refuse after it.
async fn require_contributor(person: &Person, journal: &VerifiedJournal, folder: Folder, name: &str) -> Result<()> {
    let account = person.address();
    let patient = journal.patient;
    let now = person.clocks.chain_time().await?;
    let denied = |why: &str| {
        fail!(
            Denied,
            "{account} may not add to the folder {name:?} of {patient}: {why}; ask the patient for a grant to contribute"
        )
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
    let mut candidate = None;
    for (folder, is_delegated) in folders_of(person, journal).await? {
        let received = match folder_keys::received(person, journal, folder).await {
            Ok(received) => received,
            Err(error) if error.is_outage() => return Err(error),
            // One envelope that is not available does not hide the other folders.
            Err(_) => continue,
        };
        if folder_name(&received.name) != folder_name(name) || received.confidentiality != level {
            continue;
        }
        match candidate {
            None if !is_delegated => return Ok((folder, received)),
            None => candidate = Some((folder, received)),
            Some(_) => return Err(two_of_a_name(name, level)),
        }
    }
    candidate.ok_or_else(|| {
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

/// The folders on which this account has a grant, and whether a delegate gave it. Grants by the patient come first.
/// The name in a delegated grant is only the delegate's word: it could lead a record into another folder.
async fn folders_of(person: &Person, journal: &VerifiedJournal) -> Result<Vec<(Folder, bool)>> {
    let now = person.clocks.chain_time().await?;
    let mut folders = Vec::new();
    for ((scope, grantee), grant) in &journal.state().grants {
        let is_delegated = grant.state.giver.is_some();
        let counts = !grant.state.is_bar() && (!is_delegated || journal.state().live(*scope, *grantee, now).is_some());
        let Some(number) = folder_of(*scope).filter(|_| person.is_me(*grantee) && counts) else { continue };
        folders.push((Folder::new(number).map_err(CoreError::from)?, is_delegated));
    }
    folders.sort_by_key(|(_, is_delegated)| *is_delegated);
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
        // A reader whose keys are not available reads the record after the patient's next rotation.
        let locks = stream::iter(readers.into_iter().map(key)).buffered(8);
        keys.extend(locks.filter_map(|key| async { key.ok() }).collect::<Vec<_>>().await);
    }
    Ok(keys)
}

fn two_of_a_name(name: &str, level: Confidentiality) -> Error {
    Error::Integrity(format!(
        "two folders that were delegated to this account claim the name {name:?} ({level}), and one of them is wrong: ask \
         the patient which, and give it up (`grants renounce`)"
    ).into())
}

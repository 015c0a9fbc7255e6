//! What every way of adding a record shares: where it goes, to whom it is locked, and what is remembered meanwhile.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alloy::primitives::{Address, B256};
use futures::{StreamExt, stream};
use hospital_record_core::{
    error::CoreError,
    id::{Account, Confidentiality, Epoch, Folder, RecordId},
    identity::folder_name,
    record::{manifest::Manifest, metadata::Metadata},
    seal::lock::{HpkePublicKey, Lock, LockContext},
};

use super::{Client, resume::Pending, upload::Uploaded};
use crate::{
    Error, Result,
    journal::Known,
    ledger::{Call, Receipt, folder_of, record_key},
    progress::{Phase, Reporter},
    source::Source,
};

/// Account locks that fit beside the patient's in one manifest.
const MOST_READERS: usize = 31;

/// Keys move while something is uploaded now and then; more often than this in a row is no accident.
pub(crate) const ATTEMPTS: usize = 4;

/// Where a record goes and to whom it is locked.
pub(crate) struct Target {
    pub(crate) patient: Address,
    pub(crate) folder: Folder,
    pub(crate) name: String,
    pub(crate) confidentiality: Confidentiality,
    key_changes: u32,
    epoch: Epoch,
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
    /// The folder of a record, with the name its metadata give.
    Of(Folder, String, Confidentiality),
}

/// What is recorded of the content, unless it is taken from the source or the place.
#[derive(Clone, Default)]
pub(crate) struct Details {
    pub(crate) name: Option<String>,
    pub(crate) media_type: Option<String>,
    pub(crate) created: Option<SystemTime>,
    pub(crate) document_type: Option<String>,
    pub(crate) keywords: Vec<String>,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
}

impl Details {
    /// What is not given is taken over from an older version.
    pub(crate) fn or(mut self, old: Metadata) -> Self {
        self.name = self.name.or(Some(old.name));
        self.media_type = self.media_type.or(Some(old.media_type));
        self.document_type = self.document_type.or(old.document_type);
        self.title = self.title.or(old.title);
        self.description = self.description.or(old.description);
        if self.keywords.is_empty() {
            self.keywords = old.keywords;
        }
        let created = old.created.and_then(|seconds| u64::try_from(seconds).ok());
        self.created = self.created.or(created.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds)));
        self
    }
}

/// A record that is stored, pinned and read back, but not on chain.
pub(crate) struct Stored {
    pub(crate) id: RecordId,
    pub(crate) size: u64,
}

impl Client {
    /// Looks up where a record of `patient` goes. A patient's own folder whose keys must move on is rotated first.
    pub(crate) async fn target(&self, patient: Address, place: &Place) -> Result<Target> {
        let journal = self.system().journal(patient).await?;
        if self.is_me(patient) {
            self.own_target(journal, place).await
        } else {
            self.others_target(&journal, place).await
        }
    }

    async fn own_target(&self, mut journal: std::sync::Arc<Known>, place: &Place) -> Result<Target> {
        let (folder, name, confidentiality) = match place {
            Place::Named(name, level) => (self.keys().folder(name, *level), name.clone(), *level),
            Place::Of(folder, name, level) => (*folder, name.clone(), *level),
        };
        let now = self.system().latest_time().await?;
        if self.is_stale(&journal, folder, now).await? {
            self.rotate_folder(folder).await?;
            journal = self.system().journal(self.address()).await?;
        }
        let epoch = journal.folder(folder).epoch;
        let recipients = Recipients::Folder(self.keys().folder_state(folder, epoch).public_key());
        let (patient, key_changes) = (self.address(), journal.state().key_changes);
        Ok(Target { patient, folder, name, confidentiality, key_changes, epoch, recipients })
    }

    async fn others_target(&self, journal: &Known, place: &Place) -> Result<Target> {
        let (folder, received) = match place {
            Place::Of(folder, ..) => (*folder, self.received(journal, *folder).await?),
            Place::Named(name, level) => self.received_by_name(journal, name, *level).await?,
        };
        let now = self.system().latest_time().await?;
        let recipients = if self.is_stale(journal, folder, now).await? {
            Recipients::Accounts(self.patient_and_readers(journal, folder, now).await?)
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
            recipients,
        })
    }

    async fn received_by_name(
        &self,
        journal: &Known,
        name: &str,
        level: Confidentiality,
    ) -> Result<(Folder, super::folder_keys::Received)> {
        let held = journal.state().grants.keys().filter(|(_, grantee)| self.is_me(*grantee));
        for folder in held.filter_map(|(scope, _)| folder_of(*scope)) {
            let folder = Folder::new(folder).map_err(CoreError::from)?;
            let received = match self.received(journal, folder).await {
                Ok(received) => received,
                Err(error @ (Error::Unreachable { .. } | Error::TimedOut { .. })) => return Err(error),
                // One envelope that cannot be had does not close the other folders.
                Err(_) => continue,
            };
            if folder_name(&received.name) == folder_name(name) && received.confidentiality == level {
                return Ok((folder, received));
            }
        }
        Err(Error::Denied(format!(
            "{} has given {} no folder {name:?} of confidentiality {level}: ask for a grant to contribute",
            journal.patient,
            self.address()
        )))
    }

    async fn patient_and_readers(
        &self,
        journal: &Known,
        folder: Folder,
        now: u64,
    ) -> Result<Vec<(Account, HpkePublicKey)>> {
        let key = |account: Address| async move {
            let (_, profile) = self.system().profile_of(account, None).await?;
            Ok::<_, Error>((Account(account.into()), profile.keys.hpke))
        };
        let mut keys = vec![key(journal.patient).await?];
        let readers = journal.state().folder_readers(folder.number(), now);
        if readers.len() <= MOST_READERS {
            // A reader whose keys cannot be had reads it after the patient's next rotation.
            let found = stream::iter(readers.into_iter().map(key)).buffered(8);
            keys.extend(found.filter_map(|key| async { key.ok() }).collect::<Vec<_>>().await);
        }
        Ok(keys)
    }

    /// file -> seal -> blocks -> store: put, pinned and read back.
    pub(crate) async fn store(
        &self,
        target: &Target,
        source: &mut Source,
        details: &Details,
        replaces: Option<B256>,
        report: &Reporter,
    ) -> Result<Stored> {
        let name = details.name.clone().unwrap_or_else(|| source.name());
        let store = self.system().stores().own().clone();
        let uploaded = super::upload::upload(&*store, source.open().await?, report).await?;
        let metadata = metadata(target, name, details);
        let size = uploaded.size;
        let manifest = self.sign(self.manifest(target, uploaded, &metadata)?).await?;
        let id = RecordId::from(manifest.digest());
        report.tell(Phase::Confirming, size, Some(size));
        self.remember(&Pending::new(target, id, replaces)).await?;
        self.system().stores().keep(manifest).await?;
        Ok(Stored { id, size })
    }

    fn manifest(&self, target: &Target, uploaded: Uploaded, metadata: &Metadata) -> Result<Manifest> {
        let Uploaded { content, size, header, key } = uploaded;
        let (patient, commitment) = (Account(target.patient.into()), key.commitment());
        let context = LockContext {
            deployment: self.deployment(),
            patient,
            author: self.account(),
            folder: target.folder,
            epoch: target.epoch,
            commitment,
        };
        let locks = match &target.recipients {
            Recipients::Folder(public) => vec![Lock::folder(&context, public, &key)],
            Recipients::Accounts(accounts) => {
                accounts.iter().map(|(account, public)| Lock::account(&context, *account, public, &key)).collect()
            }
        };
        let locks = locks.into_iter().collect::<Result<_, _>>().map_err(CoreError::from)?;
        let metadata = metadata.seal(&key, &header).map_err(CoreError::from)?;
        Ok(Manifest { patient, folder: target.folder, content, size, header, commitment, metadata, locks })
    }

    /// Sends the transaction that makes stored records part of the chain, and looks whether they are.
    pub(crate) async fn register_stored(&self, target: &Target, stored: &[Stored], call: Call) -> Result<Receipt> {
        match self.send(call).await {
            Ok(receipt) => {
                let keys: Vec<B256> = stored.iter().map(|record| self.key_of(record)).collect();
                self.confirm(target.patient, |state| keys.iter().all(|key| state.records.contains_key(key))).await?;
                self.forget_all(stored).await?;
                Ok(receipt)
            }
            Err(error) => {
                if error.may_have_happened() {
                    return Err(error);
                }
                self.discard(target.patient, stored).await;
                Err(error)
            }
        }
    }

    async fn forget_all(&self, stored: &[Stored]) -> Result<()> {
        for record in stored {
            self.forget(record.id).await?;
        }
        Ok(())
    }

    /// Lets go of records that did not make it onto the chain. Where that fails, `resume` finds them.
    pub(super) async fn discard(&self, patient: Address, stored: &[Stored]) {
        for record in stored {
            if let Err(error) = self.let_go(patient, record).await {
                tracing::warn!(id = %record.id, %error, "an upload that is not needed any more could not be removed");
            }
        }
    }

    fn key_of(&self, record: &Stored) -> B256 {
        record_key(self.address(), B256::from(record.id.0))
    }

    async fn let_go(&self, patient: Address, record: &Stored) -> Result<()> {
        let key = self.key_of(record);
        if self.system().contract().record_of(patient, key).await?.is_none() {
            self.system().stores().own().unpin(&record.id.cid()).await?;
        }
        self.forget(record.id).await
    }
}

impl Target {
    pub(crate) fn key_changes(&self) -> u32 {
        self.key_changes
    }
}

fn metadata(target: &Target, name: String, details: &Details) -> Metadata {
    Metadata {
        name,
        media_type: details.media_type.clone().unwrap_or_else(|| "application/octet-stream".into()),
        created: details.created.map(seconds),
        added: seconds(SystemTime::now()),
        document_type: details.document_type.clone(),
        confidentiality: target.confidentiality,
        folder_name: target.name.clone(),
        keywords: details.keywords.clone(),
        title: details.title.clone(),
        description: details.description.clone(),
    }
}

/// Seconds since 1970, negative before.
pub(crate) fn seconds(time: SystemTime) -> i64 {
    let whole = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    time.duration_since(UNIX_EPOCH).map(whole).unwrap_or_else(|before| -whole(before.duration()))
}

impl Error {
    /// Whether a transaction may still be mined although this was the answer.
    pub(crate) fn may_have_happened(&self) -> bool {
        matches!(self, Self::TimedOut { .. } | Self::Unreachable { .. } | Self::Exists(_))
    }
}

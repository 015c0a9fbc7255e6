//! What every way of adding a record shares: sealing, storing, registering, and what is remembered meanwhile.

use crate::acts::confirm::Confirmed;
use std::time::SystemTime;

use alloy::primitives::{Address, B256};
use hospital_record_core::{
    error::CoreError,
    id::{Account, RecordId},
    record::{manifest::Manifest, metadata::Metadata},
    seal::lock::LockContext,
};

use crate::{
    acts::person::Person,
    base::{
        error::{Error, Result, outcome::Outcome},
        progress::{Phase, Reporter},
        time::seconds,
    },
    ledger::{Call, record_key},
    records::{
        details::Details,
        pending::{self, Pending},
        source::Source,
        target::Target,
        upload::{Uploaded, upload},
    },
};

/// A record that is stored, pinned and read back, but not on chain.
pub(crate) struct Stored {
    pub(crate) id: RecordId,
    pub(crate) size: u64,
    pub(crate) media_type: String,
}

/// file -> seal -> blocks -> store: put, pinned and read back.
pub(crate) async fn store(
    person: &Person,
    target: &Target,
    source: &mut Source,
    metadata: &Metadata,
    replaces: Option<B256>,
    report: &Reporter,
) -> Result<Stored> {
    let store = person.stores().own().clone();
    let mut uploaded = upload(&*store, source.open().await?, report).await?;
    let size = uploaded.size;
    let media_type = uploaded.media_type.take().unwrap_or_else(|| metadata.media_type.clone());
    let metadata = Metadata { media_type: media_type.clone(), ..metadata.clone() };
    let manifest = person.sign(manifest(person, target, uploaded, &metadata)?).await?;
    let id = RecordId::from(manifest.digest());
    report.tell(Phase::Confirming, size, Some(size));
    let patient = target.patient;
    let folder = target.folder.number();
    let pending = Pending::new(patient, folder, target.key_changes, id, replaces);
    pending::remember(person, &pending.named(&metadata.name)).await?;
    person.stores().keep(manifest).await?;
    Ok(Stored { id, size, media_type })
}

fn manifest(person: &Person, target: &Target, uploaded: Uploaded, metadata: &Metadata) -> Result<Manifest> {
    let Uploaded { content, size, header, key, .. } = uploaded;
    let patient = Account(target.patient.into());
    let commitment = key.commitment();
    let context = LockContext {
        deployment: person.deployment(),
        patient,
        author: person.account(),
        folder: target.folder,
        epoch: target.epoch,
        commitment,
    };
    let locks = target.locks(&context, &key)?;
    let metadata = metadata.seal(&key, &header).map_err(CoreError::from)?;
    Ok(Manifest { patient, folder: target.folder, content, size, header, commitment, metadata, locks })
}

/// Sends the transaction that makes stored records part of the chain, and looks whether they are.
pub(crate) async fn register_stored(
    person: &Person,
    target: &Target,
    stored: &[Stored],
    call: Call,
) -> Result<Confirmed> {
    match person.send(call).await {
        Ok(receipt) => {
            let keys: Vec<B256> = stored.iter().map(|record| key_of(person, record)).collect();
            person
                .confirm(target.patient, receipt.transaction, |state| {
                    keys.iter().all(|key| state.records.contains_key(key))
                })
                .await?;
            forget_all(person, stored).await;
            Ok(receipt)
        }
        Err(error @ Error::Exists(_)) => Err(error),
        Err(error) if error.may_have_happened() => {
            let records = stored.iter().map(|record| record.id).collect();
            Err(error.with_outcome(Outcome::NotRegistered { records }))
        }
        Err(error) => {
            discard(person, target.patient, stored).await;
            Err(error)
        }
    }
}

/// They are on chain: where this fails, `resume` sees that.
async fn forget_all(person: &Person, stored: &[Stored]) {
    for record in stored {
        if let Err(error) = pending::forget(person, record.id).await {
            tracing::warn!(id = %record.id, %error, "a record that was added is still kept as unfinished");
        }
    }
}

/// Lets go of records that did not make it onto the chain. Where that fails, `resume` finds them: a service that is
/// silent is not waited for again.
pub(crate) async fn discard(person: &Person, patient: Address, stored: &[Stored]) {
    for record in stored {
        if let Err(error) = let_go(person, patient, record).await {
            tracing::warn!(id = %record.id, %error, "an upload that is not needed any more could not be removed");
            if error.is_silence() {
                return;
            }
        }
    }
}

fn key_of(person: &Person, record: &Stored) -> B256 {
    record_key(person.address(), B256::from(record.id.0))
}

async fn let_go(person: &Person, patient: Address, record: &Stored) -> Result<()> {
    let key = key_of(person, record);
    if person.contract().record_of(patient, key).await?.is_none() {
        person.stores().own().unpin(&record.id.cid()).await?;
    }
    pending::forget(person, record.id).await
}

/// What is recorded of a source: what `details` say, else what the source says, else the old version. That it fits is
/// known before anything is uploaded. A media type that is said is not looked for.
pub(crate) fn metadata(target: &Target, source: &mut Source, said: &Details, old: Details) -> Result<Metadata> {
    let details = said.clone().or(source.details.clone());
    if details.media_type.is_some() {
        source.detector = None;
    }
    let details = details.or(old);
    let metadata = Metadata {
        name: details.name.unwrap_or_else(|| source.own_name()),
        media_type: details.media_type.unwrap_or_else(|| "application/octet-stream".into()),
        created: details.created,
        added: seconds(SystemTime::now()),
        document_type: details.document_type,
        confidentiality: target.confidentiality,
        folder_name: target.name.clone(),
        keywords: details.keywords,
        title: details.title,
        description: details.description,
    };
    metadata.check_size().map_err(CoreError::from)?;
    Ok(metadata)
}

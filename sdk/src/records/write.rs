//! The steps that every way of adding a record shares: seal, store, register, and keep unfinished records.

use crate::{
    acts::{confirm::Confirmed, person::Person},
    base::{
        cancel::Control,
        error::{Error, Result, outcome::Outcome},
        progress::Phase,
        time::seconds,
    },
    ledger::{Call, Pending, record_key},
    platform::clock::system_time,
    records::{
        details::Details,
        pending::{self, PendingRecord},
        source::Source,
        target::Target,
        upload::{UploadedContent, upload},
    },
};

use alloy::primitives::{Address, B256};
use hospital_record_core::{
    error::CoreError,
    id::{Account, RecordId},
    record::{manifest::Manifest, metadata::Metadata},
    seal::lock::LockContext,
};

/// A record that is stored, pinned and read back, but not on chain.
pub(crate) struct StoredRecord {
    pub(crate) id: RecordId,
    pub(crate) size: u64,
    pub(crate) media_type: String,
}

/// file -> seal -> blocks -> store: stores, pins and reads back.
pub(crate) async fn store(
    person: &Person,
    target: &Target,
    source: &mut Source,
    metadata: &Metadata,
    replaces: Option<B256>,
    control: &Control,
) -> Result<StoredRecord> {
    let store = person.stores.own().clone();
    let source = source.open().await?;
    let mut uploaded = control.until_cancelled(upload(&*store, source, &control.report)).await?;
    let size = uploaded.size;
    let media_type = uploaded.media_type.take().unwrap_or_else(|| metadata.media_type.clone());
    let metadata = Metadata { media_type: media_type.clone(), ..metadata.clone() };
    let manifest = person.sign(manifest(person, target, uploaded, &metadata)?).await?;
    let id = RecordId::from(manifest.digest());
    control.report.tell(Phase::Confirming, size, Some(size));
    let pending = PendingRecord {
        patient: target.patient,
        folder: target.folder.number(),
        key_changes: target.key_changes,
        id: B256::from(id.0),
        replaces,
        name: Some(metadata.name.clone()),
        given_up: false,
    };
    pending::remember(person, &pending).await?;
    let stored = StoredRecord { id, size, media_type };
    let kept = control.until_cancelled(person.stores.keep(manifest)).await;
    if let Err(Error::Cancelled) = kept {
        discard(person, target.patient, std::slice::from_ref(&stored)).await;
    }
    kept.map(|()| stored)
}

fn manifest(person: &Person, target: &Target, content: UploadedContent, metadata: &Metadata) -> Result<Manifest> {
    let UploadedContent { content, size, header, key, .. } = content;
    let patient = Account(target.patient.into());
    let commitment = key.commitment();
    let context = LockContext {
        deployment: person.deployment,
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

/// Sends the transaction that registers stored records, and checks that the journal shows them. From here on it is too late
/// to cancel.
pub(crate) async fn register_stored(
    person: &Person,
    target: &Target,
    stored: &[StoredRecord],
    call: Call,
    control: &Control,
) -> Result<Confirmed> {
    if let Err(cancelled) = control.not_cancelled() {
        discard(person, target.patient, stored).await;
        return Err(cancelled);
    }
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
        Err(error @ Error::AlreadyDone(_)) => Err(error),
        Err(error) if error.may_have_happened() || is_under_way(person, stored).await => {
            let records = stored.iter().map(|record| record.id).collect();
            Err(error.with_outcome(Outcome::NotRegistered { records }))
        }
        Err(error) => {
            discard(person, target.patient, stored).await;
            Err(error)
        }
    }
}

/// Whether a transaction that was sent can still register one of them, whatever the error was. If this cannot be looked up,
/// it may be so.
async fn is_under_way(person: &Person, stored: &[StoredRecord]) -> bool {
    match person.sender.pending(person.address()).await {
        Ok(Some(sent)) => !sent.refused && stored.iter().any(|record| registers(&sent, &record.id)),
        Ok(None) => false,
        Err(_) => true,
    }
}

/// Whether a transaction names this record.
pub(crate) fn registers(sent: &Pending, id: &RecordId) -> bool {
    sent.call().is_ok_and(|call| call.data.windows(id.0.len()).any(|window| window == id.0))
}

/// Removes the rows of records that are on chain. If this fails, `resume` removes them.
async fn forget_all(person: &Person, stored: &[StoredRecord]) {
    for record in stored {
        if let Err(error) = pending::forget(person, record.id).await {
            tracing::warn!(id = %record.id, %error, "a record that was added is still kept as unfinished");
        }
    }
}

/// Removes records that are not on chain. If this fails, `resume` removes them. After one timeout the rest is not tried.
pub(crate) async fn discard(person: &Person, patient: Address, stored: &[StoredRecord]) {
    for record in stored {
        if let Err(error) = pending::give_up(person, record.id).await {
            tracing::warn!(id = %record.id, %error, "a record that was given up could not be marked so");
        }
    }
    for record in stored {
        if let Err(error) = remove(person, patient, record.id).await {
            tracing::warn!(id = %record.id, %error, "an upload that is not needed any more could not be removed");
            if error.is_outage() {
                return;
            }
        }
    }
}

fn key_of(person: &Person, record: &StoredRecord) -> B256 {
    record_key(person.address(), B256::from(record.id.0))
}

/// Removes an upload, unless it is on chain after all.
pub(crate) async fn remove(person: &Person, patient: Address, id: RecordId) -> Result<()> {
    let key = record_key(person.address(), B256::from(id.0));
    if person.contract.record_of(patient, key).await?.is_none() {
        person.stores.own().unpin(&id.cid()).await?;
    }
    pending::forget(person, id).await
}

/// The metadata of a source. Each detail comes from the verb, else from the source, else from the old version. The size is
/// checked before the upload. A media type that is set is not detected.
pub(crate) fn metadata(target: &Target, source: &mut Source, verb: &Details, old: Details) -> Result<Metadata> {
    let details = verb.clone().or(source.details.clone());
    if details.media_type.is_some() {
        source.detector = None;
    }
    let details = details.or(old);
    let metadata = Metadata {
        name: details.name.unwrap_or_else(|| source.own_name()),
        media_type: details.media_type.unwrap_or_else(|| "application/octet-stream".into()),
        created: details.created,
        added: seconds(system_time()),
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

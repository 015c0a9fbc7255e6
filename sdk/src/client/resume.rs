//! Interrupted work: found, then finished or removed.

use std::{fmt, time::Duration};

use alloy::primitives::B256;
use hospital_record_core::id::RecordId;

use crate::{
    acts::{person::Person, watch::Standing},
    base::error::{Error, Result, kind::ErrorKind},
    keys::owed,
    ledger::{Pending as PendingTransaction, Settled, record_key},
    records::{
        pending::{self, PendingRecord},
        write,
    },
    store::StoreError,
};

/// Unpinned blocks are swept when they are older than this, which is longer than any upload takes.
const SWEEP_AFTER: Duration = Duration::from_secs(24 * 3600);

/// What [`Client::resume`](crate::Client::resume) found and did.
///
/// See the [example](crate::Client).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resumed {
    /// A transaction that was pending and has taken effect.
    pub transaction: Option<B256>,
    /// Acts on chain whose keys were stored now.
    pub keys: usize,
    /// Records that are registered now; this call finished it or found it done.
    pub finished: Vec<RecordId>,
    /// Uploads that can no longer be registered, and were removed: add these files again.
    pub removed: Vec<Removed>,
    /// Uploads that were given up when their add was cancelled or failed, and that are removed now.
    pub discarded: usize,
    /// Blocks without a pin that were deleted.
    pub swept: u64,
    /// Acts that are not on chain yet and whose keys are kept here. A relay that has such an act can carry it for 15
    /// minutes. The next call stores the keys of those that it carried.
    pub waiting: usize,
    /// Acts of this person that a reorg could still undo. They are sent again if it does.
    pub watching: usize,
    /// Acts that a reorg dropped, and that are on chain again.
    pub sent_again: usize,
    /// What has not taken effect or failed this time. The next call tries records and the sweep again.
    pub failed: Vec<Unfinished>,
}

/// An upload that can never be registered, and that was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removed {
    /// The id that the record would have had.
    pub id: RecordId,
    /// Its name, if it was saved.
    pub name: Option<String>,
    /// Why it cannot be registered, as text for people.
    pub reason: String,
}

/// Work that [`Client::resume`](crate::Client::resume) found and could not finish.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfinished {
    /// The work.
    pub what: Leftover,
    /// The kind of the error.
    pub kind: ErrorKind,
    /// The error, as text for people.
    pub reason: String,
}

/// Work that an earlier call can leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Leftover {
    /// A signed transaction that has not taken effect: repeat the act if it is still wanted.
    Transaction(B256),
    /// A confirmed entry that the chain no longer shows. The next call sends it again, unless you [give it
    /// up](crate::client::acts::Acts::give_up).
    Vanished(B256),
    /// Acts that could not be looked up on chain now.
    Acts,
    /// Keys that an act on chain names by this digest and that no store has yet. The next call stores them.
    Keys(B256),
    /// An upload that is neither registered nor removed yet.
    Record(RecordId),
    /// Blocks without a pin, in a store that does not sweep.
    Blocks,
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transaction(hash) => write!(f, "transaction {hash}"),
            Self::Vanished(head) => write!(f, "the missing entry {head}"),
            Self::Acts => f.write_str("acts that are watched"),
            Self::Keys(digest) => write!(f, "keys that an act on chain names, in block {digest}"),
            Self::Record(id) => write!(f, "record {id}"),
            Self::Blocks => f.write_str("blocks without a pin"),
        }
    }
}

impl Unfinished {
    fn new(what: Leftover, error: &Error) -> Self {
        Self { what, kind: error.kind(), reason: error.to_string() }
    }
}

impl Resumed {
    /// Whether there was nothing to finish, remove or send again. Acts may still be watched.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self { watching: self.watching, ..Self::default() }
    }
}

pub(crate) async fn resume(person: &Person) -> Result<Resumed> {
    let mut resumed = Resumed::default();
    let person = person.for_one_call();
    settle(&person, &mut resumed).await?;
    if let Err(error) = send_missing(&person, &mut resumed).await {
        resumed.failed.push(Unfinished::new(Leftover::Acts, &error));
    }
    store_keys(&person, &mut resumed).await?;
    finish_all(&person, &mut resumed).await?;
    match person.stores.own().sweep(SWEEP_AFTER).await {
        Ok(swept) => resumed.swept = swept,
        Err(error) => resumed.failed.push(Unfinished::new(Leftover::Blocks, &error.into())),
    }
    Ok(resumed)
}

/// Follows the transaction that was left behind to its end. The upload of an add is reported by itself.
async fn settle(person: &Person, resumed: &mut Resumed) -> Result<()> {
    let sender = &person.sender;
    let Some(pending) = sender.pending(person.address()).await? else { return Ok(()) };
    let failed = match sender.resume(&person.signer()).await? {
        None => None,
        Some(Settled::Mined(receipt)) if is_missing(person, receipt.transaction).await? => None,
        Some(Settled::Mined(receipt)) => {
            resumed.transaction = Some(receipt.transaction);
            None
        }
        Some(Settled::Failed { transaction, error }) => {
            let unfinished = Unfinished::new(Leftover::Transaction(transaction), &error.into());
            if is_upload(person, &pending).await? { None } else { Some(unfinished) }
        }
    };
    resumed.failed.extend(failed);
    Ok(())
}

/// A receipt is the node's word: an act that the journal does not show has not happened.
async fn is_missing(person: &Person, transaction: B256) -> Result<bool> {
    let sent = person.sender.sent(person.address()).await?;
    match sent.iter().find(|act| act.id == transaction) {
        Some(act) => Ok(person.standing(act).await? == Standing::Missing),
        None => Ok(false),
    }
}

/// Sends acts again that the chain dropped, and watches the others until they are final.
async fn send_missing(person: &Person, resumed: &mut Resumed) -> Result<()> {
    // Reading the journals first is what notices a dropped entry.
    let before = person.watch().await?;
    person.journals.of(person.address()).await?;
    let missing_acts = person.recall().await?;
    let reason =
        |error: Option<Error>| error.unwrap_or_else(|| Error::Conflict("the chain does not show it yet".into()));
    for (act, error) in missing_acts {
        resumed.failed.push(Unfinished::new(Leftover::Transaction(act.id), &reason(error)));
    }
    for entry in person.missing().await? {
        let error = Error::Vanished { what: entry.to_string(), others: 0 };
        resumed.failed.push(Unfinished::new(Leftover::Vanished(entry.head), &error));
    }
    resumed.watching = person.watch().await?;
    resumed.sent_again = resumed.watching.saturating_sub(before);
    Ok(())
}

/// Stores keys of acts on chain that no store has yet.
async fn store_keys(person: &Person, resumed: &mut Resumed) -> Result<()> {
    for (keys, stored) in owed::pay_all(person).await? {
        match stored {
            Ok(true) => resumed.keys += 1,
            Ok(false) => resumed.waiting += 1,
            Err(error) => resumed.failed.push(Unfinished::new(Leftover::Keys(keys), &error)),
        }
    }
    Ok(())
}

async fn is_upload(person: &Person, transaction: &PendingTransaction) -> Result<bool> {
    Ok(pending::unfinished(person).await?.iter().any(|(id, _)| write::registers(transaction, id)))
}

/// Finishes each upload. After the first timeout the rest is not tried, because each would wait as long.
async fn finish_all(person: &Person, resumed: &mut Resumed) -> Result<()> {
    let mut timeout: Option<Unfinished> = None;
    for (id, pending) in pending::unfinished(person).await? {
        let what = Leftover::Record(id);
        if let Some(timeout) = &timeout {
            resumed.failed.push(Unfinished { what, ..timeout.clone() });
            continue;
        }
        match finish(person, id, pending).await {
            Ok(Finished::Registered) => resumed.finished.push(id),
            Ok(Finished::Removed(removed)) => resumed.removed.push(removed),
            Ok(Finished::Discarded) => resumed.discarded += 1,
            Err(error) => {
                let failed = Unfinished::new(what, &error);
                timeout = Some(failed.clone()).filter(|_| error.is_outage());
                resumed.failed.push(failed);
            }
        }
    }
    Ok(())
}

/// What became of an unfinished upload.
enum Finished {
    Registered,
    Removed(Removed),
    Discarded,
}

/// Registers the record, or removes the upload.
async fn finish(person: &Person, id: RecordId, pending: Result<PendingRecord>) -> Result<Finished> {
    let pending = pending?;
    if pending.given_up {
        write::remove(person, pending.patient, id).await?;
        return Ok(Finished::Discarded);
    }
    let refusal = register_pending(person, &pending).await?;
    if refusal.is_some() {
        person.stores.own().unpin(&id.cid()).await?;
    }
    pending::forget(person, id).await?;
    Ok(match refusal {
        Some(reason) => Finished::Removed(Removed { id, name: pending.name, reason }),
        None => Finished::Registered,
    })
}

/// Returns the reason if the upload can never be registered.
async fn register_pending(person: &Person, pending: &PendingRecord) -> Result<Option<String>> {
    let key = record_key(person.address(), pending.id);
    if person.contract.record_of(pending.patient, key).await?.is_some() {
        return Ok(None);
    }
    match person.stores.own().pin(&RecordId(pending.id.0).cid()).await {
        Ok(()) => {}
        Err(StoreError::NotFound { .. }) => return Ok(Some("the store does not have all of it".into())),
        Err(error) => return Err(error.into()),
    }
    match send_pending(person, pending).await {
        Ok(()) | Err(Error::AlreadyDone(_)) => Ok(None),
        // The keys moved on, the right ended, or the record to replace is no longer current: the contract never takes it.
        Err(Error::StaleKeys) => Ok(Some("the keys of its folder have moved on since it was encrypted".into())),
        Err(error @ (Error::Denied(_) | Error::NotFound(_) | Error::Invalid(_))) => Ok(Some(error.to_string())),
        Err(error) => Err(error),
    }
}

async fn send_pending(person: &Person, pending: &PendingRecord) -> Result<()> {
    let contract = &person.contract;
    let PendingRecord { patient, folder, key_changes, id, replaces, .. } = *pending;
    let call = match replaces {
        Some(key) => contract.replace(patient, key, id, key_changes),
        None => contract.add_records(patient, folder, &[id], key_changes),
    };
    person.send(call).await.map(drop)
}

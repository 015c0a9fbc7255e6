//! What was interrupted: found, and finished or removed.

use std::{fmt, time::Duration};

use alloy::primitives::{Address, B256};
use hospital_record_core::id::RecordId;

use crate::{
    acts::{person::Person, watch::Standing},
    base::error::{Error, Result, kind::ErrorKind},
    keys::owed,
    ledger::{Pending as Signed, Settled, record_key},
    records::pending::{self, PendingRecord},
    store::StoreError,
};

/// Blocks that no pin holds are swept when they are older: longer than any upload takes.
const SWEEP_AFTER: Duration = Duration::from_secs(24 * 3600);

/// What [`Client::resume`](crate::Client::resume) found.
///
/// See the [example](crate::Client).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resumed {
    /// A transaction that was under way and has taken effect.
    pub transaction: Option<B256>,
    /// Acts on chain whose keys were stored now.
    pub keys: usize,
    /// Records whose registration was finished, now or before.
    pub finished: Vec<RecordId>,
    /// Uploads that could not be finished and were removed: add these files again.
    pub removed: Vec<Removed>,
    /// Blocks that nothing held any more.
    pub swept: u64,
    /// Acts whose keys are kept here, and which are not on chain yet: a relay that has them can carry them for a quarter of
    /// an hour. The next call stores the keys of those that it did carry.
    pub waiting: usize,
    /// Acts of this person that a reorganisation could still undo. They are sent again where it does.
    pub watching: usize,
    /// Acts that the chain did not show any more, and shows again.
    pub sent_again: usize,
    /// What has not taken effect, or could not be done this time. Records and the sweep are tried again by the next call.
    pub failed: Vec<Unfinished>,
}

/// An upload that can never be registered, and of which nothing is left.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removed {
    /// The record that it was to be.
    pub id: RecordId,
    /// What it was called; nothing where that was not kept.
    pub name: Option<String>,
    /// Why it cannot be registered, for people.
    pub reason: String,
}

/// Something that [`Client::resume`](crate::Client::resume) found and did not bring to a good end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfinished {
    /// What.
    pub what: Leftover,
    /// The class of the reason.
    pub kind: ErrorKind,
    /// Why, for people.
    pub reason: String,
}

/// What an earlier call can leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Leftover {
    /// A signed transaction that has not taken effect: repeat the act if it is still wanted.
    Transaction(B256),
    /// An entry that was confirmed and is gone: it is sent again by the next call, or given up ([`Acts::give_up`](crate::client::acts::Acts::give_up)).
    Vanished(B256),
    /// Acts of which nobody can say now whether the chain still shows them.
    Acts,
    /// Keys that an act on chain names by this digest, and that no store has yet: the next call stores them.
    Keys(B256),
    /// An upload that is neither registered nor removed yet.
    Record(RecordId),
    /// Blocks that nothing holds, in a store that does not sweep.
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
            Self::Blocks => f.write_str("blocks that nothing holds"),
        }
    }
}

impl Unfinished {
    fn new(what: Leftover, error: &Error) -> Self {
        Self { what, kind: error.kind(), reason: error.to_string() }
    }
}

impl Resumed {
    /// Whether there was nothing to finish, to remove or to send again. Acts may still be watched.
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
    match person.stores().own().sweep(SWEEP_AFTER).await {
        Ok(swept) => resumed.swept = swept,
        Err(error) => resumed.failed.push(Unfinished::new(Leftover::Blocks, &error.into())),
    }
    Ok(resumed)
}

/// What was signed and left behind. Where it was an add, its upload tells the rest.
async fn settle(person: &Person, resumed: &mut Resumed) -> Result<()> {
    let sender = person.sender();
    let Some(left) = sender.pending(person.address()).await? else { return Ok(()) };
    let failed = match sender.resume(&person.signer()).await? {
        None => None,
        Some(Settled::Mined(receipt)) if is_missing(person, receipt.transaction).await? => None,
        Some(Settled::Mined(receipt)) => {
            resumed.transaction = Some(receipt.transaction);
            None
        }
        Some(Settled::Failed { transaction, error }) => {
            let told = Unfinished::new(Leftover::Transaction(transaction), &error.into());
            if is_upload(person, &left).await? { None } else { Some(told) }
        }
    };
    resumed.failed.extend(failed);
    Ok(())
}

/// A receipt is the node's word: what the journal does not show has not happened.
async fn is_missing(person: &Person, transaction: B256) -> Result<bool> {
    let sent = person.sender().sent(person.address()).await?;
    match sent.iter().find(|act| act.id == transaction) {
        Some(act) => Ok(person.standing(act).await? == Standing::Missing),
        None => Ok(false),
    }
}

/// What the chain shows no more is sent again, and what it shows is watched until it is final.
async fn send_missing(person: &Person, resumed: &mut Resumed) -> Result<()> {
    // Their journals are read first: what is gone of them is noticed by that.
    let before = person.watch().await?;
    person.journals().of(person.address()).await?;
    let left = person.recall().await?;
    let reason =
        |error: Option<Error>| error.unwrap_or_else(|| Error::Conflict("the chain does not show it yet".into()));
    for (act, error) in left {
        resumed.failed.push(Unfinished::new(Leftover::Transaction(act.id), &reason(error)));
    }
    for gone in person.missing().await? {
        let error = Error::Vanished { what: gone.to_string(), others: 0 };
        resumed.failed.push(Unfinished::new(Leftover::Vanished(gone.head), &error));
    }
    resumed.watching = person.watch().await?;
    resumed.sent_again = resumed.watching.saturating_sub(before);
    Ok(())
}

/// Keys of acts that are on chain, which no store has yet.
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

async fn is_upload(person: &Person, left: &Signed) -> Result<bool> {
    let Ok(call) = left.call() else { return Ok(false) };
    let names = |id: &RecordId| call.data.windows(id.0.len()).any(|window| window == id.0);
    Ok(pending::unfinished(person).await?.iter().any(|(id, _)| names(id)))
}

/// Each upload by itself. Where a service is silent, the rest is not tried: it would wait as long for each.
async fn finish_all(person: &Person, resumed: &mut Resumed) -> Result<()> {
    let mut silent: Option<Unfinished> = None;
    for (id, pending) in pending::unfinished(person).await? {
        let what = Leftover::Record(id);
        if let Some(silent) = &silent {
            resumed.failed.push(Unfinished { what, ..silent.clone() });
            continue;
        }
        match finish(person, id, pending).await {
            Ok(None) => resumed.finished.push(id),
            Ok(Some(removed)) => resumed.removed.push(removed),
            Err(error) => {
                let failed = Unfinished::new(what, &error);
                silent = Some(failed.clone()).filter(|_| error.is_silence());
                resumed.failed.push(failed);
            }
        }
    }
    Ok(())
}

/// The record is on chain in the end, or removed. Either way there is nothing left to do.
async fn finish(person: &Person, id: RecordId, pending: Result<PendingRecord>) -> Result<Option<Removed>> {
    let pending = pending?;
    let never = register_pending(person, &pending).await?;
    if never.is_some() {
        person.stores().own().unpin(&id.cid()).await?;
    }
    pending::forget(person, id).await?;
    Ok(never.map(|reason| Removed { id, name: pending.name().map(Into::into), reason }))
}

/// Why it can never be registered, if so.
async fn register_pending(person: &Person, pending: &PendingRecord) -> Result<Option<String>> {
    let patient = pending.patient();
    let id = B256::from(pending.id().0);
    let contract = person.contract();
    let own = person.stores().own();
    if contract.record_of(patient, record_key(person.address(), id)).await?.is_some() {
        return Ok(None);
    }
    match own.pin(&pending.id().cid()).await {
        Ok(()) => {}
        Err(StoreError::NotFound { .. }) => return Ok(Some("the store does not have all of it".into())),
        Err(error) => return Err(error.into()),
    }
    match send_pending(person, pending, patient, id).await {
        Ok(()) | Err(Error::Exists(_)) => Ok(None),
        // Keys moved on, the right ended, or what it was to replace was replaced or entered in error meanwhile: the
        // contract will never take it.
        Err(Error::StaleKeys) => Ok(Some("the keys of its folder have moved on since it was encrypted".into())),
        Err(error @ (Error::Denied(_) | Error::NotFound(_) | Error::Invalid(_))) => Ok(Some(error.to_string())),
        Err(error) => Err(error),
    }
}

async fn send_pending(person: &Person, pending: &PendingRecord, patient: Address, id: B256) -> Result<()> {
    let contract = person.contract();
    let call = match pending.replaces() {
        Some(key) => contract.replace(patient, key, id, pending.key_changes),
        None => contract.add_records(patient, pending.folder, &[id], pending.key_changes),
    };
    person.send(call).await.map(drop)
}

//! What was interrupted: found, and finished or removed.

use std::{fmt, time::Duration};

use alloy::primitives::{Address, B256};
use hospital_record_core::id::RecordId;

use crate::{
    acts::watch::Standing,
    base::error::{Error, Result, kind::ErrorKind},
    client::Client,
    ledger::{Call, LedgerError, Pending as Signed, Receipt, Settled, record_key},
    records::pending::Pending,
    store::StoreError,
};

/// Blocks that no pin holds are swept when they are older: longer than any upload takes.
const SWEEP_AFTER: Duration = Duration::from_secs(24 * 3600);

/// What [`Client::resume`] found.
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

/// Something that [`Client::resume`] found and did not bring to a good end.
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
    /// An entry that was confirmed and is gone: it is sent again by the next call, or given up ([`Client::give_up`]).
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

impl Client {
    /// Finishes what an earlier call or program left behind: a signed transaction is followed to its end (and never signed
    /// anew: where another device was first, a person says whether it is still wanted), a stored record is registered, and what can no longer be registered is let go of. What fails is told in
    /// [`failed`](Resumed::failed) and keeps nothing else from being finished.
    ///
    /// # Errors
    /// Where the transaction is still under way, or the state directory cannot be read.
    pub async fn resume(&self) -> Result<Resumed> {
        let mut resumed = Resumed::default();
        let client = self.for_one_call();
        client.settle(&mut resumed).await?;
        if let Err(error) = client.send_missing(&mut resumed).await {
            resumed.failed.push(Unfinished::new(Leftover::Acts, &error));
        }
        client.store_keys(&mut resumed).await?;
        client.finish_all(&mut resumed).await?;
        match client.system().stores().own().sweep(SWEEP_AFTER).await {
            Ok(swept) => resumed.swept = swept,
            Err(error) => resumed.failed.push(Unfinished::new(Leftover::Blocks, &error.into())),
        }
        Ok(resumed)
    }

    /// [`send`](Client::send) for what must not wait: where an earlier act was left behind and has not taken effect, that is
    /// told beside.
    pub(crate) async fn send_at_once(&self, call: Call) -> Result<(Receipt, Option<String>)> {
        if self.is_carried() {
            return Ok((self.send(call).await?, None));
        }
        self.before_sending().await?;
        match self.send_itself(call.clone()).await? {
            Err(LedgerError::LeftBehind { transaction, error }) => {
                let told = in_vain(transaction, &error);
                match self.send(call).await {
                    Ok(receipt) => Ok((receipt, Some(told))),
                    Err(error) => Err(error.and_earlier(Some(told))),
                }
            }
            sent => Ok((sent?, None)),
        }
    }

    /// Follows what an earlier call left behind to its end. Where it had no effect, that is told in words.
    pub(crate) async fn settle_earlier(&self) -> Result<Option<String>> {
        if !self.system().relays().is_empty() {
            return Ok(None);
        }
        Ok(match self.system().sender().resume(&self.signer()).await? {
            Some(Settled::Failed { transaction, error }) => Some(in_vain(transaction, &error)),
            Some(Settled::Mined(_)) | None => None,
        })
    }

    /// A signed act of this account that was refused, and may take effect all the same, in words.
    pub(crate) async fn still_open(&self) -> Result<Option<String>> {
        let left = self.system().sender().pending(self.address()).await?;
        Ok(left.map(|left| {
            format!(
                "transaction {} of an earlier call may still take effect: look in the history again",
                left.transaction
            )
        }))
    }

    /// What was signed and left behind. Where it was an add, its upload tells the rest.
    async fn settle(&self, resumed: &mut Resumed) -> Result<()> {
        let sender = self.system().sender();
        let Some(left) = sender.pending(self.address()).await? else { return Ok(()) };
        let failed = match sender.resume(&self.signer()).await? {
            None => None,
            Some(Settled::Mined(receipt)) if self.is_missing(receipt.transaction).await? => None,
            Some(Settled::Mined(receipt)) => {
                resumed.transaction = Some(receipt.transaction);
                None
            }
            Some(Settled::Failed { transaction, error }) => {
                let told = Unfinished::new(Leftover::Transaction(transaction), &error.into());
                if self.is_upload(&left).await? { None } else { Some(told) }
            }
        };
        resumed.failed.extend(failed);
        Ok(())
    }

    /// A receipt is the node's word: what the journal does not show has not happened.
    async fn is_missing(&self, transaction: B256) -> Result<bool> {
        let sent = self.system().sender().sent(self.address()).await?;
        match sent.iter().find(|act| act.id == transaction) {
            Some(act) => Ok(self.standing(act).await? == Standing::Missing),
            None => Ok(false),
        }
    }

    /// What the chain shows no more is sent again, and what it shows is watched until it is final.
    async fn send_missing(&self, resumed: &mut Resumed) -> Result<()> {
        // Their journals are read first: what is gone of them is noticed by that.
        let before = self.watch().await?;
        self.system().journals().of(self.address()).await?;
        let left = self.recall().await?;
        let reason =
            |error: Option<Error>| error.unwrap_or_else(|| Error::Conflict("the chain does not show it yet".into()));
        for (act, error) in left {
            resumed.failed.push(Unfinished::new(Leftover::Transaction(act.id), &reason(error)));
        }
        for gone in self.missing().await? {
            let error = Error::Vanished { what: gone.to_string(), others: 0 };
            resumed.failed.push(Unfinished::new(Leftover::Vanished(gone.head), &error));
        }
        resumed.watching = self.watch().await?;
        resumed.sent_again = resumed.watching.saturating_sub(before);
        Ok(())
    }

    /// Keys of acts that are on chain, which no store has yet.
    async fn store_keys(&self, resumed: &mut Resumed) -> Result<()> {
        for (keys, stored) in self.pay_all().await? {
            match stored {
                Ok(true) => resumed.keys += 1,
                Ok(false) => resumed.waiting += 1,
                Err(error) => resumed.failed.push(Unfinished::new(Leftover::Keys(keys), &error)),
            }
        }
        Ok(())
    }

    async fn is_upload(&self, left: &Signed) -> Result<bool> {
        let Ok(call) = left.call() else { return Ok(false) };
        let names = |id: &RecordId| call.data.windows(id.0.len()).any(|window| window == id.0);
        Ok(self.unfinished().await?.iter().any(|(id, _)| names(id)))
    }

    /// Each upload by itself. Where a service is silent, the rest is not tried: it would wait as long for each.
    async fn finish_all(&self, resumed: &mut Resumed) -> Result<()> {
        let mut silent: Option<Unfinished> = None;
        for (id, pending) in self.unfinished().await? {
            let what = Leftover::Record(id);
            if let Some(silent) = &silent {
                resumed.failed.push(Unfinished { what, ..silent.clone() });
                continue;
            }
            match self.finish(id, pending).await {
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
    async fn finish(&self, id: RecordId, pending: Result<Pending>) -> Result<Option<Removed>> {
        let pending = pending?;
        let never = self.register_pending(&pending).await?;
        if never.is_some() {
            self.system().stores().own().unpin(&id.cid()).await?;
        }
        self.forget(id).await?;
        Ok(never.map(|reason| Removed { id, name: pending.name().map(Into::into), reason }))
    }

    /// Why it can never be registered, if so.
    async fn register_pending(&self, pending: &Pending) -> Result<Option<String>> {
        let (patient, id) = (pending.patient(), B256::from(pending.id().0));
        let (contract, own) = (self.system().contract(), self.system().stores().own());
        if contract.record_of(patient, record_key(self.address(), id)).await?.is_some() {
            return Ok(None);
        }
        match own.pin(&pending.id().cid()).await {
            Ok(()) => {}
            Err(StoreError::NotFound { .. }) => return Ok(Some("the store does not have all of it".into())),
            Err(error) => return Err(error.into()),
        }
        match self.send_pending(pending, patient, id).await {
            Ok(()) | Err(Error::Exists(_)) => Ok(None),
            // Keys moved on, the right ended, or what it was to replace was replaced or entered in error meanwhile: the
            // contract will never take it.
            Err(Error::StaleKeys) => Ok(Some("the keys of its folder have moved on since it was encrypted".into())),
            Err(error @ (Error::Denied(_) | Error::NotFound(_) | Error::Invalid(_))) => Ok(Some(error.to_string())),
            Err(error) => Err(error),
        }
    }

    async fn send_pending(&self, pending: &Pending, patient: Address, id: B256) -> Result<()> {
        let contract = self.system().contract();
        let call = match pending.replaces() {
            Some(key) => contract.replace(patient, key, id, pending.key_changes),
            None => contract.add_records(patient, pending.folder, &[id], pending.key_changes),
        };
        self.send(call).await.map(drop)
    }
}

fn in_vain(transaction: B256, error: &LedgerError) -> String {
    format!("transaction {transaction} of an earlier call has not taken effect: {error}")
}

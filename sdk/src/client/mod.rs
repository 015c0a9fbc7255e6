//! What a person can do: the verbs of this crate.

pub(crate) mod resume;
pub(crate) mod sync;
#[cfg(all(test, feature = "testing"))]
pub(crate) mod tests;

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use alloy::primitives::{Address, B256, U256};
use futures::{StreamExt, stream};
use hospital_record_core::{
    block::{self, Block, Body, Verified},
    error::CoreError,
    id::{Account, Deployment, Digest},
    identity::{Keys, ProfileKeys},
};
use tokio::{sync::OnceCell, time::Instant};

use crate::{
    base::{
        error::{Error, Result, fill_random, kind::ErrorKind},
        record_ref::RecordRef,
    },
    ledger::{History, PatientState, Receipt, Signer},
    people::{identity::Identity, profile},
    system::System,
};

/// Between two looks whether a transaction has taken effect.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Blocks that one call waits for although nobody has them.
const MOST_IN_VAIN: usize = 3;

/// One person at one [`System`]. Cheap to clone; a server holds thousands.
///
/// Verbs are builders: set what differs from the defaults, then await them. Dropping one of their futures is safe: what
/// was signed before is finished by [`resume`](Client::resume).
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Inner>, pub(crate) System);

pub(crate) struct Inner {
    pub(crate) identity: Identity,
    pub(crate) keys: Keys,
    pub(crate) published: OnceCell<Published>,
    /// Where this client's nonces begin, and how many it has used.
    pub(crate) first_word: OnceCell<u64>,
    pub(crate) acts: AtomicU64,
    /// Acts that are final by now were let go of.
    pub(crate) tidied: OnceCell<()>,
}

/// An act that is on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Confirmed {
    /// Hash of the transaction.
    pub transaction: B256,
    /// Gas of the transaction.
    pub gas: u64,
}

impl From<Receipt> for Confirmed {
    fn from(receipt: Receipt) -> Self {
        Self { transaction: receipt.transaction, gas: receipt.gas_used }
    }
}

/// This account's profile on chain, and the keys it publishes.
#[derive(Clone)]
pub(crate) struct Published {
    pub(crate) digest: Digest,
    pub(crate) keys: Arc<ProfileKeys>,
}

impl Client {
    pub(crate) fn new(system: System, identity: Identity) -> Self {
        let keys = identity.keys(system.deployment());
        let (published, first_word, acts, tidied) =
            (OnceCell::new(), OnceCell::new(), AtomicU64::new(0), OnceCell::new());
        Self(Arc::new(Inner { identity, keys, published, first_word, acts, tidied }), system)
    }

    /// The same for one call of an app: a store that was silent once is not waited for again, and blocks that nobody has
    /// only a few times, for strangers can name any number of them.
    pub(crate) fn for_one_call(&self) -> Self {
        Self(self.0.clone(), self.1.for_one_call(MOST_IN_VAIN))
    }

    /// The same for a call that fetches what only other nodes have: every block is waited for.
    fn for_fetching(&self) -> Self {
        Self(self.0.clone(), self.1.for_one_call(usize::MAX))
    }

    /// This person's account.
    pub fn address(&self) -> Address {
        self.0.identity.address()
    }

    /// Where this person is.
    pub fn system(&self) -> &System {
        &self.1
    }

    /// What the account owns, in wei.
    pub async fn balance(&self) -> Result<U256> {
        Ok(self.system().ledger().balance(self.address()).await?)
    }

    /// Publishes this account's public keys, so that others can grant to it. Does nothing when they are published;
    /// every verb that writes calls it first.
    pub async fn register(&self) -> Result<()> {
        self.published().await.map(drop)
    }

    /// The handle of a record of `patient` at this system.
    pub fn record(&self, patient: Address, id: hospital_record_core::id::RecordId) -> RecordRef {
        RecordRef { deployment: self.deployment(), patient, id }
    }

    pub(crate) fn deployment(&self) -> Deployment {
        self.system().deployment()
    }

    pub(crate) fn account(&self) -> Account {
        Account(self.address().into())
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    pub(crate) async fn published(&self) -> Result<&Published> {
        self.0.published.get_or_try_init(|| self.publish()).await
    }

    async fn publish(&self) -> Result<Published> {
        let (system, keys) = (self.system(), self.keys());
        let first = profile::sign(&self.0.identity, self.deployment(), keys).await?;
        let digest = first.digest();
        match system.contract().profile_of(self.address()).await? {
            None => {
                system.people().publish(first).await?;
                self.send(system.contract().set_profile(digest.0.into())).await?;
            }
            Some(current) if current == digest.0 => {
                // A new store may lack it; others need it to verify what this account signed.
                if !system.stores().own().has(&first.cid).await? {
                    system.people().publish(first).await?;
                }
            }
            Some(current) => return self.published_before(Digest(current.0)).await,
        }
        Ok(Published { digest, keys: Arc::new(keys.profile_keys(0)) })
    }

    /// The profile of a signer that does not sign deterministically, or a later profile: its block says which keys.
    async fn published_before(&self, digest: Digest) -> Result<Published> {
        let profile = self.system().people().profile_block(self.address(), digest, None).await?;
        let keys = self.keys().profile_keys(profile.sequence);
        if *keys.public() != profile.keys {
            return Err(Error::Invalid(
                "the published keys of this account were made from another seed: restore with the phrase or seed that \
                 was used then"
                    .into(),
            ));
        }
        Ok(Published { digest, keys: Arc::new(keys) })
    }

    pub(crate) fn signer(&self) -> Signer {
        self.0.identity.signer().clone()
    }

    /// Whether the store takes something now, before an act is sent whose keys are stored after it. One that can be read
    /// may be full or read-only. What is put is of no use to anybody, and nothing holds it.
    pub(crate) async fn store_takes(&self) -> Result<()> {
        self.published().await?;
        let mut bytes = [0; 32];
        fill_random(&mut bytes)?;
        let block = Block::leaf(bytes.to_vec());
        self.system().stores().own().put(stream::iter([Ok(block)]).boxed()).await?;
        Ok(())
    }

    /// Waits until the journal shows what a receipt claims: a receipt is the node's word, the journal is linked. Perhaps
    /// the node is behind its own receipt or cannot be asked just now, perhaps there is no such transaction.
    pub(crate) async fn confirm(
        &self,
        patient: Address,
        transaction: B256,
        shows: impl Fn(&PatientState) -> bool,
    ) -> Result<()> {
        self.confirm_in(patient, transaction, |history| shows(history.state())).await
    }

    /// The same for what only the entries tell. No look compares with a clock: the node that told it may be behind.
    pub(crate) async fn confirm_in(
        &self,
        patient: Address,
        transaction: B256,
        shows: impl Fn(&History) -> bool,
    ) -> Result<()> {
        use ErrorKind::{Denied, Integrity, KeyChanged, Vanished, WrongContract};
        let (start, mut pause, after) = (Instant::now(), Duration::from_millis(100), self.system().timeout());
        let mut why;
        loop {
            match self.system().journals().of(patient).await {
                Ok(journal) if shows(&journal.history) => return Ok(()),
                // It is on its way: a question that is refused is asked again. What is wrong stays wrong.
                Err(error) if matches!(error.kind(), Integrity | KeyChanged | WrongContract | Vanished | Denied) => {
                    return Err(self.unconfirmed(transaction, start.elapsed(), Some(error)));
                }
                Ok(_) => why = None,
                Err(error) => why = Some(error),
            }
            let left = after.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(self.unconfirmed(transaction, after, why));
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// What is looked up after an act: where that fails, the act was sent all the same.
    pub(crate) fn after<T>(&self, transaction: B256, looked: Result<T>) -> Result<T> {
        looked.map_err(|error| self.unconfirmed(transaction, Duration::ZERO, Some(error)))
    }

    fn unconfirmed(&self, transaction: B256, after: Duration, why: Option<Error>) -> Error {
        let (service, why) = (self.system().ledger().name(), why.map(Box::new));
        Error::Unconfirmed { transaction, service, after, why }
    }

    /// Signs a block as this account.
    pub(crate) async fn sign<T: Body>(&self, body: T) -> Result<Block> {
        let published = self.published().await?;
        Ok(block::sign(self.deployment(), published.digest, body, &published.keys).map_err(CoreError::from)?)
    }

    /// Fetches a signed block and verifies it with the profile it names.
    pub(crate) async fn signed<T: Body>(&self, digest: Digest) -> Result<Verified<T>> {
        self.system().people().signed(digest).await
    }

    pub(crate) fn is_me(&self, account: Address) -> bool {
        account == self.address()
    }
}

/// Shows the address alone.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.address()).finish()
    }
}

/// A task that did not end by itself: the runtime is shutting down.
pub(crate) fn stopped(_: tokio::task::JoinError) -> Error {
    Error::Conflict("the runtime is shutting down: nothing is lost, `resume` goes on".into())
}

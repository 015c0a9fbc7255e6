//! A person who acts at a deployment.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, atomic::AtomicU64},
};

use alloy::primitives::{Address, U256};
use hospital_record_core::{
    block::{self, Block, Body, Verified},
    error::CoreError,
    id::{Account, Deployment, Digest, RecordId},
    identity::Keys,
};
use tokio::sync::OnceCell;

use crate::{
    acts::{published::PublishedProfile, services::Services},
    base::{
        error::{Result, fail},
        record_ref::RecordRef,
    },
    ledger::Signer,
    node::sessions::OwnSessions,
    people::identity::Identity,
    platform::cache::key,
    store::Sessions,
};

/// How many blocks that nobody has one call waits for.
const MOST_MISSING: usize = 3;

/// An identity and the services of a deployment: the context of every verb. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Person {
    pub(super) me: Arc<Me>,
    services: Services,
}

pub(super) struct Me {
    pub(super) identity: Identity,
    keys: Keys,
    pub(super) published: OnceCell<PublishedProfile>,
    /// The first word of this person's nonces, and the number of nonces used.
    pub(super) first_word: OnceCell<u64>,
    pub(super) acts: AtomicU64,
    /// Set when final acts have been released, once a process.
    pub(super) tidied: OnceCell<()>,
}

impl Person {
    pub(crate) fn new(services: Services, identity: Identity) -> Self {
        let me = Me {
            keys: identity.keys(services.deployment),
            identity,
            published: OnceCell::new(),
            first_word: OnceCell::new(),
            acts: AtomicU64::new(0),
            tidied: OnceCell::new(),
        };
        let sessions: Arc<dyn Sessions> = Arc::new(OwnSessions::new(me.identity.clone(), services.deployment));
        Self { me: Arc::new(me), services: services.for_account(&sessions) }
    }

    /// The same for one call of an app. A store that timed out is not asked again. Blocks that nobody has are waited
    /// for only a few times, because strangers can name any number of them.
    pub(crate) fn for_one_call(&self) -> Self {
        self.waiting_in_vain(MOST_MISSING)
    }

    /// The same for one call that waits for at most this many blocks that nobody has.
    pub(crate) fn waiting_in_vain(&self, most: usize) -> Self {
        Self { me: self.me.clone(), services: self.services.for_one_call(most) }
    }

    pub(crate) fn address(&self) -> Address {
        self.me.identity.address()
    }

    pub(crate) fn account(&self) -> Account {
        Account(self.address().into())
    }

    pub(crate) fn is_me(&self, account: Address) -> bool {
        account == self.address()
    }

    /// The key of a cached row of this person at this deployment.
    pub(crate) fn own_key(&self, rest: &[&[u8]]) -> Vec<u8> {
        key(&[&self.deployment_key(), self.address().as_slice(), &rest.concat()])
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.me.keys
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.me.identity
    }

    pub(crate) fn signer(&self) -> Signer {
        self.me.identity.signer().clone()
    }

    pub(crate) async fn balance(&self) -> Result<U256> {
        Ok(self.ledger().balance(self.address()).await?)
    }

    /// The handle of a record of `patient` at this deployment.
    pub(crate) fn record(&self, patient: Address, id: RecordId) -> RecordRef {
        RecordRef { deployment: self.deployment, patient, id }
    }

    /// Checks that a card, if there is one, was made for this chain and contract.
    pub(crate) fn check_card(&self, made_for: Option<Deployment>) -> Result<()> {
        match made_for.is_some_and(|deployment| deployment != self.deployment) {
            true => fail!(Invalid, "this card is for another chain or contract: ask for one made for this"),
            false => Ok(()),
        }
    }

    /// Signs a block as this account.
    pub(crate) async fn sign<T: Body>(&self, body: T) -> Result<Block> {
        let published = self.published().await?;
        Ok(block::sign(self.deployment, published.digest, body, &published.keys).map_err(CoreError::from)?)
    }

    /// Fetches a signed block and verifies it with the profile that it names.
    pub(crate) async fn signed<T: Body>(&self, digest: Digest) -> Result<Verified<T>> {
        self.people().signed(digest).await
    }
}

/// The services are used as if they were the person's own.
impl Deref for Person {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.services
    }
}

/// Shows the address alone.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Person").field(&self.address()).finish()
    }
}

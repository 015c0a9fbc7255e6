//! The services of one deployment, as this machine reaches them: chain, stores, relays and cache.

use std::{
    ops::Deref,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use alloy::primitives::Address;
use hospital_record_core::id::{Account, Deployment};
use url::Url;

use crate::{
    base::error::Result,
    boards::lookup::BoardReader,
    journal::journals::Journals,
    ledger::{
        Besides, Contract, Ledger, Outbox, Sender, SenderOptions,
        clock::{Clock, Clocks},
        outbox::disk::DiskOutbox,
    },
    people::directory::{People, SharedPeople},
    platform::cache::{Cache, deployment_key},
    relay::Relay,
    store::{Sessions, Store, stores::Stores},
};

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Services {
    shared: Arc<SharedServices>,
    /// For one call of an app, or for all.
    pub(crate) stores: Stores,
}

pub(crate) struct SharedServices {
    pub(crate) contract: Contract,
    pub(crate) witness: Option<Contract>,
    /// The contracts beside `HospitalRecord`.
    pub(crate) besides: Besides,
    pub(crate) boards: BoardReader,
    pub(crate) deployment: Deployment,
    pub(crate) sender: Sender,
    pub(crate) relays: Vec<Arc<dyn Relay>>,
    /// The joined node, for its directory.
    pub(crate) node: Option<Url>,
    /// The timeout of an act.
    pub(crate) patience: Duration,
    /// The timeout of one answer.
    pub(crate) timeout: Duration,
    pub(crate) clocks: Clocks,
    pub(crate) cache: Cache,
    pub(crate) journals: Journals,
    people: Arc<SharedPeople>,
}

/// The parts of [`Services`].
pub(crate) struct Parts {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) witness: Option<Contract>,
    pub(crate) chain: u64,
    pub(crate) contract: Address,
    pub(crate) stores: Vec<Arc<dyn Store>>,
    pub(crate) cache: Cache,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) sending: SenderOptions,
    pub(crate) relays: Vec<Arc<dyn Relay>>,
    pub(crate) node: Option<Url>,
    pub(crate) timeout: Duration,
    pub(crate) clock: Clock,
    pub(crate) tolerance: Duration,
}

impl Services {
    pub(crate) fn new(parts: Parts) -> Result<Self> {
        let contract = Contract::new(parts.ledger, parts.chain, parts.contract);
        let ledger = || contract.ledger().clone();
        let besides = Besides::new(contract.ledger(), parts.chain);
        let besides_witness = parts.witness.as_ref().map(|witness| Besides::new(witness.ledger(), parts.chain));
        let deployment = Deployment { chain: parts.chain, contract: Account(parts.contract.into()) };
        let clocks = Clocks { ledger: ledger(), whose: parts.clock, tolerance: parts.tolerance };
        let people = SharedPeople {
            contract: contract.clone(),
            deployment,
            clocks: clocks.clone(),
            vouching: besides.vouching.clone(),
            vouching_witness: besides_witness.as_ref().map(|besides| besides.vouching.clone()),
            cache: parts.cache.clone(),
            signers: Mutex::default(),
        };
        let shared = SharedServices {
            sender: Sender::new(ledger(), parts.chain, parts.outbox, parts.sending),
            relays: parts.relays,
            node: parts.node,
            patience: parts.sending.deadline,
            timeout: parts.timeout,
            clocks,
            boards: BoardReader {
                on_chain: besides.boards.clone(),
                witness: besides_witness.map(|besides| besides.boards),
                known: Mutex::default(),
            },
            journals: Journals::new(contract.clone(), parts.witness.clone(), deployment, parts.cache.clone()),
            besides,
            contract,
            witness: parts.witness,
            deployment,
            cache: parts.cache,
            people: Arc::new(people),
        };
        Ok(Self { shared: Arc::new(shared), stores: Stores::new(parts.stores)? })
    }

    /// The same for one call of an app. A store that timed out is not asked again. Only `most_missing` blocks that
    /// nobody has are waited for.
    pub(crate) fn for_one_call(&self, most_missing: usize) -> Self {
        Self { shared: self.shared.clone(), stores: self.stores.for_one_call(most_missing) }
    }

    /// The same, with stores that are written on behalf of one account.
    pub(crate) fn for_account(self, sessions: &Arc<dyn Sessions>) -> Self {
        Self { stores: self.stores.for_account(sessions), shared: self.shared }
    }

    /// 28 bytes that separate the cached rows of several deployments.
    pub(crate) fn deployment_key(&self) -> Vec<u8> {
        deployment_key(self.deployment)
    }

    pub(crate) fn ledger(&self) -> &Arc<dyn Ledger> {
        self.contract.ledger()
    }

    /// The cached keys and names of other people.
    pub(crate) fn people(&self) -> People {
        People { shared: self.people.clone(), stores: self.stores.clone() }
    }
}

impl Deref for Services {
    type Target = SharedServices;

    fn deref(&self) -> &SharedServices {
        &self.shared
    }
}

/// The cache, and an outbox in it: in `folder` if there is one.
pub(crate) fn kept_in(cache: Cache, folder: Option<&Path>, chain: u64) -> (Cache, Arc<dyn Outbox>) {
    let outbox = DiskOutbox::new(cache.clone(), folder, chain);
    (cache, Arc::new(outbox))
}

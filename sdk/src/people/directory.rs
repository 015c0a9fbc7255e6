//! Looks up other people: their keys, the blocks that they signed, and the vouches for them.

use std::{
    collections::HashMap,
    ops::Deref,
    sync::{Arc, Mutex},
};

use alloy::primitives::Address;
use hospital_record_core::{
    id::{Deployment, Digest},
    identity::PublicKeys,
};

use crate::{
    ledger::{Beside, Contract, clock::Clocks},
    platform::cache::{Cache, deployment_key},
    store::stores::Stores,
};

/// The people of one deployment, as its chain and stores report them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct People {
    pub(crate) shared: Arc<SharedPeople>,
    /// The stores of one call of an app, or of all calls.
    pub(crate) stores: Stores,
}

pub(crate) struct SharedPeople {
    pub(crate) contract: Contract,
    pub(crate) deployment: Deployment,
    pub(crate) clocks: Clocks,
    pub(crate) vouching: Beside,
    pub(crate) vouching_witness: Option<Beside>,
    pub(crate) cache: Cache,
    pub(crate) signers: Mutex<HashMap<(Address, Digest), PublicKeys>>,
}

impl People {
    pub(super) fn deployment_key(&self) -> Vec<u8> {
        deployment_key(self.deployment)
    }
}

impl Deref for People {
    type Target = SharedPeople;

    fn deref(&self) -> &SharedPeople {
        &self.shared
    }
}

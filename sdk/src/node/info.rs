//! What a node says about itself.

use std::{collections::BTreeMap, time::Duration};

use alloy::primitives::Address;
use serde::{Deserialize, Serialize};

use crate::{
    base::{bounds::Timeout, error::Result},
    ledger::{Contract, ContractKind},
    node::ask::{ask, parse},
};

/// Where every node says what it offers (RFC 8615).
pub const WELL_KNOWN: &str = "/.well-known/hospital-record";

/// The answer at [`WELL_KNOWN`]. Fields that this version does not know are ignored.
///
/// Each service is a URL relative to the node's address, and is on the same host; `None` if it is off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NodeInfo {
    /// The version of this answer.
    pub version: u32,
    /// The node's program and its version.
    pub software: String,
    /// The chain's id (EIP-155).
    pub chain_id: u64,
    /// The contracts by name, each with its address; `HospitalRecord` is always there.
    pub contracts: BTreeMap<String, Address>,
    /// The JSON-RPC for questions to the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpc: Option<String>,
    /// Server-sent events: which journals moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<String>,
    /// The store of blocks: `ipfs/CID` and `v1/blocks` are below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<String>,
    /// Channels of encrypted live vitals: `ACCOUNT/CHANNEL` is below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<String>,
    /// The relay: `v1/requests` is below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay: Option<String>,
    /// Login with a name and a password: `v1/login` and `v1/vault` are below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// The directory of practitioners.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
}

/// The version that this crate reads and writes.
const VERSION: u32 = 1;
/// The name of the main contract.
const MAIN: &str = "HospitalRecord";

impl NodeInfo {
    /// A node for this contract that offers nothing yet.
    #[must_use]
    pub fn new(contract: &Contract, software: &str) -> Self {
        let beside = ContractKind::BESIDE.iter().map(|(kind, address)| (format!("{kind:?}"), *address));
        Self {
            version: VERSION,
            software: software.to_owned(),
            chain_id: contract.chain(),
            contracts: beside.chain([(MAIN.to_owned(), contract.address())]).collect(),
            rpc: None,
            events: None,
            blocks: None,
            frames: None,
            relay: None,
            login: None,
            directory: None,
        }
    }

    /// Asks the node at this address (`https://clinic.example`).
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) if the address cannot be used,
    /// [`Error::Unreachable`](crate::Error::Unreachable) if no node answers there.
    pub async fn of(address: &str, timeout: Duration) -> Result<Self> {
        ask(&parse(address)?, Timeout::try_from(timeout)?.get()).await
    }

    /// The address of `HospitalRecord`.
    #[must_use]
    pub fn contract(&self) -> Option<Address> {
        self.contracts.get(MAIN).copied()
    }

    pub(crate) fn is_readable(&self) -> bool {
        self.version == VERSION
    }
}

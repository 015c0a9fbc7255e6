#![doc = include_str!("../../guides/relay.md")]

mod carrier;
mod http;
pub(crate) mod key;

use std::{fmt, str::FromStr};

use alloy::primitives::{Address, B256, Bytes, hex, keccak256};
use async_trait::async_trait;
use hospital_record_contracts::boards::is_board;
use serde::{Deserialize, Serialize};

use crate::{
    base::{
        error::{Error, Result, fail},
        names,
        task::{MaybeSend, MaybeSync},
    },
    ledger::{Act, Call, Contract, ContractKind},
};
pub use carrier::{Carried, Carrier, Look, NotCarried, UnderWay};
pub use http::{HttpRelay, origin};

/// The start of a request that is written as text.
const SCHEME: &str = "hospital-record-request";

/// An act that an account signed, for one contract on one chain. Whoever has it can carry it, and can do nothing else
/// with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedRequest {
    /// The chain's id (EIP-155).
    pub chain_id: u64,
    /// The main contract, a contract beside it, or a board.
    pub contract: Address,
    /// The call data: `relay` or `revokeSigned`, or `veto` of a board, with the signature.
    pub data: Bytes,
}

impl SignedRequest {
    /// Names the request. It does not depend on who carries it.
    #[must_use]
    pub fn id(&self) -> B256 {
        keccak256(&self.data)
    }

    /// The act that was signed; `None` if it is not a signed act of the contracts of this version.
    #[must_use]
    pub fn act(&self) -> Option<Act> {
        self.act_at(Contract::ADDRESS)
    }

    fn act_at(&self, hospital: Address) -> Option<Act> {
        Contract::act_of(self.contract, &self.data, hospital)
    }

    /// Whether the signer's own key signed it, so that no contract code of the signer (ERC-1271) decides.
    #[must_use]
    pub fn signed_by_key(&self, contract: &Contract) -> bool {
        let Some(act) = self.act_at(contract.address()) else { return false };
        let (Some(digest), Some(signature)) = (contract.digest_of(&act), self.key_signature(contract, &act)) else {
            return false;
        };
        key::signer_of(&digest, &signature) == Some(act.signer())
    }

    /// The signature, if it has the length of a key's. It is the last argument of every call that carries an act, and
    /// each act has one encoding. So encoding the act again with this signature must give this request.
    fn key_signature(&self, contract: &Contract, act: &Act) -> Option<[u8; key::LENGTH]> {
        let end = self.data.len().checked_sub(key::PADDED - key::LENGTH)?;
        let signature: [u8; key::LENGTH] = self.data.get(end.checked_sub(key::LENGTH)?..end)?.try_into().ok()?;
        (contract.signed(act, signature.to_vec().into()).data == self.data).then_some(signature)
    }

    /// The act, if it is for this contract on this chain, a contract beside it, or a board there. So a carrier calls no
    /// contract of a stranger.
    pub(crate) async fn act_for(&self, contract: &Contract) -> Result<Act> {
        let chain = contract.chain();
        let address = contract.address();
        let act = self.act_at(address);
        let fits = self.chain_id == chain
            && match act.as_ref().map(Act::kind) {
                Some(ContractKind::Board) => is_board(&contract.ledger().code(self.contract).await?),
                Some(ContractKind::HospitalRecord) | None => self.contract == address,
                // Their addresses determine their code. A call to an address without code would succeed and do nothing.
                Some(_) => !contract.ledger().code(self.contract).await?.is_empty(),
            };
        if !fits {
            return fail!(
                Invalid,
                "this request is for contract {} on chain {}, but here is {address} on chain {chain}",
                self.contract,
                self.chain_id
            );
        }
        act.ok_or_else(|| Error::Invalid("this is no signed request of the contracts".into()))
    }

    pub(crate) fn call(&self) -> Call {
        Call { from: None, to: self.contract, data: self.data.clone() }
    }
}

/// `hospital-record-request:CHAIN:CONTRACT:DATA`, for a file, a message or a QR code.
impl fmt::Display for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}:{}:{}:{}", self.chain_id, self.contract, hex::encode(&self.data))
    }
}

impl FromStr for SignedRequest {
    type Err = Error;

    /// Accepts text that mail quoted or folded.
    fn from_str(text: &str) -> Result<Self> {
        names::the_one(text, SCHEME, Self::parse)
    }
}

impl SignedRequest {
    /// All requests in a text, each with its line number. Each starts on a line of its own, and mail may have quoted or
    /// folded it. A garbled request is an error and is not left out.
    pub fn all_in(text: &str) -> Vec<(usize, Result<Self>)> {
        names::unfolded(text, SCHEME, Self::parse)
    }

    fn parse(text: &str) -> Result<Self> {
        let wrong =
            || Error::Invalid(format!("this is no signed request: one looks like {SCHEME}:CHAIN:CONTRACT:DATA").into());
        let rest = text.trim().strip_prefix(SCHEME).and_then(|rest| rest.strip_prefix(':')).ok_or_else(wrong)?;
        let mut parts = rest.splitn(3, ':');
        let mut part = || parts.next().ok_or_else(wrong);
        let (chain, contract, data) = (part()?, part()?, part()?);
        Ok(Self {
            chain_id: chain.parse().map_err(|_| wrong())?,
            contract: contract.parse().map_err(|_| wrong())?,
            data: hex::decode(data).map_err(|_| wrong())?.into(),
        })
    }
}

/// The state of a request, as a relay reports it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Fate {
    /// The relay keeps it and will carry it.
    Waiting,
    /// It took effect.
    Done {
        /// The transaction, if the relay knows it.
        transaction: Option<B256>,
    },
    /// It did not take effect, and this relay does not try again.
    Refused {
        /// Why.
        reason: String,
    },
}

/// Carries signed requests to the chain.
#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
pub trait Relay: MaybeSend + MaybeSync + fmt::Debug {
    /// The name that people see.
    fn name(&self) -> String;

    /// Carries a request, or reports the state of one that it already has. It is idempotent.
    ///
    /// # Errors
    /// After [`Error::Unreachable`] and [`Error::TimedOut`], try again or ask another relay. After any other error, ask
    /// another relay.
    async fn carry(&self, request: &SignedRequest) -> Result<Fate>;
}

#![doc = include_str!("../../guides/relay.md")]

mod carrier;
mod http;
mod key;

use std::{fmt, str::FromStr};

use alloy::primitives::{Address, B256, Bytes, hex, keccak256};
use async_trait::async_trait;
use hospital_record_contracts::boards::is_board;
use serde::{Deserialize, Serialize};

use crate::{
    base::{
        error::{Error, Result},
        names,
    },
    ledger::{Act, Call, Contract, ContractKind},
};
pub use carrier::{Carried, Carrier, Look, NotCarried, UnderWay};
pub use http::{HttpRelay, origin};

/// How a request begins when it is written as text.
const SCHEME: &str = "hospital-record-request";

/// What an account has signed for one contract on one chain. Whoever has it can bring it about, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedRequest {
    /// The chain's id (EIP-155).
    pub chain_id: u64,
    /// The contract, one beside it, or a board.
    pub contract: Address,
    /// What to call it with: `relay` or `revokeSigned`, of a board `veto`, with its signature.
    pub data: Bytes,
}

impl SignedRequest {
    /// Names the request: the same for whoever carries it.
    #[must_use]
    pub fn id(&self) -> B256 {
        keccak256(&self.data)
    }

    /// What was signed; `None` when it is no signed act of this version's contracts.
    #[must_use]
    pub fn act(&self) -> Option<Act> {
        self.act_at(Contract::ADDRESS)
    }

    fn act_at(&self, hospital: Address) -> Option<Act> {
        Contract::act_of(self.contract, &self.data, hospital)
    }

    /// Whether the signer's own key has signed it, so that no code of the signer's (ERC-1271) has a say.
    #[must_use]
    pub fn signed_by_key(&self, contract: &Contract) -> bool {
        let Some(act) = self.act_at(contract.address()) else { return false };
        let (Some(digest), Some(signature)) = (contract.digest_of(&act), self.key_signature(contract, &act)) else {
            return false;
        };
        key::signer_of(&digest, &signature) == Some(act.signer())
    }

    /// The signature, where it is as long as one of a key. It is the last argument of every call that carries an act, and
    /// an act is spelled in one way alone: so it is the one that makes this request of the act again.
    fn key_signature(&self, contract: &Contract, act: &Act) -> Option<[u8; key::LENGTH]> {
        let end = self.data.len().checked_sub(key::PADDED - key::LENGTH)?;
        let signature: [u8; key::LENGTH] = self.data.get(end.checked_sub(key::LENGTH)?..end)?.try_into().ok()?;
        (contract.signed(act, signature.to_vec().into()).data == self.data).then_some(signature)
    }

    /// The same, for this contract on this chain, one beside it, or a board there: whoever carries it calls no contract of
    /// a stranger.
    pub(crate) async fn act_for(&self, contract: &Contract) -> Result<Act> {
        let (chain, address) = (contract.chain(), contract.address());
        let act = self.act_at(address);
        let fits = self.chain_id == chain
            && match act.as_ref().map(Act::kind) {
                Some(ContractKind::Board) => is_board(&contract.ledger().code(self.contract).await?),
                Some(ContractKind::HospitalRecord) | None => self.contract == address,
                // These have one address each, from which their code follows. A call to where none is would do nothing, and
                // succeed.
                Some(_) => !contract.ledger().code(self.contract).await?.is_empty(),
            };
        if !fits {
            return Err(Error::Invalid(
                format!(
                    "this request is for contract {} on chain {}, but here is {address} on chain {chain}",
                    self.contract, self.chain_id
                )
                .into(),
            ));
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

    /// Also as mail quotes and folds it.
    fn from_str(text: &str) -> Result<Self> {
        names::the_one(text, SCHEME, Self::parse)
    }
}

impl SignedRequest {
    /// Those in a text, one a line or as mail quotes and folds them, each with the number of its line. What is none is an
    /// error there: one that is garbled is not to be left out.
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

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Fate {
    /// It is kept, and will be carried.
    Waiting,
    /// It took effect.
    Done {
        /// In which transaction, where the relay knows.
        transaction: Option<B256>,
    },
    /// It did not take effect, and this relay does not try again.
    Refused {
        /// Why.
        reason: String,
    },
}

/// Who carries signed requests to the chain.
#[async_trait]
pub trait Relay: Send + Sync + fmt::Debug {
    /// As it is named to people.
    fn name(&self) -> String;

    /// Carries a request, or says what became of it when it has it already. Doing it again does no harm.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::TimedOut`]: try again, or elsewhere. Anything else: elsewhere.
    async fn carry(&self, request: &SignedRequest) -> Result<Fate>;
}

//! Carries requests itself, with an account that pays: what a relay does.

use alloy::primitives::{Address, B256, keccak256};
use async_trait::async_trait;

use super::{Fate, Relay, SignedRequest};
use crate::{
    Error, Result,
    ledger::{Act, Contract, LedgerError, Sender, Settled, Signer},
};

/// Sends signed requests as transactions of a funded account.
#[derive(Clone)]
pub struct Carrier {
    contract: Contract,
    sender: Sender,
    payer: Signer,
}

impl Carrier {
    /// For `contract` and its boards alone, paid by `payer`.
    #[must_use]
    pub fn new(contract: Contract, sender: Sender, payer: Signer) -> Self {
        Self { contract, sender, payer }
    }

    /// The contract that requests must be for.
    #[must_use]
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// Whether the request would take effect now, as far as the chain can tell without sending it.
    ///
    /// # Errors
    /// When the chain gives no answer.
    pub async fn fate(&self, request: &SignedRequest) -> Result<Fate> {
        let act = match request.act_for(&self.contract).await {
            Ok(act) => act,
            Err(error) if error.is_silence() => return Err(error),
            Err(error) => return Ok(Fate::Refused { reason: error.to_string() }),
        };
        let call = match self.payer.address() {
            // A board asks no signature of who calls it: that nobody made this in the payer's name, one has to say.
            payer if payer == act.signer() => request.call(),
            payer => request.call().by(payer),
        };
        match self.contract.ledger().call(&call, None).await {
            Ok(_) => Ok(Fate::Waiting),
            Err(error) if error.is_refusal() => self.after(&act, request, error).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Follows what an earlier process of this account left on its way, and tells which request it was and its fate.
    ///
    /// # Errors
    /// When the chain gives no answer, or it is still on its way at the deadline.
    pub async fn resume(&self) -> Result<Option<(B256, Fate)>> {
        let account = self.payer.address();
        let Some(left) = self.sender.pending(account).await? else { return Ok(None) };
        let id = keccak256(&left.call()?.data);
        let transaction = match self.sender.resume(&self.payer).await? {
            Some(Settled::Mined(receipt)) => receipt.transaction,
            // It did not take effect then; whether it can now is asked as for every other.
            _ => return Ok(Some((id, Fate::Waiting))),
        };
        Ok(Some((id, Fate::Done { transaction: Some(transaction) })))
    }

    /// Who pays.
    #[must_use]
    pub fn payer(&self) -> Address {
        self.payer.address()
    }

    /// It is refused now: because it took effect before, or for good.
    async fn after(&self, act: &Act, request: &SignedRequest, error: LedgerError) -> Result<Fate> {
        match self.contract.took_effect(act, request.call()).await? {
            true => Ok(Fate::Done { transaction: None }),
            false => Ok(Fate::Refused { reason: error.to_string() }),
        }
    }
}

#[async_trait]
impl Relay for Carrier {
    fn name(&self) -> String {
        self.contract.ledger().name()
    }

    async fn carry(&self, request: &SignedRequest) -> Result<Fate> {
        let fate = self.fate(request).await?;
        let (Fate::Waiting, Some(act)) = (&fate, request.act()) else { return Ok(fate) };
        match self.sender.send(&self.payer, request.call()).await {
            Ok(receipt) => Ok(Fate::Done { transaction: Some(receipt.transaction) }),
            Err(error) if error.is_refusal() || matches!(error, LedgerError::Failed { .. }) => {
                self.after(&act, request, error).await
            }
            // Whose ether is missing is nobody's business but the relay's.
            Err(LedgerError::Unfunded { .. }) => Err(refused("it cannot pay at the moment")),
            Err(LedgerError::Rejected { reason, .. }) => {
                tracing::warn!(reason, "the provider refuses what is carried");
                Err(refused("its provider refuses at the moment"))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Without the provider's host, which callers have no business with.
fn refused(reason: &str) -> Error {
    Error::Refused { service: "the relay".into(), reason: reason.into() }
}

impl std::fmt::Debug for Carrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Carrier").field(&self.payer.address()).finish()
    }
}

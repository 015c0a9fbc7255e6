//! Carries requests itself, with an account that pays: what a relay does.

use std::fmt::Display;

use alloy::primitives::{Address, B256, keccak256};
use async_trait::async_trait;

use super::{Fate, Relay, SignedRequest};
use crate::{
    Error, Result,
    ledger::{Act, Call, Contract, LedgerError, Pending, Receipt, Sender, Settled, Signer},
};

/// Sends signed requests as transactions of a funded account.
#[derive(Clone)]
pub struct Carrier {
    contract: Contract,
    sender: Sender,
    payer: Signer,
}

/// What carrying a request came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Carried {
    /// What became of it.
    pub fate: Fate,
    /// The transaction that this account paid for, also where it was mined in vain.
    pub receipt: Option<Receipt>,
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

    /// Whether the request would take effect now, with at most so much gas, as far as the chain can tell without sending it.
    ///
    /// # Errors
    /// When the chain gives no answer.
    pub async fn fate(&self, request: &SignedRequest, gas: u64) -> Result<Fate> {
        let act = match request.act_for(&self.contract).await {
            Ok(act) => act,
            Err(Error::Invalid(reason)) => return Ok(Fate::Refused { reason }),
            Err(error) => return Err(error),
        };
        if self.is_idle(&act).await? {
            return self.after(&act, request, "this account is barred from there already").await;
        }
        let call = match self.payer.address() {
            // A board asks no signature of who calls it: that nobody made this in the payer's name, one has to say.
            payer if payer == act.signer() => request.call(),
            payer => request.call().by(payer),
        };
        let ledger = self.contract.ledger();
        let needed = match ledger.call(&call, None).await {
            Ok(_) => ledger.estimate(&call).await,
            Err(error) => Err(error),
        };
        match needed {
            Ok(needed) if needed > gas => Ok(refused_for(LedgerError::TooMuchGas { needed, most: gas })),
            Ok(_) => Ok(Fate::Waiting),
            Err(error) if error.is_refusal() => self.after(&act, request, error).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Carries a request with a transaction whose gas limit is at most `gas`.
    ///
    /// # Errors
    /// When the chain gives no answer, or takes nothing now. Then the transaction may be under way
    /// ([`Carrier::under_way`]): nobody else should carry the request before [`Carrier::resume`] says what became of it.
    pub async fn carry_within(&self, request: &SignedRequest, gas: u64) -> Result<Carried> {
        let fate = self.fate(request, gas).await?;
        let (Fate::Waiting, Some(act)) = (&fate, request.act()) else { return Ok(Carried { fate, receipt: None }) };
        let fate = match self.sender.carrying(gas).send(&self.payer, request.call()).await {
            Ok(receipt) => return self.mined(request, receipt).await,
            Err(error) if error.is_refusal() => self.after(&act, request, error).await?,
            Err(error @ LedgerError::TooMuchGas { .. }) => refused_for(error),
            Err(error) => return Err(not_carried(error)),
        };
        Ok(Carried { fate, receipt: None })
    }

    /// The request whose transaction an earlier call of this account left on its way, or refused by its provider; by its id.
    ///
    /// # Errors
    /// When it cannot be read on this machine.
    pub async fn under_way(&self) -> Result<Option<B256>> {
        let left = self.sender.pending(self.payer.address()).await?;
        Ok(left.map(|left| left.call()).transpose()?.map(|call| keccak256(&call.data)))
    }

    /// Follows what an earlier call of this account left on its way, and tells which request it was and what it came to.
    /// `None`: there is nothing, or what its provider refused has no end yet.
    ///
    /// # Errors
    /// When the chain gives no answer, or it is still on its way at the deadline.
    pub async fn resume(&self) -> Result<Option<(B256, Carried)>> {
        let Some(left) = self.sender.pending(self.payer.address()).await? else { return Ok(None) };
        let Call { to, data, .. } = left.call()?;
        let request = SignedRequest { chain_id: self.contract.chain(), contract: to, data };
        let carried = match self.sender.carrying(u64::MAX).resume(&self.payer).await {
            Ok(Some(Settled::Mined(receipt))) => self.mined(&request, receipt).await?,
            // It did not take effect then; whether it can now is asked as for every other.
            Ok(Some(Settled::Failed { .. })) => Carried { fate: Fate::Waiting, receipt: None },
            Ok(None) => return Ok(None),
            Err(error) => match self.mined_at_the_deadline(&left).await? {
                Some(receipt) => self.mined(&request, receipt).await?,
                None => return Err(error.into()),
            },
        };
        Ok(Some((request.id(), carried)))
    }

    /// The deadline may have passed when all was done but the telling: then nothing is kept of it any more.
    async fn mined_at_the_deadline(&self, left: &Pending) -> Result<Option<Receipt>> {
        match self.sender.pending(left.account).await? {
            Some(_) => Ok(None),
            None => Ok(self.contract.ledger().receipt(left.transaction).await?),
        }
    }

    /// Who pays.
    #[must_use]
    pub fn payer(&self) -> Address {
        self.payer.address()
    }

    /// What a mined transaction made of the request: where it was in vain, another one may have carried it.
    async fn mined(&self, request: &SignedRequest, receipt: Receipt) -> Result<Carried> {
        let transaction = receipt.transaction;
        let fate = match (receipt.succeeded, request.act()) {
            (true, _) => Fate::Done { transaction: Some(transaction) },
            (false, Some(act)) => self.after(&act, request, LedgerError::Failed { transaction }).await?,
            (false, None) => refused_for(LedgerError::Failed { transaction }),
        };
        Ok(Carried { fate, receipt: Some(receipt) })
    }

    /// It is refused now: because it took effect before, or for good.
    async fn after(&self, act: &Act, request: &SignedRequest, reason: impl Display) -> Result<Fate> {
        match self.contract.took_effect(act, request.call()).await? {
            true => Ok(Fate::Done { transaction: None }),
            false => Ok(refused_for(reason)),
        }
    }

    /// Whether it ends what has ended: the contract writes that down as often as it is told, and somebody pays.
    async fn is_idle(&self, act: &Act) -> Result<bool> {
        let Act::Revocation { patient, revocation, .. } = act else { return Ok(false) };
        let held = self.contract.grant_of(*patient, revocation.scope, revocation.grantee).await?;
        Ok(held.is_some_and(|held| held.is_bar()))
    }
}

#[async_trait]
impl Relay for Carrier {
    fn name(&self) -> String {
        self.contract.ledger().name()
    }

    async fn carry(&self, request: &SignedRequest) -> Result<Fate> {
        Ok(self.carry_within(request, u64::MAX).await?.fate)
    }
}

fn refused_for(reason: impl Display) -> Fate {
    Fate::Refused { reason: reason.to_string() }
}

/// Whose ether is missing, and what the provider said, is nobody's business but the relay's. What passes by itself is no
/// refusal.
fn not_carried(error: LedgerError) -> Error {
    let service = String::from("the relay");
    match error {
        LedgerError::Unfunded { .. } => Error::Unreachable { service, reason: "it cannot pay at the moment".into() },
        LedgerError::TooDear { .. } => Error::Unreachable { service, reason: "fees are too high at the moment".into() },
        LedgerError::Rejected { reason, .. } => {
            tracing::warn!(reason, "the provider refuses what is carried");
            Error::Refused { service, reason: "its provider refuses at the moment".into() }
        }
        error => error.into(),
    }
}

impl std::fmt::Debug for Carrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Carrier").field(&self.payer.address()).finish()
    }
}

//! Carries requests with a funded account: the core of a relay.

use std::fmt::Display;

use alloy::primitives::{Address, B256, keccak256};
use async_trait::async_trait;

use crate::{
    base::error::{Error, Result},
    ledger::{Act, Call, Contract, LedgerError, Pending, Receipt, Sender, Settled, Signer},
    relay::{Fate, Relay, SignedRequest},
};

/// Sends signed requests as transactions of a funded account.
#[derive(Clone)]
pub struct Carrier {
    contract: Contract,
    sender: Sender,
    payer: Signer,
}

/// The result of an attempt to carry a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Carried {
    /// The state of the request. After [`Fate::Waiting`], ask again with [`Carrier::look`]; so too after a failed
    /// transaction.
    pub fate: Fate,
    /// The receipt of the transaction that this account paid for, also if it failed.
    pub receipt: Option<Receipt>,
}

impl Carried {
    /// Whether its transaction was mined, or there is nothing left to carry.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.receipt.is_some() || self.fate != Fate::Waiting
    }
}

/// The state of a request on chain before anybody sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// It would take effect now.
    Ready {
        /// The gas that it needs, as a transaction of this account.
        gas: u64,
    },
    /// There is nothing to carry.
    Ended(Fate),
}

/// Why a request was not carried. You can try again.
#[derive(Debug, thiserror::Error)]
pub enum NotCarried {
    /// This account has too little ether. Another account may have enough.
    #[error("account {payer} cannot pay for it: fund it")]
    Unfunded {
        /// The account that should pay.
        payer: Address,
    },
    /// Any account would fail in the same way.
    #[error(transparent)]
    Other(#[from] Error),
}

/// A pending transaction of an account, for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// The request's id.
    pub id: B256,
    /// The provider refused the transaction, or it is superseded: the account's next act uses its nonce.
    pub gives_way: bool,
}

impl Carrier {
    /// Carries requests for `contract` and its boards only. `payer` pays.
    #[must_use]
    pub fn new(contract: Contract, sender: Sender, payer: Signer) -> Self {
        Self { contract, sender, payer }
    }

    /// The contract that requests must be for.
    #[must_use]
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// Whether the request would take effect now, with at most this much gas. It sends nothing.
    ///
    /// # Errors
    /// If the chain gives no answer.
    pub async fn look(&self, request: &SignedRequest, gas: u64) -> Result<Look> {
        let act = match request.act_for(&self.contract).await {
            Ok(act) => act,
            Err(Error::Invalid(reason)) => return Ok(Look::Ended(Fate::Refused { reason: reason.into() })),
            Err(error) => return Err(error),
        };
        if self.is_idle(&act).await? {
            return Ok(Look::Ended(self.after(&act, request, "this account is barred from there already").await?));
        }
        let call = match self.payer.address() {
            // A board checks no signature of its caller. So a request that the payer signed is tried as another caller.
            payer if payer == act.signer() => request.call(),
            payer => request.call().by(payer),
        };
        let ledger = self.contract.ledger();
        let needed = match ledger.call(&call, None).await {
            Ok(_) => ledger.estimate(&call).await,
            Err(error) => Err(error),
        };
        match needed {
            Ok(needed) if needed > gas => Ok(Look::Ended(refused_for(LedgerError::TooMuchGas { needed, most: gas }))),
            Ok(gas) => Ok(Look::Ready { gas }),
            Err(error) if error.is_refusal() => Ok(Look::Ended(self.after(&act, request, error).await?)),
            Err(error) => Err(error.into()),
        }
    }

    /// Carries a request in a transaction with a gas limit of at most `gas`.
    ///
    /// # Errors
    /// If the chain gives no answer or accepts nothing now. The transaction may then be pending
    /// ([`Carrier::under_way`]). Nobody else should carry the request before [`Carrier::resume`] returns its result.
    pub async fn carry_within(&self, request: &SignedRequest, gas: u64) -> Result<Carried, NotCarried> {
        match (self.look(request, gas).await?, request.act()) {
            (Look::Ready { .. }, Some(act)) => self.send(request, &act, gas).await,
            (Look::Ready { .. }, None) => Ok(Carried { fate: Fate::Waiting, receipt: None }),
            (Look::Ended(fate), _) => Ok(Carried { fate, receipt: None }),
        }
    }

    async fn send(&self, request: &SignedRequest, act: &Act, gas: u64) -> Result<Carried, NotCarried> {
        let fate = match self.sender.carrying(gas).send(&self.payer, request.call()).await {
            Ok(receipt) => return Ok(mined(receipt)),
            Err(error) if error.is_refusal() => self.after(act, request, error).await?,
            Err(error @ LedgerError::TooMuchGas { .. }) => refused_for(error),
            Err(error) => return Err(self.not_carried(error)),
        };
        Ok(Carried { fate, receipt: None })
    }

    /// The request whose transaction an earlier call of this account left pending, or whose transaction the provider
    /// refused.
    ///
    /// # Errors
    /// If the pending transaction cannot be read on this machine.
    pub async fn under_way(&self) -> Result<Option<UnderWay>> {
        let Some(pending) = self.sender.pending(self.payer.address()).await? else { return Ok(None) };
        Ok(Some(UnderWay { id: keccak256(&pending.call()?.data), gives_way: pending.refused }))
    }

    /// Lets the next request of this account replace its pending transaction, which is stuck. At most one of the two is
    /// mined.
    ///
    /// # Errors
    /// If this cannot be saved on this machine.
    pub async fn give_way(&self) -> Result<()> {
        Ok(self.sender.give_way(self.payer.address()).await?)
    }

    /// Follows the transaction that an earlier call of this account left pending. Returns its request and the result.
    /// `None` means that nothing is pending, or that a refused transaction may still be mined.
    ///
    /// # Errors
    /// If the chain gives no answer, or the transaction is still pending at the deadline.
    pub async fn resume(&self) -> Result<Option<(B256, Carried)>> {
        let Some(pending) = self.sender.pending(self.payer.address()).await? else { return Ok(None) };
        let Call { to, data, .. } = pending.call()?;
        let request = SignedRequest { chain_id: self.contract.chain(), contract: to, data };
        let carried = match self.sender.carrying(u64::MAX).resume(&self.payer).await {
            Ok(Some(Settled::Mined(receipt))) => mined(receipt),
            // It did not take effect. Whether it can now is asked as for every request.
            Ok(Some(Settled::Failed { .. })) => Carried { fate: Fate::Waiting, receipt: None },
            Ok(None) => return Ok(None),
            Err(error) => match self.mined_at_the_deadline(&pending).await? {
                Some(receipt) => mined(receipt),
                None => return Err(error.into()),
            },
        };
        Ok(Some((request.id(), carried)))
    }

    /// The deadline may have passed after the transaction ended and was removed from the outbox.
    async fn mined_at_the_deadline(&self, pending: &Pending) -> Result<Option<Receipt>> {
        match self.sender.pending(pending.account).await? {
            Some(_) => Ok(None),
            None => Ok(self.contract.ledger().receipt(pending.transaction).await?),
        }
    }

    /// The account that pays.
    #[must_use]
    pub fn payer(&self) -> Address {
        self.payer.address()
    }

    /// The state of a request that is refused now: it took effect before, or it is refused for good.
    async fn after(&self, act: &Act, request: &SignedRequest, reason: impl Display) -> Result<Fate> {
        match self.contract.took_effect(act, request.call()).await? {
            true => Ok(Fate::Done { transaction: None }),
            false => Ok(refused_for(reason)),
        }
    }

    /// Hides from callers which account lacks ether and what the provider answered: that concerns only the relay.
    fn not_carried(&self, error: LedgerError) -> NotCarried {
        NotCarried::Other(match error {
            LedgerError::Unfunded { .. } | LedgerError::Rejected { unfunded: true, .. } => {
                return NotCarried::Unfunded { payer: self.payer() };
            }
            LedgerError::TooDear { needed, most, .. } => {
                tracing::warn!(%needed, %most, "a transaction costs more wei than allowed: raise --max-fee");
                busy("fees are too high at the moment")
            }
            LedgerError::Rejected { reason, .. } => {
                tracing::warn!(reason, "the provider refuses the transaction");
                let reason = "its provider refuses at the moment".into();
                Error::Refused { service: "the relay".into(), reason }
            }
            error => error.into(),
        })
    }

    /// Whether it revokes a grant that is already barred. The contract records such a revocation each time, and
    /// somebody pays.
    async fn is_idle(&self, act: &Act) -> Result<bool> {
        let Act::Revocation { patient, revocation, .. } = act else { return Ok(false) };
        let grant = self.contract.grant_of(*patient, revocation.scope, revocation.grantee).await?;
        Ok(grant.is_some_and(|grant| grant.is_bar()))
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Relay for Carrier {
    fn name(&self) -> String {
        self.contract.ledger().name()
    }

    async fn carry(&self, request: &SignedRequest) -> Result<Fate> {
        let carried = self.carry_within(request, u64::MAX).await.map_err(|error| match error {
            NotCarried::Unfunded { .. } => busy("it cannot pay at the moment"),
            NotCarried::Other(error) => error,
        })?;
        match (carried.receipt.filter(|receipt| !receipt.succeeded), request.act()) {
            (Some(Receipt { transaction, .. }), Some(act)) => {
                self.after(&act, request, LedgerError::Failed { transaction }).await
            }
            _ => Ok(carried.fate),
        }
    }
}

fn refused_for(reason: impl Display) -> Fate {
    Fate::Refused { reason: reason.to_string() }
}

/// The result of a mined transaction. If it failed, another one may have carried the request, or may still carry it.
fn mined(receipt: Receipt) -> Carried {
    let fate = match receipt.succeeded {
        true => Fate::Done { transaction: Some(receipt.transaction) },
        false => Fate::Waiting,
    };
    Carried { fate, receipt: Some(receipt) }
}

/// A refusal that passes by itself is reported as unreachable.
fn busy(reason: &str) -> Error {
    Error::Unreachable { service: "the relay".into(), reason: reason.into() }
}

impl std::fmt::Debug for Carrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Carrier").field(&self.payer.address()).finish()
    }
}

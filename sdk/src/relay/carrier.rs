//! Carries requests itself, with an account that pays: what a relay does.

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

/// What carrying a request came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Carried {
    /// What became of it. [`Fate::Waiting`]: that is to be asked ([`Carrier::look`]), as after a transaction in vain.
    pub fate: Fate,
    /// The transaction that this account paid for, also where it was mined in vain.
    pub receipt: Option<Receipt>,
}

impl Carried {
    /// Whether its transaction was mined, or there is nothing more to carry.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.receipt.is_some() || self.fate != Fate::Waiting
    }
}

/// What the chain says of a request before anybody sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// It would take effect now.
    Ready {
        /// What it needs, as a transaction of this account.
        gas: u64,
    },
    /// There is nothing to carry.
    Ended(Fate),
}

/// Why a request was not carried. It can be tried again.
#[derive(Debug, thiserror::Error)]
pub enum NotCarried {
    /// This account has too little ether for it; another one may have enough.
    #[error("account {payer} cannot pay for it: fund it")]
    Unfunded {
        /// Who was to pay.
        payer: Address,
    },
    /// Any account would have met with this.
    #[error(transparent)]
    Other(#[from] Error),
}

/// What an account has on its way for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// The request's id.
    pub id: B256,
    /// Its provider refused the transaction, or it is to give way: the account's next act takes its place.
    pub gives_way: bool,
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
            Ok(needed) if needed > gas => Ok(Look::Ended(refused_for(LedgerError::TooMuchGas { needed, most: gas }))),
            Ok(gas) => Ok(Look::Ready { gas }),
            Err(error) if error.is_refusal() => Ok(Look::Ended(self.after(&act, request, error).await?)),
            Err(error) => Err(error.into()),
        }
    }

    /// Carries a request with a transaction whose gas limit is at most `gas`.
    ///
    /// # Errors
    /// When the chain gives no answer, or takes nothing now. Then the transaction may be under way
    /// ([`Carrier::under_way`]): nobody else should carry the request before [`Carrier::resume`] says what became of it.
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

    /// The request whose transaction an earlier call of this account left on its way, or refused by its provider.
    ///
    /// # Errors
    /// When it cannot be read on this machine.
    pub async fn under_way(&self) -> Result<Option<UnderWay>> {
        let Some(left) = self.sender.pending(self.payer.address()).await? else { return Ok(None) };
        Ok(Some(UnderWay { id: keccak256(&left.call()?.data), gives_way: left.refused }))
    }

    /// Lets the next request of this account take the place of what it has under way, which waits in vain. Of the two at
    /// most one is mined.
    ///
    /// # Errors
    /// When it cannot be kept on this machine.
    pub async fn give_way(&self) -> Result<()> {
        Ok(self.sender.give_way(self.payer.address()).await?)
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
            Ok(Some(Settled::Mined(receipt))) => mined(receipt),
            // It did not take effect then; whether it can now is asked as for every other.
            Ok(Some(Settled::Failed { .. })) => Carried { fate: Fate::Waiting, receipt: None },
            Ok(None) => return Ok(None),
            Err(error) => match self.mined_at_the_deadline(&left).await? {
                Some(receipt) => mined(receipt),
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

    /// It is refused now: because it took effect before, or for good.
    async fn after(&self, act: &Act, request: &SignedRequest, reason: impl Display) -> Result<Fate> {
        match self.contract.took_effect(act, request.call()).await? {
            true => Ok(Fate::Done { transaction: None }),
            false => Ok(refused_for(reason)),
        }
    }

    /// Whose ether is missing, and what the provider said, is nobody's business but the relay's.
    fn not_carried(&self, error: LedgerError) -> NotCarried {
        NotCarried::Other(match error {
            LedgerError::Unfunded { .. } | LedgerError::Rejected { unfunded: true, .. } => {
                return NotCarried::Unfunded { payer: self.payer() };
            }
            LedgerError::TooDear { needed, most, .. } => {
                tracing::warn!(%needed, %most, "a transaction may not cost so many wei: allow more with --max-fee");
                busy("fees are too high at the moment")
            }
            LedgerError::Rejected { reason, .. } => {
                tracing::warn!(reason, "the provider refuses what is carried");
                let reason = "its provider refuses at the moment".into();
                Error::Refused { service: "the relay".into(), reason }
            }
            error => error.into(),
        })
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

/// A transaction took effect, or was mined in vain. Then another one may have carried the request, and it may be carried
/// still.
fn mined(receipt: Receipt) -> Carried {
    let fate = match receipt.succeeded {
        true => Fate::Done { transaction: Some(receipt.transaction) },
        false => Fate::Waiting,
    };
    Carried { fate, receipt: Some(receipt) }
}

/// What passes by itself is no refusal.
fn busy(reason: &str) -> Error {
    Error::Unreachable { service: "the relay".into(), reason: reason.into() }
}

impl std::fmt::Debug for Carrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Carrier").field(&self.payer.address()).finish()
    }
}

//! Raises the fee of transactions that carry requests of others, while they wait for a block.
//!
//! The call and the nonce stay, so at most one of its transactions is mined. A person's own act is never signed again,
//! because another device may have undone it on purpose. A request of others takes effect once, whichever transaction
//! carries it.

use std::time::Duration;

use alloy::{
    consensus::TxEip1559,
    primitives::{Address, B256, U256},
};

use crate::ledger::{
    error::LedgerError,
    outbox::Pending,
    sender::{
        parts::{Sender, Signer},
        settle::{Attempt, End},
        sign::{price_of, transaction_in},
    },
    types::Fees,
};

/// Nodes require a fee 10 percent higher for a replacement. This adds one part to this many parts.
const PARTS: u128 = 8;

/// Whether a transaction may have been sent already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handed {
    Never,
    /// It was never sent, and replaces another one of this machine.
    Outbids,
    /// It may have been sent before a crash or a deadline.
    Perhaps,
}

impl Sender {
    /// Follows a transaction to its end. Its replacements are saved, and followed with it.
    pub(super) async fn follow(
        &self,
        signer: &Signer,
        pending: &mut Pending,
        handed: Handed,
    ) -> Result<End, LedgerError> {
        let (mut may_have_arrived, mut outbids) = (handed == Handed::Perhaps, handed == Handed::Outbids);
        loop {
            if let Some(end) = (Attempt { may_have_arrived, outbids, ..self.attempt(pending) }).run().await {
                return Ok(end);
            }
            (may_have_arrived, outbids) = (true, false);
            match self.raised(signer, pending).await {
                Ok(raised) => {
                    tracing::info!(account = %raised.account, nonce = raised.nonce, "no block includes it: the fee is raised");
                    self.outbox.save(&raised).await?;
                    *pending = raised;
                }
                Err(error) => tracing::warn!(%error, "no block includes it, and the fee cannot be raised"),
            }
        }
    }

    /// Allows the next act of this account to replace its pending transaction, if that one carries a request of others.
    pub(crate) async fn give_way(&self, account: Address) -> Result<(), LedgerError> {
        let _alone = self.lock(account).await?;
        match self.outbox.load(account).await? {
            Some(pending) => self.outbox.save(&Pending { refused: true, ..pending }).await,
            None => Ok(()),
        }
    }

    /// The same call with the same nonce, at the current fee and at least an eighth more.
    async fn raised(&self, signer: &Signer, pending: &Pending) -> Result<Pending, LedgerError> {
        let damaged = || LedgerError::Outbox { reason: "a saved transaction is damaged".into(), source: None };
        let waits = transaction_in(pending).ok_or_else(damaged)?;
        let transaction = raised(&waits, self.ledger.fees().await?, self.options.most).ok_or_else(|| {
            let least = TxEip1559 { max_fee_per_gas: an_eighth_more(waits.max_fee_per_gas), ..waits.clone() };
            LedgerError::TooDear { host: self.ledger.name(), needed: price_of(&least), most: self.options.most }
        })?;
        let signed = self.seal(signer, &transaction).await?;
        Ok(Pending { note: [pending.note.as_ref(), pending.transaction.as_slice()].concat().into(), ..signed })
    }

    pub(super) fn attempt<'a>(&'a self, pending: &'a Pending) -> Attempt<'a> {
        let (ledger, confirmations, pace) = (&*self.ledger, self.options.confirmations, self.pace);
        let (earlier, patience) = (self.earlier(pending), self.patience());
        Attempt { ledger, pending, earlier, confirmations, pace, patience, may_have_arrived: false, outbids: false }
    }

    /// How long a transaction may wait for a block; `None` (without limit) if the fee cannot be raised.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.carries_up_to.map(|_| self.pace.raise.min(self.options.deadline / 2))
    }

    /// The transactions that it replaced. For carried requests the note names them, because it has no other use.
    pub(super) fn earlier(&self, pending: &Pending) -> Vec<B256> {
        let note = if self.carries_up_to.is_some() { &pending.note[..] } else { &[] };
        note.chunks_exact(B256::len_bytes()).map(B256::from_slice).collect()
    }
}

/// `None` if the raised fee would exceed the maximum cost.
fn raised(waits: &TxEip1559, fees: Fees, most: U256) -> Option<TxEip1559> {
    let least = an_eighth_more(waits.max_fee_per_gas);
    let allowed: u128 = (most / U256::from(waits.gas_limit.max(1))).saturating_to();
    let max_fee = fees.max_fee.max(least).min(allowed);
    let priority_fee = fees.priority_fee.max(an_eighth_more(waits.max_priority_fee_per_gas)).min(max_fee);
    let raised = TxEip1559 { max_fee_per_gas: max_fee, max_priority_fee_per_gas: priority_fee, ..waits.clone() };
    (max_fee >= least).then_some(raised)
}

fn an_eighth_more(fee: u128) -> u128 {
    fee.saturating_add(fee.div_ceil(PARTS))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn fee_is_raised_by_at_least_an_eighth_and_never_above_the_maximum(
            fee in 0..u64::MAX, tip in 0..u64::MAX, now in 0..u64::MAX, now_tip in 0..u64::MAX,
            gas_limit in 21_000..30_000_000_u64, percent in 0..300_u64,
        ) {
            let (fee, now) = (u128::from(fee.max(tip)), u128::from(now.max(now_tip)));
            let tips = (u128::from(tip), u128::from(now_tip));
            let waits = TxEip1559 {
                nonce: 7, gas_limit, max_fee_per_gas: fee, max_priority_fee_per_gas: tips.0, ..TxEip1559::default()
            };
            let fees = Fees { max_fee: now, priority_fee: tips.1 };
            let most = price_of(&waits) * U256::from(percent) / U256::from(100);
            match raised(&waits, fees, most) {
                Some(next) => {
                    prop_assert!(next.max_fee_per_gas * 8 >= fee * 9 && next.max_priority_fee_per_gas * 8 >= tips.0 * 9);
                    prop_assert!(next.max_priority_fee_per_gas <= next.max_fee_per_gas);
                    prop_assert!(price_of(&next) <= most);
                    let same = TxEip1559 { max_fee_per_gas: fee, max_priority_fee_per_gas: tips.0, ..next };
                    prop_assert_eq!(same, waits);
                }
                None => {
                    let least = TxEip1559 { max_fee_per_gas: fee + fee.div_ceil(8), ..waits };
                    prop_assert!(price_of(&least) > most);
                }
            }
        }
    }
}

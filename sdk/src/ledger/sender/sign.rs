//! Signs a call as a transaction that this machine can pay for.

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::eip2718::{Decodable2718, Encodable2718},
    primitives::{Bytes, TxKind, U256},
};

use super::{
    super::{Call, Fees, LedgerError, Pending},
    Sender, Signer,
};

/// What others do first may send what is carried another way: a veto that finds a case granted ends a grant, too. Gas that
/// is not used costs nothing.
const OTHERS: u64 = 50_000;

impl Sender {
    pub(super) async fn sign(&self, signer: &Signer, call: &Call, markup: u128) -> Result<Pending, LedgerError> {
        let account = signer.address();
        let Fees { max_fee, priority_fee } = self.ledger.fees().await?;
        let mut transaction = TxEip1559 {
            chain_id: self.chain,
            nonce: self.ledger.nonce(account).await?,
            gas_limit: self.gas_limit(self.ledger.estimate(call).await?)?,
            max_fee_per_gas: max_fee.saturating_mul(markup),
            max_priority_fee_per_gas: priority_fee.saturating_mul(markup),
            to: TxKind::Call(call.to),
            input: call.data.clone(),
            ..TxEip1559::default()
        };
        self.seal(signer, &mut transaction).await
    }

    /// Signs what this machine can pay for.
    pub(super) async fn seal(&self, signer: &Signer, transaction: &mut TxEip1559) -> Result<Pending, LedgerError> {
        let account = signer.address();
        let needed = price_of(transaction);
        if needed > self.options.most {
            return Err(LedgerError::TooDear { host: self.ledger.name(), needed, most: self.options.most });
        }
        if self.ledger.balance(account).await? < needed {
            return Err(LedgerError::Unfunded { account, needed });
        }
        let signed = signer.sign_transaction(transaction).await;
        let signature = signed.map_err(|error| LedgerError::Signer { reason: error.to_string() })?;
        let envelope = TxEnvelope::from(transaction.clone().into_signed(signature));
        let (transaction, nonce) = (*envelope.tx_hash(), alloy::consensus::Transaction::nonce(&envelope));
        Ok(Pending {
            account,
            transaction,
            nonce,
            raw: envelope.encoded_2718().into(),
            refused: false,
            note: Bytes::new(),
        })
    }

    /// What is carried may behave differently when it is mined: then it costs no more than was allowed.
    fn gas_limit(&self, needed: u64) -> Result<u64, LedgerError> {
        match self.carries_up_to {
            Some(most) if needed > most => Err(LedgerError::TooMuchGas { needed, most }),
            Some(most) => Ok(with_headroom(needed).saturating_add(OTHERS).min(most)),
            None => Ok(with_headroom(needed)),
        }
    }
}

/// A quarter more than now: what others do first may make it dearer (a new slot, a longer path).
fn with_headroom(gas: u64) -> u64 {
    gas.saturating_add(gas / 4).saturating_add(10_000)
}

/// The most it may cost, wei.
pub(super) fn price_of(transaction: &TxEip1559) -> U256 {
    U256::from(transaction.gas_limit) * U256::from(transaction.max_fee_per_gas)
}

pub(super) fn unfunded(pending: &Pending) -> LedgerError {
    let needed = transaction_in(pending).map_or(U256::ZERO, |transaction| price_of(&transaction));
    LedgerError::Unfunded { account: pending.account, needed }
}

/// What was signed.
pub(super) fn transaction_in(pending: &Pending) -> Option<TxEip1559> {
    match TxEnvelope::decode_2718(&mut pending.raw.as_ref()) {
        Ok(TxEnvelope::Eip1559(signed)) => Some(signed.tx().clone()),
        _ => None,
    }
}

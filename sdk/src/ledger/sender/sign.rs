//! Signs a call as a transaction that the account can pay for.

use alloy::{
    consensus::{SignableTransaction, Signed, Transaction, TxEip1559, TxEnvelope, TxLegacy},
    eips::eip2718::{Decodable2718, Encodable2718},
    primitives::{Bytes, Signature, TxKind, U256},
};

use crate::ledger::{
    error::LedgerError,
    outbox::Pending,
    sender::parts::{Sender, Signer},
    types::{Call, Fees},
};

/// Extra gas for carried requests, because earlier acts of others can change their path. For example, a veto of a
/// granted case also ends a grant. Unused gas costs nothing.
const OTHERS: u64 = 50_000;
/// A transaction up to this gas fits into a block of any chain.
const FITS_ANYWHERE: u64 = 1_000_000;

impl Sender {
    pub(super) async fn sign(&self, signer: &Signer, call: &Call, markup: u128) -> Result<Pending, LedgerError> {
        let account = signer.address();
        let Fees { max_fee, priority_fee } = self.offer(markup).await?;
        let gas = self.gas_limit(self.ledger.estimate(call).await?).await?;
        let transaction = TxEip1559 {
            chain_id: self.chain,
            nonce: self.ledger.nonce(account).await?,
            gas_limit: gas,
            max_fee_per_gas: max_fee.saturating_mul(markup),
            max_priority_fee_per_gas: priority_fee.saturating_mul(markup),
            to: TxKind::Call(call.to),
            input: call.data.clone(),
            ..TxEip1559::default()
        };
        self.seal(signer, &transaction).await
    }

    /// Signs a transaction that the account can pay for.
    pub(super) async fn seal(&self, signer: &Signer, transaction: &TxEip1559) -> Result<Pending, LedgerError> {
        let account = signer.address();
        let needed = price_of(transaction);
        if needed > self.options.most {
            return Err(LedgerError::TooDear { host: self.ledger.name(), needed, most: self.options.most });
        }
        if self.ledger.balance(account).await? < needed {
            return Err(LedgerError::Unfunded { account, needed });
        }
        let envelope = match transaction.max_fee_per_gas == transaction.max_priority_fee_per_gas {
            true => signed(signer, without_base_fee(transaction.clone())).await?,
            false => signed(signer, transaction.clone()).await?,
        };
        let (transaction, nonce) = (*envelope.tx_hash(), envelope.nonce());
        Ok(Pending {
            account,
            transaction,
            nonce,
            raw: envelope.encoded_2718().into(),
            refused: false,
            note: Bytes::new(),
        })
    }

    async fn offer(&self, markup: u128) -> Result<Fees, LedgerError> {
        let fees = self.ledger.fees().await?;
        // This fee was offered before and was too low.
        if fees.max_fee == 0 && markup > 1 {
            let price = self.ledger.gas_price().await?;
            return Ok(Fees { max_fee: price, priority_fee: price });
        }
        Ok(fees)
    }

    /// A carried request may behave differently when it is mined, but never costs more than the ceiling. A node refuses
    /// a limit above that of a block.
    async fn gas_limit(&self, needed: u64) -> Result<u64, LedgerError> {
        let limit = match self.carries_up_to {
            Some(most) if needed > most => return Err(LedgerError::TooMuchGas { needed, most }),
            Some(most) => with_headroom(needed).saturating_add(OTHERS).min(most),
            None => with_headroom(needed),
        };
        if limit <= FITS_ANYWHERE {
            return Ok(limit);
        }
        let block = self.ledger.block_gas().await?.unwrap_or(u64::MAX);
        Ok(limit.min(block).max(needed))
    }
}

async fn signed<T>(signer: &Signer, mut transaction: T) -> Result<TxEnvelope, LedgerError>
where
    T: SignableTransaction<Signature>,
    TxEnvelope: From<Signed<T>>,
{
    let signature = signer.sign_transaction(&mut transaction).await;
    let signature =
        signature.map_err(|error| LedgerError::Signer { reason: error.to_string(), source: Some(error.into()) })?;
    Ok(transaction.into_signed(signature).into())
}

/// The same offer as a legacy transaction, if all of it goes to the block's builder. Chains without a base fee accept
/// only this form.
fn without_base_fee(transaction: TxEip1559) -> TxLegacy {
    let TxEip1559 { chain_id, nonce, gas_limit, max_fee_per_gas, to, value, input, .. } = transaction;
    TxLegacy { chain_id: Some(chain_id), nonce, gas_price: max_fee_per_gas, gas_limit, to, value, input }
}

/// A quarter more than now, because earlier acts of others can make it cost more (a new slot, a longer path).
fn with_headroom(gas: u64) -> u64 {
    gas.saturating_add(gas / 4).saturating_add(10_000)
}

/// Its maximum cost, in wei.
pub(super) fn price_of(transaction: &TxEip1559) -> U256 {
    U256::from(transaction.gas_limit) * U256::from(transaction.max_fee_per_gas)
}

pub(super) fn unfunded(pending: &Pending) -> LedgerError {
    let needed = transaction_in(pending).map_or(U256::ZERO, |transaction| price_of(&transaction));
    LedgerError::Unfunded { account: pending.account, needed }
}

/// The signed transaction, from either form.
pub(super) fn transaction_in(pending: &Pending) -> Option<TxEip1559> {
    match TxEnvelope::decode_2718(&mut pending.raw.as_ref()) {
        Ok(TxEnvelope::Eip1559(signed)) => Some(signed.tx().clone()),
        Ok(TxEnvelope::Legacy(signed)) => {
            let TxLegacy { chain_id, nonce, gas_price, gas_limit, to, value, input } = signed.tx().clone();
            let (max_fee_per_gas, max_priority_fee_per_gas) = (gas_price, gas_price);
            let fees = TxEip1559 { max_fee_per_gas, max_priority_fee_per_gas, ..TxEip1559::default() };
            Some(TxEip1559 { chain_id: chain_id?, nonce, gas_limit, to, value, input, ..fees })
        }
        _ => None,
    }
}

//! The fees to offer for gas, also on chains without a base fee or without fees, and on nodes without the newer
//! methods.

use alloy::{
    consensus::BlockHeader, eips::BlockNumberOrTag, network::BlockResponse, providers::Provider,
    providers::utils::eip1559_default_estimator,
};

use crate::ledger::{error::LedgerError, ethereum::EthereumLedger, types::Fees};

/// The number of blocks whose tips are read, and the percentile of the tips in each block.
const BLOCKS: u64 = 10;
const PERCENTILE: f64 = 20.0;

impl EthereumLedger {
    pub(super) async fn offer(&self) -> Result<Fees, LedgerError> {
        let percentiles = [PERCENTILE];
        let asked = self.read(|| self.provider.get_fee_history(BLOCKS, BlockNumberOrTag::Latest, &percentiles)).await;
        let history = match unless_refused(asked)? {
            Some(history) => history,
            None => return self.offer_by_price().await,
        };
        let Some(base) = history.latest_block_base_fee() else { return self.offer_by_price().await };
        let rewards = history.reward.unwrap_or_default();
        if base == 0 {
            // A tip that one of the blocks accepted is enough, even zero: on some chains gas is free, and accounts own
            // no ether.
            let least = rewards.iter().filter_map(|tips| tips.first()).min().copied().unwrap_or_default();
            return Ok(Fees { max_fee: least, priority_fee: least });
        }
        let fees = eip1559_default_estimator(base, &rewards);
        Ok(Fees { max_fee: fees.max_fee_per_gas, priority_fee: fees.max_priority_fee_per_gas })
    }

    pub(super) async fn price(&self) -> Result<u128, LedgerError> {
        self.read(|| async { self.provider.get_gas_price().await }).await
    }

    async fn offer_by_price(&self) -> Result<Fees, LedgerError> {
        let price = self.price().await?;
        let newest = self.rpc_block(BlockNumberOrTag::Latest).await?;
        let base = newest.and_then(|block| block.header().base_fee_per_gas()).filter(|base| *base > 0);
        let Some(base) = base.map(u128::from) else {
            // All of this price goes to the block's builder.
            return Ok(Fees { max_fee: price, priority_fee: price });
        };
        let asked = self.read(|| async { self.provider.get_max_priority_fee_per_gas().await }).await;
        let tip = unless_refused(asked)?.unwrap_or_else(|| price.saturating_sub(base)).max(1);
        Ok(Fees { max_fee: base.saturating_mul(2).saturating_add(tip), priority_fee: tip })
    }
}

/// `None` if the node refuses the method: each node has its own message for an unknown method.
fn unless_refused<T>(answer: Result<T, LedgerError>) -> Result<Option<T>, LedgerError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(LedgerError::Refused { .. } | LedgerError::Malformed { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

//! How much goes into one transaction.

use crate::{
    acts::person::Person,
    base::error::{Error, Result},
};
use alloy::primitives::U256;

/// What a transaction of a list takes at most.
pub(crate) struct Price {
    pub(crate) base: u64,
    pub(crate) each: u64,
    pub(crate) most: usize,
}

impl Price {
    pub(crate) fn of(&self, items: usize) -> u64 {
        self.base + self.each * items as u64
    }

    /// How many items a block of this size takes in one transaction: a quarter more than is needed is asked for.
    fn fits(&self, block: u64) -> usize {
        let room = (block / 5 * 4).saturating_sub(self.base);
        usize::try_from(room / self.each).unwrap_or(usize::MAX).min(self.most)
    }
}

/// Gas that records take at most, for asking whether the account can pay, and a block hold them, before anything is
/// uploaded.
pub(crate) const RECORDS: Price = Price { base: 150_000, each: 40_000, most: 100 };

impl Person {
    /// Fails early when the account has too little for a transaction: an upload may take an hour.
    pub(crate) async fn can_pay(&self, records: usize) -> Result<()> {
        if !self.relays().is_empty() {
            return Ok(());
        }
        let fees = self.ledger().fees().await?;
        let needed = U256::from(fees.max_fee) * U256::from(RECORDS.of(records));
        if self.balance().await? < needed {
            return Err(Error::Unfunded { account: self.address(), needed });
        }
        Ok(())
    }

    /// How many items go into one transaction here. That not even one does is known before anything is prepared.
    pub(crate) async fn at_once(&self, price: &Price) -> Result<usize> {
        let ledger = self.ledger();
        let Some(block) = ledger.block_gas().await? else { return Ok(price.most) };
        match price.fits(block) {
            0 => Err(Error::Refused {
                service: ledger.name(),
                reason: format!(
                    "a block of this chain takes {block} gas, and this may need {}: raise the chain's block gas limit",
                    price.of(1)
                )
                .into(),
            }),
            items => Ok(items),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_is_split_by_what_a_block_takes() {
        let price = Price { base: 150_000, each: 40_000, most: 100 };
        let cases = [
            (0, 0),
            (150_000, 0),
            (237_499, 0),
            (237_500, 1),
            (2_500_000, 46),
            (5_187_499, 99),
            (5_187_500, 100),
            (30_000_000, 100),
            (u64::MAX, 100),
        ];
        for (block, items) in cases {
            assert_eq!(price.fits(block), items, "{block}");
            assert!(items == 0 || price.of(items) / 4 * 5 <= block, "{block}");
        }
    }
}

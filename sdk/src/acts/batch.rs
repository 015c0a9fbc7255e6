//! How many items go into one transaction.

use alloy::primitives::U256;

use crate::{
    acts::person::Person,
    base::error::{Error, Result},
};

/// The most gas that a transaction with a list takes, and the longest list.
pub(crate) struct Price {
    pub(crate) base: u64,
    pub(crate) each: u64,
    pub(crate) most: usize,
}

impl Price {
    pub(crate) fn of(&self, items: usize) -> u64 {
        self.base + self.each * items as u64
    }

    /// How many items fit into one transaction in a block of this size. Callers ask for a quarter more gas than needed.
    fn fits(&self, block: u64) -> usize {
        let room = (block / 5 * 4).saturating_sub(self.base);
        usize::try_from(room / self.each).unwrap_or(usize::MAX).min(self.most)
    }
}

/// The most gas that records take. It shows before an upload whether the account can pay and a block has room.
pub(crate) const RECORDS: Price = Price { base: 150_000, each: 40_000, most: 100 };

impl Person {
    /// Fails early if the account cannot pay for a transaction, because an upload may take an hour.
    pub(crate) async fn can_pay(&self, records: usize) -> Result<()> {
        if !self.relays.is_empty() {
            return Ok(());
        }
        let fees = self.ledger().fees().await?;
        let needed = U256::from(fees.max_fee) * U256::from(RECORDS.of(records));
        if self.balance().await? < needed {
            return Err(Error::Unfunded { account: self.address(), needed });
        }
        Ok(())
    }

    /// How many items fit into one transaction here. Fails before any work if not even one does.
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
    fn list_is_split_by_the_size_of_a_block() {
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

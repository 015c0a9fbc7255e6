//! Bounds of settings. Flags, files, the environment and builders all use them.

use std::{str::FromStr, time::Duration};

use alloy::primitives::{U256, utils::parse_ether};

use crate::base::error::{Error, Result, fail};

/// Histories, profiles and boards that are kept in memory; those on disk are not bounded.
pub(crate) const KEPT: usize = 1024;

/// The time limit for one answer of a service: a millisecond to a day.
///
/// See the [example](crate::Config).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timeout(Duration);

impl Timeout {
    const SHORTEST: Duration = Duration::from_millis(1);
    const LONGEST: Duration = Duration::from_secs(24 * 3600);

    /// The time limit.
    pub const fn get(self) -> Duration {
        self.0
    }

    /// A time limit in whole seconds.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn seconds(seconds: u64) -> Result<Self> {
        Duration::from_secs(seconds).try_into()
    }
}

impl TryFrom<Duration> for Timeout {
    type Error = Error;

    fn try_from(time: Duration) -> Result<Self> {
        match (Self::SHORTEST..=Self::LONGEST).contains(&time) {
            true => Ok(Self(time)),
            false if time.is_zero() => Err(wrong_timeout("0 seconds")),
            false => Err(wrong_timeout(&format!("{time:?}"))),
        }
    }
}

/// Whole seconds, as people type them.
impl FromStr for Timeout {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let digits = Some(text).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let seconds = digits.and_then(|text| text.parse().ok());
        seconds.ok_or_else(|| wrong_timeout(&format!("{text:?}"))).and_then(Self::seconds)
    }
}

fn wrong_timeout(what: &str) -> Error {
    Error::Invalid(format!("the timeout cannot be {what}: take 1 to 86400 seconds, a day").into())
}

/// The maximum cost of one transaction: above zero, at most 1000 ether.
///
/// See the [example](crate::Config).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MaxFee(U256);

impl MaxFee {
    /// 1000 ether. A larger amount is most likely in the wrong unit.
    const MOST: u128 = 1_000_000_000_000_000_000_000;

    /// In wei.
    pub const fn wei(self) -> U256 {
        self.0
    }
}

impl TryFrom<U256> for MaxFee {
    type Error = Error;

    fn try_from(wei: U256) -> Result<Self> {
        match !wei.is_zero() && wei <= U256::from(Self::MOST) {
            true => Ok(Self(wei)),
            false => Err(wrong_fee(&format!("{wei} wei"))),
        }
    }
}

/// An amount of ether, as people type it.
impl FromStr for MaxFee {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && text.bytes().any(|b| b.is_ascii_digit());
        let wei = digits.then(|| parse_ether(text).ok()).flatten();
        wei.and_then(|wei| wei.try_into().ok()).ok_or_else(|| wrong_fee(&format!("{text:?}")))
    }
}

fn wrong_fee(what: &str) -> Error {
    Error::Invalid(format!(
        "the most that a transaction may cost cannot be {what}: an amount of ether looks like 0.05, and is at most 1000"
    ).into())
}

/// The number of blocks after which a transaction counts as confirmed.
pub(crate) fn confirmations(blocks: u64) -> Result<u64> {
    match (1..=10_000).contains(&blocks) {
        true => Ok(blocks),
        false => fail!(Invalid, "confirmations cannot be {blocks}: take 1 to 10000 blocks"),
    }
}

/// A chain id, which is not zero.
pub(crate) fn chain_id(id: u64) -> Result<u64> {
    match id {
        0 => fail!(Invalid, "0 is not the id of a chain; 1 is that of Ethereum's main network"),
        id => Ok(id),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        ledger::{EthereumLedger, EthereumOptions},
        relay::HttpRelay,
        store::{self, StoreOptions},
        system::{System, config::Config},
    };

    const WRONG: [Duration; 5] = [
        Duration::ZERO,
        Duration::from_nanos(1),
        Duration::from_secs(86_401),
        Duration::from_secs(4_611_686_018_427_387_904),
        Duration::MAX,
    ];

    async fn refused(config: Config) -> String {
        match config.connect().await {
            Err(Error::Invalid(why)) => why.into(),
            other => panic!("{other:?}"),
        }
    }

    /// Nothing listens at this address: bounds are checked before the first connection.
    fn config() -> Config {
        System::builder().rpc("http://127.0.0.1:1").store("memory:")
    }

    #[tokio::test]
    async fn every_entry_point_refuses_timeout_out_of_bounds() {
        for wrong in WRONG {
            let message = Timeout::try_from(wrong).unwrap_err().to_string();
            assert!(message.contains("1 to 86400 seconds"), "{message}");
            assert_eq!(refused(config().timeout(wrong)).await, message);
            assert_eq!(HttpRelay::connect("http://127.0.0.1:1", wrong).unwrap_err().to_string(), message);
            let options = EthereumOptions { timeout: wrong, ..EthereumOptions::default() };
            let ledger = EthereumLedger::connect("http://127.0.0.1:1", options);
            assert!(ledger.err().unwrap().to_string().contains(&message), "{wrong:?}");
            for options in [StoreOptions::default().timeout(wrong), StoreOptions::default().peers(wrong)] {
                let opened = store::open("kubo+http://127.0.0.1:1", &options);
                // Zero is valid for `peers`: the node then asks no peers.
                let fine = wrong.is_zero() && opened.is_ok();
                assert!(fine || opened.err().unwrap().to_string().contains(&message), "{wrong:?}");
            }
        }
        for right in [Duration::from_millis(1), Duration::from_secs(1), Duration::from_secs(86_400)] {
            assert_eq!(Timeout::try_from(right).unwrap().get(), right);
            assert!(HttpRelay::connect("http://127.0.0.1:1", right).is_ok());
            assert!(store::open("kubo+http://127.0.0.1:1", &StoreOptions::default().timeout(right)).is_ok());
        }
        for typed in ["", "0", "-1", "1.5", "30s", "86401", "99999999999999999999", "4611686018427387904", "٣", "+1"] {
            assert!(typed.parse::<Timeout>().unwrap_err().to_string().contains("1 to 86400 seconds"), "{typed}");
        }
        assert_eq!("30".parse::<Timeout>().unwrap().get(), Duration::from_secs(30));
    }

    #[tokio::test]
    async fn builder_refuses_fees_confirmations_and_chains_out_of_bounds() {
        let ether = U256::from(MaxFee::MOST / 1000);
        for wrong in [U256::ZERO, U256::from(MaxFee::MOST) + U256::ONE, U256::MAX] {
            let message = MaxFee::try_from(wrong).unwrap_err().to_string();
            assert_eq!(refused(config().most_per_transaction(wrong)).await, message);
        }
        for typed in ["", "0", "-1", "much", ".", "1e3", "1 ether", "0.0000000000000000001", "1001", &"9".repeat(90)] {
            assert!(typed.parse::<MaxFee>().is_err(), "{typed}");
        }
        assert_eq!("2".parse::<MaxFee>().unwrap().wei(), ether * U256::from(2));
        for wrong in [0, 10_001, u64::MAX] {
            assert!(refused(config().confirmations(wrong)).await.contains("confirmations"), "{wrong}");
        }
        assert!(refused(config().chain_id(0)).await.contains("chain"));
    }
}

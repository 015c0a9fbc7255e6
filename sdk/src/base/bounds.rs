//! What a setting may be: one rule for flags, files, the environment and builders, so that no way around it is left.

use std::{str::FromStr, time::Duration};

use alloy::primitives::{U256, utils::parse_ether};

use crate::base::error::{Error, Result};

/// Histories, profiles and boards that are kept in memory; those on disk are not bounded.
pub(crate) const KEPT: usize = 1024;

/// How long one answer of a service may take: a millisecond to a day.
///
/// See the [example](crate::Config).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timeout(Duration);

impl Timeout {
    const SHORTEST: Duration = Duration::from_millis(1);
    const LONGEST: Duration = Duration::from_secs(24 * 3600);

    /// The time itself.
    pub const fn get(self) -> Duration {
        self.0
    }

    /// Of whole seconds.
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

/// The most that one transaction may cost: more than nothing, at most 1000 ether.
///
/// See the [example](crate::Config).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MaxFee(U256);

impl MaxFee {
    /// 1000 ether: whoever names more has mistaken the unit.
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

/// Blocks after which a transaction counts.
pub(crate) fn confirmations(blocks: u64) -> Result<u64> {
    match (1..=10_000).contains(&blocks) {
        true => Ok(blocks),
        false => Err(Error::Invalid(format!("confirmations cannot be {blocks}: take 1 to 10000 blocks").into())),
    }
}

/// The id of a chain.
pub(crate) fn chain_id(id: u64) -> Result<u64> {
    match id {
        0 => Err(Error::Invalid("0 is not the id of a chain; 1 is that of Ethereum's main network".into())),
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
        match System::connect(config).await {
            Err(Error::Invalid(why)) => why.into(),
            other => panic!("{other:?}"),
        }
    }

    /// Nothing listens there: what is out of bounds is told first.
    fn config() -> Config {
        Config::new("http://127.0.0.1:1").store("memory:")
    }

    #[tokio::test]
    async fn a_timeout_out_of_bounds_is_refused_at_every_entrance() {
        for wrong in WRONG {
            let told = Timeout::try_from(wrong).unwrap_err().to_string();
            assert!(told.contains("1 to 86400 seconds"), "{told}");
            assert_eq!(refused(config().timeout(wrong)).await, told);
            assert_eq!(HttpRelay::connect("http://127.0.0.1:1", wrong).unwrap_err().to_string(), told);
            let options = EthereumOptions { timeout: wrong, ..EthereumOptions::default() };
            let ledger = EthereumLedger::connect("http://127.0.0.1:1", options);
            assert!(ledger.err().unwrap().to_string().contains(&told), "{wrong:?}");
            for options in [StoreOptions::default().timeout(wrong), StoreOptions::default().peers(wrong)] {
                let opened = store::open("kubo+http://127.0.0.1:1", &options);
                // A node that asks no peers is one of the ways to run it.
                let fine = wrong.is_zero() && opened.is_ok();
                assert!(fine || opened.err().unwrap().to_string().contains(&told), "{wrong:?}");
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
    async fn fees_confirmations_and_chains_out_of_bounds_are_refused_by_the_builder_too() {
        let ether = U256::from(MaxFee::MOST / 1000);
        for wrong in [U256::ZERO, U256::from(MaxFee::MOST) + U256::ONE, U256::MAX] {
            let told = MaxFee::try_from(wrong).unwrap_err().to_string();
            assert_eq!(refused(config().most_per_transaction(wrong)).await, told);
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

//! How often one account, or one address of the network, may ask.

use std::{hash::Hash, net::IpAddr, num::NonZeroU32, time::Duration};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock, clock::DefaultClock};
use hospital_record::Address;

/// A limiter forgets whom it has not seen once it knows this many.
const REMEMBERED: usize = 10_000;

/// A limit for each key.
pub(crate) struct Limit<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
}

/// Both limits of a relay.
pub(crate) struct Limits {
    pub(crate) accounts: Limit<Address>,
    pub(crate) addresses: Limit<IpAddr>,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    pub(crate) fn per_minute(most: NonZeroU32) -> Self {
        Self { limiter: RateLimiter::keyed(Quota::per_minute(most)), clock: DefaultClock::default() }
    }

    /// Counts one; when that is too many, says how long to wait.
    pub(crate) fn take(&self, key: &K) -> Result<(), Duration> {
        if self.limiter.len() > REMEMBERED {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|full| full.wait_time_from(self.clock.now()))
    }
}

/// One key for all that one machine can choose from: a /64 of IPv6.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn too_many_wait_and_others_do_not() {
        let limit = Limit::per_minute(NonZeroU32::new(2).unwrap());
        assert!(limit.take(&1).is_ok() && limit.take(&1).is_ok());
        assert!(limit.take(&1).unwrap_err() <= Duration::from_secs(30));
        assert!(limit.take(&2).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_one() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}

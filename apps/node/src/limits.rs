//! Rate limits.

use std::{hash::Hash, net::IpAddr, num::NonZeroU32, time::Duration};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock, clock::DefaultClock};

/// With so many keys, a limiter forgets those it has not seen lately.
const REMEMBERED: usize = 10_000;

/// A rate limit for each key.
pub(crate) struct Limit<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    pub(crate) fn per_minute(most: NonZeroU32) -> Self {
        Self { limiter: RateLimiter::keyed(Quota::per_minute(most)), clock: DefaultClock::default() }
    }

    /// Counts one; if that is too many, returns the time to wait.
    pub(crate) fn take(&self, key: &K) -> Result<(), Duration> {
        self.forget_some();
        self.limiter.check_key(key).map_err(|full| full.wait_time_from(self.clock.now()))
    }

    /// Counts several at once: all or none.
    pub(crate) fn take_several(&self, key: &K, count: NonZeroU32) -> Result<(), Duration> {
        self.forget_some();
        match self.limiter.check_key_n(key, count) {
            Ok(taken) => taken.map_err(|full| full.wait_time_from(self.clock.now())),
            // Never possible: the wait of a whole minute says so.
            Err(_) => Err(Duration::from_secs(60)),
        }
    }

    fn forget_some(&self) {
        if self.limiter.len() > REMEMBERED {
            self.limiter.retain_recent();
        }
    }
}

/// The IPv6 prefix of one customer, in bits: a /56 is 256 networks of a /64, among which one machine can choose.
const CUSTOMER: u32 = 56;

/// One key for all addresses of one customer.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & (u128::MAX << (u128::BITS - CUSTOMER))).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn key_over_its_limit_waits_and_others_do_not() {
        let limit = Limit::per_minute(NonZeroU32::new(2).unwrap());
        assert!(limit.take(&1).is_ok() && limit.take(&1).is_ok());
        assert!(limit.take(&1).unwrap_err() <= Duration::from_secs(30));
        assert!(limit.take(&2).is_ok());
    }

    #[test]
    fn keys_that_are_full_again_are_forgotten() {
        let limit = Limit::per_minute(NonZeroU32::new(60_000_000).unwrap());
        let one = NonZeroU32::new(1).unwrap();
        for key in 0..3 * REMEMBERED {
            limit.take_several(&key, one).unwrap();
        }
        assert!(limit.limiter.len() < 2 * REMEMBERED, "{}", limit.limiter.len());
    }

    #[test]
    fn a_network_of_ipv6_is_one() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:ff::1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:100::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}

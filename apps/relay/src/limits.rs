//! Rate limits of accounts and of network addresses.

use std::{hash::Hash, net::IpAddr, num::NonZeroU32, time::Duration};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock, clock::DefaultClock};
use hospital_record::{Address, ledger::Act};

/// With so many keys, a limiter forgets those it has not seen lately.
const REMEMBERED: usize = 10_000;

/// A rate limit for each key.
pub(crate) struct Limit<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
}

/// The limits of a relay.
pub(crate) struct Limits {
    accounts: Limit<Address>,
    revocations: Limit<Address>,
    pub(crate) addresses: Limit<IpAddr>,
    /// GETs, which cost less than requests.
    pub(crate) questions: Limit<IpAddr>,
}

/// GETs of one network address for each request that it may send.
const QUESTIONS: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);

impl Limits {
    /// Limits for the requests and the revocations of each account, and for each network address.
    pub(crate) fn per_minute(account: NonZeroU32, address: NonZeroU32) -> Self {
        let (accounts, revocations) = (Limit::per_minute(account), Limit::per_minute(account));
        let questions = Limit::per_minute(address.saturating_mul(QUESTIONS));
        Self { accounts, revocations, addresses: Limit::per_minute(address), questions }
    }

    /// Counts a signed request of an account. Revocations and vetoes have a separate limit, which other requests cannot
    /// use up.
    pub(crate) fn take(&self, act: &Act) -> Result<(), Duration> {
        let limit = if act.ends_access() { &self.revocations } else { &self.accounts };
        limit.take(&act.signer())
    }
}

impl<K: Hash + Eq + Clone> Limit<K> {
    pub(crate) fn per_minute(most: NonZeroU32) -> Self {
        Self { limiter: RateLimiter::keyed(Quota::per_minute(most)), clock: DefaultClock::default() }
    }

    /// Counts one; if that is too many, returns the time to wait.
    pub(crate) fn take(&self, key: &K) -> Result<(), Duration> {
        if self.limiter.len() > REMEMBERED {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|full| full.wait_time_from(self.clock.now()))
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

    use hospital_record::ledger::{ContractKind, Revocation};

    use super::*;

    #[test]
    fn key_over_its_limit_waits_and_others_do_not() {
        let limit = Limit::per_minute(NonZeroU32::new(2).unwrap());
        assert!(limit.take(&1).is_ok() && limit.take(&1).is_ok());
        assert!(limit.take(&1).unwrap_err() <= Duration::from_secs(30));
        assert!(limit.take(&2).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_one() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:ff::1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:100::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }

    #[test]
    fn account_has_a_separate_limit_for_revocations() {
        let limits = Limits::per_minute(NonZeroU32::new(2).unwrap(), NonZeroU32::MIN);
        let (signer, nonce) = (Address::repeat_byte(1), Default::default());
        let (contract, kind, verb) = (Address::ZERO, ContractKind::HospitalRecord, Default::default());
        let once = Act::Once { contract, kind, signer, verb, nonce, deadline: 0 };
        let revocation = |patient| {
            let (scope, grantee) = (Default::default(), Address::ZERO);
            let revocation = Revocation { grantee, scope, keyring: None, barred: true };
            Act::Revocation { patient, revocation, granted_up_to: 0, key_changes: 0 }
        };
        assert!(limits.take(&once).is_ok() && limits.take(&once).is_ok() && limits.take(&once).is_err());
        let of = |account| limits.take(&revocation(account));
        assert!(of(signer).is_ok() && of(signer).is_ok() && of(signer).is_err());
        assert!(of(Address::repeat_byte(2)).is_ok());
    }
}

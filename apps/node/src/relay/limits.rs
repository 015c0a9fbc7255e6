//! Rate limits of accounts.

use std::{num::NonZeroU32, time::Duration};

use hospital_record::{Address, ledger::Act};

use crate::limits::Limit;

/// The requests and the revocations of each account.
pub(crate) struct Limits {
    accounts: Limit<Address>,
    revocations: Limit<Address>,
}

impl Limits {
    pub(crate) fn per_minute(account: NonZeroU32) -> Self {
        Self { accounts: Limit::per_minute(account), revocations: Limit::per_minute(account) }
    }

    /// Counts a signed request of an account. Revocations and vetoes have a separate limit, which other requests cannot
    /// use up.
    pub(crate) fn take(&self, act: &Act) -> Result<(), Duration> {
        let limit = if act.ends_access() { &self.revocations } else { &self.accounts };
        limit.take(&act.signer())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use hospital_record::ledger::{ContractKind, Revocation};

    use super::*;

    #[test]
    fn account_has_a_separate_limit_for_revocations() {
        let limits = Limits::per_minute(NonZeroU32::new(2).unwrap());
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

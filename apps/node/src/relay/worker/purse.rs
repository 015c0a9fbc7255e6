//! Requests that an account recently could not pay, and so leaves to other payers.

use std::time::{Duration, Instant};

use crate::relay::queue::Lane;

/// The first rest of an account that cannot pay. It doubles each time.
const FIRST_REST: Duration = Duration::from_secs(1);
/// The longest rest: a funded account should soon work again.
const LONGEST_REST: Duration = Duration::from_secs(15);

/// The state of an account's funds, by its last payments.
#[derive(Default)]
pub(crate) struct Purse {
    lack: Option<Lack>,
}

struct Lack {
    lane: Lane,
    rest: Duration,
    until: Instant,
}

impl Purse {
    /// It paid for a transaction.
    pub(super) fn pays(&mut self) {
        self.lack = None;
    }

    /// It could not pay for a request of this lane.
    pub(super) fn lacks(&mut self, lane: Lane, now: Instant) {
        let rest = self.lack.as_ref().map_or(FIRST_REST, |lack| (lack.rest * 2).min(LONGEST_REST));
        self.lack = Some(Lack { lane, rest, until: now + rest });
    }

    /// The lowest lane from which it takes requests now. A revocation is cheap, so it is tried even if other requests
    /// cost too much.
    pub(super) fn pays_for(&self, now: Instant) -> Option<Lane> {
        match self.rest(now).and(self.lack.as_ref()) {
            None => Some(Lane::Ordinary),
            Some(Lack { lane: Lane::Ordinary, .. }) => Some(Lane::Urgent),
            Some(_) => None,
        }
    }

    /// The remaining rest.
    pub(super) fn rest(&self, now: Instant) -> Option<Duration> {
        let until = self.lack.as_ref()?.until;
        until.checked_duration_since(now).filter(|rest| !rest.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payer_without_ether_rests_longer_each_time_and_tries_revocations_first() {
        let (mut purse, mut now) = (Purse::default(), Instant::now());
        assert_eq!(purse.pays_for(now), Some(Lane::Ordinary));
        purse.lacks(Lane::Ordinary, now);
        assert_eq!(purse.pays_for(now), Some(Lane::Urgent));
        purse.lacks(Lane::Urgent, now);
        assert_eq!(purse.pays_for(now), None);
        for seconds in [4, 8, 15, 15] {
            now += LONGEST_REST;
            assert_eq!((purse.pays_for(now), purse.rest(now)), (Some(Lane::Ordinary), None), "it tries again");
            purse.lacks(Lane::Urgent, now);
            assert_eq!(purse.rest(now), Some(Duration::from_secs(seconds)));
        }
        purse.pays();
        purse.lacks(Lane::Urgent, now);
        assert_eq!(purse.rest(now), Some(FIRST_REST));
    }
}

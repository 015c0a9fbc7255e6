//! What an account could not pay for lately, and so does not take from others who could.

use std::time::{Duration, Instant};

use crate::queue::Lane;

/// The first rest of an account that cannot pay; doubled each time.
const FIRST_REST: Duration = Duration::from_secs(1);
/// Its longest: whoever funds it should see it at work.
const LONGEST_REST: Duration = Duration::from_secs(15);

/// Empty or not, by what it last paid for.
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

    /// Down to which lane it takes requests now. What ends access needs little: it is tried where other things are too
    /// dear.
    pub(super) fn pays_for(&self, now: Instant) -> Option<Lane> {
        match self.rest(now).and(self.lack.as_ref()) {
            None => Some(Lane::Ordinary),
            Some(Lack { lane: Lane::Ordinary, .. }) => Some(Lane::Urgent),
            Some(_) => None,
        }
    }

    /// How long it rests still.
    pub(super) fn rest(&self, now: Instant) -> Option<Duration> {
        let until = self.lack.as_ref()?.until;
        until.checked_duration_since(now).filter(|rest| !rest.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_cannot_pay_rests_ever_longer_and_tries_revocations_first() {
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

//! How long somebody waits after attempts that failed.
//!
//! Three counts of the last day, each with a pause that doubles: of one name from one network, of one name from
//! anywhere, of one network. The second is mild: a stranger elsewhere can only delay the owner's logins, attempt by
//! attempt. Who is kept out still has the key file or the phrase.

use std::time::Duration;

/// The time that an attempt counts, in seconds.
pub(super) const COUNTS_FOR: u64 = 24 * 3600;

/// A pause that begins after some attempts.
pub(super) struct Pause {
    /// Attempts without a pause.
    free: u64,
    /// Further attempts until it doubles.
    doubles: u64,
    /// The longest pause in seconds.
    longest: u64,
}

/// Of one name, from one network.
pub(super) const BOTH: Pause = Pause { free: 5, doubles: 1, longest: 900 };
/// Of one name, from anywhere.
pub(super) const NAME: Pause = Pause { free: 50, doubles: 5, longest: 60 };
/// Of one network, for any name: a hospital has one address for all its people.
pub(super) const NETWORK: Pause = Pause { free: 100, doubles: 10, longest: 300 };

impl Pause {
    /// The time to wait from `now` on, after so many attempts of which the last was then.
    pub(super) fn left(&self, attempts: u64, last: u64, now: u64) -> Option<Duration> {
        let over = attempts.checked_sub(self.free)?;
        let doubled = u32::try_from(over / self.doubles).unwrap_or(u32::MAX);
        let pause = 1_u64.checked_shl(doubled).unwrap_or(u64::MAX).min(self.longest);
        let left = last.saturating_add(pause).saturating_sub(now);
        (left > 0).then(|| Duration::from_secs(left.min(pause)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_limit_and_end() {
        let secs = |pause: &Pause, attempts| pause.left(attempts, 1000, 1000).map_or(0, |left| left.as_secs());
        let grows: Vec<u64> = (4..=16).map(|attempts| secs(&BOTH, attempts)).collect();
        assert_eq!(grows, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        assert_eq!([secs(&NAME, 49), secs(&NAME, 50), secs(&NAME, 60), secs(&NAME, 10_000)], [0, 1, 4, 60]);
        assert_eq!([secs(&NETWORK, 99), secs(&NETWORK, 120), secs(&NETWORK, u64::MAX)], [0, 4, 300]);
        assert_eq!(BOTH.left(10, 1000, 1031), Some(Duration::from_secs(1)));
        assert_eq!(BOTH.left(10, 1000, 1032), None);
        // A clock that was set back does not make it longer.
        assert_eq!(BOTH.left(10, 9000, 1000), Some(Duration::from_secs(32)));
    }
}

//! Instants of the chain, of this program and for people.

use std::{
    fmt::Write,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The expiry of a grant without an end: the largest value that the contract can hold.
pub const NO_END: u64 = (1 << 40) - 1;

/// In seconds. Grants, requests and vouches last as long by default.
pub(crate) const A_YEAR: u64 = 365 * 24 * 3600;

/// Seconds since 1970 as an instant. A number that the system cannot represent becomes 1970.
pub(crate) fn instant(seconds: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(UNIX_EPOCH)
}

/// An expiry as an instant; `None` for a grant without an end.
pub(crate) fn expiry(expires_at: u64) -> Option<SystemTime> {
    (expires_at < NO_END).then(|| instant(expires_at))
}

/// Seconds since 1970, negative before.
pub(crate) fn seconds(time: SystemTime) -> i64 {
    let whole = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    time.duration_since(UNIX_EPOCH).map(whole).unwrap_or_else(|before| -whole(before.duration()))
}

/// In UTC, whole seconds.
pub(crate) fn rfc3339(at: SystemTime) -> String {
    let mut text = String::new();
    match at >= UNIX_EPOCH && write!(text, "{}", humantime::format_rfc3339_seconds(at)).is_ok() {
        true => text,
        // A grant may end up to 35,000 years from now, but a date has four digits for the year.
        false => "after the year 9999".into(),
    }
}

/// Formats seconds since 1970.
pub(crate) fn rfc3339_of(seconds: u64) -> String {
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).map_or_else(|| seconds.to_string(), rfc3339)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_has_a_text() {
        assert_eq!(rfc3339_of(1_800_000_000), "2027-01-15T08:00:00Z");
        assert_eq!(rfc3339_of(253_402_300_799), "9999-12-31T23:59:59Z");
        assert_eq!(rfc3339_of(1 << 40), "after the year 9999");
        assert_eq!(rfc3339_of(u64::MAX), u64::MAX.to_string());
    }
}

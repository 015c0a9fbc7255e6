//! How values stand in columns of the database.

use hospital_record::Address;

/// An account, in lower case.
pub(crate) fn text(account: Address) -> String {
    format!("{account:#x}")
}

/// The database's numbers have a sign. Times and lengths are far below the end of both.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that is never negative.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

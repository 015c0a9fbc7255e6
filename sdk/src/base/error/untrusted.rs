//! Why somebody is not trusted.

use std::fmt;

/// Why an account is not trusted.
///
/// See the [guide](crate::vouch).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Untrusted {
    /// No vouch that holds leads from a trusted authority to it.
    NoChain,
    /// Those who vouch for it vouch for each other, and no trusted authority vouches for any of them.
    Cycle,
    /// Vouches go on beyond four, and no trusted authority is among the first.
    TooLong,
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoChain => "no vouch that holds leads to it from an authority that is trusted here",
            Self::Cycle => {
                "those who vouch for it vouch for each other, and no authority that is trusted here for them"
            }
            Self::TooLong => "a chain of more than four vouches is not followed: ask for one from nearer an authority",
        })
    }
}

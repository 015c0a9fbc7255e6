//! Why an account is not trusted.

use std::fmt;

/// Why an account is not trusted.
///
/// See the [guide](crate::vouch).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Untrusted {
    /// No chain of valid vouches leads from a trusted authority to it.
    NoChain,
    /// The accounts that vouch for it vouch for each other, and no trusted authority vouches for any of them.
    Cycle,
    /// No trusted authority is within four vouches of it, and the chain is longer.
    TooLong,
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoChain => "no chain of valid vouches leads to it from an authority that is trusted here",
            Self::Cycle => {
                "the accounts that vouch for it vouch for each other, and no authority that is trusted here vouches for them"
            }
            Self::TooLong => "its chain is longer than four vouches: ask for a vouch from an account nearer to an authority",
        })
    }
}

//! The id of a scope, for programs.

use std::{fmt, str::FromStr};

use alloy::primitives::B256;

use crate::base::error::Error;

/// The id of a folder or record in a patient's grants, as the contract spells it: 32 bytes, as text `0x` and 64
/// hexadecimal digits. [`GrantInfo`](crate::grant::GrantInfo), [`SharedGrant`](crate::grant::SharedGrant) and
/// [`Case`](crate::board::Case) name it.
///
/// See the [guide](crate::grant).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeId(pub B256);

impl From<B256> for ScopeId {
    fn from(bytes: B256) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for ScopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ScopeId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parsed = text.strip_prefix("0x").and_then(|digits| digits.parse().ok());
        let wrong = || Error::Invalid(format!("{text:?} is not a scope: 0x and 64 hex digits are one").into());
        parsed.map(Self).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn scope_is_read_as_it_is_shown_and_in_no_other_form() {
        let scope = ScopeId(B256::repeat_byte(0xab));
        let text = scope.to_string();
        assert_eq!(text.parse::<ScopeId>().unwrap(), scope);
        for wrong in ["", "0x", &text[2..], &text[..65], &format!("{text}0"), &text.replace("ab", "zz")] {
            assert!(matches!(wrong.parse::<ScopeId>(), Err(Error::Invalid(_))), "{wrong}");
        }
    }
}

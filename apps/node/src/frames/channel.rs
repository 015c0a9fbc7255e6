//! The name of a channel.

use std::str::FromStr;

use hospital_record::Address;

use crate::columns::text;

/// An account, and a name that only those know whom it was told.
///
/// It has no `Debug`: whoever knows the name can subscribe, so it must not reach a log.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Channel {
    pub(super) account: Address,
    name: u128,
}

/// The digits of a name.
const DIGITS: usize = 32;

impl Channel {
    /// `None` if the account is no address, or the name is not 32 hex digits in lower case.
    pub(super) fn parse(account: &str, name: &str) -> Option<Self> {
        let is_digit = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        if name.len() != DIGITS || !name.bytes().all(is_digit) || !account.starts_with("0x") {
            return None;
        }
        let name = u128::from_str_radix(name, 16).ok()?;
        Some(Self { account: Address::from_str(account).ok()?, name })
    }

    /// The account and the name as the database has them.
    pub(super) fn columns(&self) -> (String, String) {
        (text(self.account), format!("{:032x}", self.name))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn channel_has_one_spelling() {
        let (account, name) = ("0x00000000000000000000000000000000000000Ab", "000000000000000000000000000000af");
        let (lower, same) = Channel::parse(account, name).unwrap().columns();
        assert_eq!((lower.as_str(), same.as_str()), ("0x00000000000000000000000000000000000000ab", name));
        for (account, name) in [
            (account, ""),
            (account, "af"),
            (account, "000000000000000000000000000000AF"),
            (account, "+00000000000000000000000000000af"),
            (account, "0x0000000000000000000000000000af"),
            (account, "000000000000000000000000000000afa"),
            (account, "00000000000000000000000000000äf"),
            ("0x12", name),
            ("00000000000000000000000000000000000000Ab", name),
            ("ana", name),
            ("", name),
        ] {
            assert!(Channel::parse(account, name).is_none(), "{account} {name}");
        }
    }
}

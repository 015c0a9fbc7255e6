//! HKDF-SHA256 (RFC 5869) and the encoding of contexts.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::id::{Account, Deployment};

/// The `info` of an HKDF or HPKE call. The label and every part of variable length are prefixed with their length, and
/// all other fields have a fixed width. So two contexts never have the same bytes: `u16be len | label | u64be chain |
/// contract[20] | parts`, where a part of variable length is `u32be len | bytes`.
pub(crate) struct Context(Vec<u8>);

impl Context {
    pub(crate) fn new(label: &str, deployment: Deployment) -> Self {
        let length = u16::try_from(label.len()).unwrap_or(u16::MAX);
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.extend_from_slice(label.as_bytes());
        bytes.extend_from_slice(&deployment.chain.to_be_bytes());
        Self(bytes).fixed(deployment.contract.as_bytes())
    }

    /// Adds bytes whose length is fixed by the label.
    pub(crate) fn fixed(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn account(self, account: Account) -> Self {
        self.fixed(account.as_bytes())
    }

    /// Adds fewer than 2^32 bytes with their length.
    pub(crate) fn part(self, bytes: &[u8]) -> Self {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.fixed(&length.to_be_bytes()).fixed(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// `N` bytes of HKDF-SHA256; `N` is small.
pub(crate) fn hkdf<const N: usize>(ikm: &[u8], salt: &[u8], info: &[u8]) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 255 * 32, "RFC 5869 limits the output to 255 blocks") };
    let mut output = Zeroizing::new([0; N]);
    #[expect(clippy::expect_used, reason = "the length is checked when this is compiled")]
    Hkdf::<Sha256>::new(Some(salt), ikm).expand(info, output.as_mut_slice()).expect("a short output");
    output
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn hkdf_gives_rfc_5869_test_case_1() {
        let salt = hex::decode("000102030405060708090a0b0c").unwrap();
        let info = hex::decode("f0f1f2f3f4f5f6f7f8f9").unwrap();
        let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
        assert_eq!(hex::encode(*hkdf::<42>(&[0x0b; 22], &salt, &info)), expected);
    }

    #[test]
    fn contexts_that_join_to_the_same_text_differ() {
        let deployment = Deployment { chain: 1, contract: Account([0; 20]) };
        let bytes = |label, a: &str, b: &str| {
            Context::new(label, deployment).part(a.as_bytes()).part(b.as_bytes()).bytes().to_vec()
        };
        assert_ne!(bytes("l", "ab", "c"), bytes("l", "a", "bc"));
        assert_ne!(bytes("l", "", "abc"), bytes("l", "abc", ""));
    }
}

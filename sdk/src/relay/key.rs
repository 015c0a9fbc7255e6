//! Signatures of keys, by the rules of the contract: both accept exactly the same signatures.

use alloy::primitives::{Address, B256, Signature};

/// `r | s | v`.
pub(crate) const LENGTH: usize = 65;
/// The same length in whole words, as the ABI encodes it.
pub(super) const PADDED: usize = 96;

/// The account whose key signed the digest. As in the contract, `s` must be low and `v` must be 27 or 28. With other
/// values the contract would ask the account's code.
pub(crate) fn signer_of(digest: &B256, signature: &[u8; LENGTH]) -> Option<Address> {
    let rest = &signature[..LENGTH - 1];
    let v = signature[LENGTH - 1];
    if !matches!(v, 27 | 28) {
        return None;
    }
    let signature = Signature::from_bytes_and_parity(rest, v == 28);
    if signature.normalize_s().is_some() {
        return None;
    }
    signature.recover_address_from_prehash(digest).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloy::{
        primitives::{U256, uint},
        signers::{SignerSync, local::PrivateKeySigner},
    };

    use super::*;

    /// The order of secp256k1.
    const ORDER: U256 = uint!(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141_U256);

    #[test]
    fn key_signature_has_one_encoding() {
        let signer = PrivateKeySigner::random();
        let digest = B256::repeat_byte(7);
        let good = signer.sign_hash_sync(&digest).unwrap();
        assert_eq!(signer_of(&digest, &good.as_bytes()), Some(signer.address()));
        assert_ne!(signer_of(&B256::repeat_byte(8), &good.as_bytes()), Some(signer.address()));

        let mut short = good.as_bytes();
        short[LENGTH - 1] -= 27;
        let high = Signature::new(good.r(), ORDER - good.s(), !good.v()).as_bytes();
        for other in [short, high, [0; LENGTH]] {
            assert_eq!(signer_of(&digest, &other), None);
        }
    }
}

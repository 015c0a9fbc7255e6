//! HPKE (RFC 9180) in base mode over X-Wing: small secrets sealed to one public key.
//!
//! Suite 1 is KEM X-Wing (0x647a: ML-KEM-768 and X25519, draft-ietf-hpke-pq), KDF HKDF-SHA256 (0x0001), AEAD
//! AES-256-GCM (0x0002). All context goes into `info`; the AAD is empty.

use std::fmt;

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use zeroize::Zeroizing;

use crate::error::SealError;
use crate::id::{Digest, block_digest};

/// The only suite so far.
pub const SUITE_XWING_SHA256_AES256GCM: u16 = 1;
/// Bytes of an X-Wing public key: ML-KEM-768 (1184) and X25519 (32).
pub const PUBLIC_KEY: usize = 1216;
/// Bytes of an X-Wing encapsulation: ML-KEM-768 (1088) and X25519 (32).
pub const ENCAPSULATION: usize = 1120;

type PrivateKey = <XWing as Kem>::PrivateKey;
type Encapsulation = <XWing as Kem>::EncappedKey;

/// An X-Wing public key that passed the checks of FIPS 203 (7.2) and whose X25519 half is not of low order.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ByteBuf", into = "ByteBuf")]
pub struct HpkePublicKey(Box<[u8; PUBLIC_KEY]>);

impl HpkePublicKey {
    /// Reads and checks a key of 1216 bytes.
    ///
    /// # Errors
    /// [`SealError::PublicKey`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        let key: Box<[u8; PUBLIC_KEY]> =
            bytes.to_vec().try_into().map_err(|_| SealError::PublicKey("an HPKE key has 1216 bytes"))?;
        if ends_in_low_order(key.as_slice()) {
            return Err(SealError::PublicKey("its X25519 half has a low order, so its secret is known to all"));
        }
        let key = Self(key);
        key.parsed().map(|_| key)
    }

    /// The 1216 bytes.
    pub fn as_bytes(&self) -> &[u8; PUBLIC_KEY] {
        &self.0
    }

    /// SHA-256 of the key's bytes, which names it in locks and envelopes.
    pub fn key_id(&self) -> Digest {
        block_digest(self.0.as_slice())
    }

    fn parsed(&self) -> Result<<XWing as Kem>::PublicKey, SealError> {
        let parsed = <XWing as Kem>::PublicKey::from_bytes(self.0.as_slice());
        parsed.map_err(|_| SealError::PublicKey("its ML-KEM half is malformed"))
    }
}

impl fmt::Debug for HpkePublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HpkePublicKey({})", self.key_id())
    }
}

impl TryFrom<ByteBuf> for HpkePublicKey {
    type Error = SealError;

    fn try_from(bytes: ByteBuf) -> Result<Self, SealError> {
        Self::from_bytes(&bytes)
    }
}

impl From<HpkePublicKey> for ByteBuf {
    fn from(key: HpkePublicKey) -> Self {
        Self::from(key.0.to_vec())
    }
}

/// Whether the last 32 bytes are a point of low order on Curve25519 or its twist, in any encoding. Every clamped
/// scalar is a multiple of the cofactors, so such points, and they alone, give zero (RFC 7748, 6.1).
fn ends_in_low_order(bytes: &[u8]) -> bool {
    bytes.last_chunk().is_none_or(|point| x25519_dalek::x25519([0x42; 32], *point) == [0; 32])
}

/// A key pair; the secret half is wiped when dropped.
pub(crate) struct HpkeKeys {
    secret: PrivateKey,
    public: HpkePublicKey,
}

impl HpkeKeys {
    /// RFC 9180 `DeriveKeyPair`.
    pub(crate) fn derive(ikm: &[u8; 32]) -> Self {
        let (secret, public) = XWing::derive_keypair(ikm);
        let mut bytes = Box::new([0; PUBLIC_KEY]);
        public.write_exact(bytes.as_mut_slice());
        Self { secret, public: HpkePublicKey(bytes) }
    }

    pub(crate) fn public(&self) -> &HpkePublicKey {
        &self.public
    }

    /// Opens a value that was sealed to this key with the same `info`. `what` names it in errors.
    pub(crate) fn open(
        &self,
        info: &[u8],
        sealed: &Sealed,
        what: &'static str,
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let encapsulation = sealed.checked_encapsulation(what)?;
        let mode = OpModeR::Base;
        single_shot_open::<AesGcm256, HkdfSha256, XWing>(
            &mode,
            &self.secret,
            &encapsulation,
            info,
            &sealed.ciphertext,
            &[],
        )
        .map(Zeroizing::new)
        .map_err(|_| SealError::Unopenable(what))
    }
}

/// A small secret sealed to one public key, and the suite.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    suite: u16,
    #[serde(rename = "enc")]
    encapsulation: ByteBuf,
    ciphertext: ByteBuf,
}

impl Sealed {
    /// Seals `plain` to `key`. Only the same `info` opens it. The result differs every time.
    ///
    /// # Errors
    /// [`SealError::PublicKey`], but never for a key of this crate.
    ///
    /// # Panics
    /// If the operating system gives no randomness.
    pub(crate) fn new(key: &HpkePublicKey, info: &[u8], plain: &[u8]) -> Result<Self, SealError> {
        let sealed = single_shot_seal::<AesGcm256, HkdfSha256, XWing>(&OpModeS::Base, &key.parsed()?, info, plain, &[]);
        let (encapsulation, ciphertext) = sealed.map_err(|_| SealError::PublicKey("it encapsulates nothing"))?;
        Ok(Self {
            suite: SUITE_XWING_SHA256_AES256GCM,
            encapsulation: ByteBuf::from(encapsulation.to_bytes().to_vec()),
            ciphertext: ByteBuf::from(ciphertext),
        })
    }

    /// The algorithms: [`SUITE_XWING_SHA256_AES256GCM`].
    pub fn suite(&self) -> u16 {
        self.suite
    }

    /// The encapsulated key, 1120 bytes in suite 1.
    pub fn encapsulation(&self) -> &[u8] {
        &self.encapsulation
    }

    /// The ciphertext with its tag.
    pub fn ciphertext(&self) -> &[u8] {
        &self.ciphertext
    }

    fn checked_encapsulation(&self, what: &'static str) -> Result<Encapsulation, SealError> {
        if self.suite != SUITE_XWING_SHA256_AES256GCM {
            return Err(SealError::UnknownSuite(self.suite));
        }
        // OpenSSL refuses these and RustCrypto does not. A refusal makes all readers agree.
        if ends_in_low_order(&self.encapsulation) {
            return Err(SealError::Unopenable(what));
        }
        Encapsulation::from_bytes(&self.encapsulation).map_err(|_| SealError::Unopenable(what))
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed(suite {}, {} bytes)", self.suite, self.ciphertext.len())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    // The encodings below 2^255 of all points of low order on the curve and its twist, and some above (RFC 7748, 6.1;
    // https://cr.yp.to/ecdh.html#validate).
    const LOW_ORDER: [&str; 10] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
    ];

    fn with_point(bytes: &[u8], point: &str) -> Vec<u8> {
        let (kem, _) = bytes.split_at(bytes.len() - 32);
        [kem, &hex::decode(point).unwrap()].concat()
    }

    #[test]
    fn x25519_halves_of_low_order_are_refused() {
        let keys = HpkeKeys::derive(&[1; 32]);
        assert!(HpkePublicKey::from_bytes(keys.public().as_bytes()).is_ok());
        for point in LOW_ORDER {
            let key = HpkePublicKey::from_bytes(&with_point(keys.public().as_bytes(), point));
            assert!(matches!(key, Err(SealError::PublicKey(_))), "{point}");
            let mut sealed = Sealed::new(keys.public(), b"", b"x").unwrap();
            sealed.encapsulation = ByteBuf::from(with_point(&sealed.encapsulation, point));
            assert_eq!(keys.open(b"", &sealed, "it").err(), Some(SealError::Unopenable("it")), "{point}");
        }
    }

    #[test]
    fn ml_kem_halves_out_of_range_are_refused() {
        let mut bytes = HpkeKeys::derive(&[1; 32]).public().as_bytes().to_vec();
        bytes[..3].fill(0xff);
        assert!(matches!(HpkePublicKey::from_bytes(&bytes), Err(SealError::PublicKey(_))));
        assert!(HpkePublicKey::from_bytes(&bytes[1..]).is_err());
    }

    #[test]
    fn other_info_other_key_and_other_suite_open_nothing() {
        let keys = HpkeKeys::derive(&[1; 32]);
        let sealed = Sealed::new(keys.public(), b"info", b"x").unwrap();
        assert_eq!(keys.open(b"info", &sealed, "it").unwrap().as_slice(), b"x");
        assert!(keys.open(b"inf", &sealed, "it").is_err());
        assert!(HpkeKeys::derive(&[2; 32]).open(b"info", &sealed, "it").is_err());
        let later = Sealed { suite: 2, ..sealed.clone() };
        assert_eq!(keys.open(b"info", &later, "it").err(), Some(SealError::UnknownSuite(2)));
        let short = Sealed { encapsulation: ByteBuf::from(vec![9; 40]), ..sealed };
        assert!(keys.open(b"info", &short, "it").is_err());
    }
}

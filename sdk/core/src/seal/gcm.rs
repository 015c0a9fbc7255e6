//! AES-256-GCM (NIST SP 800-38D) of small values under a random nonce.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use zeroize::{Zeroize, Zeroizing};

use crate::error::SealError;

pub(crate) const NONCE: usize = 12;
pub(crate) const TAG: usize = 16;

pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, SealError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|error| SealError::Randomness(error.to_string()))?;
    Ok(bytes)
}

pub(crate) fn cipher(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(key.into())
}

/// Encrypts `buffer[start..]` in place and appends the tag.
pub(crate) fn encrypt(cipher: &Aes256Gcm, nonce: &[u8; NONCE], buffer: &mut Vec<u8>, start: usize) -> Result<(), ()> {
    let plain = buffer.get_mut(start..).ok_or(())?;
    let tag = cipher.encrypt_inout_detached(&Nonce::from(*nonce), &[], plain.into()).map_err(drop)?;
    buffer.extend_from_slice(&tag);
    Ok(())
}

/// Checks and decrypts `buffer[start..]` in place and removes the tag. If that fails, the buffer is wiped, because the
/// cipher may have left plaintext in it (RUSTSEC-2023-0096).
pub(crate) fn decrypt(cipher: &Aes256Gcm, nonce: &[u8; NONCE], buffer: &mut Vec<u8>, start: usize) -> Result<(), ()> {
    let opened = decrypt_or_leave(cipher, nonce, buffer, start);
    if opened.is_err() {
        buffer.zeroize();
    }
    opened
}

fn decrypt_or_leave(cipher: &Aes256Gcm, nonce: &[u8; NONCE], buffer: &mut Vec<u8>, start: usize) -> Result<(), ()> {
    let (sealed, tag) = buffer.get_mut(start..).ok_or(())?.split_last_chunk_mut::<TAG>().ok_or(())?;
    cipher.decrypt_inout_detached(&Nonce::from(*nonce), &[], sealed.into(), &Tag::from(*tag)).map_err(drop)?;
    buffer.truncate(buffer.len() - TAG);
    Ok(())
}

/// `nonce[12] | ciphertext | tag[16]` under a fresh random nonce.
pub(crate) fn seal(key: &[u8; 32], plain: &[u8], what: &'static str) -> Result<Vec<u8>, SealError> {
    let nonce = *random::<NONCE>()?;
    let mut buffer = Vec::with_capacity(NONCE + plain.len() + TAG);
    buffer.extend_from_slice(&nonce);
    buffer.extend_from_slice(plain);
    match encrypt(&cipher(key), &nonce, &mut buffer, NONCE) {
        Ok(()) => Ok(buffer),
        Err(()) => Err(SealError::TooLarge { what, size: plain.len(), max: u32::MAX as usize }),
    }
}

/// Opens a value from [`seal`].
pub(crate) fn open(key: &[u8; 32], sealed: &[u8], what: &'static str) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (nonce, rest) = sealed.split_first_chunk().ok_or(SealError::Unopenable(what))?;
    let mut buffer = Zeroizing::new(rest.to_vec());
    decrypt(&cipher(key), nonce, &mut buffer, 0).map_err(|()| SealError::Unopenable(what))?;
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn wrong_key_leaves_nothing_in_the_buffer() {
        let mut sealed = seal(&[1; 32], b"plain", "test").unwrap();
        let nonce = *sealed.first_chunk().unwrap();
        assert!(decrypt(&cipher(&[2; 32]), &nonce, &mut sealed, NONCE).is_err());
        assert!(sealed.is_empty());
    }

    #[test]
    fn every_truncation_and_flip_fails() {
        let sealed = seal(&[1; 32], b"plain", "test").unwrap();
        assert_eq!(open(&[1; 32], &sealed, "test").unwrap().as_slice(), b"plain");
        for at in 0..sealed.len() {
            assert!(open(&[1; 32], &sealed[..at], "test").is_err());
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert!(open(&[1; 32], &flipped, "test").is_err());
        }
    }
}

//! Shamir's secret sharing over GF(2^8) with the polynomial of AES, each byte by itself.
//!
//! The secret is the value at 0 of a polynomial of degree k - 1 with random coefficients. Share `x`, from 1 on, is its
//! value at `x`. Fewer than k shares reveal nothing about the secret. A share alone does not show whether it is right:
//! the deal holds commitments to the shares.

use vsss_rs::Gf256;
use zeroize::Zeroizing;

use crate::error::SealError;
use crate::seal::gcm;

pub(super) const SECRET: usize = 32;
type Bytes = Zeroizing<[u8; SECRET]>;

/// Shares 1 to `count`. `threshold` is at least 1.
pub(super) fn split(secret: &[u8; SECRET], threshold: u8, count: u8) -> Result<Vec<Bytes>, SealError> {
    let random = (1..threshold).map(|_| gcm::random::<SECRET>()).collect::<Result<Vec<_>, _>>()?;
    let at = |x: u8| {
        let mut value = Bytes::default();
        for coefficient in random.iter().rev() {
            add(&mut value, coefficient);
            multiply(&mut value, Gf256(x));
        }
        add(&mut value, secret);
        value
    };
    Ok((1..=count).map(at).collect())
}

/// Restores the secret from k shares with their numbers, which are distinct and not 0.
pub(super) fn combine(shares: &[(u8, &[u8; SECRET])]) -> Bytes {
    let mut secret = Bytes::default();
    for (x, share) in shares {
        let others = shares.iter().filter(|(other, _)| other != x);
        let weight = others.fold(Gf256(1), |weight, (other, _)| weight * Gf256(*other) / (Gf256(*other) - Gf256(*x)));
        let mut part = Bytes::new(**share);
        multiply(&mut part, weight);
        add(&mut secret, &part);
    }
    secret
}

fn add(to: &mut [u8; SECRET], bytes: &[u8; SECRET]) {
    for (to, byte) in to.iter_mut().zip(bytes) {
        *to ^= byte;
    }
}

fn multiply(bytes: &mut [u8; SECRET], by: Gf256) {
    for byte in bytes {
        *byte = (Gf256(*byte) * by).0;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const COUNT: u8 = 6;

    fn subsets() -> impl Iterator<Item = Vec<u8>> {
        (0_u8..1 << COUNT).map(|set| (1..=COUNT).filter(|x| set >> (x - 1) & 1 == 1).collect())
    }

    #[test]
    fn any_k_or_more_shares_give_the_secret_and_fewer_another() {
        let secret = [0xa5; SECRET];
        for threshold in 1..=COUNT {
            let shares = split(&secret, threshold, COUNT).unwrap();
            for set in subsets() {
                let some: Vec<_> = set.iter().map(|x| (*x, &*shares[usize::from(*x) - 1])).collect();
                let enough = some.len() >= usize::from(threshold);
                assert_eq!(*combine(&some) == secret, enough, "{threshold} {set:?}");
            }
        }
    }

    /// f(x) = 0x53 + 0xca x at 1, 2 and 3; 0xca times 2 is 0x8f there (FIPS 197, 4.2.1).
    #[test]
    fn field_is_that_of_aes() {
        let shares = [0x53 ^ 0xca, 0x53 ^ 0x8f, 0x53 ^ 0x8f ^ 0xca].map(|byte| [byte; SECRET]);
        assert_eq!(*combine(&[(1, &shares[0]), (2, &shares[1])]), [0x53; SECRET]);
        assert_eq!(*combine(&[(3, &shares[2]), (1, &shares[0])]), [0x53; SECRET]);
    }

    /// With one share missing, every secret is equally likely: for each there is one last share that gives it.
    #[test]
    fn one_share_less_leaves_every_secret_possible() {
        let shares = split(&[7; SECRET], 2, 2).unwrap();
        let mut seen: Vec<_> = (0..=255).map(|byte| combine(&[(1, &shares[0]), (2, &[byte; SECRET])])[0]).collect();
        seen.sort_unstable();
        assert!(seen.iter().enumerate().all(|(at, byte)| usize::from(*byte) == at));
    }
}

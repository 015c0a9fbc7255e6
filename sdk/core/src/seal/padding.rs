//! Padding that hides the length of a name: `u32be length | bytes | zeros`, up to a multiple.

use zeroize::Zeroizing;

use crate::error::SealError;

const PREFIX: usize = 4;

/// Pads to the smallest multiple of `unit` that fits.
pub(crate) fn pad(bytes: &[u8], unit: usize) -> Zeroizing<Vec<u8>> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let padded = (PREFIX + bytes.len()).next_multiple_of(unit);
    // The capacity is final, because a reallocation would leave a copy that is not wiped.
    let mut output = Zeroizing::new(Vec::with_capacity(padded));
    output.extend_from_slice(&length.to_be_bytes());
    output.extend_from_slice(bytes);
    output.resize(padded, 0);
    output
}

/// Removes the padding of [`pad`]. It accepts only the smallest padding, of zeros.
pub(crate) fn unpad<'a>(padded: &'a [u8], unit: usize, what: &'static str) -> Result<&'a [u8], SealError> {
    let wrong = || SealError::Payload { what, reason: "it is not padded as the format says".to_owned() };
    let (prefix, rest) = padded.split_first_chunk::<PREFIX>().ok_or_else(wrong)?;
    let length = usize::try_from(u32::from_be_bytes(*prefix)).map_err(|_| wrong())?;
    let (bytes, zeros) = rest.split_at_checked(length).ok_or_else(wrong)?;
    let smallest = (PREFIX + length).next_multiple_of(unit) == padded.len();
    if smallest && zeros.iter().all(|byte| *byte == 0) { Ok(bytes) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn padded_lengths_round_trip_around_a_multiple() {
        for (length, padded) in [(0, 512), (508, 512), (509, 1024), (1020, 1024)] {
            let bytes = vec![7; length];
            assert_eq!(pad(&bytes, 512).len(), padded);
            assert_eq!(unpad(&pad(&bytes, 512), 512, "test").unwrap(), bytes);
        }
    }

    #[test]
    fn more_padding_than_needed_or_other_bytes_are_refused() {
        let mut long = pad(b"name", 512).to_vec();
        *long.last_mut().unwrap() = 1;
        assert!(unpad(&long, 512, "test").is_err());
        *long.last_mut().unwrap() = 0;
        long.resize(1024, 0);
        assert!(unpad(&long, 512, "test").is_err());
        assert!(unpad(&[0xff; 512], 512, "test").is_err());
        assert!(unpad(&[], 512, "test").is_err());
    }
}

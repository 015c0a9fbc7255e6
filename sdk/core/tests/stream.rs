//! The stream format at its borders, under attack, and by ranges.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use hospital_record_core::error::SealError;
use hospital_record_core::seal::stream::{
    self, ContentKey, HEADER, PLAIN_SEGMENT, SEGMENT, StreamHeader, StreamOpener, StreamSealer, TAG,
};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

fn key() -> ContentKey {
    ContentKey::from_bytes([0x44; 32])
}

fn plain(length: usize) -> Vec<u8> {
    (0..length.div_ceil(32) as u64).flat_map(|block| Sha256::digest(block.to_be_bytes())).take(length).collect()
}

/// The largest sizes whose streams have one and two segments. Around them a wrong count of tag or header bytes would
/// show.
const ONE: usize = SEGMENT - HEADER - TAG;
const TWO: usize = ONE + PLAIN_SEGMENT;

#[test]
fn every_size_around_a_border_round_trips() {
    let around = |size: usize| [size - 1, size, size + 1];
    let sizes = [0, 1, 15, 16, 17, SEGMENT - 57, SEGMENT - 41, SEGMENT - 40, SEGMENT - 39, SEGMENT - 1, SEGMENT];
    for size in sizes.into_iter().chain(around(ONE)).chain(around(TWO)).chain(around(SEGMENT - TAG)) {
        let plain = plain(size);
        let sealed = stream::seal(&key(), &plain).unwrap();
        assert_eq!(sealed.len() as u64, stream::ciphertext_len(size as u64), "{size}");
        assert_eq!(sealed.len().div_ceil(SEGMENT) as u64, stream::segment_count(size as u64), "{size}");
        assert!(stream::open(&key(), &sealed).unwrap() == plain, "{size}");
    }
}

#[test]
fn empty_is_56_bytes_and_an_exact_multiple_has_no_extra_segment() {
    assert_eq!(stream::ciphertext_len(0), 56);
    assert_eq!(stream::segment_count(ONE as u64), 1);
    assert_eq!(stream::segment_count(ONE as u64 + 1), 2);
    assert_eq!(stream::ciphertext_len(TWO as u64), 2 * SEGMENT as u64);
}

#[test]
fn segments_tile_the_plaintext() {
    let mut offset = 0;
    for index in 0..5 {
        let range = stream::plaintext_range(index);
        assert_eq!(range.start, offset);
        assert_eq!(stream::segment_of(range.start), index);
        assert_eq!(stream::segment_of(range.end - 1), index);
        offset = range.end;
    }
    assert_eq!(stream::plaintext_range(u32::MAX).end, stream::MAX_PLAINTEXT);
    assert_eq!(stream::segment_count(stream::MAX_PLAINTEXT), 1 << 32);
}

#[test]
fn every_flipped_byte_of_a_small_stream_fails() {
    let sealed = stream::seal(&key(), b"sinus rhythm").unwrap();
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1 << bit;
            assert!(stream::open(&key(), &flipped).is_err(), "byte {at}, bit {bit}");
        }
        assert!(stream::open(&key(), &sealed[..at]).is_err(), "cut at {at}");
        assert!(stream::open(&key(), &sealed[at + 1..]).is_err(), "begun after {at}");
    }
}

#[test]
fn moved_dropped_and_repeated_segments_fail() {
    let sealed = stream::seal(&key(), &plain(3 * SEGMENT)).unwrap();
    let blocks: Vec<_> = sealed.chunks(SEGMENT).collect();
    let orders: [&[usize]; 9] = [
        &[0, 2, 1, 3],
        &[1, 0, 2, 3],
        &[0, 1, 2],
        &[0, 1, 3],
        &[0, 3],
        &[1, 2, 3],
        &[0, 1, 1, 3],
        &[0, 1, 2, 3, 3],
        &[0],
    ];
    for order in orders {
        let attacked = order.iter().map(|index| blocks[*index]).collect::<Vec<_>>().concat();
        assert!(stream::open(&key(), &attacked).is_err(), "{order:?}");
    }
}

#[test]
fn a_block_opens_at_its_own_place_only() {
    let header = StreamHeader::random().unwrap();
    let (sealer, opener) = (StreamSealer::new(&key(), header), StreamOpener::new(&key(), header));
    let full = plain(PLAIN_SEGMENT);
    let block = sealer.seal(7, false, &full).unwrap();
    assert!(opener.open(7, false, &block).unwrap() == full);
    assert_eq!(opener.open(8, false, &block), Err(SealError::Segment { index: 8 }));
    assert_eq!(opener.open(7, true, &block), Err(SealError::Segment { index: 7 }));
    let other = StreamOpener::new(&key(), StreamHeader::random().unwrap());
    assert_eq!(other.open(7, false, &block), Err(SealError::Segment { index: 7 }));
}

#[test]
fn first_block_with_another_header_is_refused() {
    let sealed = stream::seal(&key(), b"x").unwrap();
    let opener = StreamOpener::new(&key(), StreamHeader::random().unwrap());
    assert_eq!(opener.open(0, true, &sealed), Err(SealError::HeaderMismatch));
}

#[test]
fn segments_of_impossible_length_are_refused_both_ways() {
    let header = StreamHeader::random().unwrap();
    let (sealer, opener) = (StreamSealer::new(&key(), header), StreamOpener::new(&key(), header));
    for (index, last, length) in
        [(0, false, 1), (1, false, 1), (1, true, 0), (1, true, PLAIN_SEGMENT + 1), (0, true, ONE + 1)]
    {
        let refused = sealer.seal(index, last, &plain(length));
        assert!(matches!(refused, Err(SealError::SegmentLength { .. })), "{index} {last} {length}");
    }
    for (index, last, length) in [(0, true, 55), (0, false, 56), (1, true, 16), (1, false, 100), (1, true, SEGMENT + 1)]
    {
        let refused = opener.open(index, last, &plain(length));
        assert!(matches!(refused, Err(SealError::SegmentLength { .. })), "{index} {last} {length}");
    }
}

#[test]
fn buffer_is_wiped_when_a_block_does_not_open() {
    let mut block = stream::seal(&key(), b"sinus rhythm").unwrap();
    let header = StreamHeader::from_bytes(&block[..HEADER]).unwrap();
    *block.last_mut().unwrap() ^= 1;
    assert!(StreamOpener::new(&key(), header).open_in_place(0, true, &mut block).is_err());
    assert!(block.is_empty());
    let whole = block.spare_capacity_mut();
    assert!(whole.len() >= 68, "the allocation is kept, wiped");
}

#[test]
fn tink_keyset_equals_the_one_of_tink() {
    let keyset: serde_json::Value = serde_json::from_str(&stream::tink_keyset_json(&key())).unwrap();
    let data = &keyset["key"][0]["keyData"];
    assert_eq!(data["typeUrl"], "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey");
    assert_eq!(data["value"], "EggIgIBAECAYAxogREREREREREREREREREREREREREREREREREREREREREQ=");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_range_opens_from_its_own_segments(size in 0..3 * SEGMENT, ends in any::<(prop::sample::Index, prop::sample::Index)>()) {
        let plain = plain(size);
        let sealed = stream::seal(&key(), &plain).unwrap();
        let header = StreamHeader::from_bytes(&sealed[..HEADER]).unwrap();
        let opener = StreamOpener::new(&key(), header);
        let (one, other) = (ends.0.index(size + 1), ends.1.index(size + 1));
        let wanted = one.min(other)..one.max(other);
        let count = stream::segment_count(size as u64) as u32;
        let mut got = Vec::new();
        for index in stream::segment_of(wanted.start as u64)..count {
            let range = stream::plaintext_range(index);
            if range.start >= wanted.end as u64 { break; }
            let block = sealed.chunks(SEGMENT).nth(index as usize).unwrap();
            let opened = opener.open(index, index + 1 == count, block).unwrap();
            let from = wanted.start.saturating_sub(range.start as usize);
            let to = opened.len().min(wanted.end - range.start as usize);
            got.extend_from_slice(&opened[from..to]);
        }
        prop_assert!(got == plain[wanted]);
    }
}

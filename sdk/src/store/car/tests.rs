#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use futures::FutureExt;
use hospital_record_core::id::{DAG_CBOR, DAG_PB, RAW};
use proptest::{collection::vec, prelude::*, sample::Index};

use super::*;

/// `{"roots": [], "version": 1}` in dag-cbor, after its length.
const EMPTY: &[u8] = b"\x11\xa2eroots\x80gversion\x01";

/// The bytes in pieces that end at these places. Nothing here waits.
fn pieces(bytes: &[u8], ends: &[Index]) -> BoxStream<'static, io::Result<Bytes>> {
    let mut ends: Vec<usize> = ends.iter().map(|end| end.index(bytes.len() + 1)).chain([bytes.len()]).collect();
    ends.sort_unstable();
    let mut start = 0;
    let pieces: Vec<_> = ends
        .into_iter()
        .map(|end| Ok(Bytes::copy_from_slice(&bytes[std::mem::replace(&mut start, end)..end])))
        .collect();
    stream::iter(pieces).boxed()
}

/// The blocks before the first error, and that error.
fn read(bytes: &[u8], ends: &[Index]) -> (Vec<Block>, Option<StoreError>) {
    let results: Vec<_> = read_car(pieces(bytes, ends)).collect().now_or_never().expect("nothing waits");
    let count = results.len();
    let (mut blocks, mut error) = (Vec::new(), None);
    for (index, result) in results.into_iter().enumerate() {
        match result {
            Ok(block) => blocks.push(block),
            Err(reason) => {
                assert_eq!(index + 1, count, "an error ends the stream");
                error = Some(reason);
            }
        }
    }
    (blocks, error)
}

fn car_error(error: Option<&StoreError>) -> Option<CarError> {
    match error {
        Some(StoreError::Input(cause)) => cause.downcast_ref().cloned(),
        _ => None,
    }
}

fn written(roots: &[Cid], blocks: &[Block]) -> Vec<u8> {
    let blocks = stream::iter(blocks.to_vec()).map(Ok).boxed();
    let pieces: Vec<Bytes> = write_car(roots, blocks).try_collect().now_or_never().unwrap().unwrap();
    pieces.concat()
}

fn section(cid: &[u8], bytes: &[u8]) -> Vec<u8> {
    [&with_length(cid.len() + bytes.len(), cid), bytes].concat()
}

fn any_block() -> impl Strategy<Value = Block> {
    let bytes = vec(any::<u8>(), 0..300);
    (prop::sample::select(vec![RAW, DAG_PB, DAG_CBOR]), bytes).prop_map(|(codec, bytes)| Block::new(codec, bytes))
}

fn any_car() -> impl Strategy<Value = (Vec<Block>, Vec<u8>)> {
    (vec(any_block(), 0..6), 0..4usize).prop_map(|(blocks, roots)| {
        let roots: Vec<Cid> = blocks.iter().map(|block| block.cid).take(roots).collect();
        let bytes = written(&roots, &blocks);
        (blocks, bytes)
    })
}

/// Where the header and each section end.
fn boundaries(blocks: &[Block], length: usize) -> Vec<usize> {
    let mut ends = vec![length];
    for block in blocks.iter().rev() {
        let last = ends[ends.len() - 1];
        ends.push(last - section(&block.cid.to_bytes(), &block.bytes).len());
    }
    ends
}

proptest! {
    #[test]
    fn car_reads_the_same_however_it_is_cut((blocks, bytes) in any_car(), ends in vec(any::<Index>(), 0..20)) {
        let (read, error) = read(&bytes, &ends);
        prop_assert!(error.is_none(), "{error:?}");
        prop_assert_eq!(read, blocks);
    }

    #[test]
    fn truncated_car_is_an_error_unless_it_ends_between_blocks((blocks, bytes) in any_car(), end in any::<Index>()) {
        let end = end.index(bytes.len());
        let (read, error) = read(&bytes[..end], &[]);
        prop_assert_eq!(&read[..], &blocks[..read.len()]);
        match boundaries(&blocks, bytes.len()).contains(&end) {
            true => prop_assert!(error.is_none()),
            false => prop_assert_eq!(car_error(error.as_ref()), Some(CarError::Truncated)),
        }
    }

    /// The codec is not part of the hash: a change from one to another gives a valid block of another CID.
    #[test]
    fn changed_byte_is_an_error_or_gives_the_same_bytes(
        (blocks, bytes) in any_car(), at in any::<Index>(), change in 1..=u8::MAX
    ) {
        let mut changed = bytes;
        let at = at.index(changed.len());
        changed[at] ^= change;
        let (read, error) = read(&changed, &[]);
        let same = |(read, block): (&Block, &Block)| read.bytes == block.bytes && read.cid.hash() == block.cid.hash();
        prop_assert!(read.iter().zip(&blocks).all(same));
        prop_assert!(error.is_some() || read.len() == blocks.len());
    }

    #[test]
    fn arbitrary_bytes_are_refused_without_a_panic(bytes in vec(any::<u8>(), 0..600), ends in vec(any::<Index>(), 0..5)) {
        prop_assert!(read(&bytes, &ends).1.is_some());
        let after_header = [EMPTY, &bytes].concat();
        let (blocks, error) = read(&after_header, &ends);
        prop_assert!(blocks.is_empty() && error.is_some() != bytes.is_empty());
    }
}

#[test]
fn header_without_roots_is_as_kubo_reads_it() {
    assert_eq!(written(&[], &[]), EMPTY);
    assert!(read(EMPTY, &[]).1.is_none());
}

#[test]
fn car_that_cannot_be_read_is_refused_with_its_reason() {
    let block = Block::leaf("ciphertext");
    let cid = block.cid.to_bytes();
    let after = |rest: &[u8]| [EMPTY, rest].concat();
    let with_header = |header: &[u8]| with_length(header.len(), header).to_vec();
    let root = |link: &[u8]| with_header(&[b"\xa2eroots\x81", link, b"gversion\x01"].concat());
    let long = vec![0; LONGEST_SECTION - cid.len()];
    for (bytes, reason) in [
        (vec![], CarError::Truncated),
        (vec![0x11], CarError::Truncated),
        (vec![0x80], CarError::Truncated),
        (after(&[0x80]), CarError::Truncated),
        (after(&[0x05, 0x01]), CarError::Truncated),
        (vec![0xff; 9], CarError::Varint),
        (after(&[0xff; 100]), CarError::Varint),
        (after(&[0x81, 0x00]), CarError::Varint),
        (with_header(&[0; LONGEST_HEADER]), CarError::Header),
        (with_header(&[0; LONGEST_HEADER + 1]), CarError::LongHeader),
        (with_header(b""), CarError::Header),
        (with_header(b"\xa1gversion\x01"), CarError::Header),
        (with_header(b"\xa1eroots\x80"), CarError::Header),
        (with_header(b"\xa2eroots\xf6gversion\x01"), CarError::Header),
        (with_header(b"\xa2eroots\x80gversion\x20"), CarError::Header),
        (with_header(b"\xa3emore!\x01eroots\x80gversion\x01"), CarError::Header),
        (with_header(&[0x81; 4000]), CarError::Header),
        (with_header(b"\xa2eroots\x9b\xff\xff\xff\xff\xff\xff\xff\xffgversion\x01"), CarError::Header),
        (root(b"\x01"), CarError::Header),
        (root(b"\xd8\x2a\x43\x00\x01\x55"), CarError::Header),
        (with_header(b"\xa1gversion\x02"), CarError::Version(2)),
        (with_header(b"\xa2eroots\x80gversion\x02"), CarError::Version(2)),
        (after(&[0x00]), CarError::Cid),
        (after(&section(b"\x01\x55\x12", b"")), CarError::Cid),
        (after(&section(b"\x03\x55\x12\x20", b"ciphertext")), CarError::Cid),
        (after(&section(&cid, &long[..MAX_BLOCK + 1])), CarError::LongBlock),
        (after(&section(&cid, &vec![0; long.len() + 1])), CarError::LongBlock),
        (after(&[0xff, 0xff, 0xff, 0xff, 0x7f]), CarError::LongBlock),
    ] {
        let (blocks, error) = read(&bytes, &[]);
        assert_eq!(car_error(error.as_ref()), Some(reason), "{:?}", &bytes[..bytes.len().min(40)]);
        assert!(blocks.is_empty());
    }
}

#[test]
fn block_that_is_not_what_its_cid_says_is_an_integrity_error() {
    let digest = &Block::leaf("ciphertext").cid.to_bytes()[4..];
    for (kind, bytes, is_good) in [
        (&b"\x01\x55\x12\x20"[..], "ciphertext", true),
        (b"\x01\x70\x12\x20", "ciphertext", true),
        (b"\x01\x55\x12\x20", "ciphertexT", false),
        (b"\x01\x55\x12\x20", "", false),
        // CID version 0, codec cbor, hash keccak-256.
        (b"\x12\x20", "ciphertext", false),
        (b"\x01\x51\x12\x20", "ciphertext", false),
        (b"\x01\x55\x1b\x20", "ciphertext", false),
    ] {
        let (blocks, error) = read(&[EMPTY, &section(&[kind, digest].concat(), bytes.as_bytes())].concat(), &[]);
        assert_eq!(blocks.len(), usize::from(is_good), "{kind:?}");
        assert_eq!(matches!(error, Some(StoreError::Integrity { .. })), !is_good, "{kind:?}: {error:?}");
    }
}

#[test]
fn largest_block_is_written_and_read() {
    let blocks = [Block::leaf(vec![7; MAX_BLOCK]), Block::leaf(""), Block::leaf("x")];
    let (read, error) = read(&written(&[blocks[2].cid; 90], &blocks), &[]);
    assert!(error.is_none() && read == blocks);
}

#[test]
fn error_among_the_blocks_or_the_bytes_ends_the_stream() {
    let lost = || StoreError::Input("the file vanished".into());
    let blocks = stream::iter([Ok(Block::leaf("a")), Err(lost()), Ok(Block::leaf("b"))]);
    let pieces: Vec<_> = write_car(&[], blocks.boxed()).collect().now_or_never().unwrap();
    assert_eq!(pieces.len(), 4);
    assert!(matches!(&pieces[3], Err(StoreError::Input(cause)) if cause.to_string() == "the file vanished"));

    let many = [Block::leaf("a").cid; 200];
    let pieces: Vec<_> =
        write_car(&many, stream::iter([Ok(Block::leaf("a"))]).boxed()).collect().now_or_never().unwrap();
    assert!(matches!(&pieces[..], [Err(error)] if car_error(Some(error)) == Some(CarError::LongHeader)), "{pieces:?}");

    let broken = Err(io::Error::from(io::ErrorKind::ConnectionReset));
    let bytes = stream::iter([Ok(Bytes::from_static(EMPTY)), broken, Ok(Bytes::from_static(b"x"))]);
    let read: Vec<_> = read_car(bytes.boxed()).collect().now_or_never().unwrap();
    assert!(matches!(&read[..], [Err(StoreError::Input(cause))] if cause.is::<io::Error>()), "{read:?}");
}

/// A length is refused when it is read, before anything that it claims is waited for.
#[test]
fn claimed_length_is_refused_before_its_bytes_are_read() {
    let asked = AtomicUsize::new(0);
    let claim = [EMPTY, &with_length(LONGEST_SECTION + 1, b"")].concat();
    let endless = stream::repeat_with(|| Ok(Bytes::from_static(&[0; 1024]))).inspect(|_| {
        asked.fetch_add(1, Relaxed);
    });
    let bytes = stream::iter([Ok(Bytes::from(claim))]).chain(endless);
    let read: Vec<_> = read_car(bytes.boxed()).collect().now_or_never().unwrap();
    assert_eq!(car_error(read[0].as_ref().err()), Some(CarError::LongBlock));
    assert_eq!(asked.load(Relaxed), 0);
}

#[test]
fn only_one_block_is_read_ahead_of_the_reader() {
    let asked = AtomicUsize::new(0);
    let blocks: Vec<Block> = (0..50u8).map(|number| Block::leaf(vec![number; 10_000])).collect();
    let bytes = written(&[], &blocks);
    let pieces: Vec<io::Result<Bytes>> = bytes.chunks(1000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let bytes = stream::iter(pieces).inspect(|_| {
        asked.fetch_add(1, Relaxed);
    });
    let mut read = read_car(bytes.boxed());
    for number in 1..=50 {
        read.next().now_or_never().unwrap().unwrap().unwrap();
        assert!(asked.load(Relaxed) <= number * 10 + 2 + number / 20, "{number}: {asked:?}");
    }
}

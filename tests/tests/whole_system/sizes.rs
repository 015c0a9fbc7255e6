//! Lengths at which something changes: segments, blocks, the header in the first one.

use hospital_record::Source;
use hospital_record_tests::{
    data::{self, MIB},
    world::World,
};

/// The header and a tag are in the first segment, a tag in each of the others.
const FIRST: usize = MIB - 40 - 16;
const NEXT: usize = MIB - 16;

#[tokio::test]
async fn every_border_length_comes_back_byte_for_byte() {
    let world = World::shared().await;
    let ana = world.person().await;
    let lengths = [
        0,
        1,
        // What a program would fill that forgets the tag (40), or counts it once or twice.
        MIB - 57,
        FIRST - 1,
        FIRST, // exactly one segment
        FIRST + 1,
        MIB - 41,
        MIB - 40,
        MIB - 39,
        MIB,
        FIRST + NEXT - 1,
        FIRST + NEXT, // exactly two
        FIRST + NEXT + 1,
        FIRST + 4 * NEXT,
        5 * MIB,
    ];
    let sources = lengths.map(|length| Source::bytes(format!("{length}.bin"), data::bytes("sizes", length)));
    let added = ana.add_many(sources).await.unwrap();
    for (length, added) in lengths.into_iter().zip(added) {
        let opened = ana.open(&added.record).await.unwrap();
        assert_eq!(opened.bytes.len(), length);
        assert!(opened.bytes == data::bytes("sizes", length), "{length} bytes came back changed");
    }
}

#[tokio::test]
async fn ranges_are_the_bytes_they_name() {
    let world = World::shared().await;
    let ana = world.person().await;
    let whole = data::bytes("ranges", 3 * MIB + 7);
    let record = ana.add(Source::bytes("ranges.bin", whole.clone())).await.unwrap().record;
    let end = whole.len();
    let ranges = [
        0..0,
        0..1,
        0..end,
        FIRST - 1..FIRST + 1, // over a border
        FIRST..FIRST + NEXT,  // one whole segment
        end - 1..end,
        end..end,
        MIB..2 * MIB,
    ];
    for range in ranges {
        let opened = ana.open(&record).range(range.start as u64..range.end as u64).await.unwrap();
        assert!(opened.bytes == whole[range.clone()], "{range:?}");
    }
}

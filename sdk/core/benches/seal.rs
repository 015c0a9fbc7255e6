//! The work of one core on every byte of a record: sealing with leaf hashing, and checking with opening.
#![allow(clippy::unwrap_used, missing_docs)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hospital_record_core::id::block_digest;
use hospital_record_core::id::{Account, Deployment, Folder};
use hospital_record_core::seal::lock::{Lock, LockContext};
use hospital_record_core::seal::ratchet::FolderState;
use hospital_record_core::seal::stream::{
    ContentKey, PLAIN_SEGMENT, SEGMENT, StreamHeader, StreamOpener, StreamSealer,
};

fn segments(bench: &mut Criterion) {
    let key = ContentKey::random().unwrap();
    let header = StreamHeader::random().unwrap();
    let (sealer, opener) = (StreamSealer::new(&key, header), StreamOpener::new(&key, header));
    let mut group = bench.benchmark_group("segment");
    group.throughput(Throughput::Bytes(SEGMENT as u64)).sample_size(50);
    let mut plain = Vec::with_capacity(SEGMENT);
    plain.resize(PLAIN_SEGMENT, 7);
    group.bench_function("seal and hash", |bench| {
        bench.iter(|| {
            plain.truncate(PLAIN_SEGMENT);
            sealer.seal_in_place(1, false, &mut plain).unwrap();
            block_digest(&plain)
        });
    });
    let block = sealer.seal(1, false, &vec![7; PLAIN_SEGMENT]).unwrap();
    group.bench_function("hash and open", |bench| {
        let open = |mut block: Vec<u8>| {
            let digest = block_digest(&block);
            opener.open_in_place(1, false, &mut block).unwrap();
            (digest, block)
        };
        bench.iter_batched(|| block.clone(), open, BatchSize::LargeInput);
    });
}

fn locks(bench: &mut Criterion) {
    let key = ContentKey::random().unwrap();
    let context = LockContext {
        deployment: Deployment { chain: 1, contract: Account([0; 20]) },
        patient: Account([1; 20]),
        author: Account([1; 20]),
        folder: Folder::new(1).unwrap(),
        epoch: 0,
        commitment: key.commitment(),
    };
    let secret = FolderState::from_bytes(0, [7; 32]).key_pair();
    let lock = Lock::folder(&context, secret.public(), &key).unwrap();
    bench.bench_function("lock", |bench| bench.iter(|| Lock::folder(&context, secret.public(), &key)));
    bench.bench_function("unlock", |bench| bench.iter(|| lock.open_folder_with(&context, &secret)));
}

criterion_group!(benches, segments, locks);
criterion_main!(benches);

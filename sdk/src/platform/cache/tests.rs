#![allow(clippy::unwrap_used, clippy::expect_used)]

mod held;

use std::{fs, path::PathBuf};

use crate::{base::error::kind::ErrorKind, platform::cache::*};

/// A cache with a hundred pins and some blocks, and the bytes of its file.
async fn filled() -> (tempfile::TempDir, PathBuf, Rows, Vec<u8>) {
    // In shared memory if the machine has it: on disk, each opening waits for the disk.
    let shm = std::path::Path::new("/dev/shm");
    let dir = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.unwrap();
    let cache = Cache::in_folder(dir.path()).unwrap();
    let rows: Rows = (0..100u8).map(|n| (vec![n; 40], vec![n ^ 0x55; 32])).collect();
    cache.write(PROFILES, Vec::new(), rows.clone()).await.unwrap();
    cache.write(BLOCKS, Vec::new(), (0..20u8).map(|n| (vec![n; 32], vec![n; 3000])).collect()).await.unwrap();
    drop(cache);
    let path = dir.path().join("cache.redb");
    let bytes = fs::read(&path).unwrap();
    (dir, path, rows, bytes)
}

/// The rows that a new program reads.
async fn stored_rows(dir: &tempfile::TempDir) -> Result<Rows> {
    Cache::in_folder(dir.path()).unwrap().rows(PROFILES, Vec::new()).await
}

fn assert_advice(error: &Error, what: &str) {
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::File, "{what}: {text}");
    let advice = ["cache.redb", "keys of other people", "contacts", "not finished", "Restore", "move it away"];
    assert!(advice.iter().all(|part| text.contains(part)), "{what}: {text}");
    assert!(!text.contains("panicked"), "{what}: {text}");
}

#[tokio::test]
async fn damaged_cache_is_never_taken_for_a_new_one() {
    let (dir, path, rows, good) = filled().await;
    let mut wrong: Vec<(String, Vec<u8>)> = vec![("empty".into(), Vec::new())];
    for length in [1, 9, 64, 319, 320, 4095, 4096, 4097, good.len() / 2, good.len() - 4096, good.len() - 1] {
        wrong.push((format!("cut to {length}"), good[..length].to_vec()));
    }
    wrong.push(("another program's".into(), b"SQLite format 3\0".repeat(1000)));
    wrong.push(("zeros".into(), vec![0; good.len()]));
    wrong.push(("text".into(), b"hello".to_vec()));
    for (what, bytes) in wrong {
        fs::write(&path, &bytes).unwrap();
        for _ in 0..2 {
            assert_advice(&stored_rows(&dir).await.expect_err(&what), &what);
        }
        assert!(fs::read(&path).unwrap() == bytes, "{what}: a file that can be restored stays as it is");
    }
    fs::write(&path, &good).unwrap();
    assert!(stored_rows(&dir).await.unwrap() == rows, "restored");
    fs::remove_file(&path).unwrap();
    assert!(stored_rows(&dir).await.unwrap().is_empty(), "moved away");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_advice(&stored_rows(&dir).await.unwrap_err(), "a folder");
}

/// Flips every bit of the header and bytes all over the file. Each answer is right or refused.
#[tokio::test]
async fn flipped_bits_change_no_answer() {
    let (dir, path, rows, good) = filled().await;
    let header = (0..320).map(|place| (place, 1u8 << (place % 8)));
    let everywhere = (0..100).map(|n| (n * 7919 % good.len(), 0xffu8));
    // The part of the file with the pins.
    let pins = good.windows(40).enumerate().filter(|(_, bytes)| rows.iter().any(|(key, _)| key == bytes));
    let pins: Vec<(usize, u8)> = pins.map(|(place, _)| (place + 3, 1)).collect();
    assert!(pins.len() >= 100);
    let pins = pins.into_iter().step_by(5);
    let (mut refused, mut harmless) = (0, 0);
    for (place, flip) in header.chain(everywhere).chain(pins) {
        let mut bytes = good.clone();
        bytes[place] ^= flip;
        fs::write(&path, bytes).unwrap();
        match stored_rows(&dir).await {
            Ok(stored_rows) => {
                assert!(stored_rows == rows, "byte {place} ^ {flip}: {} of {} rows", stored_rows.len(), rows.len());
                harmless += 1;
            }
            Err(error) if error.kind() == ErrorKind::File => {
                assert_advice(&error, &format!("byte {place} ^ {flip}"));
                refused += 1;
            }
            Err(error) => panic!("byte {place} ^ {flip}: {error}"),
        }
    }
    assert!(refused > 40 && harmless > 40, "{refused} refused, {harmless} harmless");
}

#[tokio::test]
async fn panic_in_the_library_is_reported_as_damage() {
    let (dir, ..) = filled().await;
    let cache = Cache::in_folder(dir.path()).unwrap();
    let error = cache.with::<()>(|_| panic!("of the library")).await.unwrap_err();
    assert_advice(&error, "a panic");
}

#[tokio::test]
async fn full_disk_says_what_to_do() {
    for kind in [std::io::ErrorKind::StorageFull, std::io::ErrorKind::QuotaExceeded] {
        let error = Error::file("x", kind.into());
        assert!(error.to_string().contains("make room"), "{error}");
    }
}

/// Programs start at the same time on a new machine.
#[tokio::test(flavor = "multi_thread")]
async fn first_programs_share_one_cache() {
    let dir = tempfile::tempdir().unwrap();
    let caches: Vec<Cache> = (0..8).map(|_| Cache::in_folder(dir.path()).unwrap()).collect();
    let writes = caches.iter().zip(0u8..).map(|(cache, n)| cache.put(PROFILES, vec![n], vec![n]));
    futures::future::try_join_all(writes).await.unwrap();
    assert_eq!(stored_rows(&dir).await.unwrap().len(), 8);
    let files = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name());
    assert_eq!(files.count(), 3, "the cache, its lock and the queue for it");
}

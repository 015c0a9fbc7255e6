#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures::{StreamExt, future, stream};
use url::Url;

use crate::store::{conformance::conformance, error::StoreError, open, options::StoreOptions, seam::Store};
use hospital_record_core::record::dag::Block;

fn directory(path: &Path) -> Arc<dyn Store> {
    let url = Url::from_directory_path(path).unwrap();
    open(url.as_str(), &StoreOptions::default().timeout(Duration::from_secs(2))).unwrap()
}

async fn put(store: &dyn Store, blocks: &[Block]) -> Result<u64, StoreError> {
    store.put(stream::iter(blocks.to_vec()).map(Ok).boxed()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_conforms() {
    conformance(open("memory:", &StoreOptions::default()).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn directory_conforms() {
    let home = tempfile::tempdir().unwrap();
    conformance(directory(home.path())).await;
}

/// The bytes of a block, which are counted until the last owner drops them.
struct Held {
    bytes: Vec<u8>,
    count: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn directory_holds_few_blocks_at_a_time_however_many_are_put() {
    let home = tempfile::tempdir().unwrap();
    let (count, most) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
    let blocks = stream::iter(0u32..400).map(|number| {
        most.fetch_max(count.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        let held = Held { bytes: number.to_be_bytes().repeat(4096), count: count.clone() };
        Ok(Block::leaf(Bytes::from_owner(held)))
    });
    assert_eq!(directory(home.path()).put(blocks.boxed()).await.unwrap(), 400);
    let (left, most) = (count.load(Ordering::Relaxed), most.load(Ordering::Relaxed));
    assert!(left == 0 && most <= 32, "{most} of 400 blocks at once, {left} still held");
}

#[cfg(unix)]
#[tokio::test]
async fn directory_is_private_and_sharded() {
    use std::os::unix::fs::PermissionsExt;

    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a").join("store with space");
    let store = directory(&path);
    assert_eq!(store.url(), Url::from_file_path(&path).unwrap().as_str());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    let block = Block::leaf("x");
    put(&*store, std::slice::from_ref(&block)).await.unwrap();
    store.pin(&block.cid).await.unwrap();
    let name = block.cid.to_string();
    assert!(path.join("blocks").join(&name[name.len() - 2..]).join(&name).is_file());
    assert!(path.join("pins").join(&name).is_file());
}

#[tokio::test]
async fn sweep_removes_only_old_unpinned_blocks() {
    let home = tempfile::tempdir().unwrap();
    for store in [open("memory:", &StoreOptions::default()).unwrap(), directory(home.path())] {
        let (pinned, loose) = (Block::leaf("pinned"), Block::leaf("loose"));
        put(&*store, &[pinned.clone(), loose.clone()]).await.unwrap();
        store.pin(&pinned.cid).await.unwrap();
        assert_eq!(store.sweep(Duration::from_secs(60)).await.unwrap(), 0);
        assert_eq!(store.sweep(Duration::ZERO).await.unwrap(), 1);
        assert!(store.has(&pinned.cid).await.unwrap() && !store.has(&loose.cid).await.unwrap());
    }
}

#[tokio::test]
async fn sweep_removes_half_written_files_and_keeps_foreign_ones() {
    let home = tempfile::tempdir().unwrap();
    let store = directory(home.path());
    put(&*store, &[Block::leaf("x")]).await.unwrap();
    let name = Block::leaf("x").cid.to_string();
    let shard = home.path().join("blocks").join(&name[name.len() - 2..]);
    let half = fs::File::create(shard.join(format!("{name}#1"))).unwrap();
    half.set_modified(SystemTime::now() - Duration::from_secs(7200)).unwrap();
    fs::write(shard.join("fresh#1"), "of a process that lives").unwrap();
    fs::write(home.path().join("blocks").join("README"), "mine").unwrap();
    store.sweep(Duration::ZERO).await.unwrap();
    let left: Vec<_> = fs::read_dir(shard).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["fresh#1"]);
    assert!(home.path().join("blocks").join("README").exists());
}

#[tokio::test]
async fn sweep_removes_nothing_while_a_pinned_dag_is_damaged() {
    let home = tempfile::tempdir().unwrap();
    let damaged = directory(home.path());
    let (pinned, loose) = (Block::leaf("pinned"), Block::leaf("loose"));
    put(&*damaged, &[pinned.clone(), loose.clone()]).await.unwrap();
    damaged.pin(&pinned.cid).await.unwrap();
    fs::remove_file(file_of(home.path(), &pinned)).unwrap();
    let error = damaged.sweep(Duration::ZERO).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { cid } if cid == pinned.cid), "{error}");
    assert!(damaged.has(&loose.cid).await.unwrap());
}

fn file_of(home: &Path, block: &Block) -> std::path::PathBuf {
    let name = block.cid.to_string();
    home.join("blocks").join(&name[name.len() - 2..]).join(name)
}

#[tokio::test]
async fn failed_put_leaves_only_the_earlier_blocks() {
    let home = tempfile::tempdir().unwrap();
    for store in [open("memory:", &StoreOptions::default()).unwrap(), directory(home.path())] {
        let (old, new) = (Block::leaf("old"), Block::leaf("new"));
        put(&*store, std::slice::from_ref(&old)).await.unwrap();
        let wrong = Block { cid: Block::leaf("a").cid, bytes: "b".into() };
        let blocks = [old.clone(), new.clone(), wrong];
        assert!(matches!(put(&*store, &blocks).await, Err(StoreError::Integrity { .. })));
        assert!(store.has(&old.cid).await.unwrap() && !store.has(&new.cid).await.unwrap());
    }
}

#[tokio::test]
async fn second_put_repairs_a_damaged_block() {
    let home = tempfile::tempdir().unwrap();
    let store = directory(home.path());
    let block = Block::leaf("whole");
    put(&*store, std::slice::from_ref(&block)).await.unwrap();
    fs::write(file_of(home.path(), &block), "").unwrap();
    assert!(matches!(store.get(&block.cid).await, Err(StoreError::Integrity { .. })));
    put(&*store, std::slice::from_ref(&block)).await.unwrap();
    assert_eq!(store.get(&block.cid).await.unwrap(), block.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeps_and_pins_of_two_openers_never_leave_a_pin_incomplete() {
    let home = tempfile::tempdir().unwrap();
    let (writer, sweeper) = (directory(home.path()), directory(home.path()));
    let write = async {
        for number in 0..60 {
            let block = Block::leaf(format!("block {number}"));
            put(&*writer, std::slice::from_ref(&block)).await.unwrap();
            match writer.pin(&block.cid).await {
                Ok(()) => assert!(writer.has(&block.cid).await.unwrap(), "a pinned block exists"),
                Err(error) => assert!(matches!(error, StoreError::NotFound { .. }), "{error}"),
            }
        }
    };
    let sweep = async {
        for _ in 0..60 {
            sweeper.sweep(Duration::ZERO).await.unwrap();
        }
    };
    future::join(write, sweep).await;
    sweeper.sweep(Duration::ZERO).await.expect("every pinned DAG is complete");
}

#[tokio::test]
async fn lock_that_is_held_too_long_times_out() {
    let home = tempfile::tempdir().unwrap();
    let store = directory(home.path());
    let other = fs::File::create(home.path().join("lock")).unwrap();
    other.lock().unwrap();
    assert!(matches!(store.sweep(Duration::ZERO).await, Err(StoreError::TimedOut { .. })));
}

#[test]
fn unusable_urls_are_refused_and_secrets_never_shown() {
    let urls = [
        "",
        "kubo",
        "ftp://host",
        "file:relative",
        "http://user:hunter2@host",
        "kubo+http://user:hunter2@host/?token=hunter2",
        "kubo+http://host/#x",
        "s3://bucket",
    ];
    for url in urls {
        let error = open(url, &StoreOptions::default()).map(|_| url).unwrap_err();
        assert!(matches!(error, StoreError::Url { .. }), "{url}: {error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{url}: {error}");
    }
}

#[test]
fn secrets_are_not_printed() {
    let options = StoreOptions::default().token("hunter2");
    let store = open("kubo+https://user@host:5001", &StoreOptions::default()).unwrap();
    assert_eq!(store.url(), "kubo+https://host:5001");
    let token = open("kubo+https://host", &options).unwrap();
    assert!(!format!("{options:?} {token:?}").contains("hunter2"));
}

//! The file stays open while it is used, other programs get it soon, and no data is lost.

use std::{
    fs::{self, File},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use crate::{base::error::kind::ErrorKind, platform::cache::*};

/// Longer than a program holds the file, with room for a slow machine.
const SOON: Duration = Duration::from_secs(2);
const FOLDER: &str = "HOSPITAL_RECORD_TEST_FOLDER";

fn is_closed(folder: &Path) -> bool {
    File::open(folder.join("cache.lock")).unwrap().try_lock().is_ok()
}

async fn value(folder: &Path, key: u8) -> Result<Option<Vec<u8>>> {
    Cache::in_folder(folder).unwrap().get(PROFILES, vec![key]).await
}

/// The duration of the longest of many calls.
async fn longest_call(cache: &Cache, calls: u8) -> Duration {
    let mut longest = Duration::ZERO;
    for n in 0..calls {
        let start = Instant::now();
        cache.put(PROFILES, vec![n], vec![n]).await.unwrap();
        longest = longest.max(start.elapsed());
        // The program does other work between its calls, so it joins the queue each time.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    longest
}

/// Uses the file without a pause until the other future has ended. Returns the number of calls.
async fn busy_until<T>(cache: &Cache, other: impl Future<Output = T>) -> (u64, T) {
    let mut calls = 0;
    let mut other = std::pin::pin!(other);
    loop {
        tokio::select! {
            biased;
            done = &mut other => return (calls, done),
            put = cache.put(SYNCED, vec![1], vec![2]) => put.unwrap(),
        }
        calls += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn busy_program_lets_another_in_within_a_bounded_time() {
    let dir = tempfile::tempdir().unwrap();
    let (busy, other) = (Cache::in_folder(dir.path()).unwrap(), Cache::in_folder(dir.path()).unwrap());
    let other = tokio::spawn(async move { longest_call(&other, 20).await });
    let (calls, longest) = busy_until(&busy, other).await;
    let longest = longest.unwrap();
    assert!(longest < SOON, "{longest:?}");
    assert!(calls > 20, "the busy program continues: {calls}");
}

#[tokio::test]
#[ignore = "run by the test below"]
async fn other_program() {
    let folder = std::env::var(FOLDER).unwrap();
    println!("longest {}", longest_call(&Cache::in_folder(folder.as_ref()).unwrap(), 20).await.as_millis());
}

#[tokio::test(flavor = "multi_thread")]
async fn busy_program_lets_another_process_in_within_a_bounded_time() {
    let dir = tempfile::tempdir().unwrap();
    let busy = Cache::in_folder(dir.path()).unwrap();
    busy.put(SYNCED, vec![1], vec![1]).await.unwrap();
    let mut program = Command::new(std::env::current_exe().unwrap());
    let name = "platform::cache::tests::held::other_program";
    program.args(["--exact", "--ignored", "--nocapture", name]).env(FOLDER, dir.path());
    let ran = tokio::task::spawn_blocking(move || program.output().unwrap());
    let (calls, ran) = busy_until(&busy, ran).await;
    let ran = ran.unwrap();
    let output = String::from_utf8_lossy(&ran.stdout);
    let longest = output.split("longest ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
    let longest = Duration::from_millis(longest.unwrap_or_else(|| panic!("{output}")));
    assert!(longest < SOON && calls > 20, "{longest:?}, {calls}");
    assert_eq!(value(dir.path(), 19).await.unwrap(), Some(vec![19]));
}

#[tokio::test]
async fn unused_file_is_closed_while_the_executor_is_blocked() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::in_folder(dir.path()).unwrap();
    cache.put(PROFILES, vec![1], vec![1]).await.unwrap();
    assert!(!is_closed(dir.path()), "more calls may come");
    let start = Instant::now();
    // This thread runs the only executor.
    while !is_closed(dir.path()) {
        assert!(start.elapsed() < SOON);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(cache.get(PROFILES, vec![1]).await.unwrap(), Some(vec![1]));
    let start = Instant::now();
    assert_eq!(value(dir.path(), 1).await.unwrap(), Some(vec![1]));
    assert!(start.elapsed() < SOON, "a waiting program gets in");
}

#[tokio::test]
async fn file_is_closed_when_its_last_user_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..50 {
        let cache = Cache::in_folder(dir.path()).unwrap();
        let clone = cache.clone();
        cache.put(PROFILES, vec![n], vec![n]).await.unwrap();
        drop(cache);
        assert!(!is_closed(dir.path()));
        drop(clone);
        assert!(is_closed(dir.path()), "{n}");
    }
}

/// As after a process was killed.
#[tokio::test]
async fn value_is_on_disk_when_put_returns() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let cache = Cache::in_folder(dir.path()).unwrap();
    for n in 0..20 {
        cache.put(PROFILES, vec![n], vec![n]).await.unwrap();
        fs::copy(dir.path().join("cache.redb"), copy.path().join("cache.redb")).unwrap();
        assert_eq!(value(copy.path(), n).await.unwrap(), Some(vec![n]));
    }
}

#[tokio::test]
async fn open_file_that_is_moved_away_is_complete_and_a_new_one_replaces_it() {
    let (dir, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (path, moved) = (dir.path().join("cache.redb"), away.path().join("cache.redb"));
    let cache = Cache::in_folder(dir.path()).unwrap();
    cache.put(PROFILES, vec![1], vec![1]).await.unwrap();
    fs::rename(&path, &moved).unwrap();
    assert_eq!(cache.get(PROFILES, vec![1]).await.unwrap(), None);
    cache.put(PROFILES, vec![2], vec![2]).await.unwrap();
    assert_eq!(value(away.path(), 1).await.unwrap(), Some(vec![1]));
    assert_eq!(value(away.path(), 2).await.unwrap(), None);
    fs::rename(&moved, &path).unwrap();
    assert_eq!(cache.get(PROFILES, vec![1]).await.unwrap(), Some(vec![1]), "and is found again");
    fs::remove_file(&path).unwrap();
    assert_eq!(cache.get(PROFILES, vec![1]).await.unwrap(), None, "removed");
}

/// A file that a person has put there is not overwritten, and is verified again.
#[tokio::test]
async fn open_file_that_another_program_overwrites_stays_as_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cache.redb");
    let cache = Cache::in_folder(dir.path()).unwrap();
    cache.put(PROFILES, vec![1], vec![1]).await.unwrap();
    drop(cache);
    let backup = fs::read(&path).unwrap();
    let mut damaged = backup.clone();
    let end = damaged.len() - 1;
    damaged.truncate(end);
    for bytes in [Vec::new(), b"hello".to_vec(), vec![0; backup.len()], damaged] {
        fs::write(&path, &backup).unwrap();
        let cache = Cache::in_folder(dir.path()).unwrap();
        cache.put(PROFILES, vec![2], vec![2]).await.unwrap();
        fs::write(&path, &bytes).unwrap();
        for _ in 0..2 {
            assert_eq!(cache.get(PROFILES, vec![1]).await.unwrap_err().kind(), ErrorKind::File);
        }
        assert!(fs::read(&path).unwrap() == bytes, "a file that can be restored stays as it is");
        fs::write(&path, &backup).unwrap();
        let unused = Cache::in_folder(dir.path()).unwrap();
        unused.put(PROFILES, vec![2], vec![2]).await.unwrap();
        fs::write(&path, &bytes).unwrap();
        drop(unused);
        assert!(fs::read(&path).unwrap() == bytes, "also when it is closed because it is idle");
        fs::write(&path, &backup).unwrap();
        assert_eq!(cache.get(PROFILES, vec![1]).await.unwrap(), Some(vec![1]));
        assert_eq!(cache.get(PROFILES, vec![2]).await.unwrap(), None, "restored from a backup");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thousand_calls_at_once_are_all_answered() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Cache::in_folder(dir.path()).unwrap();
    let puts = (0..1000u16).map(|n| cache.put(PROFILES, n.to_be_bytes().into(), vec![1]));
    futures::future::try_join_all(puts).await.unwrap();
    assert_eq!(cache.rows(PROFILES, Vec::new()).await.unwrap().len(), 1000);
}

//! The conformance suite of [`Memory`]. It panics at the first check that a memory fails.
#![expect(clippy::unwrap_used, reason = "a test suite reports by panics")]

use std::sync::Arc;

use crate::platform::cache::own::Memory;

/// Longer than any page that a memory may be cut into.
const LONG: usize = 300_001;

/// Runs the suite on an empty memory. `reopen` opens the same memory again, after it was dropped.
///
/// # Panics
/// If the memory fails a check.
pub async fn memory_conformance(memory: Arc<dyn Memory>, reopen: impl AsyncFn() -> Arc<dyn Memory>) {
    assert_eq!(memory.size().unwrap(), 0, "it is empty at first");
    resizes(&*memory).await;
    writes_across_pages(&*memory).await;
    drop(memory);

    let memory = reopen().await;
    assert_eq!(memory.size().unwrap(), LONG as u64, "its size was saved");
    assert_eq!(whole(&*memory), pattern(), "what was saved is there");
    memory.resize(7).unwrap();
    memory.sync().unwrap();
    memory.saved().await.unwrap();
    memory.saved().await.unwrap();
    drop(memory);

    let memory = reopen().await;
    assert_eq!(whole(&*memory), pattern()[..7], "a truncation was saved");
    memory.resize(LONG as u64).unwrap();
    assert!(whole(&*memory)[7..].iter().all(|byte| *byte == 0), "nothing of what was truncated comes back");
}

async fn resizes(memory: &dyn Memory) {
    memory.resize(LONG as u64).unwrap();
    assert_eq!(whole(memory), vec![0; LONG], "new bytes are zeros");
    memory.write(5, &[1, 2, 3]).unwrap();
    memory.resize(6).unwrap();
    memory.resize(9).unwrap();
    assert_eq!(whole(memory), [0, 0, 0, 0, 0, 1, 0, 0, 0], "truncated bytes are zeros when they come back");
    assert!(memory.read(8, &mut [0; 2]).is_err(), "nothing is read past the end");
    memory.sync().unwrap();
    memory.saved().await.unwrap();
}

async fn writes_across_pages(memory: &dyn Memory) {
    memory.resize(LONG as u64).unwrap();
    let pattern = pattern();
    for (index, piece) in pattern.chunks(10_007).enumerate() {
        memory.write(index as u64 * 10_007, piece).unwrap();
    }
    let mut part = [0; 50_000];
    memory.read(40_000, &mut part).unwrap();
    assert_eq!(part[..], pattern[40_000..90_000], "a part is read");
    memory.sync().unwrap();
    memory.saved().await.unwrap();
}

fn whole(memory: &dyn Memory) -> Vec<u8> {
    let mut bytes = vec![0xff; memory.size().unwrap() as usize];
    memory.read(0, &mut bytes).unwrap();
    bytes
}

fn pattern() -> Vec<u8> {
    (0..LONG).map(|at| (at * 7 + at / 251) as u8).collect()
}

//! An add that is cancelled, or that fails, leaves nothing that is added later.

use tokio_util::sync::CancellationToken;

use crate::{
    base::{
        error::{Error, kind::ErrorKind},
        progress::{Phase, Progress},
        task::BoxFuture,
    },
    client::{
        Client,
        resume::Resumed,
        tests::{
            faulty::{Fault, Faulty},
            person,
        },
    },
    records::source::Source,
    system::System,
};

/// A call that adds something, what it is cancelled by, and what it tells.
type Adding = fn(&Client, CancellationToken, Tell) -> BoxFuture<'static, Result<(), Error>>;

const ADDS: [Adding; 3] = [
    |ana, cancel, tell| {
        let add = ana.add(Source::bytes("one", "one")).cancel(cancel).progress(tell);
        Box::pin(async { add.await.map(drop) })
    },
    |ana, cancel, tell| {
        let files = ["one", "two", "three"].map(|name| Source::bytes(name, name));
        let add = ana.add_many(files).cancel(cancel).progress(tell);
        Box::pin(async { add.await.map(drop) })
    },
    |ana, cancel, tell| {
        let ana = ana.clone();
        Box::pin(async move {
            let old = ana.list().await?[0].record;
            ana.replace(&old, Source::bytes("new", "new")).cancel(cancel).progress(tell).await.map(drop)
        })
    },
];

type Tell = Box<dyn Fn(Progress) + Send + Sync>;

/// Cancels at a call of `progress` that has this number among those of a phase.
fn at(phase: Phase, number: usize, cancel: &CancellationToken) -> Tell {
    let cancel = cancel.clone();
    let left = std::sync::atomic::AtomicUsize::new(number);
    Box::new(move |now| {
        if now.phase == phase && left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) == 1 {
            cancel.cancel();
        }
    })
}

async fn ana_with_a_record() -> (Faulty, Client) {
    let faulty = Faulty::new();
    let ana = person(&System::in_memory_with(faulty.clone()).await.unwrap()).await;
    ana.add(Source::bytes("first", "first")).await.unwrap();
    (faulty, ana)
}

async fn names(ana: &Client) -> Vec<String> {
    ana.list().await.unwrap().iter().map(|one| one.name().to_owned()).collect()
}

#[tokio::test]
async fn nothing_of_a_cancelled_add_is_there_then_or_after_a_resume() {
    for (number, add) in ADDS.iter().enumerate() {
        for phase in [None, Some(Phase::Storing), Some(Phase::Confirming)] {
            for file in 1..=(if number == 1 { 3 } else { 1 }) {
                let (faulty, ana) = ana_with_a_record().await;
                let pinned = faulty.pinned.lock().unwrap().clone();
                let cancel = CancellationToken::new();
                let tell = at(phase.unwrap_or(Phase::Storing), file, &cancel);
                if phase.is_none() {
                    cancel.cancel();
                }
                let error = add(&ana, cancel, tell).await.unwrap_err();
                let case = format!("call {number}, {phase:?} of file {file}");
                assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Cancelled, false), "{case}");
                assert_eq!(names(&ana).await, ["first"], "{case}");
                let resumed = ana.resume().await.unwrap();
                assert_eq!((resumed.finished.len(), resumed.removed.len(), resumed.discarded), (0, 0, 0), "{case}");
                assert_eq!(names(&ana).await, ["first"], "{case}, after a resume");
                assert_eq!(*faulty.pinned.lock().unwrap(), pinned, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn what_could_not_be_removed_after_a_cancel_or_a_failure_is_removed_later_and_never_added() {
    let (faulty, ana) = ana_with_a_record().await;
    let pinned = faulty.pinned.lock().unwrap().clone();
    for cancelled in [true, false] {
        let cancel = CancellationToken::new();
        let (store, token) = (faulty.clone(), cancel.clone());
        let stored = std::sync::atomic::AtomicUsize::new(0);
        let add =
            ana.add_many(["one", "two"].map(|name| Source::bytes(name, name))).cancel(cancel).progress(move |now| {
                // The second file; the first is stored and pinned.
                if now.phase == Phase::Confirming && stored.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 1 {
                    store.becomes(Fault::Silent);
                    if cancelled {
                        token.cancel();
                    }
                }
            });
        let error = add.await.unwrap_err();
        let kind = if cancelled { ErrorKind::Cancelled } else { ErrorKind::TimedOut };
        assert_eq!(error.kind(), kind);
        assert_eq!(ana.resume().await.unwrap().finished.len(), 0, "the store does not answer yet");
        faulty.becomes(Fault::None);
        let Resumed { finished, removed, discarded, .. } = ana.resume().await.unwrap();
        // The second file of an add that failed was left to `resume`, for its add may have happened.
        assert_eq!((finished.len(), removed.len(), discarded), if cancelled { (0, 0, 2) } else { (1, 0, 1) });
        if cancelled {
            assert_eq!(names(&ana).await, ["first"]);
            assert_eq!(*faulty.pinned.lock().unwrap(), pinned);
        }
    }
}

#[tokio::test]
async fn an_add_that_is_on_its_way_ends_as_if_nobody_had_cancelled_it() {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    let memory = system.memory().unwrap();
    memory.hold(true);
    let cancel = CancellationToken::new();
    let add = ana.add(Source::bytes("one", "one")).cancel(cancel.clone());
    let cancelling = async {
        while system.services.sender.pending(ana.address()).await.unwrap().is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        cancel.cancel();
        memory.hold(false);
        // Its transaction mines the one that waits, too.
        person(&system).await;
    };
    let (added, ()) = futures::join!(add.into_future(), cancelling);
    assert!(added.is_ok(), "{added:?}");
    assert_eq!(names(&ana).await, ["one"]);
}

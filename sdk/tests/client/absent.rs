//! Blocks that nobody has, or that a store says nothing about: they delay what needs them, and only for a while.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use cid::Cid;
use hospital_record::{Client, ErrorKind, Event, Identity, Source, System, store::StoreError};
use hospital_record_core::id::Digest;

use crate::{
    hooked::{Hook, Question},
    person,
};

/// A store that looks for a lost block among its peers first, and that says nothing about others.
#[derive(Clone, Debug, Default)]
struct Peers {
    lost: Arc<Mutex<HashSet<Cid>>>,
    silent: Arc<Mutex<HashSet<Cid>>>,
    waits: Arc<AtomicUsize>,
    waiting: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Peers {
    async fn new() -> (Self, System) {
        let peers = Self::default();
        let system = peers.system().await;
        (peers, system)
    }

    fn says_something(&self, cid: &Cid) -> Result<(), StoreError> {
        match self.silent.lock().unwrap().contains(cid) {
            true => Err(StoreError::TimedOut { url: "peers:".into(), after: Duration::from_secs(30) }),
            false => Ok(()),
        }
    }

    fn is_found(&self, cid: &Cid) -> Result<(), StoreError> {
        match self.lost.lock().unwrap().contains(cid) {
            true => Err(StoreError::NotFound { cid: *cid }),
            false => Ok(()),
        }
    }
}

#[async_trait::async_trait]
impl Hook for Peers {
    async fn before(&self, question: Question<'_>) -> Result<(), StoreError> {
        match question {
            Question::Get(cid) => {
                self.says_something(cid)?;
                let found = self.is_found(cid);
                if found.is_err() {
                    self.waits.fetch_add(1, Relaxed);
                    self.most.fetch_max(self.waiting.fetch_add(1, Relaxed) + 1, Relaxed);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    self.waiting.fetch_sub(1, Relaxed);
                }
                found
            }
            Question::Has(cid) => self.is_found(cid),
            Question::Pin(root) => self.says_something(root),
            Question::Put | Question::Unpin => Ok(()),
        }
    }
}

/// Lee on a new machine, to whom four strangers have granted ten folders each; all of their envelopes are lost.
async fn pestered() -> (Peers, Client, Client) {
    let (peers, system) = Peers::new().await;
    let (identity, _) = Identity::generate().unwrap();
    system.fund(identity.address()).await.unwrap();
    let lee = system.client(identity.clone());
    lee.register().await.unwrap();
    for _ in 0..4 {
        let stranger = person(&system).await;
        for folder in 0..10 {
            stranger.grant(lee.address()).folder(folder.to_string()).await.unwrap();
        }
        for entry in system.history(stranger.address()).await.unwrap().entries {
            if let Event::AccessGranted { envelope, .. } = entry.event {
                peers.lost.lock().unwrap().insert(Digest(envelope.0).dag_cbor_cid());
            }
        }
    }
    let ana = person(&system).await;
    ana.grant(lee.address()).folder("cardiology").await.unwrap();
    let lee = system.forgetful().unwrap().client(identity);
    (peers, ana, lee)
}

#[tokio::test]
async fn envelopes_that_strangers_lost_are_waited_for_side_by_side_and_a_few_times_only() {
    let (peers, ana, lee) = pestered().await;
    let patients = lee.grants().patients().await.unwrap().patients;
    assert_eq!((patients.len(), peers.waits.load(Relaxed)), (5, 0), "the chain says who");

    let shared = tokio::spawn(async move { lee.grants().received().await }).await.unwrap().unwrap();
    let (lost, there): (Vec<_>, Vec<_>) = shared.grants.iter().partition(|grant| grant.unavailable.is_some());
    assert!(lost.iter().all(|grant| grant.unavailable == Some(ErrorKind::NotAvailable)), "{lost:?}");
    assert!(lost.len() == 40 && there.len() == 1 && there[0].patient == ana.address(), "{there:?}");
    // What is asked side by side is under way when the third is given up.
    let (waits, most) = (peers.waits.load(Relaxed), peers.most.load(Relaxed));
    assert!(waits <= 3 + 15, "{waits}");
    assert!(most > 4, "only {most} at a time");
}

/// Ana, whose folder has a reader whose access has expired, and two records of a laboratory in it.
async fn two_results() -> (Peers, Client, [Cid; 2]) {
    let (peers, system) = Peers::new().await;
    let (ana, lab, lee) = (person(&system).await, person(&system).await, person(&system).await);
    ana.grant(lab.address()).folder("blood").contribute_only().await.unwrap();
    let soon = system.now().await.unwrap() + Duration::from_secs(100);
    ana.grant(lee.address()).folder("blood").until(soon).await.unwrap();
    let mut results = Vec::new();
    for text in ["one", "two"] {
        let added = lab.add(Source::bytes(text, text)).patient(ana.address()).folder("blood").await.unwrap();
        results.push(added.record.id.cid());
    }
    system.advance(Duration::from_secs(200)).await.unwrap();
    (peers, ana, results.try_into().unwrap())
}

#[tokio::test]
async fn stalled_store_of_contributed_records_does_not_delay_a_rotation() {
    let (peers, ana, results) = two_results().await;
    peers.silent.lock().unwrap().extend(results);
    let synced = ana.sync().await.unwrap();
    assert_eq!((synced.rotated, synced.copied, synced.missing.len()), (1, 0, 2), "{synced:?}");
    assert_eq!(synced.unavailable, Some(ErrorKind::TimedOut));

    peers.silent.lock().unwrap().clear();
    let synced = ana.sync().await.unwrap();
    assert_eq!((synced.rotated, synced.copied, synced.unavailable), (0, 2, None), "{synced:?}");
}

#[tokio::test]
async fn the_keys_have_moved_on_before_anything_is_copied() {
    let (peers, ana, results) = two_results().await;
    peers.lost.lock().unwrap().extend(results);
    let (system, patient) = (ana.system().forgetful().unwrap(), ana.address());
    let syncing = tokio::spawn(async move { ana.sync().await });
    while peers.waits.load(Relaxed) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    syncing.abort();
    let history = system.history(patient).await.unwrap();
    assert!(history.entries.iter().any(|entry| matches!(entry.event, Event::KeysRotated { .. })), "{history}");
}

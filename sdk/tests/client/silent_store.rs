//! A store that takes every question and gives no answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use hospital_record::{
    Address, B256, Client, ErrorKind, Event, Identity, Source, System, record::Content, store::StoreError,
};

use crate::{
    hooked::{Hook, Question},
    person,
};

#[derive(Clone, Debug)]
struct Stalling {
    on: Arc<AtomicBool>,
    waits: Arc<AtomicUsize>,
    patience: Duration,
}

#[async_trait::async_trait]
impl Hook for Stalling {
    async fn before(&self, _: Question<'_>) -> Result<(), StoreError> {
        if !self.on.load(Relaxed) {
            return Ok(());
        }
        self.waits.fetch_add(1, Relaxed);
        tokio::time::sleep(self.patience).await;
        Err(StoreError::TimedOut { url: "stalling:".into(), after: self.patience })
    }
}

/// Folders that lee may read, a record in each.
const FOLDERS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Ana on a new machine, where nothing helps that was fetched before, and lee, whom she has given much.
async fn stalled(patience: Duration) -> (Stalling, System, Client, Client) {
    let (stalling, system, identity, lee) = warm(patience).await;
    let cold = system.forgetful().unwrap();
    let ana = cold.client(identity);
    (stalling, cold, ana, lee)
}

/// The same on the machine on which she gave it.
async fn warm(patience: Duration) -> (Stalling, System, Identity, Client) {
    let stalling = Stalling { on: Arc::default(), waits: Arc::default(), patience };
    let system = stalling.system().await;
    let (identity, _) = Identity::generate().unwrap();
    system.fund(identity.address()).await.unwrap();
    let (ana, lee) = (system.client(identity.clone()), person(&system).await);
    for folder in FOLDERS {
        ana.grant(lee.address()).folder(folder).name("Dr Lee").await.unwrap();
        ana.add_many((0..8).map(|n| Source::bytes(format!("{n}"), folder))).folder(folder).await.unwrap();
    }
    stalling.on.store(true, Relaxed);
    (stalling, system, identity, lee)
}

/// The keyring that the newest revocation names, as soon as there is one.
async fn newest_keyring(system: &System, patient: Address) -> B256 {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        let history = system.history(patient).await.unwrap();
        if let Some(Event::AccessRevoked { keyring, .. }) = history.entries.last().map(|entry| entry.event) {
            return keyring;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the revocation waits for the store");
}

#[tokio::test]
async fn a_revocation_waits_once_for_a_store_that_stalls() {
    let (stalling, _, ana, lee) = stalled(Duration::from_millis(50)).await;
    let revoked = ana.revoke(lee.address()).await.unwrap();
    assert_eq!((revoked.ended, revoked.keys_moved), (FOLDERS.len(), false));
    assert_eq!(stalling.waits.load(Relaxed), 1);
}

#[tokio::test]
async fn a_revocation_is_on_chain_long_before_a_store_gives_up() {
    let (_, system, ana, lee) = stalled(Duration::from_secs(60)).await;
    let revoking = tokio::spawn(ana.revoke(lee.address()).into_future());
    newest_keyring(&system, ana.address()).await;
    revoking.abort();
}

#[tokio::test]
async fn a_revocation_names_new_keys_although_the_store_stalls() {
    let (stalling, system, identity, lee) = warm(Duration::from_secs(60)).await;
    stalling.on.store(false, Relaxed);
    let ana = system.client(identity);
    // Of this one it knows that its profile is published.
    ana.add(Source::bytes("x", "x")).await.unwrap();
    stalling.on.store(true, Relaxed);
    let revoking = tokio::spawn(ana.revoke(lee.address()).into_future());
    assert_ne!(newest_keyring(&system, ana.address()).await, B256::ZERO, "it waited for the store");
    revoking.abort();
}

#[tokio::test]
async fn a_list_waits_once_for_a_store_that_stalls_and_says_so_of_every_record() {
    let (stalling, _, ana, lee) = stalled(Duration::from_millis(50)).await;
    let silent = |content: &Content| matches!(content, Content::Unreadable { kind: ErrorKind::TimedOut, .. });
    let listed = ana.list().await.unwrap();
    assert!(listed.len() == 8 * FOLDERS.len() && listed.iter().all(|listed| silent(&listed.content)), "{listed:?}");
    // What is asked side by side is under way when the first stalls.
    let waits = stalling.waits.swap(0, Relaxed);
    assert!(waits <= 16, "{waits}");

    let lee = lee.list().patient(ana.address()).folder("a").await.unwrap();
    assert!(!lee.is_empty() && lee.iter().any(|listed| silent(&listed.content)), "an empty list would be a lie");
}

#[tokio::test]
async fn folders_grants_and_contacts_wait_once_for_a_store_that_stalls() {
    let (stalling, _, ana, _) = stalled(Duration::from_millis(50)).await;
    let waits = || stalling.waits.swap(0, Relaxed);
    let folders = ana.folders().list().await.unwrap();
    assert!(folders.iter().all(|folder| folder.unavailable == Some(ErrorKind::TimedOut)), "{folders:?}");
    // What is asked side by side is under way when the first stalls; after that nothing is asked.
    assert!(folders.len() == FOLDERS.len() && (1..=FOLDERS.len()).contains(&waits()));
    let grants = ana.grants().list().await.unwrap();
    assert!(grants.iter().all(|grant| grant.unavailable == Some(ErrorKind::TimedOut)), "{grants:?}");
    assert!(grants.len() == FOLDERS.len() && (1..=FOLDERS.len() + 1).contains(&waits()));
    assert!(ana.contacts().list().await.unwrap().is_empty());
    assert_eq!(
        ana.contacts().find("Dr Lee").await.unwrap_err().kind(),
        ErrorKind::TimedOut,
        "perhaps a grant names her"
    );

    stalling.on.store(false, Relaxed);
    assert!(
        ana.folders().list().await.unwrap().iter().all(|folder| folder.name.is_some() && folder.unavailable.is_none())
    );
    assert_eq!(ana.contacts().find("Dr Lee").await.unwrap().name, "Dr Lee");
}

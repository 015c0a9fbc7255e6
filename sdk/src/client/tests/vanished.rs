//! Seen entries are never forgotten, whether the chain drops them or the provider lies about them.

use alloy::primitives::B256;
use hospital_record_core::{
    block::Body,
    id::{Confidentiality, Folder, RecordId},
    record::manifest::Manifest,
    seal::lock::Lock,
};
use tempfile::TempDir;

use crate::{
    base::{error::kind::ErrorKind, record_ref::RecordRef},
    client::{Client, tests::person},
    keys::{
        folder_keys::{self, ReceivedKeys},
        keyrings,
    },
    ledger::{Event, MemoryLedger, record_key},
    people::{identity::Identity, phrase::Phrase},
    records::source::Source,
    system::System,
};

mod forged;
mod histories;
mod others;
mod withheld;
mod witness;

/// Ana, whose folder Lee and Kim may read, in a program with a state directory.
struct Stage {
    shared: System,
    folder: TempDir,
    phrase: Phrase,
    ana: Client,
    lee: Client,
    kim: Client,
    /// The keys that Lee received, and keeps.
    of_lee: ReceivedKeys,
}

impl Stage {
    async fn new() -> Self {
        let shared = System::in_memory().await.unwrap();
        let (identity, phrase) = Identity::generate().unwrap();
        shared.fund(identity.address()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ana = shared.remembering(folder.path()).unwrap().client(identity);
        ana.register().await.unwrap();
        let lee = person(&shared).await;
        let kim = person(&shared).await;
        ana.grant(lee.address()).await.unwrap();
        ana.grant(kim.address()).await.unwrap();
        let journal = lee.system().services.journals.of(ana.address()).await.unwrap();
        let of_lee = folder_keys::received(lee.person(), &journal, personal(&ana)).await.unwrap();
        Self { shared, folder, phrase, ana, lee, kim, of_lee }
    }

    fn memory(&self) -> &MemoryLedger {
        self.shared.memory().unwrap()
    }

    /// The chain loses its newest blocks with everything in them, and goes on.
    fn reorganise(&self, blocks: usize) {
        self.memory().rewind(blocks);
        for _ in 0..=blocks {
            self.memory().advance(std::time::Duration::from_secs(1));
        }
    }

    /// The provider hides the newest blocks from now on.
    async fn lie(&self, blocks: u64) {
        let newest = self.shared.ledger().newest().await.unwrap().number;
        self.memory().hide_after(Some(newest - blocks));
    }

    fn tell_the_truth(&self) {
        self.memory().hide_after(None);
    }

    /// The same program, started again.
    fn restarted(&self) -> Client {
        self.device(self.folder.path())
    }

    fn device(&self, folder: &std::path::Path) -> Client {
        let identity = Identity::from_phrase(&self.phrase, 0).unwrap();
        self.shared.remembering(folder).unwrap().client(identity)
    }

    /// Whether the keys that Lee once received open a record that was added since.
    async fn lee_holds_a_key(&self, record: &RecordRef) -> bool {
        let bytes = self.shared.services.people().block(RecordId(record.id.0).into(), Manifest::MAX).await.unwrap();
        let manifest = self.shared.services.people().verified_bytes::<Manifest>(&bytes).await.unwrap();
        let opens = |lock: &Lock| match lock {
            Lock::Folder { epoch, .. } => self.of_lee.state.as_ref().unwrap().at(*epoch).is_ok(),
            Lock::Account { account, .. } => *account == self.lee.person().account(),
        };
        manifest.locks.iter().any(opens)
    }

    async fn is_revoked(&self) -> bool {
        let journal = self.shared.forgetful().unwrap().services.journals.of(self.ana.address()).await.unwrap();
        !journal.state().grants.keys().any(|(_, grantee)| *grantee == self.lee.address())
            || journal.state().grants.values().any(|grant| grant.state.is_bar())
    }
}

fn personal(ana: &Client) -> Folder {
    ana.person().keys().folder("personal", Confidentiality::N)
}

fn note() -> Source {
    Source::bytes("note", "private")
}

#[tokio::test]
async fn a_revocation_that_a_reorganisation_dropped_is_sent_again_before_anything_is_locked() {
    let stage = Stage::new().await;
    let revoked = stage.ana.revoke(stage.lee.address()).await.unwrap();
    stage.reorganise(1);
    assert!(!stage.is_revoked().await);

    let record = stage.ana.add(note()).await.unwrap().record;
    assert!(stage.is_revoked().await);
    assert!(!stage.lee_holds_a_key(&record).await);
    let news = stage.ana.system().news().await.unwrap();
    assert!(
        news.iter().any(|one| matches!(one.event, Event::AccessRevoked { .. })),
        "it is reported although it is back"
    );
    assert_eq!(stage.ana.system().news().await.unwrap(), []);
    let again = stage.shared.ledger().receipt(revoked.transaction.unwrap()).await.unwrap();
    assert!(again.is_some_and(|receipt| receipt.succeeded), "the identical bytes");
    assert_eq!(stage.kim.open(&record).await.unwrap().bytes, "private");
}

#[tokio::test]
async fn nothing_is_locked_while_a_provider_hides_a_revocation_and_one_sentence_says_so() {
    let stage = Stage::new().await;
    stage.ana.revoke(stage.lee.address()).await.unwrap();
    stage.lie(1).await;

    let error = stage.ana.add(note()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Vanished, "{error}");
    let text = error.to_string();
    let lee = stage.lee.address().to_string();
    assert!(text.contains("no longer shows") && text.contains("ended the access") && text.contains(&lee), "{text}");
    let news = stage.ana.system().news().await.unwrap();
    assert!(matches!(news[..], [ref one] if matches!(one.event, Event::AccessRevoked { .. })), "{news:?}");
    assert_eq!(stage.ana.system().news().await.unwrap(), [], "it is reported once");

    stage.tell_the_truth();
    let record = stage.ana.add(note()).await.unwrap().record;
    assert!(!stage.lee_holds_a_key(&record).await);
    assert_eq!(stage.ana.acts().missing().await.unwrap(), []);
}

#[tokio::test]
async fn restarted_program_has_not_forgotten_a_vanished_revocation() {
    let stage = Stage::new().await;
    stage.ana.revoke(stage.lee.address()).await.unwrap();
    stage.lie(1).await;
    assert_eq!(stage.restarted().add(note()).await.unwrap_err().kind(), ErrorKind::Vanished);
    assert_eq!(stage.restarted().add(note()).await.unwrap_err().kind(), ErrorKind::Vanished, "nor the next time");
    let resumed = stage.restarted().resume().await.unwrap();
    assert!(resumed.failed.iter().any(|left| left.kind == ErrorKind::Vanished), "{resumed:?}");

    stage.tell_the_truth();
    let resumed = stage.restarted().resume().await.unwrap();
    assert_eq!(resumed.failed, []);
    assert!(resumed.watching > 0);
    let record = stage.restarted().add(note()).await.unwrap().record;
    assert!(!stage.lee_holds_a_key(&record).await);
}

#[tokio::test]
async fn two_programs_on_one_state_directory_know_the_same_history() {
    let stage = Stage::new().await;
    // Read before the other one writes.
    stage.ana.system().history(stage.ana.address()).await.unwrap();
    stage.restarted().revoke(stage.lee.address()).in_a_hurry().await.unwrap();
    stage.lie(1).await;
    assert_eq!(stage.ana.add(note()).await.unwrap_err().kind(), ErrorKind::Vanished);
    assert_eq!(stage.restarted().add(note()).await.unwrap_err().kind(), ErrorKind::Vanished);
    stage.tell_the_truth();
    let record = stage.ana.add(note()).await.unwrap().record;
    assert!(!stage.lee_holds_a_key(&record).await);
}

#[tokio::test]
async fn resume_alone_sends_a_dropped_revocation_again() {
    let stage = Stage::new().await;
    let revoked = stage.ana.revoke(stage.lee.address()).await.unwrap();
    stage.reorganise(1);
    let resumed = stage.restarted().resume().await.unwrap();
    assert_eq!(resumed.failed, []);
    assert!(stage.is_revoked().await);
    assert!(stage.shared.ledger().receipt(revoked.transaction.unwrap()).await.unwrap().is_some());
}

#[tokio::test]
async fn another_device_that_saw_a_revocation_locks_nothing_until_a_person_makes_it_again() {
    let stage = Stage::new().await;
    let folder = tempfile::tempdir().unwrap();
    let device = stage.device(folder.path());
    stage.ana.revoke(stage.lee.address()).await.unwrap();
    device.system().history(stage.ana.address()).await.unwrap();
    stage.reorganise(1);

    // A provider could invent a revocation that another device made: nobody signs one again on its word.
    assert_eq!(device.add(note()).await.unwrap_err().kind(), ErrorKind::Vanished);
    assert!(!stage.is_revoked().await);
    device.revoke(stage.lee.address()).await.unwrap();
    let record = device.add(note()).await.unwrap().record;
    assert!(stage.is_revoked().await);
    assert!(!stage.lee_holds_a_key(&record).await);
    assert_eq!(device.acts().missing().await.unwrap(), []);
}

#[tokio::test]
async fn a_revocation_whose_nonce_was_used_meanwhile_ends_what_was_granted_up_to_then() {
    let stage = Stage::new().await;
    stage.ana.revoke(stage.lee.address()).await.unwrap();
    stage.reorganise(1);
    // Another device, which knows nothing of it, takes the nonce.
    let folder = tempfile::tempdir().unwrap();
    stage.device(folder.path()).folders().rotate("personal", Confidentiality::N).await.unwrap();

    let record = stage.ana.add(note()).await.unwrap().record;
    assert!(stage.is_revoked().await);
    assert!(!stage.lee_holds_a_key(&record).await);
}

#[tokio::test]
async fn a_revocation_that_went_with_its_grant_is_not_forgotten() {
    let stage = Stage::new().await;
    stage.ana.revoke(stage.lee.address()).in_a_hurry().await.unwrap();
    // Lee's grant, Kim's, and the revocation; another device takes their nonces.
    stage.reorganise(3);
    let folder = tempfile::tempdir().unwrap();
    let device = stage.device(folder.path());
    for _ in 0..3 {
        device.add(note()).folder("other").await.unwrap();
    }
    let record = stage.ana.add(note()).await.unwrap().record;
    assert!(!stage.lee_holds_a_key(&record).await);
}

#[tokio::test]
async fn later_grant_of_another_device_stands() {
    let stage = Stage::new().await;
    stage.ana.revoke(stage.lee.address()).await.unwrap();
    stage.reorganise(1);
    let folder = tempfile::tempdir().unwrap();
    stage.device(folder.path()).grant(stage.lee.address()).contribute().await.unwrap();

    let record = stage.ana.add(note()).await.unwrap().record;
    assert!(!stage.is_revoked().await);
    assert_eq!(stage.lee.open(&record).await.unwrap().bytes, "private");
    assert_eq!(stage.ana.acts().missing().await.unwrap(), []);
}

#[tokio::test]
async fn revocation_on_a_deceived_device_readmits_nobody() {
    let stage = Stage::new().await;
    let tom = person(&stage.shared).await;
    stage.ana.grant(tom.address()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let device = stage.device(folder.path());
    // Its keyring is stored: whoever stays has the keys of the next epoch.
    stage.ana.revoke(stage.lee.address()).await.unwrap();
    device.system().history(stage.ana.address()).await.unwrap();
    stage.reorganise(1);

    device.revoke(stage.kim.address()).await.unwrap();
    let journal = device.system().services.journals.of(stage.ana.address()).await.unwrap();
    let newest = *journal.folder(personal(&stage.ana)).keyring().unwrap();
    assert!(newest.epoch > 1, "the first epoch is burnt");
    let keyring =
        keyrings::keyring(device.person(), stage.ana.address(), personal(&stage.ana), newest.digest, newest.epoch)
            .await
            .unwrap();
    let readers: Vec<_> = keyring.entries.iter().map(|entry| entry.grantee).collect();
    assert_eq!(readers, [tom.person().account()]);
}

#[tokio::test]
async fn person_can_give_up_a_missing_entry() {
    let stage = Stage::new().await;
    stage.ana.revoke(stage.lee.address()).await.unwrap();
    stage.lie(1).await;
    stage.ana.add(note()).await.unwrap_err();
    let missing = stage.ana.acts().missing().await.unwrap();
    stage.ana.acts().give_up(missing[0].head).await.unwrap();
    assert_eq!(stage.ana.acts().missing().await.unwrap(), []);
    assert_eq!(stage.ana.acts().give_up(B256::repeat_byte(3)).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(stage.restarted().resume().await.unwrap().failed, []);
}

fn key_of(author: &Client, record: &RecordRef) -> B256 {
    record_key(author.address(), B256::from(record.id.0))
}

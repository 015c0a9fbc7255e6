//! Two providers: they agree, or one lies, or a person accepts what both show instead of what was seen.

use std::time::Duration;

use crate::{
    client::tests::vanished::*,
    journal::finality::{AT_LEAST, Finality},
    platform::cache::FINALITY,
};

/// Ana in a program with an honest node as witness.
fn with_witness(stage: &Stage, folder: &std::path::Path) -> Client {
    let witness = stage.memory().honest();
    let system = stage.shared.remembering_with(folder, &witness).unwrap();
    system.client(Identity::from_phrase(&stage.phrase, 0).unwrap())
}

#[tokio::test]
async fn lie_that_the_witness_denies_changes_nothing() {
    let stage = Stage::new().await;
    let ana = with_witness(&stage, stage.folder.path());
    ana.revoke(stage.lee.address()).await.unwrap();
    stage.lie(1).await;
    assert_eq!(ana.add(note()).await.unwrap_err().kind(), ErrorKind::Integrity);
    assert_eq!(ana.acts().missing().await.unwrap(), [], "it is one provider's word");
    stage.tell_the_truth();
    let record = ana.add(note()).await.unwrap().record;
    assert!(!stage.lee_holds_a_key(&record).await);
}

#[tokio::test]
async fn act_that_provider_and_witness_no_longer_show_is_sent_again() {
    let stage = Stage::new().await;
    let ana = with_witness(&stage, stage.folder.path());
    ana.revoke(stage.lee.address()).await.unwrap();
    stage.reorganise(1);
    let record = ana.add(note()).await.unwrap().record;
    assert!(stage.is_revoked().await);
    assert!(!stage.lee_holds_a_key(&record).await);
}

#[tokio::test]
async fn final_entry_is_given_up_only_by_a_person_with_two_agreeing_sources() {
    let stage = Stage::new().await;
    let ana = with_witness(&stage, stage.folder.path());
    ana.revoke(stage.lee.address()).await.unwrap();
    settle(&ana).await;
    stage.reorganise(1);
    let again = with_witness(&stage, stage.folder.path());
    assert_eq!(again.add(note()).await.unwrap_err().kind(), ErrorKind::Integrity, "final is final");
    let alone = stage.restarted().system().accept_chain(ana.address()).await.unwrap_err();
    assert_eq!(alone.kind(), ErrorKind::Invalid, "{alone}");

    assert_eq!(again.system().accept_chain(ana.address()).await.unwrap(), 1);
    let record = again.add(note()).await.unwrap().record;
    assert!(stage.is_revoked().await, "own acts are sent again");
    assert!(!stage.lee_holds_a_key(&record).await);
}

/// As if the whole journal had been seen 15 minutes ago, and the chain called it final.
pub(super) async fn settle(ana: &Client) {
    ana.system().memory().unwrap().finalize(Some(1_000_000));
    let journal = ana.system().services.journals.of(ana.address()).await.unwrap();
    let mut finality = Finality::default();
    let now = crate::platform::clock::now();
    finality.see(&journal.history, now - AT_LEAST);
    finality.settle(now, 0, Some(1_000_000));
    let key = [&ana.system().services.deployment_key()[..], ana.address().as_slice()].concat();
    ana.system().services.cache.put(FINALITY, key, finality.to_bytes()).await.unwrap();
}

/// Every verb that leaves an entry in a journal: after a reorg dropped it, `resume` brings it back.
#[tokio::test]
async fn the_transaction_of_every_verb_is_sent_again() {
    let stage = Stage::new().await;
    let ana = &stage.ana;
    let lee = &stage.lee;
    let tom = person(&stage.shared).await;
    let patient = ana.address();
    let scope = crate::ledger::folder_scope(personal(ana).number());
    let record = ana.add(note()).await.unwrap().record;
    survives(&stage, ana, "added").await;
    ana.replace(&record, note()).await.unwrap();
    survives(&stage, ana, "replaced").await;
    ana.folders().rotate("personal", Confidentiality::N).await.unwrap();
    survives(&stage, ana, "rotated").await;
    let folder = tempfile::tempdir().unwrap();
    let lee = remembered(&stage, lee, folder.path());
    ana.grant(lee.address()).delegate().await.unwrap();
    survives(&stage, ana, "granted").await;
    lee.grant(tom.address()).patient(patient).await.unwrap();
    survives(&stage, &lee, "delegated").await;
    lee.grants().withdraw(patient, scope.into(), tom.address()).await.unwrap();
    survives(&stage, &lee, "withdrawn").await;
    lee.open(&ana.list().await.unwrap().last().unwrap().record).await.unwrap();
    survives(&stage, &lee, "read").await;
    lee.grants().renounce(patient, scope.into()).await.unwrap();
    survives(&stage, &lee, "renounced").await;
    ana.revoke(lee.address()).await.unwrap();
    survives(&stage, ana, "revoked").await;
}

async fn entries(stage: &Stage) -> usize {
    let journal = stage.shared.forgetful().unwrap().services.journals.of(stage.ana.address()).await.unwrap();
    journal.history.entries().len()
}

fn remembered(stage: &Stage, who: &Client, folder: &std::path::Path) -> Client {
    stage.shared.remembering(folder).unwrap().client(who.person().identity().clone())
}

async fn survives(stage: &Stage, who: &Client, what: &str) {
    let before = stage.shared.forgetful().unwrap().services.journals.of(stage.ana.address()).await.unwrap();
    let last = *before.history.entries().last().unwrap();
    stage.reorganise(1);
    assert!(entries(stage).await < before.history.entries().len(), "{what}");
    let resumed = who.resume().await.unwrap();
    assert!(resumed.failed.is_empty() && resumed.watching > 0, "{what}: {resumed:?}");
    let after = stage.shared.forgetful().unwrap().services.journals.of(stage.ana.address()).await.unwrap();
    assert!(last.event.is_same_act(&after.history.entries().last().unwrap().event), "{what}");
    stage.memory().advance(Duration::from_secs(1));
}

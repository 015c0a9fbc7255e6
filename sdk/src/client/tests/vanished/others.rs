//! Acts of others, acts other than revocations, and providers that lie about blocks.

use std::time::Duration;

use crate::{
    client::{resume::Resumed, tests::vanished::*},
    journal::finality::{AT_LEAST, Finality},
    ledger::SubmitError,
    platform::cache::FINALITY,
};

/// Attest, mark as an error, add: each act is dropped, reported, and sent again as it was.
#[tokio::test]
async fn vanished_acts_of_every_kind_are_reported_and_sent_again() {
    let stage = Stage::new().await;
    let folder = tempfile::tempdir().unwrap();
    let lab = stage.shared.remembering(folder.path()).unwrap();
    let (identity, _) = Identity::generate().unwrap();
    lab.fund(identity.address()).await.unwrap();
    let lab = lab.client(identity);
    lab.register().await.unwrap();
    stage.ana.grant(lab.address()).contribute().attest().await.unwrap();

    let added = lab.add(note()).patient(stage.ana.address()).await.unwrap().record;
    stage.reorganise(1);
    assert_resumed(&lab, "added record").await;
    lab.attest(&added).await.unwrap();
    stage.reorganise(1);
    assert_resumed(&lab, "attested").await;
    stage.ana.mark_entered_in_error(&added).await.unwrap();
    stage.reorganise(1);
    assert_resumed(&stage.ana, "entered-in-error").await;
    let journal = stage.ana.system().services.journals.of(stage.ana.address()).await.unwrap();
    let record = &journal.state().records[&key_of(&lab, &added)];
    assert!(record.state.attestations == 1 && record.state.status == crate::ledger::Status::EnteredInError);

    stage
        .kim
        .grants()
        .renounce(stage.ana.address(), crate::ledger::folder_scope(personal(&stage.ana).number()).into())
        .await
        .unwrap();
    stage.kim.system().history(stage.ana.address()).await.unwrap();
    stage.reorganise(1);
    assert_resumed(&stage.kim, "gave up access").await;
}

#[tokio::test]
async fn entry_that_supersedes_a_revocation_can_be_dropped_too() {
    let stage = Stage::new().await;
    stage.ana.revoke(stage.lee.address()).await.unwrap();
    stage.reorganise(1);
    let folder = tempfile::tempdir().unwrap();
    stage.device(folder.path()).grant(stage.lee.address()).contribute().await.unwrap();
    assert!(stage.ana.resume().await.unwrap().watching > 0);
    stage.reorganise(1);
    let record = stage.ana.add(note()).await.unwrap().record;
    assert!(stage.is_revoked().await);
    assert!(!stage.lee_holds_a_key(&record).await);
}

#[tokio::test]
async fn act_that_returns_without_its_predecessors_is_found() {
    let stage = Stage::new().await;
    let lab = person(&stage.shared).await;
    stage.ana.grant(lab.address()).contribute().await.unwrap();
    lab.add(note()).patient(stage.ana.address()).await.unwrap();
    stage.ana.revoke(stage.lee.address()).await.unwrap();
    stage.reorganise(2);
    stage.ana.add(note()).await.unwrap();
    assert!(stage.is_revoked().await);
    assert_eq!(stage.ana.resume().await.unwrap().failed, []);
}

/// Otherwise a new act would take the nonce of a dropped one, and that act would be lost.
#[tokio::test]
async fn dropped_acts_are_sent_before_new_ones() {
    let stage = Stage::new().await;
    let record = stage.ana.add(note()).await.unwrap().record;
    stage.reorganise(1);
    stage.ana.grant(person(&stage.shared).await.address()).await.unwrap();
    assert_eq!(stage.kim.open(&record).await.unwrap().bytes, "private");
}

async fn assert_resumed(who: &Client, text: &str) {
    let Resumed { failed, .. } = who.resume().await.unwrap();
    assert_eq!(failed, [], "{text}");
    let news = who.system().news().await.unwrap();
    assert!(news.is_empty() || news.iter().any(|one| one.to_string().contains(text)), "{news:?}");
    assert_eq!(who.acts().missing().await.unwrap(), [], "{text}");
}

#[tokio::test]
async fn a_contributor_locks_nothing_for_a_patient_whose_revocation_is_hidden() {
    let stage = Stage::new().await;
    let lab = person(&stage.shared).await;
    stage.ana.grant(lab.address()).contribute_only().await.unwrap();
    stage.ana.revoke(stage.lee.address()).in_a_hurry().await.unwrap();
    lab.system().history(stage.ana.address()).await.unwrap();
    stage.lie(1).await;
    let error = lab.add(note()).patient(stage.ana.address()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Vanished, "{error}");
    stage.tell_the_truth();
    let record = lab.add(note()).patient(stage.ana.address()).await.unwrap().record;
    assert!(!stage.lee_holds_a_key(&record).await);
}

#[tokio::test]
async fn a_relayed_revocation_is_carried_again() {
    let stage = Stage::new().await;
    let payer = alloy::signers::local::PrivateKeySigner::random();
    stage.shared.fund(payer.address()).await.unwrap();
    let carrier = stage.shared.carrier(payer);
    let system = stage.shared.relayed_by(vec![std::sync::Arc::new(carrier)]).unwrap();
    let ana = system.client(Identity::from_phrase(&stage.phrase, 0).unwrap());
    ana.revoke(stage.lee.address()).await.unwrap();
    stage.reorganise(1);
    assert!(!stage.is_revoked().await);
    let record = ana.add(note()).await.unwrap().record;
    assert!(stage.is_revoked().await);
    assert!(!stage.lee_holds_a_key(&record).await);
}

/// Drops the future of an act once the node has Ana's transaction.
pub(super) async fn until_sent<T>(stage: &Stage, act: impl Future<Output = crate::Result<T>>) {
    let sent = async {
        loop {
            let pending = stage.ana.system().services.sender.pending(stage.ana.address()).await.unwrap();
            if let Some(pending) = pending
                && stage.shared.ledger().knows(pending.transaction).await.unwrap()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        _ = act => panic!("it was not held"),
        () = sent => {}
    }
}

#[tokio::test]
async fn a_receipt_that_the_journal_does_not_show_is_not_believed_by_resume() {
    let stage = Stage::new().await;
    let newest = stage.shared.ledger().newest().await.unwrap().number;
    // The answer is lost, the program dies, and the provider shows a receipt and an old journal.
    stage.memory().lose_next_answer();
    stage.memory().hold(true);
    until_sent(&stage, stage.ana.revoke(stage.lee.address()).into_future()).await;
    stage.memory().hold(false);
    stage.memory().mine();
    stage.memory().show_receipts(true);
    stage.memory().hide_after(Some(newest));
    let resumed = stage.restarted().resume().await.unwrap();
    assert_eq!(resumed.transaction, None);
    assert!(!resumed.failed.is_empty(), "{resumed:?}");
    assert_eq!(stage.restarted().add(note()).await.unwrap_err().kind(), ErrorKind::Vanished);
}

#[tokio::test]
async fn a_block_that_is_dated_in_the_future_or_called_final_at_once_changes_nothing() {
    let stage = Stage::new().await;
    stage.memory().finalize(Some(1_000_000));
    stage.memory().advance(Duration::from_secs(10 * 365 * 86_400));
    stage.ana.revoke(stage.lee.address()).await.unwrap();
    stage.lie(1).await;
    assert_eq!(stage.ana.add(note()).await.unwrap_err().kind(), ErrorKind::Vanished);
}

#[tokio::test]
async fn final_entry_is_not_given_up_whatever_its_block_time_is() {
    let stage = Stage::new().await;
    stage.memory().finalize(Some(1_000_000));
    stage.memory().advance(Duration::from_secs(10 * 365 * 86_400));
    stage.ana.revoke(stage.lee.address()).await.unwrap();
    let again = stage.restarted();
    let journal = again.system().services.journals.of(stage.ana.address()).await.unwrap();
    // As if the last entry had been seen 15 minutes ago.
    let mut finality = Finality::default();
    let now = crate::platform::clock::now();
    finality.see(&journal.history, now - AT_LEAST);
    let key = [&again.system().services.deployment_key()[..], stage.ana.address().as_slice()].concat();
    again.system().services.cache.put(FINALITY, key, finality.to_bytes()).await.unwrap();
    let again = stage.restarted();
    again.system().history(stage.ana.address()).await.unwrap();
    assert_eq!(again.resume().await.unwrap().watching, 0, "all of it is final");

    stage.lie(1).await;
    let error = again.add(note()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    assert_eq!(again.acts().missing().await.unwrap(), [], "nothing of it was given up");
}

#[tokio::test]
async fn an_invented_rotation_to_the_last_epoch_poisons_nothing() {
    let stage = Stage::new().await;
    let folder = personal(&stage.ana);
    let system = stage.ana.system();
    let count = system.services.journals.of(stage.ana.address()).await.unwrap().state().key_changes;
    let invented = system.contract().rotate(folder.number(), u16::MAX, B256::repeat_byte(7), count);
    assert!(stage.memory().act(stage.ana.address(), invented));
    let error = stage.ana.add(note()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    assert!(error.to_string().contains("65535"), "{error}");

    stage.reorganise(1);
    let record = stage.ana.add(note()).await.unwrap().record;
    let journal = system.services.journals.of(stage.ana.address()).await.unwrap();
    assert_eq!(journal.folder(folder).epoch, 1);
    assert_eq!(stage.kim.open(&record).await.unwrap().bytes, "private");
}

#[tokio::test]
async fn act_that_is_refused_again_is_reported_with_the_reason() {
    let stage = Stage::new().await;
    stage.ana.grant(person(&stage.shared).await.address()).await.unwrap();
    stage.reorganise(1);
    stage.memory().refuse_next_submission(SubmitError::Rejected("no".into()));
    let resumed = stage.ana.resume().await.unwrap();
    assert!(resumed.failed.iter().any(|left| left.reason.contains("no")), "{resumed:?}");
    assert_eq!(stage.ana.resume().await.unwrap().failed, []);
}

/// An act that is in no journal is watched by its receipt.
#[tokio::test]
async fn an_acknowledgement_that_the_chain_dropped_is_sent_again() {
    let stage = crate::client::tests::boards::BoardStage::new().await;
    let opening = stage.members[0].boards().open_case(&stage.board, stage.ana.address()).to(stage.lee.address());
    let case = opening.reason("why").await.unwrap();
    stage.members[1].boards().acknowledge(&case).await.unwrap();
    let memory = stage.system.memory().unwrap();
    memory.rewind(1);
    memory.advance(Duration::from_secs(1));
    memory.advance(Duration::from_secs(1));
    assert!(matches!(
        stage.system.case(&stage.board, case.id).await.unwrap().stage,
        crate::boards::case::CaseStage::Open { .. }
    ));
    let resumed = stage.members[1].resume().await.unwrap();
    assert_eq!((resumed.failed.as_slice(), resumed.watching > 0), (&[][..], true));
    let case = stage.system.case(&stage.board, case.id).await.unwrap();
    assert!(matches!(case.stage, crate::boards::case::CaseStage::Granted { .. }), "{case:?}");
}

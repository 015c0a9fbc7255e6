//! A transaction that a crash left in the outbox takes effect in the end, or the next caller gets the error that it did
//! not. It is never signed again.

use std::task::{Context, Poll};

use futures::{FutureExt, future::BoxFuture, task::noop_waker};
use hospital_record_contracts::IHospitalRecord::IHospitalRecordErrors as Refusal;

use crate::ledger::sender::tests::*;

/// Leaves a signed addition of record 1 in the outbox that was never submitted.
async fn left(stage: &Stage) -> Pending {
    let pending = stage.sender.sign(&stage.signer, &stage.add(1).by(stage.me()), 1).await.unwrap();
    stage.outbox.save(&pending).await.unwrap();
    pending
}

/// The same, and another device has used its nonce.
async fn overtaken(stage: &Stage) -> Pending {
    let pending = left(stage).await;
    stage.memory.submit(stage.another_device_signs(0).await.raw).await.unwrap();
    pending
}

/// Polls the future this many times. Returns its output if it ended.
async fn polled<T>(work: &mut BoxFuture<'_, T>, times: usize) -> Option<T> {
    let waker = noop_waker();
    for _ in 0..times {
        if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(done);
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    None
}

fn failed(settled: Option<Settled>) -> LedgerError {
    match settled {
        Some(Settled::Failed { error, .. }) => error,
        other => panic!("{other:?}"),
    }
}

/// Checks the error that another device was first, and that only that device's act took effect.
async fn is_overtaken(stage: &Stage, error: &LedgerError) {
    assert!(matches!(error, LedgerError::Overtaken { .. }), "{error}");
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
    assert!(!stage.is_added(1).await);
}

#[tokio::test]
async fn overtaken_act_is_reported_and_never_signed_again() {
    let stage = Stage::new().await;
    overtaken(&stage).await;
    let settled = stage.sender.resume(&stage.signer).await.unwrap();
    is_overtaken(&stage, &failed(settled)).await;
    assert_eq!(stage.sender.resume(&stage.signer).await.unwrap(), None);
}

#[tokio::test]
async fn overtaken_act_is_reported_to_the_next_call_once() {
    let stage = Stage::new().await;
    let pending = overtaken(&stage).await;
    let error = stage.send(2).await.unwrap_err();
    let LedgerError::LeftBehind { transaction, error } = error else { panic!("{error}") };
    assert_eq!(transaction, pending.transaction);
    is_overtaken(&stage, &error).await;
    assert!(stage.send(2).await.unwrap().succeeded && !stage.is_added(1).await, "it is reported once");
}

#[tokio::test]
async fn overtaken_act_is_kept_until_it_is_reported_when_dropped_at_any_step() {
    let mut unreported = 0;
    for steps in 0.. {
        let stage = Stage::new().await;
        let pending = overtaken(&stage).await;
        // There is no step between the removal and the report. After a crash exactly there, the history shows the
        // outcome.
        let sender = device(&stage.memory, stage.outbox.clone(), Duration::from_secs(20), 1);
        if let Some(settled) = polled(&mut sender.resume(&stage.signer).boxed(), steps).await {
            is_overtaken(&stage, &failed(settled.unwrap())).await;
            break;
        }
        assert_eq!(stage.kept().await, Some(pending), "lost after {steps} steps");
        let settled = stage.sender.resume(&stage.signer).await.unwrap();
        is_overtaken(&stage, &failed(settled)).await;
        unreported += 1;
    }
    assert!(unreported >= 3, "only {unreported} places to stop at");
}

#[tokio::test]
async fn overtaken_act_is_kept_until_it_is_reported_when_cut_off_at_any_step() {
    let mut cut_off = 0;
    for steps in 0.. {
        let stage = Stage::new().await;
        let pending = overtaken(&stage).await;
        let mut resuming = stage.sender.resume(&stage.signer).boxed();
        let done = polled(&mut resuming, steps).await;
        stage.memory.refuse(true);
        if done.is_some() {
            break;
        }
        // While it follows the transaction it waits through such failures, and is dropped.
        if let Ok(resumed) = timeout(Duration::from_millis(200), resuming).await {
            let error = resumed.unwrap_err();
            assert!(matches!(error, LedgerError::Unreachable { .. }), "{error}");
            cut_off += 1;
        }
        stage.memory.refuse(false);
        assert_eq!(stage.kept().await, Some(pending), "lost after {steps} steps");
        let settled = stage.sender.resume(&stage.signer).await.unwrap();
        is_overtaken(&stage, &failed(settled)).await;
    }
    assert!(cut_off >= 1, "it was never cut off");
}

#[tokio::test]
async fn refusal_of_a_second_submission_is_reported_once_and_blocks_nothing() {
    let stage = Stage::new().await;
    left(&stage).await;
    stage.memory.refuse_next_submission(SubmitError::Rejected("no".into()));
    let error = stage.send(2).await.unwrap_err();
    let LedgerError::LeftBehind { error, .. } = error else { panic!("{error}") };
    assert!(matches!(*error, LedgerError::Rejected { .. }) && stage.kept().await.unwrap().refused, "{error}");
    assert!(stage.send(2).await.unwrap().succeeded);
    assert!(!stage.is_added(1).await && stage.is_added(2).await);
}

#[tokio::test]
async fn act_that_was_mined_without_effect_is_reported() {
    let (stage, patient) = (Stage::new().await, signer(7).address());
    let scope = folder_scope(1);
    let permission = Permission {
        grantee: stage.me(),
        scope,
        rights: Rights::CONTRIBUTE,
        purpose: Purpose::TREAT,
        expires_at: crate::base::time::NO_END,
        epoch: 0,
        envelope: B256::repeat_byte(1),
    };
    let revocation = Revocation { grantee: stage.me(), scope, keyring: None, barred: false };
    for round in 0..2 {
        assert!(stage.memory.act(patient, stage.contract.grant(&[permission], round)));
        let add = stage.contract.add_records(patient, 1, &[B256::repeat_byte(1)], round);
        let pending = stage.sender.sign(&stage.signer, &add.by(stage.me()), 1).await.unwrap();
        stage.outbox.save(&pending).await.unwrap();
        assert!(stage.memory.act(patient, stage.contract.revoke(&[revocation], round)));
        let error = match round {
            0 => failed(stage.sender.resume(&stage.signer).await.unwrap()),
            _ => match stage.send(2).await.unwrap_err() {
                LedgerError::LeftBehind { error, .. } => *error,
                other => panic!("{other}"),
            },
        };
        assert!(matches!(error.refusal(), Some(Refusal::NotPermitted(_))), "{error}");
        assert_eq!((stage.mined().await, stage.kept().await), (u64::from(round) + 1, None));
    }
    assert!(!stage.is_added(2).await, "nothing new was sent");
}

//! Random histories with reorgs: a revoked account holds no key of records that are added later.

use crate::{client::tests::vanished::*, keys::folder_keys};
use std::collections::{BTreeMap, BTreeSet};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

#[derive(Clone, Copy, Debug)]
enum HistoryStep {
    Grant(usize),
    Revoke(usize, bool),
    Add,
    Reorganise(usize),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<HistoryStep>> {
    let step = prop_oneof![
        2 => (0..3usize).prop_map(HistoryStep::Grant),
        3 => (0..3usize, any::<bool>()).prop_map(|(who, hurry)| HistoryStep::Revoke(who, hurry)),
        3 => Just(HistoryStep::Add),
        3 => (1..4usize).prop_map(HistoryStep::Reorganise),
        1 => Just(HistoryStep::Restart),
    ];
    proptest::collection::vec(step, 6..14)
}

#[test]
fn revoked_account_holds_no_key_of_later_records_whatever_the_chain_drops() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 12, ..Config::default() });
    runner
        .run(&steps(), |steps| {
            runtime.block_on(run(&steps));
            Ok(())
        })
        .unwrap();
}

async fn run(steps: &[HistoryStep]) {
    let stage = Stage::new().await;
    let mut ana = stage.ana.clone();
    let readers = [person(&stage.shared).await, person(&stage.shared).await, person(&stage.shared).await];
    // All keys that each reader ever received, and the readers that Ana has not revoked.
    let mut keys_of: BTreeMap<usize, Vec<ReceivedKeys>> = BTreeMap::new();
    let mut admitted = BTreeSet::new();
    // A reorg must not drop the registrations of these people.
    let first = stage.shared.ledger().newest().await.unwrap().number;
    for step in steps {
        match *step {
            HistoryStep::Grant(who) => {
                ana.grant(readers[who].address()).await.unwrap();
                let journal = readers[who].system().services.journals.of(ana.address()).await.unwrap();
                if let Ok(received) = folder_keys::received(readers[who].person(), &journal, personal(&ana)).await {
                    keys_of.entry(who).or_default().push(received);
                }
                admitted.insert(who);
            }
            HistoryStep::Revoke(who, hurry) => {
                let revoke = ana.revoke(readers[who].address());
                let revoke = if hurry { revoke.in_a_hurry() } else { revoke };
                match revoke.await {
                    Ok(_) => drop(admitted.remove(&who)),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{error}"),
                }
            }
            HistoryStep::Add => {
                let record = ana.add(note()).await.unwrap().record;
                for (who, received) in keys_of.iter().filter(|(who, _)| !admitted.contains(who)) {
                    assert!(!opens(&stage, &record, &readers[*who], received).await, "reader {who} after {steps:?}");
                }
            }
            HistoryStep::Reorganise(blocks) => {
                let newest = stage.shared.ledger().newest().await.unwrap().number;
                stage.reorganise(blocks.min((newest - first) as usize));
            }
            HistoryStep::Restart => ana = stage.restarted(),
        }
    }
}

async fn opens(stage: &Stage, record: &RecordRef, reader: &Client, received: &[ReceivedKeys]) -> bool {
    let bytes = stage.shared.services.people().block(RecordId(record.id.0).into(), Manifest::MAX).await.unwrap();
    let manifest = stage.shared.services.people().verified_bytes::<Manifest>(&bytes).await.unwrap();
    manifest.locks.iter().any(|lock| match lock {
        Lock::Folder { epoch, .. } => {
            received.iter().filter_map(|keys| keys.state.as_ref()).any(|state| state.at(*epoch).is_ok())
        }
        Lock::Account { account, .. } => *account == reader.person().account(),
    })
}

/// An entry before an act on the same scope and account does not supersede it.
#[tokio::test(flavor = "multi_thread")]
async fn acts_that_are_done_or_dropped_twice_keep_their_order() {
    use HistoryStep::{Add, Grant, Reorganise, Restart, Revoke};
    run(&[Grant(2), Grant(2), Reorganise(2), Grant(0), Reorganise(2), Grant(0)]).await;
    for hurry in [true, false] {
        let twice = [Grant(1), Revoke(1, hurry), Grant(1), Revoke(1, hurry)];
        run(&[&twice[..], &[Add]].concat()).await;
        run(&[&twice[..], &[Restart, Add, Revoke(1, hurry), Grant(1), Add]].concat()).await;
    }
    for dropped in 1..=4 {
        let twice = [Grant(1), Revoke(1, true), Grant(1), Revoke(1, true), Reorganise(4), Add, Reorganise(dropped)];
        run(&[&twice[..], &[Add]].concat()).await;
        run(&[&twice[..], &[Restart, Add]].concat()).await;
    }
}

//! Random histories with reorganisations: whoever was put out holds no key of what is added later.

use crate::{client::tests::vanished::*, keys::folder_keys};
use std::collections::{BTreeMap, BTreeSet};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

#[derive(Clone, Copy, Debug)]
enum Step {
    Grant(usize),
    Revoke(usize, bool),
    Add,
    Reorganise(usize),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (0..3usize).prop_map(Step::Grant),
        3 => (0..3usize, any::<bool>()).prop_map(|(who, hurry)| Step::Revoke(who, hurry)),
        3 => Just(Step::Add),
        3 => (1..4usize).prop_map(Step::Reorganise),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 6..14)
}

#[test]
fn whoever_was_put_out_holds_no_key_of_what_is_added_whatever_the_chain_drops() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 12, ..Config::default() });
    runner
        .run(&steps(), |steps| {
            runtime.block_on(run(&steps));
            Ok(())
        })
        .unwrap();
}

async fn run(steps: &[Step]) {
    let stage = Stage::new().await;
    let mut ana = stage.ana.clone();
    let readers = [person(&stage.shared).await, person(&stage.shared).await, person(&stage.shared).await];
    // What each reader was ever given, and who of them may read by Ana's last word.
    let mut given: BTreeMap<usize, Vec<Received>> = BTreeMap::new();
    let mut inside = BTreeSet::new();
    // The registrations of all of them must not be among what is dropped.
    let first = stage.shared.ledger().newest().await.unwrap().number;
    for step in steps {
        match *step {
            Step::Grant(who) => {
                ana.grant(readers[who].address()).await.unwrap();
                let journal = readers[who].system().services.journals().of(ana.address()).await.unwrap();
                if let Ok(received) = folder_keys::received(readers[who].person(), &journal, personal(&ana)).await {
                    given.entry(who).or_default().push(received);
                }
                inside.insert(who);
            }
            Step::Revoke(who, hurry) => {
                let revoke = ana.revoke(readers[who].address());
                let revoke = if hurry { revoke.in_a_hurry() } else { revoke };
                match revoke.await {
                    Ok(_) => drop(inside.remove(&who)),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{error}"),
                }
            }
            Step::Add => {
                let record = ana.add(note()).await.unwrap().record;
                for (who, received) in given.iter().filter(|(who, _)| !inside.contains(who)) {
                    assert!(!opens(&stage, &record, &readers[*who], received).await, "reader {who} after {steps:?}");
                }
            }
            Step::Reorganise(blocks) => {
                let newest = stage.shared.ledger().newest().await.unwrap().number;
                stage.reorganise(blocks.min((newest - first) as usize));
            }
            Step::Restart => ana = stage.restarted(),
        }
    }
}

async fn opens(stage: &Stage, record: &RecordRef, reader: &Client, received: &[Received]) -> bool {
    let bytes = stage.shared.services.people().block(RecordId(record.id.0).into(), Manifest::MAX).await.unwrap();
    let manifest = stage.shared.services.people().verified_bytes::<Manifest>(&bytes).await.unwrap();
    manifest.locks.iter().any(|lock| match lock {
        Lock::Folder { epoch, .. } => {
            received.iter().filter_map(|given| given.state.as_ref()).any(|state| state.at(*epoch).is_ok())
        }
        Lock::Account { account, .. } => *account == reader.person().account(),
    })
}

/// What stood before an act on the same scope and account takes its place no more than it did.
#[tokio::test(flavor = "multi_thread")]
async fn acts_that_are_done_or_dropped_twice_keep_their_order() {
    use Step::{Add, Grant, Reorganise, Restart, Revoke};
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

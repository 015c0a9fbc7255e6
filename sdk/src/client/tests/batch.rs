//! Lists on a chain whose blocks are small.

use std::collections::BTreeSet;

use crate::{
    base::error::{Error, kind::ErrorKind, outcome::Outcome},
    client::tests::person,
    ledger::SubmitError,
    records::source::Source,
    system::System,
};

/// A path without a file.
const NOTHING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/nothing");

fn notes(count: usize) -> Vec<Source> {
    (0..count).map(|n| Source::bytes(format!("{n}.txt"), format!("note {n}"))).collect()
}

#[tokio::test]
async fn list_too_large_for_a_block_goes_in_several_transactions() {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    system.memory().unwrap().limit_gas(Some(2_500_000));
    let added = ana.add_many(notes(100)).await.unwrap();
    let transactions: BTreeSet<_> = added.iter().map(|added| added.transaction).collect();
    assert_eq!((added.len(), transactions.len()), (100, 3));
    for (n, added) in [(0, &added[0]), (46, &added[46]), (99, &added[99])] {
        assert_eq!(ana.open(&added.record).await.unwrap().bytes, format!("note {n}"));
    }
    // A list of revocations is split as well.
    let lee = person(&system).await;
    for added in &added[..80] {
        ana.grant(lee.address()).record(&added.record).await.unwrap();
    }
    assert_eq!(ana.revoke(lee.address()).await.unwrap().ended, 80);
    // Revocations are sent one by one if a block may be too small for any.
    for added in &added[..3] {
        ana.grant(lee.address()).record(&added.record).await.unwrap();
    }
    system.memory().unwrap().limit_gas(Some(100_000));
    assert_eq!(ana.revoke(lee.address()).await.unwrap().ended, 3);
}

#[tokio::test]
async fn block_too_small_for_one_record_is_reported_before_an_upload() {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    system.memory().unwrap().limit_gas(Some(200_000));
    for count in [1, 3] {
        let error = ana.add_many(notes(count)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(error.to_string().contains("200000 gas"), "{error}");
    }
    // A missing source would be reported first if it were opened.
    let error = ana.add(Source::from(NOTHING)).await.unwrap_err();
    assert!(error.to_string().contains("200000 gas"), "{error}");
}

#[tokio::test]
async fn error_in_a_later_part_says_how_many_records_were_added() {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    system.memory().unwrap().limit_gas(Some(2_500_000));
    let mut sources = notes(46);
    sources.push(Source::from(NOTHING));
    let error = ana.add_many(sources).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File);
    assert!(error.to_string().ends_with("the first 46 are added: repeat it with the others alone"), "{error}");
    assert_eq!(ana.list().await.unwrap().len(), 46);
}

#[tokio::test]
async fn error_in_a_later_part_says_that_some_grants_have_ended() {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    let lee = person(&system).await;
    for added in ana.add_many(notes(3)).await.unwrap() {
        ana.grant(lee.address()).record(&added.record).await.unwrap();
    }
    let memory = system.memory().unwrap();
    memory.limit_gas(Some(100_000));
    memory.lose_next_answer();
    memory.refuse_next_submission(SubmitError::Rejected("no".into()));
    let error = ana.revoke(lee.address()).await.unwrap_err();
    assert!(matches!(error, Error::Halfway { outcome: Outcome::PartlyDone { .. }, .. }), "{error}");
    assert_eq!(ana.revoke(lee.address()).await.unwrap().ended, 2);
}

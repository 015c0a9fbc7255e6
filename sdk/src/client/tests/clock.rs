//! A chain and a machine that do not agree on the time.

use std::time::Duration;

use crate::{
    base::error::{Error, ErrorKind},
    client::tests::person,
    ledger::clock::Clock,
    records::source::Source,
    system::System,
};

#[tokio::test]
async fn clocks_that_are_apart_stop_what_gives_and_locks_and_nothing_else() {
    let system = System::in_memory().await.unwrap();
    let minding = system.minding(Clock::Compare).unwrap();
    let (ana, lee) = (person(&minding).await, person(&system).await);
    ana.grant(lee.address()).await.unwrap();
    let record = ana.add(Source::bytes("note", "private")).await.unwrap().record;

    system.advance(Duration::from_secs(11 * 60)).await.unwrap();
    let added = ana.add(Source::bytes("note", "private")).await.unwrap_err();
    let granted = ana.grant(person(&system).await.address()).await.unwrap_err();
    for error in [added, granted] {
        assert!(matches!(error, Error::ClockSkew { chain, machine } if chain > machine + 600), "{error}");
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert!(error.to_string().contains("the chain says it is 20"), "{error}");
    }
    assert_eq!(ana.open(&record).await.unwrap().bytes, "private");
    ana.revoke(lee.address()).await.unwrap();
}

#[tokio::test]
async fn a_person_says_which_clock_counts() {
    let system = System::in_memory().await.unwrap();
    system.advance(Duration::from_secs(3600)).await.unwrap();
    for clock in [Clock::Chain, Clock::Machine] {
        let ana = person(&system.minding(clock).unwrap()).await;
        ana.add(Source::bytes("note", "private")).await.unwrap();
        ana.grant(person(&system).await.address()).await.unwrap();
    }
}

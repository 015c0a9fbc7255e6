//! A chain and a machine whose clocks do not agree.

use std::time::{Duration, UNIX_EPOCH};

use crate::{
    base::error::{Error, kind::ErrorKind},
    client::tests::person,
    ledger::clock::Clock,
    platform::clock::now,
    records::source::Source,
    system::System,
};

#[tokio::test]
async fn later_clock_counts_unless_one_is_chosen_and_a_clock_far_ahead_is_not_believed() {
    let system = System::in_memory().await.unwrap();
    let [compare, machine, chain] =
        [Clock::Compare, Clock::Machine, Clock::Chain].map(|clock| system.minding(clock).unwrap());
    // The chain's clock stands at its first block while this machine's clock goes on.
    system.memory().unwrap().rewind(system.ledger().newest().await.unwrap().number as usize);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let behind = system.services.clocks.chain_time().await.unwrap();
    assert!(compare.services.clocks.latest_time().await.unwrap() > behind);
    assert_eq!(chain.services.clocks.latest_time().await.unwrap(), behind);

    system.advance(Duration::from_secs(3600)).await.unwrap();
    let ahead = system.services.clocks.chain_time().await.unwrap();
    assert_eq!(compare.services.clocks.latest_time().await.unwrap(), ahead);
    assert!((now() + 599..now() + 602).contains(&compare.services.clocks.believed_time().await.unwrap()));
    for (system, least, most) in [(&chain, ahead, ahead), (&machine, now(), now() + 2)] {
        let agreed = system.agreed_time().await.unwrap().duration_since(UNIX_EPOCH).unwrap().as_secs();
        for time in [
            agreed,
            system.services.clocks.latest_time().await.unwrap(),
            system.services.clocks.believed_time().await.unwrap(),
        ] {
            assert!((least..=most).contains(&time), "{time}");
        }
    }
    assert!(matches!(compare.agreed_time().await, Err(Error::ClockSkew { .. })));
}

#[tokio::test]
async fn clock_skew_stops_only_acts_that_grant_or_lock() {
    let system = System::in_memory().await.unwrap();
    let minding = system.minding(Clock::Compare).unwrap();
    let ana = person(&minding).await;
    let lee = person(&system).await;
    ana.grant(lee.address()).await.unwrap();
    let record = ana.add(Source::bytes("note", "private")).await.unwrap().record;

    system.advance(Duration::from_secs(11 * 60)).await.unwrap();
    let added = ana.add(Source::bytes("note", "private")).await.unwrap_err();
    let granted = ana.grant(person(&system).await.address()).await.unwrap_err();
    for error in [added, granted] {
        assert!(matches!(error, Error::ClockSkew { chain, machine } if chain > machine + 600), "{error}");
        assert_eq!(error.kind(), ErrorKind::ClockSkew);
        assert!(error.to_string().contains("the chain says it is 20"), "{error}");
    }
    assert_eq!(ana.open(&record).await.unwrap().bytes, "private");
    ana.revoke(lee.address()).await.unwrap();
}

#[tokio::test]
async fn chosen_clock_counts_for_adds_and_grants() {
    let system = System::in_memory().await.unwrap();
    system.advance(Duration::from_secs(3600)).await.unwrap();
    for clock in [Clock::Chain, Clock::Machine] {
        let ana = person(&system.minding(clock).unwrap()).await;
        ana.add(Source::bytes("note", "private")).await.unwrap();
        ana.grant(person(&system).await.address()).await.unwrap();
    }
}

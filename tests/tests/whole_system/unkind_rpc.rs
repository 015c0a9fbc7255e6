//! Providers that mean no harm: they lose answers, limit ranges, and are overloaded.

use std::time::{Duration, Instant};

use hospital_record::{Client, ErrorKind};
use hospital_record_tests::{
    faults,
    proxy::{Act, Proxy},
    world::World,
};

use crate::{note, refused};

const SEND: &str = "eth_sendRawTransaction";

/// Ana, whose provider is the proxy.
async fn behind(world: &World, proxy: &Proxy) -> Client {
    let ana = world.machine_behind(proxy).await.client(world.funded().0);
    ana.register().await.unwrap();
    ana
}

#[tokio::test]
async fn transaction_whose_answer_is_lost_happens_once() {
    let world = World::shared().await;
    let proxy = world.proxy();
    let ana = behind(&world, &proxy).await;
    for text in ["one", "two"] {
        proxy.rule(faults::lose_answers(SEND, 1));
        ana.add(note(text)).await.unwrap();
    }
    assert_eq!(ana.list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn already_known_is_success() {
    let world = World::shared().await;
    let proxy = world.proxy();
    let ana = behind(&world, &proxy).await;
    proxy.rule(faults::already_known(1));
    ana.add(note("x")).await.unwrap();
    assert_eq!(ana.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn refused_send_blocks_no_later_one() {
    let world = World::shared().await;
    let proxy = world.proxy();
    let ana = behind(&world, &proxy).await;
    let message = "transaction underpriced";
    proxy.rule(faults::limited(1, faults::on(SEND, |_| Act::Refuse { code: -32000, message: message.into() })));
    let _ = ana.add(note("first")).await;
    ana.add(note("second")).await.unwrap();
    assert!(ana.list().await.unwrap().iter().any(|listed| listed.metadata().is_some()));
}

#[tokio::test]
async fn overloaded_provider_is_asked_again() {
    let world = World::shared().await;
    let proxy = world.proxy();
    let ana = behind(&world, &proxy).await;
    for status in [429, 500, 502, 503] {
        for method in ["eth_call", "eth_getLogs", "eth_getBlockByNumber", "eth_getTransactionReceipt"] {
            proxy.rule(faults::status(method, status, 1));
        }
        ana.add(note("x")).await.unwrap();
        proxy.clear();
    }
    assert_eq!(ana.list().await.unwrap().len(), 4);
}

#[tokio::test]
async fn every_wording_of_a_limit_on_logs_is_understood() {
    let world = World::with_own_chain().await;
    let ana = world.person().await;
    ana.add(note("x")).await.unwrap();
    world.anvil.mine(2_500);
    ana.add(note("y")).await.unwrap();
    let proxy = world.proxy();
    for (_, code, message) in faults::LOG_LIMITS {
        proxy.clear();
        proxy.forget_calls();
        proxy.rule(faults::limit_logs(1_000, code, message));
        let history = world.machine_behind(&proxy).await.history(ana.address()).await.unwrap();
        assert_eq!(history.entries.len(), 3, "{message}");
    }
}

#[tokio::test]
async fn stalled_provider_is_an_error_before_the_deadline() {
    let world = World::shared().await;
    let proxy = world.proxy();
    let config = world.config_of(&proxy.url(), &world.kubo.url()).timeout(Duration::from_secs(2));
    let ana = config.connect().await.unwrap().client(world.funded().0);
    ana.register().await.unwrap();
    for method in ["eth_call", "eth_getBlockByNumber", SEND] {
        proxy.rule(faults::stall(method));
        let started = Instant::now();
        refused(ana.add(note("x")).await, ErrorKind::TimedOut);
        assert!(started.elapsed() < Duration::from_secs(20), "{method}: {:?}", started.elapsed());
        proxy.clear();
        ana.resume().await.unwrap();
    }
    ana.add(note("after all")).await.unwrap();
}

#[tokio::test]
async fn provider_that_only_fails_is_unreachable() {
    let world = World::shared().await;
    let proxy = world.proxy();
    let config = world.config_of(&proxy.url(), &world.kubo.url()).timeout(Duration::from_secs(2));
    let system = config.connect().await.unwrap();
    proxy.rule(|_| Act::Status(500));
    let error = system.history(world.person().await.address()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::TimedOut), "{error}");
}

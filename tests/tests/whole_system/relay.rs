//! The relay as a real process: people without ether, and what a relay can be asked and made to do.

use std::{
    io::{BufReader, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use hospital_record::{
    B256, Client, ErrorKind, Event, Identity, U256,
    alloy::{
        primitives::Bytes,
        signers::{SignerSync, local::PrivateKeySigner},
    },
    ledger::Contract,
    relay::{Fate, HttpRelay, Relay as _, SignedRequest},
};
use hospital_record_tests::{data, http, node::Node, world::World};

use crate::{note, refused};

const PATIENTS: usize = 50;
const REQUESTS_EACH: usize = 10;

pub(crate) async fn poor(world: &World, relays: &[&Node]) -> Client {
    let config = relays.iter().fold(world.config(), |config, relay| config.relay(relay.url()));
    let system = config.connect().await.unwrap();
    system.client(Identity::generate().unwrap().0)
}

/// Publishes a profile, as somebody who signs with a key of their own.
pub(crate) fn request(
    contract: &Contract,
    signer: &PrivateKeySigner,
    profile: B256,
    nonce: u64,
    deadline: u64,
) -> SignedRequest {
    let act = contract.once(&contract.set_profile(profile), signer.address(), U256::from(nonce), deadline).unwrap();
    let signature = signer.sign_hash_sync(&contract.digest_of(&act).unwrap()).unwrap();
    let call = contract.signed(&act, Bytes::from(signature.as_bytes().to_vec()));
    SignedRequest { chain_id: contract.chain(), contract: contract.address(), data: call.data }
}

/// Status and body of an exchange with the relay.
pub(crate) fn ask(relay: &Node, method: &str, path: &str, body: &[u8]) -> (u16, String) {
    exchange(relay.address(), method, path, body)
}

pub(crate) fn post(relay: &Node, request: &SignedRequest) -> (u16, String) {
    post_to(relay.address(), request)
}

/// The same where the relay is at work elsewhere.
pub(crate) fn post_to(address: &str, request: &SignedRequest) -> (u16, String) {
    exchange(address, "POST", "/v1/requests", &serde_json::to_vec(request).unwrap())
}

pub(crate) fn exchange(address: &str, method: &str, path: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // It may have heard enough before the end.
    let _ = stream.write_all(body);
    let answer = http::read(&mut BufReader::new(stream)).unwrap().unwrap();
    (answer.status(), String::from_utf8(answer.body).unwrap())
}

#[tokio::test]
async fn patient_and_doctor_without_ether_do_everything_through_a_relay() {
    let world = World::shared().await;
    let relay = Node::start(&world.anvil, &[]);
    let (ana, lee) = (poor(&world, &[&relay]).await, poor(&world, &[&relay]).await);
    lee.register().await.unwrap();
    let record = ana.add(note("mine")).await.unwrap().record;
    ana.grant(lee.address()).await.unwrap();
    assert_eq!(lee.open(&record).await.unwrap().bytes, "mine");
    ana.revoke(lee.address()).await.unwrap();
    refused(lee.open(&record).await, ErrorKind::Denied);
    for client in [&ana, &lee] {
        assert_eq!(client.balance().await.unwrap(), U256::ZERO);
    }
    let log = relay.log();
    for private in [ana.address(), lee.address()] {
        assert!(!log.to_lowercase().contains(&format!("{private:x}")), "a log names nobody: {log}");
    }
}

#[tokio::test]
async fn second_relay_is_asked_when_the_first_is_down_or_does_not_want_to() {
    let world = World::shared().await;
    let (mut down, choosy) = (Node::start(&world.anvil, &[]), Node::start(&world.anvil, &["--verb", "Grant"]));
    let good = Node::start(&world.anvil, &[]);
    let ana = poor(&world, &[&down, &choosy, &good]).await;
    down.kill();
    ana.add(note("mine")).await.unwrap();
    let bea = poor(&world, &[&choosy]).await;
    refused(bea.register().await, ErrorKind::Refused);
}

/// 500 requests of 50 patients, while the relay is killed and started again.
#[tokio::test(flavor = "multi_thread")]
async fn each_request_takes_effect_exactly_once_whenever_the_relay_dies() {
    let world = World::with_own_chain().await;
    let mut relay = Node::with_accounts(&world.anvil, 3, &["--per-address", "1000000"]);
    let contract = world.system.contract().clone();
    let deadline = world.anvil.now() + 3600;
    let http = HttpRelay::connect(&relay.url(), Duration::from_secs(30)).unwrap();
    let ended = Arc::new(AtomicUsize::new(0));
    let patients: Vec<_> = (0..PATIENTS).map(|_| PrivateKeySigner::random()).collect();

    let work = patients.iter().cloned().map(|patient| {
        let (contract, http, ended) = (contract.clone(), http.clone(), ended.clone());
        tokio::spawn(async move {
            for number in 0..REQUESTS_EACH {
                let profile = B256::with_last_byte(u8::try_from(number + 1).unwrap());
                let request = request(&contract, &patient, profile, number as u64, deadline);
                loop {
                    match http.carry(&request).await {
                        Ok(Fate::Done { .. }) => break,
                        Ok(Fate::Waiting) => {}
                        Err(error) if error.kind() == ErrorKind::Unreachable => {
                            tokio::time::sleep(Duration::from_millis(50)).await;
                        }
                        other => panic!("{other:?}"),
                    }
                }
                ended.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    let work: Vec<_> = work.collect();
    for share in [5, 3, 2] {
        while ended.load(Ordering::Relaxed) < PATIENTS * REQUESTS_EACH / share {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        relay.kill();
        relay.run();
    }
    for patient in join_all(work).await {
        patient.unwrap();
    }
    for patient in patients {
        let history = world.system.history(patient.address()).await.unwrap();
        let profiles: Vec<_> = history.entries.iter().map(|entry| entry.event).collect();
        let expected = (1..=REQUESTS_EACH)
            .map(|number| Event::ProfileSet { profile: B256::with_last_byte(u8::try_from(number).unwrap()) });
        assert_eq!(profiles, expected.collect::<Vec<_>>());
    }
    let (_, metrics) = ask(&relay, "GET", "/metrics", b"");
    assert!(metrics.contains("hospital_record_relay_waiting 0\n"), "{metrics}");
}

#[tokio::test]
async fn accepted_request_is_carried_after_the_relay_restarts() {
    let world = World::with_own_chain().await;
    let mut relay = Node::start(&world.anvil, &[]);
    let patient = PrivateKeySigner::random();
    let request = request(world.system.contract(), &patient, B256::repeat_byte(1), 0, world.anvil.now() + 3600);
    world.anvil.set_automine(false);
    let http = HttpRelay::connect(&relay.url(), Duration::from_secs(30)).unwrap();
    let carrying = tokio::spawn({
        let (http, request) = (http.clone(), request.clone());
        async move { http.carry(&request).await }
    });
    let known = format!("/v1/requests/{}", request.id());
    while ask(&relay, "GET", &known, b"").0 != 200 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    relay.stop();
    assert!(matches!(carrying.await.unwrap(), Ok(Fate::Waiting)), "waiting clients get an answer before it stops");
    world.anvil.set_automine(true);
    world.anvil.mine(1);
    relay.run();
    let fate = http.carry(&request).await.unwrap();
    assert!(matches!(fate, Fate::Done { transaction: Some(_) }), "{fate:?}");
    assert_eq!(world.system.history(patient.address()).await.unwrap().entries.len(), 1);
}

#[tokio::test]
async fn bad_requests_are_named_and_nothing_is_carried() {
    let world = World::shared().await;
    let relay = Node::start(&world.anvil, &["--per-address", "1000000", "--verb", "SetProfile"]);
    let (contract, patient) = (world.system.contract(), PrivateKeySigner::random());
    let later = world.anvil.now() + 3600;
    let good = request(contract, &patient, B256::repeat_byte(1), 0, later);

    for (body, status) in [
        (&b""[..], 400),
        (b"{", 400),
        (b"[]", 400),
        (b"{\"chainId\":31337}", 400),
        (b"\xff\xfe", 400),
        (&[b' '; 49 * 1024][..], 413),
    ] {
        assert_eq!(ask(&relay, "POST", "/v1/requests", body).0, status, "{body:?}");
    }
    for length in 0..60 {
        let noise = data::bytes(&format!("noise {length}"), length * 37);
        let status = ask(&relay, "POST", "/v1/requests", &noise).0;
        assert_eq!(status, 400, "{noise:?}");
        let data = SignedRequest { data: noise.into(), ..good.clone() };
        assert_eq!(post(&relay, &data).0, 400);
    }
    let other_chain = SignedRequest { chain_id: 1, ..good.clone() };
    let other_contract = SignedRequest { contract: patient.address(), ..good.clone() };
    let other_verb = {
        let verb = contract.renounce(patient.address(), B256::repeat_byte(2));
        let act = contract.once(&verb, patient.address(), U256::ZERO, later).unwrap();
        SignedRequest { data: contract.signed(&act, Bytes::from(vec![0; 65])).data, ..good.clone() }
    };
    // Its share of the budgets would be reserved for as long.
    let far_away = request(contract, &patient, B256::repeat_byte(1), 0, world.anvil.now() + 3 * 3600);
    for request in [other_chain, other_contract, other_verb, far_away] {
        let (status, body) = post(&relay, &request);
        assert_eq!(status, 403, "{body}");
    }
    let expired = request(contract, &patient, B256::repeat_byte(1), 0, world.anvil.now() - 1);
    let wrong_series = {
        let verb = contract.set_profile(B256::repeat_byte(1));
        let act = contract.once(&verb, patient.address(), U256::from(1) << 128, later).unwrap();
        let signature = patient.sign_hash_sync(&contract.digest_of(&act).unwrap()).unwrap();
        let data = contract.signed(&act, Bytes::from(signature.as_bytes().to_vec())).data;
        SignedRequest { data, ..good.clone() }
    };
    let forged = {
        let verb = contract.set_profile(B256::repeat_byte(9));
        let act = contract.once(&verb, patient.address(), U256::ZERO, later).unwrap();
        let signature = PrivateKeySigner::random().sign_hash_sync(&contract.digest_of(&act).unwrap()).unwrap();
        let data = contract.signed(&act, Bytes::from(signature.as_bytes().to_vec())).data;
        SignedRequest { data, ..good.clone() }
    };
    for (request, reason) in
        [(expired, "valid until"), (wrong_series, "used or void"), (forged.clone(), "did not sign")]
    {
        let (status, body) = post(&relay, &request);
        let expected = if request == forged { 403 } else { 422 };
        assert!(status == expected && body.contains(reason), "{status} {body}");
    }
    assert!(world.system.history(patient.address()).await.unwrap().entries.is_empty());
    let (status, body) = post(&relay, &good);
    assert!(status == 200 && body.contains("\"done\""), "{body}");
    assert_eq!(post(&relay, &good), (200, body), "the same answer however often it is asked");
}

#[tokio::test]
async fn account_over_its_rate_limit_waits_and_cannot_use_up_the_limit_of_another() {
    let world = World::shared().await;
    let relay = Node::start(&world.anvil, &["--per-account", "2", "--per-address", "8"]);
    let (contract, patient) = (world.system.contract(), PrivateKeySigner::random());
    let later = world.anvil.now() + 3600;
    let status = |signer: &PrivateKeySigner, number| {
        post(&relay, &request(contract, signer, B256::repeat_byte(1), number, later)).0
    };
    assert_eq!([0, 1, 2].map(|number| status(&patient, number)), [200, 200, 429]);
    // Forged requests in somebody's name take nothing of what that person may ask for.
    let bea = PrivateKeySigner::random();
    let mut forged = request(contract, &bea, B256::repeat_byte(1), 7, later);
    let mut bytes = forged.data.to_vec();
    bytes[4 + 32 * 10] ^= 1;
    forged.data = bytes.into();
    for _ in 0..3 {
        assert_ne!(post(&relay, &forged).0, 429);
    }
    assert_eq!([0, 1].map(|number| status(&bea, number)), [200, 200]);
    assert_eq!(status(&PrivateKeySigner::random(), 0), 429, "nine from one address");
}

#[tokio::test]
async fn relay_with_nothing_to_pay_with_takes_nothing_and_forgets_nothing() {
    let world = World::shared().await;
    let relay = Node::start(&world.anvil, &[]);
    let (later, ana) = (world.anvil.now() + 3600, PrivateKeySigner::random());
    let request = request(world.system.contract(), &ana, B256::repeat_byte(1), 0, later);
    world.anvil.set_balance(relay.payers()[0], "0x0");
    let (status, body) = post(&relay, &request);
    assert!(status == 503 && !body.contains(&relay.payers()[0].to_string()), "{status} {body}");
    world.anvil.fund(relay.payers()[0]);
    let (status, body) = post(&relay, &request);
    assert!(status == 200 && body.contains("\"done\""), "{body}");
}

#[tokio::test]
async fn health_says_whether_it_can_work() {
    let world = World::with_own_chain().await;
    let relay = Node::start(&world.anvil, &["--timeout", "2"]);
    assert_eq!(ask(&relay, "GET", "/health", b"").0, 200);
    assert_eq!(ask(&relay, "GET", "/v1/requests/0x00", b"").0, 404);
    world.anvil.server().freeze();
    let (status, body) = ask(&relay, "GET", "/health", b"");
    world.anvil.server().thaw();
    assert!(status == 503 && body.contains("error"), "{status} {body}");
}

//! A relay that somebody wants to fill, to drain or to have a browser drive.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use hospital_record::{
    Address, B256, Client, U256,
    alloy::{
        primitives::{Bytes, hex},
        signers::{SignerSync, local::PrivateKeySigner},
    },
    ledger::{Act, Contract, Revocation},
    relay::SignedRequest,
};
use hospital_record_tests::{anvil::hex_number, relay::Relay, world::World};
use serde_json::json;

use crate::relay::{ask, poor, post, request};

/// Less than what the relay gives to somebody who is silent, and more.
const NOT_YET: Duration = Duration::from_secs(5);
const BY_NOW: Duration = Duration::from_secs(15);
/// What a relay that is told to stop may take, and a moment.
const GRACE: Duration = Duration::from_secs(22);

/// `isValidSignature` that says yes where gas has no price, as in a question, and else burns all that it is given.
const BURNS_WHEN_MINED: &str = "0x3a15600957 5b600556 5b 631626ba7e60e01b60005260206000f3";

/// A signed end of what somebody has of the patient's folder.
fn revocation(contract: &Contract, patient: &PrivateKeySigner, grantee: Address, up_to: u64) -> SignedRequest {
    let revocation = Revocation { grantee, scope: folder(), keyring: None, barred: true };
    let act = Act::Revocation { patient: patient.address(), revocation, granted_up_to: up_to, key_changes: 0 };
    let signature = patient.sign_hash_sync(&contract.digest_of(&act).unwrap()).unwrap();
    let data = contract.signed(&act, Bytes::from(signature.as_bytes().to_vec())).data;
    SignedRequest { chain_id: contract.chain(), contract: contract.address(), data }
}

fn folder() -> B256 {
    hospital_record::ledger::folder_scope(7)
}

/// Somebody with ether, who grants what there is to revoke.
async fn granted(world: &World, grantees: &[Address]) -> PrivateKeySigner {
    let key = PrivateKeySigner::random();
    world.anvil.fund(key.address());
    let contract = world.system.contract();
    for grantee in grantees {
        let permission = hospital_record::ledger::Permission {
            grantee: *grantee,
            scope: folder(),
            rights: hospital_record::Rights::READ,
            purpose: hospital_record::Purpose::TREAT,
            envelope: B256::repeat_byte(1),
            epoch: 0,
            expires_at: hospital_record::ledger::NO_END,
        };
        let call = contract.grant(&[permission], 0);
        world.anvil.rpc("anvil_impersonateAccount", json!([key.address()]));
        world.anvil.send(json!({ "from": key.address(), "to": call.to, "data": call.data }));
    }
    key
}

/// Posts from a thread of its own, because the answer waits for the fate.
fn posting(relay: &Relay, request: &SignedRequest) -> thread::JoinHandle<(u16, String)> {
    let (address, request) = (relay.address().to_owned(), request.clone());
    thread::spawn(move || crate::relay::post_to(&address, &request))
}

fn until_known(relay: &Relay, request: &SignedRequest) {
    let path = format!("/v1/requests/{}", request.id());
    while ask(relay, "GET", &path, b"").0 != 200 {
        thread::sleep(Duration::from_millis(50));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_fills_its_lanes_delays_nobody_elses_revocation() {
    let world = World::with_own_chain().await;
    let options = ["--waiting", "4", "--waiting-revocations", "3", "--per-account", "1000", "--per-address", "10000"];
    let relay = Relay::start(&world.anvil, &options);
    let (contract, later) = (world.system.contract(), world.anvil.now() + 3600);
    let guests: Vec<_> = (1..=5).map(Address::repeat_byte).collect();
    let mallory = granted(&world, &guests).await;
    let ana = granted(&world, &guests[..1]).await;

    world.anvil.set_automine(false);
    let mut filling = Vec::new();
    let fill: Vec<_> = (1..=4)
        .map(|number| request(contract, &mallory, B256::repeat_byte(9), number, later))
        .chain(guests[..3].iter().map(|guest| revocation(contract, &mallory, *guest, later)))
        .collect();
    for request in &fill {
        filling.push(posting(&relay, request));
        until_known(&relay, request);
    }
    for one_more in
        [request(contract, &mallory, B256::repeat_byte(9), 5, later), revocation(contract, &mallory, guests[3], later)]
    {
        let (status, body) = post(&relay, &one_more);
        assert!(status == 429 && body.contains("of this account wait already"), "{status} {body}");
    }
    let wanted = revocation(contract, &ana, guests[0], later);
    let waiting = posting(&relay, &wanted);
    until_known(&relay, &wanted);
    world.anvil.set_automine(true);
    world.anvil.mine(1);

    let (status, body) = waiting.join().unwrap();
    assert!(status == 200 && body.contains("\"done\""), "{status} {body}");
    for one in filling {
        assert_eq!(one.join().unwrap().0, 200);
    }
    let entries = async |account: Address| world.system.history(account).await.unwrap().entries;
    let ended = entries(ana.address()).await.last().unwrap().block;
    let before = entries(mallory.address()).await.iter().skip(guests.len()).filter(|entry| entry.block < ended).count();
    assert!(before <= 2, "{before} acts of the other account came first: one was under way, and one had its turn");
}

#[tokio::test]
async fn contract_wallet_that_says_yes_and_burns_when_mined_costs_at_most_the_ceiling() {
    let world = World::with_own_chain().await;
    let wallet = Address::repeat_byte(0x77);
    world.anvil.rpc("anvil_setCode", json!([wallet, BURNS_WHEN_MINED.replace(' ', "")]));
    let (contract, later) = (world.system.contract(), world.anvil.now() + 3600);
    let by_wallet = |nonce: u64| {
        let verb = contract.set_profile(B256::repeat_byte(1)).data;
        let act = Act::Once { signer: wallet, verb, nonce: U256::from(nonce), deadline: later };
        let data = contract.signed(&act, Bytes::from(vec![1; 65])).data;
        SignedRequest { chain_id: contract.chain(), contract: contract.address(), data }
    };
    let without = Relay::start(&world.anvil, &[]);
    let (status, body) = post(&without, &by_wallet(0));
    assert!(status == 403 && body.contains("contract wallets"), "{status} {body}");

    let with = Relay::start(&world.anvil, &["--contract-wallets"]);
    let (status, body) = post(&with, &by_wallet(0));
    assert!(status == 422 && body.contains("failed"), "{status} {body}");
    let block = world.anvil.rpc("eth_getBlockByNumber", json!(["latest", true]));
    let transaction = &block["transactions"][0];
    assert_eq!(transaction["from"].as_str().unwrap().parse::<Address>().unwrap(), with.payers()[0]);
    let (limit, used) = (hex_number(&transaction["gas"]), hex_number(&block["gasUsed"]));
    assert!(used > 200_000 && limit <= 350_000, "it used {used} of {limit}");

    let (status, body) = post(&with, &by_wallet(1));
    assert!(status == 429 && body.contains("failed when they were mined"), "{status} {body}");
    assert_eq!(world.anvil.rpc("eth_getBlockByNumber", json!(["latest", true]))["hash"], block["hash"]);
    let (_, metrics) = ask(&with, "GET", "/metrics", b"");
    assert!(!metrics.contains("spent_today_wei 0\n") && !metrics.contains(&hex::encode(wallet)), "{metrics}");
}

#[tokio::test]
async fn what_is_barred_or_vetoed_already_is_not_carried_again() {
    let world = World::shared().await;
    let relay = Relay::start(&world.anvil, &[]);
    let (contract, later) = (world.system.contract(), world.anvil.now() + 3600);
    let guest = Address::repeat_byte(1);
    let ana = granted(&world, &[guest]).await;
    let first = revocation(contract, &ana, guest, later);
    assert_eq!(post(&relay, &first).0, 200);
    let paid = world.anvil.rpc("eth_getTransactionCount", json!([relay.payers()[0], "latest"]));
    let (status, body) = post(&relay, &revocation(contract, &ana, guest, later + 1));
    assert!(status == 422 && body.contains("barred from there already"), "{status} {body}");
    assert_eq!(post(&Relay::start(&world.anvil, &[]), &first).0, 200, "it took effect before");

    let (ana, kim, lee) = (poor(&world, &[&relay]).await, world.registered().await, world.registered().await);
    let case = opened(&world, &ana, &kim, &lee).await;
    let veto = ana.sign_veto(&case).await.unwrap();
    kim.carry(&veto).await.unwrap();
    let before = world.anvil.rpc("eth_getTransactionCount", json!([relay.payers()[0], "latest"]));
    let (status, body) = post(&relay, &veto);
    assert!(status == 200 && body.contains("null"), "{status} {body}");
    assert_eq!(world.anvil.rpc("eth_getTransactionCount", json!([relay.payers()[0], "latest"])), before);
    assert_ne!(before, paid);
}

async fn opened(world: &World, ana: &Client, kim: &Client, lee: &Client) -> hospital_record::Case {
    ana.add(crate::note("mine")).await.unwrap();
    let board = kim.create_board(2, &[kim.address(), lee.address()]).await.unwrap().board;
    ana.grant_board(&board).await.unwrap();
    let to = world.registered().await.address();
    kim.open_case(&board, ana.address()).to(to).reason("no reason").await.unwrap()
}

/// The whole answer to a request of one's own making.
fn raw(relay: &Relay, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(relay.address()).unwrap();
    write!(stream, "{head}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.to_lowercase()
}

#[tokio::test]
async fn a_web_page_cannot_make_a_browser_use_the_relay() {
    let world = World::shared().await;
    let page = "https://portal.hospital.example";
    let relay = Relay::start(&world.anvil, &["--allow-origin", page, "--host", "relay.hospital.example"]);
    let signer = PrivateKeySigner::random();
    let request = request(world.system.contract(), &signer, B256::repeat_byte(1), 0, world.anvil.now() + 3600);
    let body = serde_json::to_string(&request).unwrap();
    let json = "content-type: application/json\r\n";
    let to =
        |host: &str, rest: &str| raw(&relay, &format!("POST /v1/requests HTTP/1.1\r\nhost: {host}\r\n{rest}"), &body);
    let host = relay.address();
    for (host, rest, status) in [
        (host, "content-type: text/plain\r\n".to_owned(), "415"),
        (host, "content-type: application/x-www-form-urlencoded\r\n".into(), "415"),
        (host, String::new(), "415"),
        (host, format!("{json}origin: https://evil.example\r\n"), "403"),
        (host, format!("{json}origin: null\r\n"), "403"),
        ("rebound.evil.example", json.into(), "421"),
    ] {
        let answer = to(host, &rest);
        assert!(answer.starts_with(&format!("http/1.1 {status} ")), "{host} {rest}: {answer}");
        assert!(!answer.contains("access-control"), "{answer}");
    }
    assert!(world.system.history(signer.address()).await.unwrap().entries.is_empty());

    let asked = format!("OPTIONS /v1/requests HTTP/1.1\r\nhost: {host}\r\norigin: {page}\r\n");
    assert!(raw(&relay, &asked, "").contains("access-control-allow-headers: content-type"));
    let answer = to("relay.hospital.example", &format!("{json}origin: {page}\r\n"));
    assert!(answer.starts_with("http/1.1 200 "), "{answer}");
    assert!(answer.contains(&format!("access-control-allow-origin: {page}")), "{answer}");
}

/// Sends the beginning of a request, and says when the other side has had enough.
fn half_sent(relay: &Relay, begin: &str) -> (Instant, thread::JoinHandle<(Duration, String)>) {
    let mut stream = TcpStream::connect(relay.address()).unwrap();
    stream.write_all(begin.as_bytes()).unwrap();
    let start = Instant::now();
    let waiting = thread::spawn(move || {
        let mut answer = Vec::new();
        // Cut off is an end too.
        let _ = stream.read_to_end(&mut answer);
        (start.elapsed(), String::from_utf8_lossy(&answer).into_owned())
    });
    (start, waiting)
}

const HALF_HEADERS: &str = "POST /v1/requests HTTP/1.1\r\nhost: localhost\r\n";
const HALF_BODY: &str = "POST /v1/requests HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                         content-length: 100\r\n\r\n{";

#[tokio::test]
async fn slow_clients_are_cut_and_one_address_does_not_take_all_connections() {
    let world = World::shared().await;
    // Eight for one address.
    let relay = Relay::start(&world.anvil, &["--connections", "64"]);
    let begun = ["", "P", HALF_HEADERS, HALF_BODY, "", "", "", ""].map(|begin| half_sent(&relay, begin).1);
    thread::sleep(Duration::from_millis(500));
    let (_, one_more) = half_sent(&relay, "");
    assert!(one_more.join().unwrap().0 < NOT_YET, "there are eight already");
    for one in begun {
        let (after, answer) = one.join().unwrap();
        assert!((NOT_YET..BY_NOW).contains(&after), "{after:?} {answer}");
        assert!(answer.is_empty() || answer.contains(" 408 "), "{answer}");
    }
    assert_eq!(ask(&relay, "GET", "/health", b"").0, 200);

    let long = format!("GET /health HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n", "y".repeat(40_000));
    let many = format!("GET /health HTTP/1.1\r\nhost: localhost\r\n{}", "x: y\r\n".repeat(200));
    for head in [long, many] {
        let (_, answer) = half_sent(&relay, &format!("{head}\r\n")).1.join().unwrap();
        assert!(answer.contains(" 431 "), "{answer}");
    }
}

#[tokio::test]
async fn relay_ends_within_its_grace_also_with_half_sent_requests() {
    let world = World::shared().await;
    let mut relay = Relay::start(&world.anvil, &[]);
    let begun = [HALF_HEADERS, HALF_BODY, ""].map(|begin| half_sent(&relay, begin).1);
    thread::sleep(Duration::from_millis(200));
    let start = Instant::now();
    relay.stop();
    assert!(start.elapsed() < GRACE, "{:?}", start.elapsed());
    for one in begun {
        one.join().unwrap();
    }
}

#[tokio::test]
async fn a_spent_budget_is_spent_also_after_a_restart_and_says_when_to_come_back() {
    let world = World::with_own_chain().await;
    // What the relay reserves for one profile, as ordinary acts have three quarters of a budget.
    let fee = world.system.ledger().fees().await.unwrap().max_fee;
    let budget = (fee * 210_000 * 4 / 3).to_string();
    let mut relay = Relay::start(&world.anvil, &["--budget-per-account", &budget]);
    let (contract, later) = (world.system.contract(), world.anvil.now() + 3600);
    let (ana, bea) = (PrivateKeySigner::random(), PrivateKeySigner::random());
    let by = |signer, number| request(contract, signer, B256::repeat_byte(1), number, later);
    assert_eq!(post(&relay, &by(&ana, 0)).0, 200);
    for _ in 0..2 {
        let (status, body) = post(&relay, &by(&ana, 1));
        assert!(status == 429 && body.contains("this account's budget for today is spent: come back in"), "{body}");
        relay.kill();
        relay.run();
    }
    assert_eq!(post(&relay, &by(&bea, 0)).0, 200, "another account has its own");
}

#[tokio::test]
async fn a_relay_for_its_own_people_carries_for_those_who_are_named_or_vouched_for() {
    let world = World::shared().await;
    let (contract, later) = (world.system.contract(), world.anvil.now() + 3600);
    let [named, vouched, stranger] = [(); 3].map(|()| PrivateKeySigner::random());
    let hospital = world.person().await;
    hospital.vouch(vouched.address(), "practitioner").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people");
    fs::write(&file, format!("# staff\n{}\n", named.address())).unwrap();
    let authority = hospital.address().to_string();
    let relay = Relay::start(&world.anvil, &["--allow", file.to_str().unwrap(), "--authority", &authority]);
    let status = |signer| post(&relay, &request(contract, signer, B256::repeat_byte(1), 0, later)).0;
    assert_eq!([status(&named), status(&vouched), status(&stranger)], [200, 200, 403]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_waited_for_in_vain_is_sent_by_no_other_payer_and_ends_as_the_chain_says() {
    let world = World::with_own_chain().await;
    let mut relay = Relay::with_accounts(&world.anvil, 2, &["--timeout", "1"]);
    let signer = PrivateKeySigner::random();
    let request = request(world.system.contract(), &signer, B256::repeat_byte(1), 0, world.anvil.now() + 3600);
    world.anvil.set_automine(false);
    let waiting = posting(&relay, &request);
    until_known(&relay, &request);
    // The sender gives up after four of its timeouts.
    thread::sleep(Duration::from_secs(9));
    let under_way = || hex_number(&world.anvil.rpc("txpool_status", json!([]))["pending"]);
    assert_eq!(under_way(), 1);
    relay.kill();
    relay.run();
    thread::sleep(Duration::from_secs(3));
    assert_eq!(under_way(), 1);
    assert!(ask(&relay, "GET", &format!("/v1/requests/{}", request.id()), b"").1.contains("waiting"));
    world.anvil.set_automine(true);
    world.anvil.mine(1);
    let (status, body) = post(&relay, &request);
    assert!(status == 200 && body.contains("\"transaction\":\"0x"), "{status} {body}");
    drop(waiting.join());
    let spent = relay
        .payers()
        .iter()
        .map(|payer| hex_number(&world.anvil.rpc("eth_getTransactionCount", json!([payer, "latest"]))));
    assert_eq!(spent.sum::<u64>(), 1);
}

#[tokio::test]
async fn questions_are_limited_too() {
    let world = World::shared().await;
    let relay = Relay::start(&world.anvil, &["--per-address", "2"]);
    let statuses: Vec<_> = (0..12).map(|_| ask(&relay, "GET", "/health", b"").0).collect();
    assert_eq!(statuses[..10], [200; 10]);
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn relay_does_not_start_with_settings_under_which_it_carries_nothing() {
    let world = World::shared().await;
    let relay = Relay::start(&world.anvil, &[]);
    for (option, value) in [("--timeout", "0"), ("--max-fee", "0"), ("--queue", "0"), ("--budget", "0")] {
        let output = relay.command().args([option, value]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(option), "{option}: {said}");
    }
}

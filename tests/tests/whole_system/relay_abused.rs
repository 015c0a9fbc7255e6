//! A relay that somebody wants to fill or to drain.

use std::{fs, thread, time::Duration};

use hospital_record::{
    Address, B256, Client, ErrorKind, U256,
    alloy::{
        primitives::{Bytes, hex},
        signers::{SignerSync, local::PrivateKeySigner},
    },
    ledger::{Act, Call, Contract, Revocation},
    relay::SignedRequest,
};
use hospital_record_tests::{anvil::hex_number, node::Node, world::World};
use serde_json::json;

use crate::{
    note, refused,
    relay::{ask, poor, post, request},
};

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
pub(crate) fn posting(relay: &Node, request: &SignedRequest) -> thread::JoinHandle<(u16, String)> {
    let (address, request) = (relay.address().to_owned(), request.clone());
    thread::spawn(move || crate::relay::post_to(&address, &request))
}

pub(crate) fn until_known(relay: &Node, request: &SignedRequest) {
    let path = format!("/v1/requests/{}", request.id());
    while ask(relay, "GET", &path, b"").0 != 200 {
        thread::sleep(Duration::from_millis(50));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_fills_its_lanes_delays_nobody_elses_revocation() {
    let world = World::with_own_chain().await;
    let options = ["--waiting", "4", "--waiting-revocations", "3", "--per-account", "1000", "--per-address", "10000"];
    let relay = Node::start(&world.anvil, &options);
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
    let ended = entries(ana.address()).await.last().unwrap().entry.block;
    let before =
        entries(mallory.address()).await.iter().skip(guests.len()).filter(|one| one.entry.block < ended).count();
    assert!(before <= 2, "{before} acts of the other account came first: one was under way, and one had its turn");
}

#[tokio::test]
async fn contract_wallet_that_says_yes_and_burns_when_mined_costs_at_most_the_ceiling() {
    let world = World::with_own_chain().await;
    let wallet = Address::repeat_byte(0x77);
    world.anvil.rpc("anvil_setCode", json!([wallet, BURNS_WHEN_MINED.replace(' ', "")]));
    let (contract, later) = (world.system.contract(), world.anvil.now() + 3600);
    let by_wallet = |nonce: u64| {
        let act = contract.once(&contract.set_profile(B256::repeat_byte(1)), wallet, U256::from(nonce), later).unwrap();
        let data = contract.signed(&act, Bytes::from(vec![1; 65])).data;
        SignedRequest { chain_id: contract.chain(), contract: contract.address(), data }
    };
    let without = Node::start(&world.anvil, &[]);
    let (status, body) = post(&without, &by_wallet(0));
    assert!(status == 403 && body.contains("contract wallets"), "{status} {body}");

    let with = Node::start(&world.anvil, &["--contract-wallets"]);
    let (status, body) = post(&with, &by_wallet(0));
    assert!(status == 422 && body.contains("failed"), "{status} {body}");
    let block = world.anvil.rpc("eth_getBlockByNumber", json!(["latest", true]));
    let transaction = &block["transactions"][0];
    assert_eq!(transaction["from"].as_str().unwrap().parse::<Address>().unwrap(), with.payers()[0]);
    let (limit, used) = (hex_number(&transaction["gas"]), hex_number(&block["gasUsed"]));
    assert!(used > 100_000 && limit <= 350_000, "it used {used} of {limit}");

    for nonce in [1, 2] {
        assert_eq!(post(&with, &by_wallet(nonce)).0, 422);
    }
    let block = world.anvil.rpc("eth_getBlockByNumber", json!(["latest", true]));
    let (status, body) = post(&with, &by_wallet(3));
    assert!(status == 429 && body.contains("failed when they were mined"), "{status} {body}");
    assert_eq!(world.anvil.rpc("eth_getBlockByNumber", json!(["latest", true]))["hash"], block["hash"]);
    let (_, metrics) = ask(&with, "GET", "/metrics", b"");
    assert!(!metrics.contains("spent_today_wei 0\n") && !metrics.contains(&hex::encode(wallet)), "{metrics}");
}

#[tokio::test]
async fn second_request_for_the_same_bar_or_veto_is_not_carried() {
    let world = World::shared().await;
    let relay = Node::start(&world.anvil, &[]);
    let (contract, later) = (world.system.contract(), world.anvil.now() + 3600);
    let guest = Address::repeat_byte(1);
    let ana = granted(&world, &[guest]).await;
    let first = revocation(contract, &ana, guest, later);
    assert_eq!(post(&relay, &first).0, 200);
    let paid = world.anvil.rpc("eth_getTransactionCount", json!([relay.payers()[0], "latest"]));
    let (status, body) = post(&relay, &revocation(contract, &ana, guest, later + 1));
    assert!(status == 422 && body.contains("barred from there already"), "{status} {body}");
    assert_eq!(post(&Node::start(&world.anvil, &[]), &first).0, 200, "it took effect before");

    let (ana, kim, lee) = (poor(&world, &[&relay]).await, world.registered().await, world.registered().await);
    let case = opened(&world, &ana, &kim, &lee).await;
    let veto = ana.boards().sign_veto(&case).await.unwrap();
    kim.acts().carry(&veto).await.unwrap();
    let before = world.anvil.rpc("eth_getTransactionCount", json!([relay.payers()[0], "latest"]));
    let (status, body) = post(&relay, &veto);
    assert!(status == 200 && body.contains("null"), "{status} {body}");
    assert_eq!(world.anvil.rpc("eth_getTransactionCount", json!([relay.payers()[0], "latest"])), before);
    assert_ne!(before, paid);
}

#[tokio::test]
async fn patient_without_ether_vetoes_a_case_and_no_stranger_has_a_contract_called() {
    let world = World::shared().await;
    let relay = Node::start(&world.anvil, &[]);
    let (ana, kim, lee) = (poor(&world, &[&relay]).await, world.registered().await, world.registered().await);
    let case = opened(&world, &ana, &kim, &lee).await;

    let veto = ana.boards().sign_veto(&case).await.unwrap();
    for stranger in [lee.address(), world.system.contract().address()] {
        let (status, body) = post(&relay, &SignedRequest { contract: stranger, ..veto.clone() });
        assert!(status == 403 && body.contains("did not sign this"), "{status} {body}");
        let (status, body) = post(&relay, &veto_at(world.system.contract(), stranger, &veto));
        assert!(status == 422 && body.contains("this request is for contract"), "{status} {body}");
    }
    assert_eq!(kim.boards().sign_veto(&case).await.map(|veto| post(&relay, &veto).0).unwrap(), 422);
    ana.boards().veto(&case).await.unwrap();
    refused(lee.boards().acknowledge(&case).await, ErrorKind::Conflict);
    assert!(kim.acts().was_carried(&veto).await.unwrap());
    assert_eq!(ana.balance().await.unwrap(), U256::ZERO);
}

/// The same of another board, signed by somebody's own key.
fn veto_at(contract: &Contract, board: Address, veto: &SignedRequest) -> SignedRequest {
    let Some(Act::Veto { case, .. }) = veto.act() else { panic!("it is no veto") };
    let signer = PrivateKeySigner::random();
    let act = Act::Veto { board, by: signer.address(), case };
    let signature = signer.sign_hash_sync(&contract.digest_of(&act).unwrap()).unwrap();
    let data = contract.signed(&act, Bytes::from(signature.as_bytes().to_vec())).data;
    SignedRequest { contract: board, data, ..veto.clone() }
}

async fn opened(world: &World, ana: &Client, kim: &Client, lee: &Client) -> hospital_record::board::Case {
    ana.add(note("mine")).await.unwrap();
    let board = kim.boards().create(2, &[kim.address(), lee.address()]).await.unwrap().board;
    ana.boards().grant(&board).await.unwrap();
    let to = world.registered().await.address();
    kim.boards().open_case(&board, ana.address()).to(to).reason("no reason").await.unwrap()
}

#[tokio::test]
async fn a_spent_budget_is_spent_also_after_a_restart_and_says_when_to_come_back() {
    let world = World::with_own_chain().await;
    let (contract, later) = (world.system.contract(), world.anvil.now() + 3600);
    let (ana, bea) = (PrivateKeySigner::random(), PrivateKeySigner::random());
    let by = |signer, number| request(contract, signer, B256::repeat_byte(1), number, later);
    // What the relay reserves for one profile and a tenth more, as ordinary acts have three quarters of a budget.
    let first = Call { from: Some(bea.address()), to: contract.address(), data: by(&ana, 0).data };
    let gas = u128::from(world.system.ledger().estimate(&first).await.unwrap());
    let fee = world.system.ledger().fees().await.unwrap().now();
    let budget = (gas * fee * 5 / 4 * 11 / 10 * 4 / 3).to_string();
    let mut relay = Node::start(&world.anvil, &["--budget-per-account", &budget]);
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
    hospital.vouches().give(vouched.address(), "practitioner").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("people");
    fs::write(&file, format!("# staff\n{}\n", named.address())).unwrap();
    let authority = hospital.address().to_string();
    let relay = Node::start(&world.anvil, &["--allow", file.to_str().unwrap(), "--authority", &authority]);
    let status = |signer| post(&relay, &request(contract, signer, B256::repeat_byte(1), 0, later)).0;
    assert_eq!([status(&named), status(&vouched), status(&stranger)], [200, 200, 403]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_waited_for_in_vain_is_sent_by_no_other_payer_and_ends_as_the_chain_says() {
    let world = World::with_own_chain().await;
    let mut relay = Node::with_accounts(&world.anvil, 2, &["--timeout", "1"]);
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
    assert!(status == 200 && body.contains("\"transaction\":\"0x"), "{status} {body} {}", relay.log());
    drop(waiting.join());
    let spent = relay
        .payers()
        .iter()
        .map(|payer| hex_number(&world.anvil.rpc("eth_getTransactionCount", json!([payer, "latest"]))));
    assert_eq!(spent.sum::<u64>(), 1);
}

//! A relay whose accounts run dry, or whose transactions a rising fee holds up.

use std::{thread, time::Duration};

use hospital_record::{B256, alloy::signers::local::PrivateKeySigner};
use hospital_record_tests::{anvil::hex_number, node::Node, world::World};
use serde_json::{Value, json};

use crate::{
    relay::{ask, post, request},
    relay_abused::{posting, until_known},
};

/// Far above what the transactions of before can pay for.
const SPIKE: &str = "0x174876e800";

fn nonce_of(world: &World, payer: impl ToString) -> u64 {
    hex_number(&world.anvil.rpc("eth_getTransactionCount", json!([payer.to_string(), "latest"])))
}

fn pool(world: &World) -> Vec<Value> {
    let content = world.anvil.rpc("txpool_content", json!([]));
    let all = ["pending", "queued"].map(|part| content[part].as_object().cloned().unwrap_or_default());
    all.into_iter()
        .flat_map(|part| part.into_iter().map(|(_, by_nonce)| by_nonce))
        .flat_map(|by_nonce| by_nonce.as_object().cloned().unwrap_or_default().into_iter().map(|(_, one)| one))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn transaction_stuck_by_a_rising_fee_is_resent_with_its_nonce_and_a_higher_fee() {
    let world = World::with_own_chain().await;
    // It offers more after two seconds.
    let most = u128::pow(10, 17).to_string();
    let relay = Node::start(&world.anvil, &["--timeout", "1", "--max-fee", &most]);
    let (later, signer) = (world.anvil.now() + 3600, PrivateKeySigner::random());
    let request = request(world.system.contract(), &signer, B256::repeat_byte(1), 0, later);
    world.anvil.set_automine(false);
    let waiting = posting(&relay, &request);
    until_known(&relay, &request);
    while pool(&world).is_empty() {
        thread::sleep(Duration::from_millis(50));
    }
    let first = hex_number(&pool(&world)[0]["maxFeePerGas"]);
    let mine_dear = || {
        world.anvil.rpc("anvil_setNextBlockBaseFeePerGas", json!([SPIKE]));
        world.anvil.mine(1);
    };
    for _ in 0..20 {
        mine_dear();
        thread::sleep(Duration::from_secs(1));
        if nonce_of(&world, relay.payers()[0]) == 1 {
            break;
        }
        // Anvil may drop what pays too little; geth keeps it.
        assert!(pool(&world).len() <= 1, "one nonce, one transaction");
    }
    let (status, body) = waiting.join().unwrap();
    assert!(status == 200 && body.contains("\"transaction\":\"0x"), "{status} {body} {}", relay.log());
    let told: Value = serde_json::from_str(&body).unwrap();
    let mined = world.anvil.rpc("eth_getTransactionByHash", json!([told["transaction"]]));
    assert!(hex_number(&mined["maxFeePerGas"]) > first * 2 && hex_number(&mined["nonce"]) == 0, "{mined}");
    assert_eq!(nonce_of(&world, relay.payers()[0]), 1);
    let (_, metrics) = ask(&relay, "GET", "/metrics", b"");
    assert!(!metrics.contains("spent_today_wei 0\n"), "{metrics}");
}

#[tokio::test]
async fn a_relay_of_which_one_account_is_empty_carries_with_the_other_at_once() {
    let world = World::shared().await;
    let relay = Node::with_accounts(&world.anvil, 2, &["--per-address", "1000"]);
    let [dry, rich] = relay.payers() else { panic!("two pay") };
    world.anvil.set_balance(dry, "0x0");
    let later = world.anvil.now() + 3600;
    for _ in 0..6 {
        let request = request(world.system.contract(), &PrivateKeySigner::random(), B256::repeat_byte(1), 0, later);
        let (status, body) = post(&relay, &request);
        assert!(status == 200 && body.contains("\"done\""), "{status} {body}");
    }
    assert_eq!([nonce_of(&world, dry), nonce_of(&world, rich)], [0, 6]);
    let (_, metrics) = ask(&relay, "GET", "/metrics", b"");
    assert!(metrics.contains(&format!("balance_wei{{payer=\"{dry}\"}} 0\n")), "{metrics}");
    assert!(metrics.contains(&format!("balance_wei{{payer=\"{rich}\"}} 9")), "{metrics}");
    assert_eq!(ask(&relay, "GET", "/health", b"").0, 200);
}

//! The harness does what the other tests believe it does.

use std::{path::Path, thread, time::Duration};

use hospital_record_tests::{
    anvil::{Anvil, RICH, hex_number},
    faults, http,
    kubo::Kubo,
    proxy::Proxy,
};
use serde_json::{Value, json};

const SOMEBODY: &str = "0x00000000000000000000000000000000000000aa";

fn ask(proxy: &Proxy, method: &str, params: Value) -> std::io::Result<Value> {
    let request = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
    let answer = http::post(proxy.url().trim_start_matches("http://"), request.to_string().as_bytes())?;
    if answer.status() != 200 {
        return Err(std::io::Error::other(answer.start));
    }
    Ok(serde_json::from_slice(&answer.body)?)
}

#[test]
fn anvil_has_the_contract_and_a_clock_that_can_be_set() {
    let anvil = Anvil::start();
    assert_ne!(anvil.rpc("eth_getCode", json!([Anvil::contract(), "latest"])), "0x");

    let before = anvil.now();
    anvil.advance(Duration::from_secs(1_000));
    assert!(anvil.now() >= before + 1_000);
    anvil.set_next_time(before + 5_000);
    anvil.mine(1);
    assert_eq!(anvil.now(), before + 5_000);
}

#[test]
fn servers_end_with_their_owner_and_leave_nothing() {
    let anvil = Anvil::empty(1);
    let (address, dir) = (anvil.address().to_owned(), anvil.server().dir().to_owned());
    assert!(dir.exists());
    drop(anvil);
    assert!(std::net::TcpStream::connect(address).is_err());
    assert!(!dir.exists());
}

#[test]
fn kubo_is_alone_and_keeps_blocks() {
    let kubo = Kubo::start();
    assert!(kubo.ipfs(&["swarm", "peers"]).is_empty());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let cid = kubo.ipfs(&["add", "--quiet", file.to_str().unwrap()]);
    let cid = String::from_utf8(cid).unwrap();
    assert!(kubo.pinned().iter().any(|pinned| pinned == cid.trim()));
    kubo.collect_garbage();
    assert_eq!(kubo.ipfs(&["cat", cid.trim()]), std::fs::read(file).unwrap());
}

#[test]
fn proxy_forwards_drops_and_forges_answers() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(anvil.address());
    assert_eq!(ask(&proxy, "eth_chainId", json!([])).unwrap()["result"], "0x7a69");

    proxy.rule(faults::lose_answers("eth_sendTransaction", 1));
    let payment = json!([{ "from": RICH, "to": SOMEBODY, "value": "0x5" }]);
    assert!(ask(&proxy, "eth_sendTransaction", payment).is_err());
    anvil.send(json!({ "from": RICH, "to": SOMEBODY, "value": "0x2" }));
    let balance = ask(&proxy, "eth_getBalance", json!([SOMEBODY, "latest"])).unwrap();
    assert_eq!(hex_number(&balance["result"]), 7, "the lost call was executed");

    proxy.rule(faults::status("eth_chainId", 429, 1));
    assert!(ask(&proxy, "eth_chainId", json!([])).unwrap_err().to_string().contains("429"));
    assert!(ask(&proxy, "eth_chainId", json!([])).is_ok(), "once is once");

    proxy.rule(faults::forge_view("0x12345678", "0xbeef"));
    let view = json!([{ "to": SOMEBODY, "data": "0x12345678aa" }, "latest"]);
    assert_eq!(ask(&proxy, "eth_call", view.clone()).unwrap()["result"], "0xbeef");
    proxy.clear();
    assert_eq!(ask(&proxy, "eth_call", view).unwrap()["result"], "0x");
    assert_eq!(proxy.count("eth_chainId"), 3);
}

#[test]
fn proxy_refuses_long_ranges_of_logs() {
    let anvil = Anvil::start();
    let proxy = Proxy::before(anvil.address());
    for (blocks, code, message) in faults::LOG_LIMITS {
        proxy.clear();
        proxy.rule(faults::limit_logs(blocks, code, message));
        let range = |to: u64| json!([{ "fromBlock": "0x1", "toBlock": format!("{to:#x}") }]);
        assert_eq!(ask(&proxy, "eth_getLogs", range(blocks + 1)).unwrap()["error"]["message"], message);
        assert!(ask(&proxy, "eth_getLogs", range(1)).unwrap()["error"].is_null());
    }
}

#[test]
fn proxy_stalls_until_it_goes() {
    let anvil = Anvil::empty(1);
    let proxy = Proxy::before(anvil.address());
    proxy.rule(faults::stall("eth_chainId"));
    let url = proxy.url();
    let waiting = thread::spawn(move || http::post(url.trim_start_matches("http://"), br#"{"method":"eth_chainId"}"#));
    thread::sleep(Duration::from_millis(200));
    assert!(!waiting.is_finished());
    drop(proxy);
    assert!(waiting.join().unwrap().is_err());
}

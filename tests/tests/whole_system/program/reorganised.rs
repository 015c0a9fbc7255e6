//! A chain that drops what it had confirmed: the program says so and does it again.

use hospital_record_tests::{
    anvil::Anvil,
    kubo::Kubo,
    program::{Computer, field},
};
use serde_json::Value;

use super::befriend_on;

/// What the program notes on stderr.
fn notes(stderr: &str) -> String {
    let told =
        |line: &str| serde_json::from_str::<Value>(line).ok().and_then(|v| v["message"].as_str().map(str::to_owned));
    stderr.lines().map(|line| told(line).unwrap_or_else(|| line.to_owned())).collect::<Vec<_>>().join("\n")
}

#[test]
fn revocation_that_the_chain_dropped_is_reported_once_and_repeated() {
    let anvil = Anvil::start();
    let home = Computer::new(&anvil, &Kubo::shared());
    anvil.fund(home.init("ana"));
    befriend_on(&anvil, &home, "lee");
    home.json("ana", &["grant", "lee"]);
    let revoked = &home.json("ana", &["revoke", "lee"])[0];
    anvil.reorganise(1);

    home.file("later.txt", "later");
    let added = home.run_json("ana", &["add", "later.txt"]);
    assert!(notes(&added.stderr).contains("no longer shows"), "{}", added.stderr);
    let record = field(&added.objects()[0], "record");
    home.run_json("lee", &["open", &record]).refused(4, "denied");
    assert!(home.json("ana", &["grants"]).is_empty());

    let resumed = home.run_json("ana", &["resume"]);
    assert!(!notes(&resumed.stderr).contains("no longer shows"), "once: {}", resumed.stderr);
    let resumed = &resumed.objects()[0];
    assert!(resumed["watching"].as_u64().unwrap() > 0, "{resumed}");
    let again = anvil.rpc("eth_getTransactionReceipt", serde_json::json!([field(revoked, "tx")]));
    assert_eq!(again["status"], "0x1", "the identical bytes");
}

//! People without ether: a relay carries what they sign, and what they signed outlives what they do not do.

use std::fs;

use hospital_record_tests::{
    anvil::Anvil,
    kubo::Kubo,
    node::Node,
    program::{Computer, field},
};
use serde_json::{Value, json};

use super::{added, anas_computer, befriend};

/// Ana, who holds nothing, and Lee, whom she knows; their settings name this relay.
fn poor(relay: &Node) -> Computer {
    let computer = Computer::new(&Anvil::shared(), &Kubo::shared());
    computer.init("ana");
    fs::write(computer.home().join("config.toml"), format!("relay = '{}'\n", relay.url())).unwrap();
    computer.init("lee");
    let card = field(&computer.json("lee", &["account", "--card"])[0], "card");
    computer.json("ana", &["contacts", "add", "lee", &card]);
    computer
}

#[test]
fn people_without_ether_share_and_take_back_through_a_relay() {
    let relay = Node::start(&Anvil::shared(), &[]);
    let computer = poor(&relay);
    let id = added(&computer, "x.txt", "x");
    computer.json("ana", &["grant", "lee"]);
    let uri = field(&computer.json("ana", &["list"])[0], "record");
    assert_eq!(computer.run(["--as", "lee", "open", &uri, "-o", "-"]).stdout, b"x");
    assert_eq!(computer.json("ana", &["revoke", "lee"])[0]["keys_moved"], true);
    computer.run_json("lee", &["open", &uri, "-o", "-"]).refused(4, "denied");
    for who in ["ana", "lee"] {
        let account = &computer.json(who, &["account"])[0];
        assert_eq!((&account["balance_wei"], &account["relays"]), (&"0".into(), &json!([relay.url()])), "{who}");
    }
    assert!(!computer.run(["--as", "ana", "account"]).stderr.contains("fee"), "nobody is to send her ether");
    assert!(!id.is_empty());
}

#[test]
fn several_relays_are_asked_in_order_and_their_keys_are_never_shown() {
    let relay = Node::start(&Anvil::shared(), &[]);
    let computer = poor(&relay);
    computer.file("x.txt", "x");
    let (secret, down) = ("c0ffee-secret", "http://127.0.0.1:1/c0ffee-secret");
    let ran = computer.run_json("ana", &["--timeout", "2", "--relay", down, "add", "x.txt"]);
    ran.refused(6, "unreachable");
    let both = format!("{down},{}", relay.url());
    let environment =
        computer.command(["--as", "ana", "add", "x.txt"]).env("HOSPITAL_RECORD_RELAY", &both).output().unwrap();
    assert_eq!(environment.status.code(), Some(0), "{}", String::from_utf8_lossy(&environment.stderr));
    let account = computer.run_json("ana", &["--relay", &both, "account"]);
    let wrong = computer.run_json("ana", &["--relay", "ftp://relay.example/c0ffee-secret", "list"]);
    wrong.refused(2, "usage");
    let help = computer.command(["--help"]).env("HOSPITAL_RECORD_RELAY", &both).output().unwrap();
    for text in [ran.stderr, String::from_utf8(account.stdout).unwrap(), wrong.stderr, format!("{help:?}")] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn signed_revocation_ends_access_whoever_carries_it_and_once() {
    let computer = anas_computer();
    let lee = befriend(&computer, "lee");
    let id = added(&computer, "x.txt", "x");
    let uri = field(&computer.json("ana", &["list"])[0], "record");
    computer.json("ana", &["grant", "lee"]);
    computer.json("ana", &["grant", "lee", "--record", &id]);
    let history = computer.json("ana", &["history"]).len();
    let signed = computer.json("ana", &["revoke", "lee", "--sign", "-o", "end.txt"]);
    assert_eq!(signed.len(), 2);
    computer.run_json("ana", &["revoke", "lee", "--sign", "-o", "end.txt"]).refused(2, "usage");
    let file = fs::read_to_string(computer.desk().join("end.txt")).unwrap();
    assert_eq!(
        file.lines().collect::<Vec<_>>(),
        [&signed[0]["request"], &signed[1]["request"]].map(|line| line.as_str().unwrap())
    );
    assert_eq!(computer.json("ana", &["history"]).len(), history, "nothing is sent");
    assert_eq!(computer.json("ana", &["grants", "list"]).len(), 2);

    let effects = |objects: &[Value]| objects.iter().map(|object| field(object, "effect")).collect::<Vec<_>>();
    let relay = Node::start(&Anvil::shared(), &[]);
    let stranger = Computer::new(&Anvil::shared(), &Kubo::shared());
    stranger.init("eve");
    fs::write(stranger.desk().join("end.txt"), &file).unwrap();
    stranger.run_json("eve", &["acts", "carry", "end.txt"]).refused(8, "unfunded");
    let carried = stranger.json("eve", &["--relay", &relay.url(), "acts", "carry", "end.txt"]);
    assert_eq!(effects(&carried), ["now", "now"]);
    assert_eq!((&carried[0]["grantee"], &carried[0]["act"]), (&lee.as_str().into(), &"Revoke".into()));
    computer.run_json("lee", &["open", &uri, "-o", "-"]).refused(4, "denied");
    let again = computer.run_with(file.as_bytes(), ["--as", "ana", "--json", "acts", "carry", "-"]).objects();
    assert_eq!(effects(&again), ["before", "before"]);
}

#[test]
fn request_that_is_refused_stops_none_of_the_others() {
    let computer = anas_computer();
    befriend(&computer, "lee");
    let id = added(&computer, "x.txt", "x");
    computer.json("ana", &["grant", "lee"]);
    computer.json("ana", &["grant", "lee", "--record", &id]);
    let signed = computer.json("ana", &["revoke", "lee", "--sign"]);
    let [one, other] = [&signed[0], &signed[1]].map(|object| field(object, "request"));
    computer.file("rubbish.txt", format!("{one}\nrubbish\n"));
    computer.run_json("ana", &["acts", "carry", "rubbish.txt"]).refused(2, "usage");
    assert_eq!(computer.json("ana", &["grants", "list"]).len(), 2, "all lines are read first");

    let elsewhere = one.replacen(":31337:", ":1:", 1);
    computer.file("mixed.txt", format!("{elsewhere}\n{other}\n{one}\n"));
    let ran = computer.run_json("lee", &["acts", "carry", "mixed.txt"]);
    ran.refused(2, "usage");
    let told = String::from_utf8(ran.stdout).unwrap();
    let effects: Vec<String> =
        told.lines().map(|line| field(&serde_json::from_str::<Value>(line).unwrap(), "effect")).collect();
    assert_eq!(effects, ["none", "now", "now"], "without a relay who carries pays");
    assert!(computer.json("ana", &["grants", "list"]).is_empty());
}

#[test]
fn signed_revocation_is_a_line_of_text_and_a_qr_code() {
    let computer = anas_computer();
    befriend(&computer, "lee");
    computer.json("ana", &["grant", "lee", "--folder", "blood", "--new-folder"]);
    let ran = computer.run(["--as", "ana", "revoke", "lee", "--sign", "--folder", "blood", "--qr"]);
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(
        text.contains('█') && text.lines().last().unwrap().starts_with("hospital-record-request:31337:0x"),
        "{text}"
    );
    assert!(ran.stderr.contains("Nothing has ended yet"), "{}", ran.stderr);
    computer.run_json("ana", &["revoke", "lee", "--sign", "--folder", "other"]).refused(3, "not-found");
    computer.run_json("ana", &["revoke", "lee", "--qr"]).refused(2, "usage");
}

//! Every way in which the program says no: its exit code, its error, and that nothing was left behind.

use std::{fs, os::unix::fs::PermissionsExt};

use hospital_record::alloy::sol_types::SolEvent;
use hospital_record_contracts::IHospitalRecord::RecordAdded;
use hospital_record_tests::{
    anvil::Anvil,
    faults,
    kubo::Kubo,
    program::{Computer, field},
    proxy::Proxy,
};

use super::{added, anas_computer, befriend};

const NOBODY: &str = "0x00000000000000000000000000000000000000aa";
const NO_HEAD: &str = "0x0000000000000000000000000000000000000000000000000000000000000000";

#[test]
fn wrong_usage_is_2() {
    let computer = anas_computer();
    let lee = befriend(&computer, "dr-lee");
    let ana = computer.address("ana");
    let swap = |c: char| if c.is_uppercase() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() };
    let wrong_checksum = format!("0x{}", lee[2..].chars().map(swap).collect::<String>());
    fs::create_dir(computer.desk().join("folder")).unwrap();
    let usage: [&[&str]; 17] = [
        &["add"],
        &["add", "x", "--colour", "red"],
        &["add", "folder"],
        &["add", "--confidentiality", "X", "folder"],
        &["grant", "0x12"],
        &["grant", &wrong_checksum],
        &["grant", &ana],
        &["grant", "dr-lee", "--until", "2020-01-01"],
        &["grant", "dr-lee", "--until", "2027-02-30"],
        &["grant", "dr-lee", "--until", "soon"],
        &["grant", "dr-lee", "--purpose", "curiosity"],
        &["open", "0x12"],
        &["contacts", "add", "eve", "hospital-record-card:1:2"],
        &["history", "0x123"],
        &["--store", "memory:", "list"],
        &["--store", "file:///nowhere/records", "list"],
        &["verify", "--head", NO_HEAD],
    ];
    for args in usage {
        computer.run_json("ana", args).refused(2, "usage");
    }
}

#[test]
fn missing_file_contact_or_record_exits_with_3() {
    let computer = anas_computer();
    let unregistered = computer.init("nobody");
    let missing: [&[&str]; 8] = [
        &["add", "missing.pdf"],
        &["contacts", "add", "eve", "eve.card"],
        &["grant", "dr-who"],
        &["grant", &unregistered],
        &["open", "0x1234abcd"],
        &["open", "bafyreinobodyhasthis"],
        &["contacts", "remove", "dr-who"],
        &["revoke", NOBODY],
    ];
    for args in missing {
        computer.run_json("ana", args).refused(3, "not-found");
    }
    assert_eq!(computer.run(["--as", "stranger", "account"]).code, Some(3), "no such person on this computer");
}

#[test]
fn history_that_does_not_check_and_a_changed_key_are_5() {
    let computer = anas_computer();
    added(&computer, "x.txt", "x");
    let head = format!("0x{}", "17".repeat(32));
    computer.run_json("ana", &["verify", "--head", &head]).refused(5, "integrity");
    let (lee, eve) = (befriend(&computer, "dr-lee"), befriend(&computer, "eve"));
    // A card with Dr Lee's address and the keys of somebody else.
    let card = |person: &str| field(&computer.json(person, &["account", "--card"])[0], "card");
    let mut forged: Vec<String> = card("dr-lee").split(':').map(str::to_owned).collect();
    forged[4] = card("eve").split(':').nth(4).unwrap().to_owned();
    let ran = computer.run_json("ana", &["contacts", "add", "doctor", &forged.join(":")]);
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    assert_ne!(lee, eve);
}

#[test]
fn unreadable_patient_is_reported_in_the_list_of_received_grants() {
    let (anvil, kubo, ana) = (Anvil::shared(), Kubo::shared(), anas_computer());
    let proxy = Proxy::before(anvil.address());
    let practice = Computer::with_servers(&proxy.url(), &kubo.url());
    anvil.fund(practice.init("lee"));
    let card = field(&practice.json("lee", &["account", "--card"])[0], "card");
    ana.json("ana", &["contacts", "add", "lee", &card]);
    added(&ana, "x.txt", "x");
    ana.json("ana", &["grant", "lee"]);
    proxy.rule(faults::hide_logs(|log| log["topics"][0].as_str() == Some(&RecordAdded::SIGNATURE_HASH.to_string())));
    let patient = serde_json::Value::from(ana.address("ana"));
    let told = practice.json("lee", &["shared"]);
    assert_eq!((&told[0]["type"], &told[0]["patient"]), (&"unreadable".into(), &patient));
    assert!(field(&told[0], "reason").contains("head"), "{}", told[0]);
    let text = practice.run(["--as", "lee", "--quiet", "shared"]).stderr;
    assert!(text.contains("cannot be read"), "{text}");
}

#[test]
fn servers_that_are_down_are_6() {
    let anvil = Anvil::shared();
    let computer = Computer::with_servers(&anvil.url(), "kubo+http://127.0.0.1:1");
    anvil.fund(computer.init("ana"));
    computer.file("x.txt", "x");
    computer.run_json("ana", &["--timeout", "2", "add", "x.txt"]).refused(6, "unreachable");
    let computer = Computer::with_servers("http://127.0.0.1:1", &Kubo::shared().url());
    computer.init("ana");
    computer.run_json("ana", &["--timeout", "2", "list"]).refused(6, "unreachable");
}

#[test]
fn an_export_is_whole_or_not_there() {
    let computer = anas_computer();
    let id = added(&computer, "x.txt", "x");
    fs::create_dir(computer.desk().join("out")).unwrap();
    for name in ["README.txt", "keyset.json", "content.tink"] {
        let mine = computer.file(&format!("out/{name}"), "mine");
        let ran = computer.run_json("ana", &["open", &id, "--export", "out"]);
        ran.refused(2, "usage");
        assert!(ran.stderr.contains(name), "{}", ran.stderr);
        assert_eq!(fs::read_dir(computer.desk().join("out")).unwrap().count(), 1, "{name}");
        assert_eq!(fs::read(&mine).unwrap(), b"mine");
        fs::remove_file(mine).unwrap();
    }
    computer.json("ana", &["open", &id, "--export", "out"]);
}

#[test]
fn known_facts_are_printed_before_an_unreachable_store_exits_with_6() {
    let computer = anas_computer();
    befriend(&computer, "lee");
    let id = added(&computer, "x.txt", "x");
    computer.json("ana", &["grant", "lee"]);
    let told = |who: &str, verb: &str| {
        // A new machine: nothing was fetched before.
        fs::remove_dir_all(computer.home().join("state")).unwrap();
        let ran = computer.run_json(who, &["--store", "kubo+http://127.0.0.1:1", verb]);
        ran.refused(6, "unreachable");
        let text = String::from_utf8(ran.stdout).unwrap();
        serde_json::from_str::<serde_json::Value>(text.lines().next().unwrap_or_default()).unwrap()
    };
    let record = told("ana", "list");
    assert_eq!(
        (&record["id"], &record["readable"], &record["kind"]),
        (&id.into(), &false.into(), &"unreachable".into())
    );
    for (who, verb, known) in
        [("ana", "folders", "records"), ("ana", "grants", "grantee"), ("lee", "shared", "patient")]
    {
        let object = told(who, verb);
        assert_eq!(object["unavailable"], "unreachable", "{verb}: {object}");
        assert!(!object[known].is_null(), "{verb}: {object}");
    }
    let empty = computer.run_json("ana", &["--store", "kubo+http://127.0.0.1:1", "list", "--folder", "other"]);
    assert_eq!(empty.code, Some(0), "{}", empty.stderr);
}

#[test]
fn key_files_are_private_and_need_their_password() {
    let computer = anas_computer();
    let key = computer.home().join("people/ana/key.json");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(&key).unwrap();
    computer.run_json("ana", &["init"]).refused(7, "key-file");
    assert_eq!(fs::read(&key).unwrap(), before, "never overwritten");

    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    computer.run_json("ana", &["list"]).refused(7, "key-file");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(computer.password_file(), "wrong\n").unwrap();
    computer.run_json("ana", &["list"]).refused(7, "key-file");
    fs::write(computer.password_file(), "correct horse battery staple\n").unwrap();
    fs::write(&key, &before[..before.len() / 2]).unwrap();
    computer.run_json("ana", &["list"]).refused(7, "key-file");
    fs::write(&key, before).unwrap();
    computer.json("ana", &["list"]);
}

#[test]
fn empty_purse_is_8_and_says_what_is_needed() {
    let computer = Computer::new(&Anvil::shared(), &Kubo::shared());
    let ana = computer.init("ana");
    computer.file("x.txt", "x");
    let ran = computer.run_json("ana", &["add", "x.txt"]);
    ran.refused(8, "unfunded");
    assert!(ran.stderr.contains(&ana) && ran.stderr.contains("needed_wei"), "{}", ran.stderr);
}

#[test]
fn wrong_chain_contract_and_code_are_refused() {
    let (empty, kubo) = (Anvil::empty(31337), Kubo::shared());
    let computer = Computer::new(&empty, &kubo);
    computer.init("ana");
    let ran = computer.run_json("ana", &["list"]);
    ran.refused(5, "wrong-contract");
    assert!(ran.stderr.contains(Anvil::contract()), "{}", ran.stderr);
}

#[test]
fn settings_come_from_flag_then_environment_then_file() {
    let computer = anas_computer();
    let config = computer.home().join("config.toml");
    fs::write(&config, "as = \"ana\"\nrpc-url = \"http://127.0.0.1:1\"\ntimeout = 2\n").unwrap();
    assert_eq!(computer.run(["account"]).code, Some(0), "the environment wins over the file");
    assert_eq!(computer.run(["--rpc-url", "http://127.0.0.1:1", "account"]).code, Some(6), "the flag over both");
    let without = computer.command(["account"]).env_remove("ETH_RPC_URL").output().unwrap();
    assert_eq!(without.status.code(), Some(6), "the file where nothing else is said");
    fs::write(&config, "rpc-ulr = \"http://127.0.0.1:1\"\n").unwrap();
    let ran = computer.run(["account"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("rpc-ulr"), "{ran:?}");
}

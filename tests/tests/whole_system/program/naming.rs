//! Who and what is meant by a name, and whom a name cannot be made to mean.

use std::{net::TcpListener, time::Instant};

use hospital_record::{Address, alloy::sol_types::SolCall};
use hospital_record_contracts::IHospitalRecord::addRecordCall;
use hospital_record_tests::{
    anvil::Anvil,
    kubo::Kubo,
    program::{Computer, field},
};
use serde_json::{Value, json};

use super::{added, anas_computer, befriend};

/// `who` puts an id of somebody else's into a folder of this patient, past our client.
fn copies(who: &str, id: &str, patient: &str, folder: u64) {
    let (anvil, patient) = (Anvil::shared(), patient.parse::<Address>().unwrap());
    let folder = hospital_record::alloy::primitives::aliases::U40::from(folder);
    let call = addRecordCall { patient, folder, id: id.parse().unwrap(), keyChanges: Default::default() };
    anvil.rpc("anvil_impersonateAccount", json!([who]));
    let data = format!("0x{}", hex::encode(call.abi_encode()));
    assert!(anvil.try_send(json!({"from": who, "to": Anvil::contract(), "data": data, "gas": "0x7a120"})).is_some());
}

#[test]
fn records_are_named_by_uri_cid_or_unique_beginning() {
    let computer = anas_computer();
    for content in ["x", "y"] {
        computer.file(content, content);
        let record = computer.json("ana", &["add", content]).remove(0);
        let (id, cid, uri) = (field(&record, "id"), field(&record, "cid"), field(&record, "record"));
        for name in [&id[..], &id[2..], &id[..18], &id[2..18], &cid, &cid[..24], &uri] {
            assert_eq!(computer.run(["--as", "ana", "open", name, "-o", "-"]).stdout, content.as_bytes(), "{name}");
        }
    }
}

#[test]
fn copied_id_does_not_open_in_place_of_the_original() {
    let computer = anas_computer();
    let eve = befriend(&computer, "eve");
    let id = added(&computer, "x.txt", "x");
    let uri = field(&computer.json("ana", &["list"])[0], "record");
    let ana_card = field(&computer.json("ana", &["account", "--card"])[0], "card");
    computer.json("eve", &["contacts", "add", "ana", &ana_card]);
    computer.json("eve", &["grant", "ana"]);
    copies(&eve, &id, &eve, 7);

    let ran = computer.run_json("ana", &["open", &id, "-o", "-"]);
    ran.refused(2, "usage");
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    let message = field(&error, "message");
    assert!(message.contains(&uri) && message.contains(&eve) && message.contains("--patient"), "{message}");
    for args in [&["open", &uri, "-o", "-"][..], &["open", &id, "--patient", "ana", "-o", "-"]] {
        assert_eq!(computer.run(["--as", "ana"].iter().chain(args)).stdout, b"x");
    }
    // Only a patient grants access to a record: nobody else's are looked at.
    assert_eq!(computer.json("ana", &["grant", "eve", "--record", &id])[0]["record"], uri.as_str());
    assert_eq!(computer.json("ana", &["revoke", "eve", "--record", &id])[0]["ended"], 1);
}

#[test]
fn history_does_not_give_a_copied_id_the_name_of_the_original() {
    let computer = anas_computer();
    let eve = befriend(&computer, "eve");
    let id = added(&computer, "x.txt", "x");
    computer.json("ana", &["grant", "eve", "--contribute"]);
    let ana = field(&computer.json("ana", &["list"])[0], "patient");
    let folder = computer.json("ana", &["folders"])[0]["number"].as_u64().unwrap();
    copies(&eve, &id, &ana, folder);

    let told = computer.json("ana", &["history"]);
    let added: Vec<String> =
        told.iter().filter(|entry| entry["action"] == "record-added").map(|entry| field(entry, "text")).collect();
    let [genuine, copy] = &added[..] else { panic!("{added:?}") };
    assert!(genuine.contains("x.txt"), "{genuine}");
    assert!(copy.starts_with("eve") && copy.contains(&id) && !copy.contains("x.txt"), "{copy}");

    let ran = computer.run_json("ana", &["replace", &id, "--entered-in-error"]);
    ran.refused(2, "usage");
    assert!(ran.stderr.contains("ana") && ran.stderr.contains("eve"), "named as they are known: {}", ran.stderr);
    computer.json("ana", &["replace", &id, "--entered-in-error", "--author", "eve"]);
    for listed in computer.json("ana", &["list"]) {
        let (author, status) = (field(&listed, "author"), field(&listed, "status"));
        assert_eq!(status, if author == eve { "entered-in-error" } else { "current" }, "{listed}");
    }
}

#[test]
fn no_contact_is_called_like_an_address_or_oneself() {
    let computer = anas_computer();
    let lee = computer.init("lee");
    Anvil::shared().fund(&lee);
    let card = field(&computer.json("lee", &["account", "--card"])[0], "card");
    for name in [&lee[..], "0xlee", "0Xlee", " 0x", "ana", " ana "] {
        computer.run_json("ana", &["contacts", "add", name, &card]).refused(2, "usage");
    }
    let own = field(&computer.json("ana", &["account", "--card"])[0], "card");
    computer.run_json("ana", &["contacts", "add", "me-too", &own]).refused(2, "usage");
    assert!(computer.json("ana", &["contacts", "list"]).is_empty());
    // A grant may have brought such a name from another app: it is a name for nobody else.
    assert_eq!(computer.json("ana", &["list", "--patient", "ana"]), Vec::<Value>::new());
}

#[test]
fn access_of_an_address_ends_without_a_word_of_the_store() {
    let computer = anas_computer();
    let lee = befriend(&computer, "dr-lee");
    computer.json("ana", &["grant", &lee]);
    // Another machine, which knows no contact, and a store that takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let store = format!("kubo+http://{}", silent.local_addr().unwrap());
    std::fs::remove_dir_all(computer.home().join("state")).unwrap();
    let started = Instant::now();
    let args = ["--store", &store, "--timeout", "20", "revoke", &lee, "--in-a-hurry"];
    let revoked = &computer.json("ana", &args)[0];
    assert!(started.elapsed().as_secs() < 15, "{:?}", started.elapsed());
    assert_eq!((&revoked["ended"], &revoked["name"]), (&1.into(), &Value::Null));
    assert!(computer.json("ana", &["grants"]).is_empty());
}

#[test]
fn an_address_is_granted_with_the_keys_on_its_card() {
    let computer = Computer::new(&Anvil::shared(), &Kubo::shared());
    Anvil::shared().fund(computer.init("ana"));
    let lee = befriend(&computer, "dr-lee");
    assert_eq!(computer.json("ana", &["grant", &lee])[0]["name"], "dr-lee");
}

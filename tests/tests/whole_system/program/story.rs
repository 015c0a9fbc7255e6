//! The main job, and everything that people can do with their records.

use std::fs;

use hospital_record_tests::{
    anvil::Anvil,
    data,
    kubo::Kubo,
    program::{Computer, field},
};

use super::{added, anas_computer, befriend, of_type};

#[test]
fn patient_shares_files_with_a_doctor_and_takes_them_back() {
    let (home, practice) = (anas_computer(), Computer::new(&Anvil::shared(), &Kubo::shared()));
    Anvil::shared().fund(practice.init("lee"));
    let ana = home.address("ana");
    let card = field(&practice.json("lee", &["account", "--card"])[0], "card");
    home.json("ana", &["contacts", "add", "dr-lee", &card]);

    let scan = data::sample("ct-chest.dcm");
    let report = data::sample("lab-report.json");
    let args = [
        "add",
        scan.to_str().unwrap(),
        report.to_str().unwrap(),
        "--folder",
        "cardiology",
        "--new-folder",
        "--type",
        "11502-2",
    ];
    let records = home.json("ana", &args);
    assert_eq!(
        records.iter().map(|record| field(record, "name")).collect::<Vec<_>>(),
        ["ct-chest.dcm", "lab-report.json"]
    );
    assert_eq!(records[0]["media_type"], "application/dicom");
    let granted = &home.json("ana", &["grant", "dr-lee", "--folder", "cardiology", "--purpose", "treatment"])[0];
    assert_eq!((&granted["purpose_code"], &granted["rights"][0]), (&"TREAT".into(), &"read".into()));

    let shared = practice.json("lee", &["grants", "received"]);
    assert_eq!(shared[0]["folder"], "cardiology");
    assert_eq!(shared.last().unwrap()["complete"], false);
    let uri = field(&records[0], "record");
    let opened = &practice.json("lee", &["open", &uri])[0];
    assert_eq!((&opened["logged"], &opened["output"]), (&true.into(), &"ct-chest.dcm".into()));
    assert_eq!(fs::read(practice.desk().join("ct-chest.dcm")).unwrap(), fs::read(&scan).unwrap());
    assert_eq!(practice.json("lee", &["list", "--patient", &ana]).len(), 2);

    assert_eq!(home.json("ana", &["revoke", "dr-lee"])[0]["ended"], 1);
    let later = added(&home, "later.txt", "later");
    practice.run_json("lee", &["open", &uri, "--force"]).refused(4, "denied");
    assert!(home.json("ana", &["grants", "list"]).is_empty());
    assert!(home.json("ana", &["grants", "list", "--all"]).is_empty(), "the history keeps what was ended");

    let history = home.json("ana", &["history"]);
    let actions: Vec<_> = of_type(&history, "entry").iter().map(|entry| field(entry, "action")).collect();
    let expected = [
        "profile-set",
        "record-added",
        "record-added",
        "access-granted",
        "record-read",
        "access-revoked",
        "record-added",
    ];
    assert_eq!(actions, expected);
    let statement = history.last().unwrap();
    assert_eq!((&statement["complete"], &statement["proven"]), (&true.into(), &false.into()));
    let proven = practice.json("lee", &["verify", &ana, "--head", &field(statement, "head")]);
    assert_eq!(proven[0]["proven"], true);
    assert!(!later.is_empty());
}

#[test]
fn laboratory_contributes_and_the_patient_syncs() {
    let computer = anas_computer();
    befriend(&computer, "lab");
    let ana = computer.address("ana");
    computer.json("ana", &["grant", "lab", "--folder", "blood", "--new-folder", "--contribute-only"]);
    computer.file("result.json", "{}");
    let record = &computer.json("lab", &["add", "result.json", "--for", &ana, "--folder", "blood"])[0];
    computer.run_json("lab", &["open", &field(record, "record"), "-o", "x"]).refused(4, "denied");
    assert_eq!(computer.json("ana", &["list"])[0]["held_by_author_only"], true);
    assert_eq!(computer.json("ana", &["sync"])[0]["copied"], 1);
    assert_eq!(computer.json("ana", &["list"])[0]["held_by_author_only"], false);
}

#[test]
fn replaced_record_and_error_are_marked() {
    let computer = anas_computer();
    let first = added(&computer, "first.txt", "first");
    computer.file("second.txt", "second");
    let second = field(&computer.json("ana", &["replace", &first, "second.txt"])[0], "id");
    computer.json("ana", &["replace", &second, "--entered-in-error"]);
    let listed = computer.json("ana", &["list"]);
    let status: Vec<_> = listed.iter().map(|record| (field(record, "id"), field(record, "status"))).collect();
    assert_eq!(status, [(second, "entered-in-error".into()), (first, "superseded".into())]);
}

#[test]
fn phrase_restores_the_records_on_another_computer() {
    let computer = Computer::new(&Anvil::shared(), &Kubo::shared());
    let person = computer.new_person("ana");
    Anvil::shared().fund(field(&person, "address"));
    added(&computer, "letter.txt", "kept");
    befriend(&computer, "dr-lee");
    computer.json("ana", &["grant", "dr-lee"]);
    let phrase = field(&person, "phrase");

    let new = Computer::new(&Anvil::shared(), &Kubo::shared());
    let restored = new.run_with(phrase.as_bytes(), ["--as", "ana", "--json", "init", "--restore"]).objects();
    assert_eq!((&restored[0]["address"], &restored[0]["phrase"]), (&person["address"], &serde_json::Value::Null));
    assert_eq!(new.json("ana", &["list"])[0]["name"], "letter.txt");
    assert_eq!(new.json("ana", &["grants", "list"])[0]["name"], "dr-lee");
    let swapped = phrase.replacen(' ', " zzzz ", 1);
    let ran = new.run_with(swapped.as_bytes(), ["--as", "other", "--json", "init", "--restore"]);
    ran.refused(7, "key-file");
    assert!(!ran.stderr.contains("zzzz"), "a phrase is never repeated");
}

#[test]
fn record_is_encrypted_again_and_access_is_given_up() {
    let computer = anas_computer();
    let ana = befriend(&computer, "dr-lee");
    let old = added(&computer, "x.txt", "x");
    computer.json("ana", &["grant", "dr-lee", "--confidentiality", "R"]);
    computer.json("ana", &["grant", "dr-lee", "--record", &old]);
    assert_eq!(computer.json("ana", &["grants", "list"])[1]["confidentiality"], "R");
    let new = &computer.json("ana", &["reencrypt", &old])[0];
    assert_eq!((&new["type"], &new["size"]), (&"reencrypted".into(), &1.into()));
    assert_eq!(computer.run(["--as", "ana", "open", &field(new, "id"), "-o", "-"]).stdout, b"x");
    computer.run_json("ana", &["replace", &old, "--", "x.txt"]).refused(2, "usage");

    let patient = computer.address("ana");
    computer.run_json("dr-lee", &["grants", "renounce", &patient, "--folder", "other"]).refused(3, "not-found");
    let one =
        computer.json("dr-lee", &["grants", "renounce", &patient, "--folder", "personal", "--confidentiality", "R"]);
    assert_eq!((one.len(), &one[0]["scope"], &one[0]["confidentiality"]), (1, &"folder".into(), &"R".into()));
    let rest = computer.json("dr-lee", &["grants", "renounce", &patient]);
    assert_eq!((rest.len(), &rest[0]["scope"]), (1, &"record".into()));
    assert!(computer.json("ana", &["grants", "list"]).is_empty());
    assert_ne!(ana, patient);
}

#[test]
fn revocation_in_a_hurry_and_rotation_move_the_keys() {
    let computer = anas_computer();
    befriend(&computer, "dr-lee");
    computer.json("ana", &["grant", "dr-lee"]);
    assert_eq!(computer.json("ana", &["revoke", "dr-lee", "--in-a-hurry"])[0]["keys_moved"], false);
    let rotated = &computer.json("ana", &["folders", "rotate"])[0];
    assert_eq!((&rotated["type"], &rotated["folder"]), (&"rotated".into(), &"personal".into()));
    assert_eq!(rotated["left_out"], serde_json::json!([]));
    assert!(rotated["gas"].as_u64().is_some_and(|gas| gas > 21_000) && field(rotated, "tx").starts_with("0x"));
}

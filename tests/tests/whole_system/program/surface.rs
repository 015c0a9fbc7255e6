//! What the program prints, and how things are named.

use hospital_record_tests::program::field;

use super::{added, anas_computer, befriend};

#[test]
fn json_has_the_documented_fields() {
    let computer = anas_computer();
    let ana = &computer.json("ana", &["account"])[0];
    for name in ["name", "address", "balance_wei", "contract", "rpc", "store"] {
        field(ana, name);
    }
    assert!(ana["chain"].is_u64());
    computer.file("x.pdf", "%PDF-1.4\n");
    let added = &computer.json("ana", &["add", "x.pdf", "--keyword", "ecg", "--description", "of today"])[0];
    for name in ["record", "id", "cid", "patient", "name", "media_type", "folder", "confidentiality", "tx"] {
        field(added, name);
    }
    assert_eq!((&added["media_type"], &added["size"]), (&"application/pdf".into(), &9.into()));
    assert!(added["gas"].as_u64().is_some_and(|gas| gas > 20_000));
    let listed = &computer.json("ana", &["list"])[0];
    assert_eq!((&listed["keywords"][0], &listed["description"]), (&"ecg".into(), &"of today".into()));
    assert_eq!((&listed["readable"], &listed["reason"]), (&true.into(), &serde_json::Value::Null));
    let folder = &computer.json("ana", &["folders"])[0];
    assert_eq!((&folder["name"], &folder["records"]), (&"personal".into(), &1.into()));
}

#[test]
fn bare_date_ends_with_that_day_in_the_local_zone() {
    let computer = anas_computer();
    befriend(&computer, "dr-lee");
    let expires = |args: &[&str]| {
        let grant = [&["grant", "dr-lee"], args].concat();
        computer.json("ana", &grant)[0]["expires"].clone()
    };
    assert_eq!(expires(&["--until", "2099-01-31"]), "2099-02-01T00:00:00Z");
    assert_eq!(expires(&["--until", "2099-01-31", "--tz", "Europe/Berlin"]), "2099-01-31T23:00:00Z");
    assert_eq!(expires(&["--until", "2099-01-31T12:00:00+01:00"]), "2099-01-31T11:00:00Z");
    assert!(expires(&["--until", "never"]).is_null());
}

#[test]
fn help_and_completions_need_no_server_and_no_key() {
    let computer = hospital_record_tests::program::Computer::with_servers("http://127.0.0.1:1", "memory:");
    for shell in ["bash", "zsh", "fish"] {
        let ran = computer.run(["completions", shell]);
        assert!(ran.code == Some(0) && !ran.stdout.is_empty());
    }
    assert_eq!(computer.run(["--help"]).code, Some(0));
    assert_eq!(computer.run(["--version"]).code, Some(0));
    assert_eq!(computer.run(["frobnicate"]).code, Some(2));
}

#[test]
fn text_for_people_says_what_was_done() {
    let computer = anas_computer();
    befriend(&computer, "dr-lee");
    let id = added(&computer, "x.txt", "x");
    let text = |args: &[&str]| {
        let ran = computer.run(["--as", "ana"].iter().chain(args));
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        String::from_utf8(ran.stdout).unwrap() + &ran.stderr
    };
    assert!(text(&["list"]).contains("x.txt"));
    assert!(text(&["grant", "dr-lee"]).contains("dr-lee"));
    assert!(text(&["grants"]).contains("dr-lee"));
    assert!(text(&["history"]).contains("complete up to"));
    assert!(!text(&["open", &id, "-o", "y.txt"]).contains("0x00"));
}

//! Messages in special cases: a folder's name, a record's name, a place that cannot be written.

use hospital_record_tests::program::{Computer, Ran, field};
use serde_json::json;

use super::{added, anas_computer, befriend, message};

#[test]
fn every_verb_on_a_folder_answers_a_slip_with_what_is_there() {
    let computer = anas_computer();
    befriend(&computer, "lee");
    let (ana, zoe) = (computer.address("ana"), befriend(&computer, "zoe"));
    computer.file("x.txt", "x");
    computer.json("ana", &["add", "x.txt", "--folder", "cardiology", "--new-folder"]);
    computer.json("ana", &["grant", "lee", "--folder", "cardiology", "--delegate"]);
    for folder in ["Cardiology", "cardiolgy", "CARDIOLOGY"] {
        for (who, args) in [
            ("ana", &["revoke", "lee"][..]),
            ("ana", &["revoke", "lee", "--sign"]),
            ("ana", &["rotate", folder]),
            ("lee", &["renounce", &ana]),
        ] {
            let scope = if args.contains(&folder) { &[][..] } else { &["--folder", folder] };
            let ran = computer.run_json(who, &[args, scope].concat());
            ran.refused(3, "not-found");
            assert!(message(&ran).contains("did you mean cardiology?"), "{args:?} {folder}: {}", ran.stderr);
        }
        for (who, args) in [("ana", &["list"][..]), ("lee", &["list", "--patient", &ana])] {
            let ran = computer.run_json(who, &[args, &["--folder", folder]].concat());
            ran.refused(3, "not-found");
            assert!(message(&ran).contains("did you mean cardiology?"), "{who} {folder}: {}", ran.stderr);
            let ran = computer.run([&["--as", who], args, &["--folder", folder]].concat());
            assert!(ran.code == Some(3) && ran.stdout.is_empty(), "{who} {folder}: {}", ran.stderr);
        }
        for args in [&["add", "x.txt", "--for", &ana][..], &["grant", &zoe, "--patient", &ana]] {
            let ran = computer.run_json("lee", &[args, &["--folder", folder]].concat());
            ran.refused(4, "denied");
            assert!(message(&ran).contains("did you mean cardiology?"), "{args:?} {folder}: {}", ran.stderr);
        }
    }
}

#[test]
fn a_folder_that_is_there_is_listed_though_nothing_is_in_it() {
    let computer = anas_computer();
    befriend(&computer, "lee");
    let ana = computer.address("ana");
    added(&computer, "x.txt", "x");
    computer.json("ana", &["grant", "lee", "--folder", "new", "--new-folder"]);
    for (who, args) in [
        ("ana", &["list", "--folder", "new"][..]),
        ("ana", &["list", "--folder", "personal", "--name", "nothing"]),
        ("ana", &["list", "--name", "nothing"]),
        ("lee", &["list", "--folder", "personal"]),
        ("lee", &["list", "--patient", &ana, "--folder", "new"]),
    ] {
        assert!(computer.json(who, args).is_empty(), "{who} {args:?}");
    }
    computer.run_json("ana", &["list", "--folder", "knew"]).refused(3, "not-found");
    computer.run_json("lee", &["rotate"]).refused(3, "not-found");
    let ran = computer.run_json("lee", &["list", "--patient", &ana, "--folder", "other"]);
    ran.refused(3, "not-found");
    assert!(message(&ran).contains("There are: new (N)"), "{}", ran.stderr);
}

#[test]
fn nothing_is_called_by_a_blank_name_and_made_tomorrow() {
    let computer = anas_computer();
    computer.file("x.txt", "x");
    for args in [
        &["add", "x.txt", "--name", ""][..],
        &["add", "x.txt", "--keyword", " "],
        &["add", "x.txt", "--folder", ""],
        &["add", "x.txt", "--created", "2999-01-31"],
        &["list", "--folder", ""],
        &["requests", "--by", ""],
        &["contacts", "remove", ""],
    ] {
        computer.run_json("ana", args).refused(2, "usage");
    }
    assert!(computer.json("ana", &["list"]).is_empty());
}

#[test]
fn patient_who_carries_a_revocation_sees_the_name_of_the_folder() {
    let computer = anas_computer();
    befriend(&computer, "lee");
    computer.file("x.txt", "x");
    computer.json("ana", &["add", "x.txt", "--folder", "cardiology", "--new-folder"]);
    computer.json("ana", &["grant", "lee", "--folder", "cardiology"]);
    computer.json("ana", &["revoke", "lee", "--sign", "-o", "end.txt"]);
    for (who, told) in [("ana", "to folder cardiology"), ("lee", "to folder number")] {
        let ran = computer.run(["--as", who, "carry", "end.txt"]);
        let words = String::from_utf8(ran.stdout).unwrap();
        assert!(ran.code == Some(0) && words.contains(told), "{who}: {words}{}", ran.stderr);
    }
}

#[test]
fn a_plain_grant_to_the_asker_answers_both_requests() {
    let computer = anas_computer();
    befriend(&computer, "lee");
    let ana = computer.address("ana");
    computer.json("ana", &["account", "--card"]);
    let ask = |why: &str| {
        computer.file(why, why);
        field(&computer.json("lee", &["ask", &ana, "--reason", why])[0], "id")
    };
    let (first, second) = (ask("one"), ask("two"));
    assert_eq!(computer.json("ana", &["requests"]).len(), 2);
    added(&computer, "x.txt", "x");
    computer.json("ana", &["grant", "lee"]);
    assert!(computer.json("ana", &["requests"]).is_empty());
    for id in [&first, &second] {
        let ran = computer.run_json("ana", &["answer", id]);
        ran.refused(3, "not-found");
        assert!(message(&ran).contains("answered by a grant to the asker since"), "{}", ran.stderr);
    }
    computer.run_json("lee", &["withdraw-request", &ana, &first[..10]]).refused(2, "usage");
}

#[test]
fn grant_reports_the_grant_that_it_replaces() {
    let computer = anas_computer();
    befriend(&computer, "lee");
    added(&computer, "x.txt", "x");
    let grant = |more: &[&str]| computer.json("ana", &[&["grant", "lee"], more].concat()).remove(0);
    let first = grant(&["--until", "2y"]);
    assert_eq!(first["replaced"], json!(null));
    let shorter = grant(&["--until", "1d", "--purpose", "research"]);
    let expected = json!({
        "rights": ["read"], "expires": first["expires"], "purpose": "treatment", "purpose_code": "TREAT",
    });
    assert_eq!(shorter["replaced"], expected);
    let ran = computer.run(["--as", "ana", "grant", "lee", "--until", "never"]);
    assert!(ran.stderr.contains("replaces an earlier grant: to read it for research, until "), "{}", ran.stderr);
    computer.json("ana", &["revoke", "lee"]);
    assert_eq!(grant(&[])["replaced"], json!(null), "what has ended is not replaced");
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_the_reading_is_logged() {
    let computer = anas_computer();
    befriend(&computer, "lee");
    let id = added(&computer, "x.txt", "x");
    computer.json("ana", &["grant", "lee"]);
    let entries = computer.json("ana", &["history"]).len();
    for place in ["new/", "new/x.txt", ".", "..", "new/.."] {
        let ran = computer.run_json("lee", &["open", &id, "-o", place]);
        ran.refused(2, "usage");
        assert!(!message(&ran).contains("--force"), "{place}: {}", ran.stderr);
    }
    assert_eq!(computer.json("ana", &["history"]).len(), entries);
}

/// Nobody, with a home that can never be: a path through a file.
fn without_home(computer: &Computer, args: &[&str]) -> Ran {
    let file = computer.file("a-file", "x");
    let home = file.join("home");
    computer.run([&["--home", home.to_str().unwrap()], args].concat())
}

#[test]
fn an_auditor_needs_no_place_to_write() {
    let computer = anas_computer();
    let ana = computer.address("ana");
    added(&computer, "x.txt", "x");
    for args in [&["verify", &ana][..], &["history", &ana], &["completions", "bash"]] {
        let ran = without_home(&computer, args);
        assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.stderr);
    }
    let ran = without_home(&computer, &["--as", "kim", "init"]);
    assert!(ran.code != Some(0) && ran.stderr.contains("--home names another folder"), "{}", ran.stderr);
}

#[test]
fn a_revocation_that_cannot_begin_says_that_access_has_not_ended() {
    let computer = anas_computer();
    befriend(&computer, "lee");
    added(&computer, "x.txt", "x");
    computer.json("ana", &["grant", "lee"]);
    let cache = computer.home().join("state/cache.redb");
    std::fs::write(&cache, "").unwrap();
    let ran = computer.run_json("ana", &["revoke", "lee"]);
    assert!(message(&ran).starts_with("access has not ended: "), "{}", ran.stderr);
    computer.run_json("ana", &["--rpc-url", "http://127.0.0.1:9", "revoke", "lee"]).refused(6, "unreachable");
}

#[cfg(target_os = "linux")]
#[test]
fn act_that_took_effect_says_so_even_if_its_output_cannot_be_written() {
    let computer = anas_computer();
    befriend(&computer, "lee");
    added(&computer, "x.txt", "x");
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let entries = || computer.json("ana", &["history"]).len();
    for args in [&["add", "x.txt"][..], &["grant", "lee"], &["rotate", "personal"], &["revoke", "lee"]] {
        for json in [&[][..], &["--json"]] {
            let before = entries();
            let output = computer.command([&["--as", "ana"], json, args].concat()).stdout(full()).output().unwrap();
            let told = String::from_utf8(output.stderr).unwrap();
            if args[0] == "revoke" && !json.is_empty() {
                assert_eq!(output.status.code(), Some(3), "it has ended: {told}");
                continue;
            }
            assert_eq!(output.status.code(), Some(1), "{args:?}: {told}");
            assert!(told.contains("it took effect in transaction 0x") && told.contains("do not repeat it"), "{told}");
            assert!(!told.contains("then repeat"), "{told}");
            assert_eq!(json.is_empty(), !told.contains("\"tx\":\"0x"), "{told}");
            assert!(entries() > before, "{args:?}");
        }
    }
}

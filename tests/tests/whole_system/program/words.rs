//! What people type and read: names of contacts, records and folders.

use std::time::Duration;

use hospital_record_tests::{
    anvil::Anvil,
    kubo::Kubo,
    program::{Computer, field},
};

use super::{added, anas_computer, befriend, befriend_on, message, of_type};

/// The card of somebody with keys here, who can pay.
fn card(computer: &Computer, person: &str) -> String {
    Anvil::shared().fund(computer.init(person));
    field(&computer.json(person, &["account", "--card"])[0], "card")
}

#[test]
fn a_contact_has_one_spelling_and_no_twin() {
    let computer = anas_computer();
    let (jose, eve) = (card(&computer, "jose"), card(&computer, "eve"));
    let address = computer.address("jose");
    computer.json("ana", &["contacts", "add", "Jos\u{e9}", &jose]);
    for typed in ["Jos\u{e9}", "Jose\u{301}", " Jos\u{e9} "] {
        assert_eq!(computer.json("ana", &["grant", typed])[0]["grantee"], address.as_str(), "{typed:?}");
    }
    for twin in [
        "Jose\u{301}",
        "Jos\u{e9}",
        "jos\u{e9}",
        "Jo\u{455}\u{e9}",
        "Jos\u{e9}\u{200b}",
        "\u{202e}x",
        "\u{430}n\u{430}",
    ] {
        computer.run_json("ana", &["contacts", "add", twin, &eve]).refused(2, "usage");
    }
    let contacts = computer.json("ana", &["contacts", "list"]);
    assert_eq!((contacts.len(), &contacts[0]["name"]), (1, &"Jos\u{e9}".into()));
    let ran = computer.run_json("ana", &["grant", "Jose"]);
    ran.refused(3, "not-found");
    assert!(message(&ran).contains("did you mean Jos\u{e9}?"), "{}", ran.stderr);
}

#[test]
fn a_card_is_read_however_mail_mangled_it() {
    let computer = anas_computer();
    let card = card(&computer, "lee");
    let folded = |width: usize, before: &str, after: &str| -> String {
        let lines = card.as_bytes().chunks(width).map(|line| String::from_utf8_lossy(line).into_owned());
        lines.map(|line| format!("{before}{line}{after}")).collect()
    };
    for text in [
        folded(76, "", "\r\n"),
        folded(72, "> ", "\n"),
        folded(60, ">> ", " \n"),
        folded(75, "", "=\r\n"),
        format!("\u{feff}{card}\r\n"),
        format!("Dear Ana,\nhere is my card:\n\n> {card}\n\nLee"),
    ] {
        let ran = computer.run_with(text.as_bytes(), ["--as", "ana", "contacts", "add", "lee", "-"]);
        assert_eq!(ran.code, Some(0), "{text:?}: {}", ran.stderr);
        let file = computer.file("lee.card", &text);
        computer.json("ana", &["contacts", "add", "lee", file.to_str().unwrap()]);
    }
    let utf16: Vec<u8> = format!("\u{feff}{card}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    computer.file("lee.card", utf16);
    computer.json("ana", &["contacts", "add", "lee", "lee.card"]);
    computer.file("lee.card", &card[..card.len() - 9]);
    computer.run_json("ana", &["contacts", "add", "lee", "lee.card"]).refused(2, "usage");
}

#[test]
fn a_record_is_named_by_its_name_where_that_is_unique() {
    let computer = anas_computer();
    befriend(&computer, "lee");
    let ana = computer.address("ana");
    let id = added(&computer, "report.pdf", "one");
    let open = |who: &str, name: &str| computer.run(["--as", who, "open", name, "-o", "-"]);
    assert_eq!(open("ana", "report.pdf").stdout, b"one");
    computer.json("ana", &["grant", "lee", "--record", "report.pdf"]);
    assert_eq!(open("lee", "report.pdf").stdout, b"one");

    // What took its place is meant from then on.
    computer.file("new/report.pdf".replace('/', "-").as_str(), "two");
    computer.json("ana", &["replace", "report.pdf", "new-report.pdf", "--name", "report.pdf"]);
    assert_eq!(open("ana", "report.pdf").stdout, b"two");
    assert_eq!(open("ana", &id[..12]).stdout, b"one", "by its id the old one is still named");

    // Two of one name are listed, and nothing is guessed.
    added(&computer, "report.pdf", "three");
    let ran = computer.run_json("ana", &["open", "report.pdf", "-o", "-"]);
    ran.refused(2, "usage");
    assert_eq!(message(&ran).matches("hospital-record:").count(), 2, "{}", ran.stderr);
    let ran = computer.run_json("ana", &["open", "reprot.pdf"]);
    ran.refused(3, "not-found");
    assert!(message(&ran).contains("did you mean report.pdf?"), "{}", ran.stderr);

    // People, folders and records are told as they are known.
    let told = computer.run(["--as", "ana", "grants"]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("report.pdf") && told.contains("lee"), "{told}");
    computer.json("ana", &["revoke", "lee"]);
    let ran = computer.run_json("lee", &["list", "--patient", &ana]);
    ran.refused(4, "denied");
    assert!(
        message(&ran).contains("lee may not") && !message(&ran).contains(&computer.address("lee")),
        "{}",
        ran.stderr
    );
}

#[test]
fn list_is_filtered_and_shows_titles() {
    let computer = anas_computer();
    computer.file("a.txt", "a");
    computer.file("b.txt", "b");
    computer.json(
        "ana",
        &["add", "a.txt", "--title", "Left knee", "--keyword", "knee", "--created", "2020-05-01", "--type", "11502-2"],
    );
    computer.json("ana", &["add", "b.txt", "--keyword", "heart", "--confidentiality", "R"]);
    for (flags, names) in [
        (&["--keyword", "KNEE"][..], &["a.txt"][..]),
        (&["--name", "left"], &["a.txt"]),
        (&["--type", "11502-2"], &["a.txt"]),
        (&["--until", "2020-05-01"], &["a.txt"]),
        (&["--since", "2020-05-02"], &["b.txt"]),
        (&["--since", "2020-05-01"], &["b.txt", "a.txt"]),
        (&["--keyword", "knee", "--keyword", "heart"], &[]),
    ] {
        let listed = computer.json("ana", &[&["list"], flags].concat());
        assert_eq!(listed.iter().map(|record| field(record, "name")).collect::<Vec<_>>(), names, "{flags:?}");
    }
    let told = computer.run(["--as", "ana", "list"]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("a.txt (Left knee)") && told.contains("CONF") && told.contains(" R "), "{told}");
}

#[test]
fn a_folder_that_is_not_there_is_never_made_by_a_slip() {
    let computer = anas_computer();
    befriend(&computer, "lee");
    computer.file("x.txt", "x");
    computer.json("ana", &["add", "x.txt", "--folder", "cardiology", "--new-folder"]);
    let entries = || of_type(&computer.json("ana", &["history"]), "entry").len();
    let before = entries();
    for (args, hint) in [
        (&["add", "x.txt", "--folder", "Cardiology"][..], "did you mean cardiology?"),
        (&["add", "x.txt", "--folder", "cardiolgy"], "did you mean cardiology?"),
        (&["grant", "lee", "--folder", "Cardiology"], "did you mean cardiology?"),
        (&["grant", "lee", "--folder", "c\u{430}rdiology"], "did you mean cardiology?"),
        (&["grant", "lee", "--folder", "cardiology", "--confidentiality", "R"], "--confidentiality"),
        (&["grant", "lee", "--folder", "blood"], "There are: cardiology (N)"),
    ] {
        let ran = computer.run_json("ana", args);
        ran.refused(2, "usage");
        assert!(message(&ran).contains(hint) && message(&ran).contains("--new-folder"), "{args:?}: {}", ran.stderr);
    }
    let ran = computer.run_json("ana", &["rotate", "Cardiology"]);
    ran.refused(3, "not-found");
    assert!(message(&ran).contains("did you mean cardiology?"), "{}", ran.stderr);
    assert_eq!(entries(), before, "nothing was sent");
    computer.json("ana", &["add", "x.txt", "--folder", " cardiology "]);
    computer.json("ana", &["grant", "lee", "--folder", "blood", "--new-folder"]);
    computer.json("ana", &["add", "x.txt", "--folder", "blood"]);
}

#[test]
fn an_end_from_now_goes_by_the_clock_that_counts() {
    let (anvil, kubo) = (Anvil::start(), Kubo::shared());
    let computer = Computer::new(&anvil, &kubo);
    anvil.fund(computer.init("ana"));
    befriend_on(&anvil, &computer, "lee");
    computer.file("why.txt", "for a blood count");
    anvil.advance(Duration::from_secs(24 * 3600));
    // A day ahead: what is 12 hours here would be over there, and the other way round 36.
    for args in [
        &["grant", "lee", "--until", "12h"][..],
        &["vouch", "lee", "--until", "12h"],
        &["ask", "lee", "--reason", "why.txt", "--until", "36h", "--answer-by", "2d"],
    ] {
        let ran = computer.run_json("ana", args);
        assert_eq!(ran.code, Some(1), "{args:?}: {}", ran.stderr);
        assert!(message(&ran).contains("ten minutes"), "{args:?}: {}", ran.stderr);
    }
    let granted = computer.json("ana", &["--clock", "chain", "grant", "lee", "--until", "12h"]).remove(0);
    let end = humantime::parse_rfc3339(&field(&granted, "expires")).unwrap();
    let hours = end.duration_since(std::time::SystemTime::now()).unwrap().as_secs().div_ceil(3600);
    assert_eq!(hours, 36, "12 hours of the chain: {hours}");
}

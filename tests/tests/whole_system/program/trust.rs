//! Who somebody is by the word of others, and access that is asked for.

use hospital_record_tests::program::{Computer, field};

use super::{anas_computer, befriend};

/// A ministry that vouches for a hospital, which vouches for Lee.
fn ministry() -> Computer {
    let computer = anas_computer();
    befriend(&computer, "ministry");
    let (hospital, lee) = (befriend(&computer, "hospital"), befriend(&computer, "lee"));
    let vouched = &computer.json("ministry", &["vouch", &hospital, "--role", "snomed:22232009", "--until", "90d"])[0];
    assert_eq!((&vouched["account"], &vouched["role"]), (&hospital.as_str().into(), &"snomed:22232009".into()));
    assert_eq!(computer.json("hospital", &["vouch", &lee])[0]["role"], "practitioner");
    computer
}

#[test]
fn grant_names_the_vouchers_and_refuses_an_account_without_any() {
    let computer = ministry();
    let trust = &computer.json("ana", &["trust", "lee", "--authority", "ministry"])[0];
    let links: Vec<_> = trust["links"].as_array().unwrap().iter().map(|link| field(link, "voucher_name")).collect();
    assert_eq!((&trust["trusted"], links), (&true.into(), vec!["ministry".to_owned(), "hospital".into()]));

    let granted = &computer.json("ana", &["grant", "lee", "--authority", "ministry", "--trusted"])[0];
    assert_eq!((&granted["trusted"], &granted["links"]), (&true.into(), &trust["links"]));
    let words = String::from_utf8(computer.run(["--as", "ana", "grant", "lee", "--authority", "ministry"]).stdout);
    let chain = "ministry vouches for hospital as snomed:22232009, which vouches for lee as practitioner, until 20";
    assert!(words.as_ref().is_ok_and(|words| words.contains(chain)), "{words:?}");
    assert!(computer.json("ana", &["grant", "lee"])[0]["trusted"].is_null(), "no authority was named");
    computer.json("ana", &["revoke", "lee"]);

    let lee = field(trust, "account");
    computer.json("hospital", &["withdraw-vouch", &lee]);
    computer.run_json("ana", &["trust", "lee", "--authority", "ministry"]).refused(5, "untrusted");
    let grant = ["grant", "lee", "--authority", "ministry"];
    computer.run_json("ana", &[&grant[..], &["--trusted"]].concat()).refused(5, "untrusted");
    assert!(computer.json("ana", &["grants"]).is_empty(), "nothing was granted");
    assert_eq!(computer.json("ana", &grant)[0]["trusted"], false);
    computer.run_json("hospital", &["withdraw-vouch", &lee]).refused(3, "not-found");
}

#[test]
fn words_that_cannot_be_are_refused() {
    let computer = ministry();
    for wrong in [
        &["vouch", "lee", "--role", "heart surgeon"][..],
        &["vouch", "lee", "--role", ""],
        &["vouch", "lee", "--until", "never"],
        &["vouch", "lee", "--until", "2020-01-01"],
        &["vouch", "ana"],
        &["vouch", "0x12"],
        &["trust", "lee"],
        &["trust", "lee", "--authority", "0x12"],
        &["grant", "lee", "--trusted"],
        &["answer", "xyz"],
        &["answer", "abcd", "--record", "abcd", "--contribute"],
        &["withdraw-request", "lee", "abcd"],
        &["ask", "lee"],
        &["ask", "ana", "--reason", "why.txt"],
        &["ask", "lee", "--reason", "empty.txt"],
        &["ask", "lee", "--reason", "long.txt"],
        &["ask", "lee", "--reason", "."],
        &["ask", "lee", "--reason", "why.txt", "--until", "1x"],
    ] {
        computer.file("why.txt", "for a second opinion");
        computer.file("empty.txt", "\n");
        computer.file("long.txt", "x".repeat(2045));
        let ran = computer.run_json("ana", wrong);
        assert_eq!(ran.code, Some(2), "{wrong:?}: {}", ran.stderr);
    }
    computer.run_json("ana", &["trust", "lee", "--authority", "nobody"]).refused(3, "not-found");
    computer.run_json("ana", &["ask", "lee", "--reason", "nothing.txt"]).refused(3, "not-found");
    assert!(computer.json("lee", &["requests"]).is_empty());
}

#[test]
fn laboratory_gets_the_requested_access_or_less() {
    let computer = anas_computer();
    let (ministry, lab) = (befriend(&computer, "ministry"), befriend(&computer, "lab"));
    let ana = field(&computer.json("ana", &["account", "--card"])[0], "address");
    computer.json("ministry", &["vouch", &lab, "--role", "snomed:261904005"]);
    let ask = ["--as", "lab", "--json", "ask", &ana, "--contribute", "--until", "30d", "--reason", "-"];
    let asked = &computer.run_with("Blood count,\nordered by Dr Lee\n".as_bytes(), ask).objects()[0];
    let (id, lee) = (field(asked, "id"), befriend(&computer, "lee"));

    let told = computer.json("ana", &["requests", "--authority", &ministry]);
    assert_eq!((told.len(), &told[0]["id"], &told[0]["name"]), (1, &id.as_str().into(), &"lab".into()));
    assert_eq!(told[0]["reason"], "Blood count,\nordered by Dr Lee");
    assert_eq!((&told[0]["trusted"], &told[0]["until"]), (&true.into(), &asked["until"]));
    assert_eq!(told[0]["links"][0]["voucher"], ministry.as_str());
    let words = String::from_utf8(computer.run(["--as", "ana", "requests"]).stdout).unwrap();
    assert!(words.contains("lab asks to read and add to") && words.contains("\n  | ordered by Dr Lee\n"), "{words}");
    assert!(computer.json("ana", &["requests", "--by", &lee]).is_empty());
    assert!(computer.json("ana", &["history"]).iter().all(|entry| entry["by"] != lab.as_str()), "not in her journal");

    for more in [&["--delegate"][..], &["--attest", "--contribute"], &["--until", "40d"], &["--until", "never"]] {
        computer.run_json("ana", &[&["answer", &id[..8]][..], more].concat()).refused(2, "usage");
    }
    assert!(computer.json("ana", &["grants"]).is_empty(), "an answer that gives more gives nothing");
    let less =
        ["answer", &id[..8], "--by", "lab", "--folder", "blood", "--new-folder", "--contribute-only", "--until", "10d"];
    let granted = &computer.json("ana", &less)[0];
    assert_eq!((&granted["grantee"], &granted["folder"]), (&lab.as_str().into(), &"blood".into()));
    assert_eq!(granted["rights"], serde_json::json!(["contribute"]));
    assert!(computer.json("ana", &["requests"]).is_empty());
    computer.run_json("ana", &less).refused(3, "not-found");
    computer.file("result.txt", "normal");
    computer.json("lab", &["add", "result.txt", "--for", &ana, "--folder", "blood"]);

    computer.file("again.txt", "once more");
    let again = field(&computer.json("lab", &["ask", &ana, "--reason", "again.txt"])[0], "id");
    computer.run_json("lee", &["withdraw-request", &ana, &again]).refused(3, "not-found");
    computer.json("lab", &["withdraw-request", &ana, &again]);
    assert!(computer.json("ana", &["requests"]).is_empty());
    // Three of one asker are listed.
    for _ in 0..4 {
        computer.json("lab", &["ask", &ana, "--reason", "again.txt"]);
    }
    let told = computer.json("ana", &["requests"]);
    assert_eq!((told.len(), &told[3]["type"], &told[3]["requests"]), (4, &"cut".into(), &1.into()));
}

//! Access that a hospital delegates to its staff: within its own grant, and no longer.

use hospital_record_tests::program::{Computer, field};

use super::{added, anas_computer, befriend, of_type};

/// Ana's files on a ward, which a hospital may read, add to, attest and delegate to Kim.
struct Ward {
    computer: Computer,
    ana: String,
    hospital: String,
    kim: String,
    uri: String,
}

fn ward() -> Ward {
    let computer = anas_computer();
    let (hospital, kim) = (befriend(&computer, "hospital"), befriend(&computer, "kim"));
    computer.file("x.txt", "x");
    let added = &computer.json("ana", &["add", "x.txt", "--folder", "ward", "--new-folder"])[0];
    let (ana, uri) = (field(added, "patient"), field(added, "record"));
    let grant = ["grant", "hospital", "--folder", "ward", "--contribute", "--delegate", "--attest", "--until", "30d"];
    let granted = &computer.json("ana", &grant)[0];
    assert_eq!(granted["rights"], serde_json::json!(["read", "contribute", "delegate", "attest"]));
    Ward { computer, ana, hospital, kim, uri }
}

impl Ward {
    fn delegation<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        [&["grant", &self.kim, "--patient", &self.ana, "--folder", "ward"], more].concat()
    }

    fn kim_is_refused(&self) {
        self.computer.run_json("kim", &["open", &self.uri, "-o", "-"]).refused(4, "denied");
    }
}

#[test]
fn hospital_delegates_its_access_and_withdraws_it() {
    let ward = ward();
    let Ward { computer, ana, hospital, kim, uri } = &ward;
    ward.kim_is_refused();
    for more in [&["--purpose", "research"][..], &["--until", "40d"]] {
        computer.run_json("hospital", &ward.delegation(more)).refused(4, "denied");
    }
    let given = &computer.json("hospital", &ward.delegation(&[]))[0];
    let held = &computer.json("ana", &["grants"])[0];
    assert_eq!((&given["patient"], &given["purpose"]), (&ana.as_str().into(), &"treatment".into()));
    assert_eq!(given["expires"], held["expires"], "no longer than what it comes from");
    assert_eq!(computer.run(["--as", "kim", "open", uri, "-o", "-"]).stdout, b"x");
    let delegated = computer.json("hospital", &["grants", "--patient", ana]);
    assert_eq!((delegated.len(), &delegated[0]["grantee"]), (1, &kim.as_str().into()));
    assert!(computer.json("hospital", &["grants"]).is_empty(), "that is what is its own");
    assert!(computer.json("kim", &["grants", "--patient", ana]).is_empty());

    let shared = &computer.json("kim", &["shared"])[0];
    assert_eq!((&shared["given_by"], &shared["folder"]), (&hospital.as_str().into(), &"ward".into()));
    assert!(computer.json("hospital", &["shared"])[0]["given_by"].is_null());

    let elsewhere = ["withdraw", kim, "--patient", ana, "--folder", "other"];
    computer.run_json("hospital", &elsewhere).refused(3, "not-found");
    computer.run_json("kim", &["withdraw", hospital, "--patient", ana]).refused(3, "not-found");
    let taken = computer.json("hospital", &["withdraw", kim, "--patient", ana, "--folder", "ward"]);
    assert_eq!((taken.len(), &taken[0]["folder"]), (1, &"ward".into()));
    ward.kim_is_refused();
    assert_eq!(computer.run(["--as", "hospital", "open", uri, "-o", "-"]).stdout, b"x");
    let history = computer.json("ana", &["history"]);
    let actions: Vec<_> = of_type(&history, "entry").iter().map(|entry| field(entry, "action")).collect();
    for action in ["access-delegated", "access-withdrawn"] {
        assert_eq!(actions.iter().filter(|known| *known == action).count(), 1, "{actions:?}");
    }
}

#[test]
fn grants_are_shown_as_a_tree() {
    let ward = ward();
    let Ward { computer, ana, hospital, kim, .. } = &ward;
    befriend(computer, "lee");
    let lee = computer.json("ana", &["contacts", "list"]);
    let lee = field(lee.iter().find(|contact| contact["name"] == "lee").unwrap(), "address");
    computer.json("hospital", &ward.delegation(&["--delegate"]));
    computer.json("kim", &["grant", &lee, "--patient", ana, "--folder", "ward"]);
    // Newer than all of them, and above none.
    computer.json("ana", &["grant", "kim", "--folder", "other", "--new-folder"]);
    let told = computer.json("ana", &["grants"]);
    let told: Vec<_> = told.iter().map(|grant| (field(grant, "name"), grant["given_by"].clone())).collect();
    let by = |who: &str| serde_json::Value::from(who);
    let expected = [
        ("kim".to_owned(), serde_json::Value::Null),
        ("hospital".into(), serde_json::Value::Null),
        ("kim".into(), by(hospital)),
        ("lee".into(), by(kim)),
    ];
    assert_eq!(told, expected);
    let table = String::from_utf8(computer.run(["--as", "ana", "grants"]).stdout).unwrap();
    let who: Vec<&str> = table.lines().skip(1).map(|line| line.split("folder").next().unwrap().trim_end()).collect();
    assert_eq!(who, ["kim", "hospital", "  kim", "    lee"]);

    computer.json("ana", &["revoke", "hospital"]);
    let left = computer.json("ana", &["grants"]);
    assert_eq!((left.len(), &left[0]["folder"]), (1, &"other".into()), "the rest ended with what it came from");
}

#[test]
fn professional_attests_and_readers_may_insist_on_it() {
    let ward = ward();
    let Ward { computer, ana, hospital, uri, .. } = &ward;
    added(computer, "y.txt", "y");
    computer.run_json("ana", &["attest", uri]).refused(4, "denied");
    let open = ["open", uri, "--attested", "-o", "-"];
    computer.run_json("hospital", &open).refused(4, "denied");
    assert!(computer.json("ana", &["list", "--attested"]).is_empty());

    assert_eq!(computer.json("hospital", &["attest", uri])[0]["record"], uri.as_str());
    computer.run_json("hospital", &["attest", uri]).refused(1, "already-done");
    assert_eq!(computer.run(["--as", "hospital"].iter().chain(&open)).stdout, b"x");
    let listed = computer.json("ana", &["list", "--attested"]);
    assert_eq!((listed.len(), &listed[0]["record"]), (1, &uri.as_str().into()));
    assert_eq!(
        (&listed[0]["doc_status"], &listed[0]["attestations"][0]["by"], &listed[0]["attestations"][0]["by_name"],),
        (&"final".into(), &hospital.as_str().into(), &"hospital".into())
    );
    let all = computer.json("ana", &["list"]);
    assert_eq!((all.len(), &all[0]["doc_status"]), (2, &"preliminary".into()));
    computer.json("ana", &["replace", uri, "--entered-in-error"]);
    assert_eq!(computer.json("ana", &["list"])[1]["doc_status"], "entered-in-error");
    computer.run_json("hospital", &open).refused(4, "denied");
    let history = computer.json("hospital", &["history", ana]);
    assert!(of_type(&history, "entry").iter().any(|entry| entry["action"] == "record-attested"));
}

#[test]
fn delegate_cannot_readmit_barred_account() {
    let ward = ward();
    let Ward { computer, ana, .. } = &ward;
    computer.json("ana", &["revoke", "hospital"]);
    computer.json("ana", &["grant", "kim", "--folder", "ward"]);
    computer.json("ana", &["revoke", "kim", "--bar"]);
    computer.json("ana", &["grant", "hospital", "--folder", "ward", "--delegate"]);
    computer.run_json("hospital", &ward.delegation(&[])).refused(4, "denied");
    ward.kim_is_refused();
    computer.json("ana", &["grant", "kim", "--folder", "ward"]);
    assert_eq!(computer.json("kim", &["list", "--patient", ana]).len(), 1);
}

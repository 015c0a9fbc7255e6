//! A practitioner is found in the directory of a hospital's node, and what a lying node shows is left out.

use std::{
    fs,
    io::BufReader,
    net::TcpListener,
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use hospital_record::{
    B256, Card, Identity,
    directory::{Listing, SignedListing},
    node::WELL_KNOWN,
};
use hospital_record_tests::{
    anvil::Anvil,
    http,
    kubo::Kubo,
    node::Node,
    program::{Computer, field},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{message, of_type};

/// A computer that joined this node, on which nothing else is configured, and a person with keys on it.
fn joined(node: &Node, person: &str) -> Computer {
    let computer = Computer::with_servers("", "");
    computer.run(["--json", "join", &node.url()]).objects();
    computer.init(person);
    computer
}

/// A hospital that can pay, and its address.
fn hospital() -> (Computer, String) {
    let computer = Computer::new(&Anvil::shared(), &Kubo::shared());
    let address = computer.init("hospital");
    Anvil::shared().fund(&address);
    (computer, address)
}

/// A node for everybody, whose directory lists those for whom the hospital vouches.
fn clinic(hospital: &str, disk: &TempDir) -> Node {
    let store = disk.path().join("blocks");
    fs::create_dir(&store).unwrap();
    let store = format!("--blocks=file://{}", store.display());
    let authority = format!("--directory-authority={hospital}");
    let rooms = ["--chain-reads", &store, "--open-blocks", "--directory", &authority, "--directory-check=1"];
    Node::start(&Anvil::shared(), &rooms)
}

/// The practitioners of a search, once there are so many.
fn searched(computer: &Computer, authority: Option<&str>, count: usize) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let mut search = vec!["directory", "search", "cardio", "--language", "hi"];
        search.extend(authority.iter().flat_map(|authority| ["--authority", *authority]));
        let ran = computer.run_json("ana", &search);
        let objects = if ran.code == Some(0) { ran.objects() } else { Vec::new() };
        let found: Vec<Value> = of_type(&objects, "practitioner").into_iter().cloned().collect();
        if found.len() == count && !objects.is_empty() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{objects:?}");
        thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn patient_finds_a_doctor_for_whom_the_hospital_vouches_and_grants() {
    let (disk, (hospital, authority)) = (tempfile::tempdir().unwrap(), hospital());
    let mut node = clinic(&authority, &disk);
    let (of_ana, of_lee) = (joined(&node, "ana"), joined(&node, "lee"));
    let (ana, lee) = (of_ana.address("ana"), of_lee.address("lee"));
    let publish = ["directory", "publish", "--name", "Dr. José Lee", "--speciality", "Cardiology", "--language", "hi"];
    let refused = of_lee.run_json("lee", &publish);
    refused.refused(4, "denied");
    assert!(message(&refused).contains("ask the hospital to vouch for you"), "{}", refused.stderr);
    hospital.json("hospital", &["vouches", "give", &lee]);
    let listed = of_lee.json("lee", &publish).remove(0);
    assert_eq!((field(&listed, "account"), field(&listed, "node")), (lee.clone(), node.url()));
    // What it acknowledged is on disk.
    node.kill();
    node.run();

    let found = searched(&of_ana, Some(&authority), 1).remove(0);
    assert_eq!((field(&found, "account"), field(&found, "name")), (lee.clone(), "Dr. José Lee".into()));
    assert_eq!((&found["trusted"], &found["links"][0]["voucher"]), (&true.into(), &authority.as_str().into()));
    let add = ["directory", "add", "jose lee", "--name", "dr-lee", "--authority", &authority];
    let kept = of_ana.json("ana", &add).remove(0);
    assert_eq!((field(&kept, "address"), &kept["trusted"]), (lee.clone(), &true.into()));
    assert_eq!(kept["fingerprint"], of_lee.json("lee", &["account"])[0]["fingerprint"]);
    of_ana.file("ecg.txt", "62/min");
    let added = of_ana.json("ana", &["add", "ecg.txt", "--folder", "heart", "--new-folder"]).remove(0);
    of_ana.json("ana", &["grant", "dr-lee", "--folder", "heart"]);
    let opened = of_lee.run_json("lee", &["open", &field(&added, "record"), "-o", "-"]);
    assert_eq!(opened.stdout, b"62/min", "{}", opened.stderr);
    assert!(of_ana.run_json("ana", &["directory", "publish", "--name", "Ana"]).code == Some(4), "{ana} is a patient");

    hospital.json("hospital", &["vouches", "withdraw", &lee]);
    searched(&of_ana, Some(&authority), 0);
    // Who names no authority sees what the node shows, which is until its next look at the chain.
    searched(&of_ana, None, 0);
    of_ana.run_json("ana", &["directory", "add", &lee]).refused(3, "not-found");
    let gone = of_lee.json("lee", &["directory", "withdraw"]).remove(0);
    assert_eq!(gone["was_listed"], true);
    assert!(!node.log().to_lowercase().contains(&lee.to_lowercase()), "a log names nobody");
}

#[test]
fn directory_that_is_not_there_is_told_apart() {
    let computer = Computer::new(&Anvil::shared(), &Kubo::shared());
    computer.init("ana");
    let alone = computer.run_json("ana", &["directory", "search"]);
    alone.refused(2, "usage");
    assert!(message(&alone).contains("join"), "{}", alone.stderr);
    let node = Node::start(&Anvil::shared(), &["--chain-reads"]);
    let without = computer.run_json("ana", &["--node", &node.url(), "directory", "search"]);
    without.refused(3, "not-found");
    assert!(message(&without).contains("has no directory"), "{}", without.stderr);
    for args in [&["directory", "search", "%"][..], &["directory", "search", "--language", "hi_IN"]] {
        computer.run_json("ana", args).refused(2, "usage");
    }
}

/// A node that answers every search with these listings, and every question for one account with the last of them.
fn liar(make: impl FnOnce(&str) -> Vec<Value>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let listings = make(&host);
    let contracts = json!({"HospitalRecord": Anvil::contract()});
    let info =
        json!({"version": 1, "software": "x", "chainId": 31337, "contracts": contracts, "directory": "/v1/directory"});
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let Ok(Some(asked)) = http::read(&mut BufReader::new(&stream)) else { continue };
            let page = json!({"listings": listings});
            let answer = match asked.start.split(' ').nth(1).unwrap_or_default() {
                WELL_KNOWN => &info,
                path if path.contains("/0x") => listings.last().unwrap(),
                _ => &page,
            };
            let _ = http::answer(&mut stream, 200, answer.to_string().as_bytes());
        }
    });
    format!("http://{host}")
}

#[test]
fn lying_directory_is_seen_through() {
    let (computer, authority) = hospital();
    computer.init("ana");
    let runtime = Runtime::new().unwrap();
    let identities: Vec<Identity> = (0..6).map(|_| Identity::generate().unwrap().0).collect();
    let [lee, other_lee, forged, moved, unasked, eve] = &identities[..] else { panic!() };
    let system = runtime.block_on(computer.system());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let signed = |who: &Identity, name: &str, host: &str| -> SignedListing {
        let card = Card { deployment: system.deployment(), account: who.address(), profile: B256::repeat_byte(1) };
        let listing = Listing::new(card, name, &["cardiology"], &["hi"], now).unwrap();
        runtime.block_on(listing.sign(who, host)).unwrap()
    };
    for doctor in [lee, other_lee, forged, moved, unasked] {
        let hospital = system.client(computer.identity("hospital"));
        runtime.block_on(async { hospital.vouches().give(doctor.address(), "practitioner").await }).unwrap();
    }
    let node = liar(|host| {
        let json = |signed: SignedListing| serde_json::to_value(signed).unwrap();
        let mut renamed = json(signed(forged, "Dr Roe", host));
        renamed["name"] = "Dr Lee".into();
        vec![
            json(signed(lee, "Dr Lee", host)),
            renamed,
            json(signed(moved, "Dr Lee", "other.example")),
            json(signed(unasked, "Mr Roe", host)),
            json!({"name": "Dr Lee"}),
            json(signed(lee, "Dr Lee", host)),
            json(signed(other_lee, "DR LEE", host)),
            json(signed(eve, "Dr Lee", host)),
        ]
    });
    let run = |args: &[&str]| computer.run_json("ana", &[&["--node", &node, "directory"], args].concat());
    let names = |objects: &[Value]| -> Vec<String> {
        of_type(objects, "practitioner").iter().map(|found| field(found, "account")).collect()
    };
    let told = run(&["search", "dr", "--authority", &authority]).objects();
    assert_eq!(names(&told), [lee.address().to_string(), other_lee.address().to_string()]);
    let end = told.last().unwrap();
    assert_eq!((&end["listed"], &end["dropped"]), (&2.into(), &6.into()));
    // Without an authority nobody is asked who vouches, and that is said.
    let told = run(&["search", "dr"]).objects();
    assert_eq!((names(&told).len(), &told[0]["trusted"]), (3, &Value::Null));
    let words = computer.run(["--as", "ana", "--node", &node, "directory", "search", "dr"]).stderr;
    assert!(words.contains("5 listings that cannot be believed") && words.contains("only the node says"), "{words}");

    let two = run(&["add", "dr lee", "--authority", &authority]);
    two.refused(2, "usage");
    let said = message(&two);
    assert!([lee, other_lee].iter().all(|one| said.contains(&one.address().to_string())), "{said}");
    assert!(!said.contains(&eve.address().to_string()), "{said}");
    run(&["add", &eve.address().to_string(), "--authority", &authority]).refused(5, "untrusted");
    run(&["add", &lee.address().to_string()]).refused(5, "integrity");
    run(&["add", "roe", "--authority", &authority]).refused(3, "not-found");
    let contacts = computer.json("ana", &["contacts", "list"]);
    assert!(contacts.is_empty(), "{contacts:?}");
}

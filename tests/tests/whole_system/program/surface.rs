//! What the program prints, and how things are named.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader},
};

use hospital_record_tests::{
    anvil::Anvil,
    kubo::Kubo,
    node::Node,
    program::{Computer, field},
};
use serde_json::Value;

use super::{added, anas_computer, befriend};

/// The fields of each type of object, as the manual shows them.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let manual = include_str!("../../../../docs/cli.md");
    let shown = manual.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("    ")?).ok());
    shown.map(|object: Value| (field(&object, "type"), fields(&object))).collect()
}

fn fields(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

/// Every object has the fields that the manual shows, and every type in the manual is there.
fn as_documented(told: &[Value]) {
    let documented = documented();
    for object in told {
        assert_eq!(documented.get(&field(object, "type")), Some(&fields(object)), "{object}");
    }
    let seen: BTreeSet<_> = told.iter().map(|object| field(object, "type")).collect();
    let missing: Vec<_> = documented.keys().filter(|name| !seen.contains(*name)).collect();
    assert_eq!(
        missing,
        ["accepted", "cases-cut", "cut", "given-up", "portal", "unreadable"],
        "they need a chain that drops something, a flood, a history that cannot be read, and a program that serves (`portal`)"
    );
}

/// What a member's program tells while it waits, up to the first share that it gives out.
fn served(computer: &Computer, member: &str, board: &str) -> Vec<Value> {
    let mut serving = computer.command(["--as", member, "--json", "boards", "serve", board]).spawn().unwrap();
    let lines = BufReader::new(serving.stdout.take().unwrap()).lines();
    let told = lines.take(2).map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    serving.kill().unwrap();
    serving.wait().unwrap();
    told
}

/// A board of one, and a case of it.
fn of_a_board(computer: &Computer, ana: &str, kim: &str, lee: &str) -> Vec<Value> {
    let mut told = computer.json("kim", &["boards", "create", "--needed", "1", kim]);
    let board = field(&told[0], "board");
    told.extend(computer.json("ana", &["grant", &board, "--emergency", "--folder", "night", "--new-folder"]));
    told.extend(computer.json("kim", &["boards", "open", &board, ana, "--to", lee, "--reason", "why.txt"]));
    told.extend(served(computer, "kim", &board));
    told.extend(computer.json("ana", &["boards", "cases", &board]));
    told.extend(computer.json("ana", &["boards", "show", &board]));
    told.extend(computer.json("ana", &["boards", "proxy", &board, lee]));
    told.extend(computer.json("kim", &["boards", "change", &board, "--close"]));
    told
}

/// A directory that lists Lee, for whom Kim vouches.
fn of_a_directory(computer: &Computer, kim: &str, lee: &str) -> Vec<Value> {
    computer.json("kim", &["vouches", "give", lee]);
    let authority = format!("--directory-authority={kim}");
    let node = Node::start(&Anvil::shared(), &["--directory", &authority]);
    let publish = ["publish", "--name", "Dr Lee", "--speciality", "cardiology", "--language", "hi"];
    let runs: [(&str, &[&str]); 4] =
        [("lee", &publish), ("ana", &["search", "dr"]), ("ana", &["add", "dr lee"]), ("lee", &["withdraw"])];
    let run = |(who, args): &(&str, &[&str])| {
        computer.json(who, &[&["--node", &node.url(), "--authority", kim, "directory"], *args].concat())
    };
    runs.iter().flat_map(run).collect()
}

#[test]
fn json_has_exactly_the_documented_fields() {
    let computer = Computer::new(&Anvil::shared(), &Kubo::shared());
    std::fs::copy(computer.password_file(), computer.password_file().with_file_name("new-password")).unwrap();
    let mut told = vec![computer.new_person("ana")];
    Anvil::shared().fund(field(&told[0], "address"));
    let ana = field(&told[0], "address");
    let (lee, kim) = (befriend(&computer, "lee"), befriend(&computer, "kim"));
    computer.file("x.pdf", "%PDF-1.4\n");
    let add = ["add", "x.pdf", "--keyword", "ecg", "--description", "of today"];
    let added = computer.json("ana", &add).remove(0);
    let (id, uri) = (field(&added, "id"), field(&added, "record"));
    told.push(added.clone());
    let new = field(&computer.json("ana", &["add", "x.pdf"])[0], "id");
    computer.file("why.txt", "for a second opinion");
    let asked = computer.json("kim", &["requests", "ask", &ana, "--reason", "why.txt"]).remove(0);
    let request = field(&asked, "id");
    told.push(asked);
    let runs: [(&str, &[&str]); 40] = [
        ("ana", &["password", "--new-password-file", "../new-password"]),
        ("ana", &["settings", "--tz", "Mars/X"]),
        ("ana", &["account"]),
        ("ana", &["account", "--card"]),
        ("ana", &["contacts", "list"]),
        ("ana", &["folders", "list"]),
        ("ana", &["list"]),
        ("ana", &["open", &id, "-o", "copy.pdf"]),
        ("ana", &["open", &id, "--export", "out"]),
        ("ana", &["grant", "lee", "--delegate", "--attest"]),
        ("lee", &["grant", &kim, "--patient", &ana]),
        ("lee", &["attest", &uri]),
        ("ana", &["grant", "lee", "--record", &id]),
        ("kim", &["vouches", "give", &lee]),
        ("ana", &["trust", "lee", "--authority", "kim"]),
        ("kim", &["vouches", "withdraw", &lee]),
        ("ana", &["requests", "list", "--authority", "lee"]),
        ("kim", &["requests", "withdraw", &ana, &request]),
        ("ana", &["grants", "list"]),
        ("lee", &["grants", "received"]),
        ("lee", &["list", "--patient", &ana]),
        ("lee", &["open", &uri, "-o", "of-lee"]),
        ("lee", &["grants", "withdraw", &kim, "--patient", &ana]),
        ("lee", &["grants", "renounce", &ana, "--record", &uri]),
        ("ana", &["revoke", &lee, "--sign", "-o", "end.txt"]),
        ("kim", &["acts", "carry", "end.txt"]),
        ("kim", &["acts", "void"]),
        ("ana", &["revoke", &lee]),
        ("ana", &["replace", &id, "x.pdf"]),
        ("ana", &["reencrypt", &new]),
        ("ana", &["replace", &new, "--entered-in-error"]),
        ("ana", &["folders", "rotate"]),
        ("ana", &["sync"]),
        ("ana", &["resume"]),
        ("ana", &["history"]),
        ("ana", &["verify"]),
        ("ana", &["history", "--relay", "http://127.0.0.1:1"]),
        ("ana", &["contacts", "remove", "lee"]),
        ("ana", &["unlock", "--for", "1m"]),
        ("ana", &["lock"]),
    ];
    told.extend(runs.iter().flat_map(|(who, args)| computer.json(who, args)));
    told.extend(of_a_board(&computer, &ana, &kim, &lee));
    told.extend(of_a_directory(&computer, &kim, &lee));
    told.push(serde_json::from_str(&computer.run_json("ana", &["open", "abc"]).stderr).unwrap());
    let disk = tempfile::tempdir().unwrap();
    let login = format!("--login={}", disk.path().join("login.key").display());
    let node = Node::start(&Anvil::shared(), &["--chain-reads", &login]);
    let (url, elsewhere) = (node.url(), Computer::with_servers("", ""));
    told.extend(computer.json("ana", &["join", &url]));
    told.extend(computer.json("ana", &["register"]));
    told.extend(elsewhere.json("ana", &["login", &url, "--user", "ana"]));
    told.extend(elsewhere.json("ana", &["logout"]));
    told.extend(computer.json("ana", &["register", "--delete"]));
    as_documented(&told);
    assert_eq!((&added["media_type"], &added["size"]), (&"application/pdf".into(), &9.into()));
    assert!(added["gas"].as_u64().is_some_and(|gas| gas > 20_000));
    let listed = told.iter().find(|object| object["type"] == "record" && object["id"] == id.as_str()).unwrap();
    assert_eq!((&listed["keywords"][0], &listed["description"]), (&"ecg".into(), &"of today".into()));
    assert_eq!((&listed["readable"], &listed["reason"]), (&true.into(), &Value::Null));
}

#[test]
fn witness_proves_a_history_and_is_named_where_nothing_does() {
    let computer = anas_computer();
    added(&computer, "x.txt", "x");
    let told = computer.json("ana", &["verify"]).remove(0);
    assert_eq!(told["proven"], false);
    assert!(field(&told, "text").contains("--head") && field(&told, "text").contains("--witness"), "{told}");
    let rpc = Anvil::shared().url();
    computer.run_json("ana", &["verify", "--witness", &rpc]).refused(2, "usage");
    let another = rpc.replace("127.0.0.1", "localhost");
    let told = computer.json("ana", &["verify", "--witness", &another]).remove(0);
    assert_eq!((&told["proven"], &told["proven_entries"]), (&true.into(), &told["entries"]));
    let down = ["--timeout", "2", "--witness", "http://127.0.0.1:1", "verify"];
    computer.run_json("ana", &down).refused(6, "unreachable");
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
    let computer = Computer::with_servers("http://127.0.0.1:1", "memory:");
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
    assert!(text(&["grants", "list"]).contains("dr-lee"));
    assert!(text(&["history"]).contains("complete up to"));
    assert_eq!(text(&["open", &id, "-o", "y.txt"]), "x.txt is in y.txt (1 byte)\n");
    text(&["grant", "dr-lee", "--folder", "empty", "--new-folder"]);
    assert_eq!(text(&["list", "--folder", "empty"]), "No records in a folder empty. There are: personal (N).\n");
}

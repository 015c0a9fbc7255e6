//! `register`, `login` and `logout`: one's keys on any machine, by a name and a password.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use hospital_record_tests::{
    anvil::Anvil,
    kubo::Kubo,
    node::Node,
    process::tool,
    program::{Computer, Ran, field},
};
use tempfile::TempDir;

use super::message;
use crate::relay::exchange;

const PASSWORD: &str = "correct horse battery staple";

struct Clinic {
    node: Node,
    disk: TempDir,
}

impl Clinic {
    fn open() -> Self {
        let disk = tempfile::tempdir().unwrap();
        fs::create_dir(disk.path().join("blocks")).unwrap();
        let blocks = format!("--blocks=file://{}", disk.path().join("blocks").display());
        let login = format!("--login={}", disk.path().join("login.key").display());
        let node = Node::start(&Anvil::shared(), &["--chain-reads", &blocks, "--open-blocks", &login]);
        Self { node, disk }
    }
}

/// A computer on which no server is configured.
fn bare() -> Computer {
    Computer::with_servers("", "")
}

/// Ana's computer, who registered at the clinic.
fn registered(clinic: &Clinic) -> Computer {
    let computer = bare();
    computer.init("ana");
    computer.json("ana", &["join", &clinic.node.url()]);
    let vault = computer.json("ana", &["register"]).remove(0);
    assert_eq!(
        (field(&vault, "user"), &vault["generation"], &vault["checked"]),
        ("ana".into(), &1.into(), &true.into())
    );
    computer
}

fn key_file(computer: &Computer) -> PathBuf {
    computer.home().join("people/ana/key.json")
}

fn with_password(computer: &Computer, password: &str) -> PathBuf {
    let file = computer.file("another-password", format!("{password}\n"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    file
}

/// Logs in as Ana with another password.
fn login_with(computer: &Computer, clinic: &Clinic, password: &str) -> Ran {
    let file = with_password(computer, password);
    let mut command = computer.command(["--json", "login", &clinic.node.url(), "--user", "ana"]);
    Ran::new(command.env("HOSPITAL_RECORD_PASSWORD_FILE", file).output().unwrap())
}

#[test]
fn person_logs_in_anywhere_reads_and_leaves_no_keys() {
    let mut clinic = Clinic::open();
    let home = registered(&clinic);
    home.file("letter.txt", "Dear Ana");
    home.json("ana", &["add", "letter.txt"]);

    let elsewhere = bare();
    login_with(&elsewhere, &clinic, "correct horse battery stapler").refused(4, "denied");
    assert!(!key_file(&elsewhere).exists() && !elsewhere.home().join("config.toml").exists(), "nothing is left");
    clinic.node.kill();
    clinic.node.run();
    let url = clinic.node.url();
    let logged_in = elsewhere.json("ana", &["login", &url, "--user", "Ana"]).remove(0);
    assert_eq!((field(&logged_in, "address"), &logged_in["failures"]), (home.address("ana"), &1.into()));
    assert_eq!(key_file(&elsewhere).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    elsewhere.run_json("ana", &["login", &url, "--user", "ana"]).refused(7, "key-file");
    let opened = elsewhere.run(["open", "letter.txt", "-o", "-"]);
    assert_eq!(opened.stdout, b"Dear Ana", "{}", opened.stderr);
    clinic.node.kill();
    clinic.node.run();
    assert_eq!(elsewhere.json("ana", &["logout"]).remove(0)["keys_removed"], true);
    assert!(!key_file(&elsewhere).exists());
    home.run_json("ana", &["logout"]).objects();
    assert!(!key_file(&home).exists(), "the vault has them");
    home.json("ana", &["login", &url, "--user", "ana"]);
    assert_eq!(home.address("ana"), field(&logged_in, "address"));
}

#[test]
fn one_logout_everywhere_ends_all() {
    let clinic = Clinic::open();
    let (home, laptop) = (registered(&clinic), bare());
    laptop.json("ana", &["login", &clinic.node.url(), "--user", "ana"]);
    laptop.json("ana", &["unlock"]);
    let ended = home.json("ana", &["logout", "--everywhere"]).remove(0);
    assert_eq!((&ended["logins_ended"], &ended["keys_removed"]), (&2.into(), &true.into()));
    let refused = laptop.run_json("ana", &["account"]);
    refused.refused(4, "denied");
    assert!(message(&refused).contains("logged out of this machine"), "{}", refused.stderr);
    assert!(!laptop.home().join("people/ana/agent.sock").exists(), "what was unlocked is locked");
    assert!(key_file(&laptop).exists(), "no node can take the keys away");
    laptop.json("ana", &["logout", "--keep-keys"]);
    laptop.json("ana", &["account"]);
    laptop.run_json("ana", &["logout"]).refused(2, "usage");
}

#[test]
fn new_password_is_of_the_login_too_and_ends_other_logins() {
    let clinic = Clinic::open();
    let (home, laptop) = (registered(&clinic), bare());
    laptop.json("ana", &["login", &clinic.node.url(), "--user", "ana"]);
    let easy = with_password(&home, "too short one");
    home.run_json("ana", &["password", "--new-password-file", easy.to_str().unwrap()]).refused(2, "usage");
    home.json("ana", &["account"]);
    let new = with_password(&home, "another good long password");
    home.json("ana", &["password", "--new-password-file", new.to_str().unwrap()]);
    laptop.run_json("ana", &["account"]).refused(4, "denied");
    // The vault no longer gives the keys to the password of this machine.
    laptop.run_json("ana", &["logout"]).refused(4, "denied");
    laptop.run_json("ana", &["register"]).refused(1, "conflict");
    let of_login = with_password(&laptop, "another good long password");
    let logout = ["logout", "--login-password-file", of_login.to_str().unwrap()];
    assert_eq!(laptop.json("ana", &logout).remove(0)["keys_removed"], true);
    assert!(!key_file(&laptop).exists());
    laptop.run_json("ana", &["login", &clinic.node.url(), "--user", "ana"]).refused(4, "denied");
    login_with(&laptop, &clinic, "another good long password").objects();
    assert_eq!(laptop.home().join("people/ana/login.json").exists(), key_file(&laptop).exists());
}

#[test]
fn keys_stay_where_no_vault_has_them() {
    let clinic = Clinic::open();
    let (home, laptop) = (registered(&clinic), bare());
    laptop.json("ana", &["login", &clinic.node.url(), "--user", "ana"]);
    home.json("ana", &["register", "--delete"]);
    laptop.run_json("ana", &["logout"]).refused(4, "denied");
    laptop.run_json("ana", &["logout", "--everywhere"]).refused(4, "denied");
    assert!(key_file(&laptop).exists());
    home.run_json("ana", &["logout"]).refused(2, "usage");
}

#[test]
fn node_down_stops_a_logout_and_no_other_verb_of_who_has_other_servers() {
    let mut clinic = Clinic::open();
    let home = registered(&clinic);
    clinic.node.kill();
    home.run_json("ana", &["logout"]).refused(6, "unreachable");
    assert!(key_file(&home).exists());
    let kubo = Kubo::shared();
    let (rpc, store) = (Anvil::shared().url(), kubo.url());
    let own = ["--rpc-url", &rpc, "--store", &store, "--relay", "http://127.0.0.1:1", "account"];
    home.run_json("ana", &own).objects();
}

#[test]
fn request_of_any_length_leaves_the_answers_in_step() {
    let clinic = Clinic::open();
    let home = registered(&clinic);
    // As long as a request may be: beside it, the process with the keys gets a line that is longer.
    for digits in [2, 64, 1024, 8000, 8178] {
        let body = format!("{{\"token\":\"0x{}\"}}", "7".repeat(digits));
        let (status, answer) = exchange(clinic.node.address(), "POST", "/v1/login/live", body.as_bytes());
        assert!([200, 400, 413].contains(&status), "{digits}: {status} {answer}");
    }
    let laptop = bare();
    let logged_in = laptop.json("ana", &["login", &clinic.node.url(), "--user", "ana"]).remove(0);
    assert_eq!(field(&logged_in, "address"), home.address("ana"));
}

#[test]
fn logout_removes_no_other_keys_than_those_of_the_login() {
    let clinic = Clinic::open();
    let home = registered(&clinic);
    // As after a logout that was killed in the middle.
    fs::remove_file(key_file(&home)).unwrap();
    home.init("ana");
    home.run_json("ana", &["logout"]).refused(2, "usage");
    assert!(key_file(&home).exists());
}

/// The login keys that a database says it belongs to, after they were changed.
fn named_keys(database: &Path, change: Option<&str>) -> String {
    let program = "import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as rows:
    for keys in sys.argv[2:]:
        rows.execute('UPDATE login_keys SET fingerprint = ?', (keys,))
    print(rows.execute('SELECT fingerprint FROM login_keys').fetchone()[0])";
    let mut python = Command::new(tool("HOSPITAL_RECORD_PYTHON", "venv/bin/python"));
    let output = python.args(["-c", program]).arg(database).args(change).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn database_without_its_login_keys_opens_nothing() {
    let mut clinic = Clinic::open();
    registered(&clinic);
    clinic.node.stop();
    let (own, aside) = (clinic.disk.path().join("login.key"), clinic.disk.path().join("aside.key"));
    fs::rename(&own, &aside).unwrap();
    let start = |says: &str| {
        let refused = clinic.node.command().output().unwrap();
        let log = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && log.contains(says), "{log}");
    };
    start("restore it from a backup");
    assert!(!own.exists(), "no new keys in the place of the lost ones");

    // A thief of the database brings keys of his own. Where the program refuses them, he changes the database.
    let other = Clinic::open();
    fs::copy(other.disk.path().join("login.key"), &own).unwrap();
    start("not the keys of this database");
    let database = clinic.node.state().join("node.sqlite");
    let before = named_keys(&database, None);
    named_keys(&database, Some(&named_keys(&other.node.state().join("node.sqlite"), None)));
    clinic.node.run();
    let laptop = bare();
    login_with(&laptop, &clinic, PASSWORD).refused(4, "denied");

    // With the keys, which the operator has, the password is all that is missing.
    clinic.node.stop();
    fs::copy(&aside, &own).unwrap();
    named_keys(&database, Some(&before));
    clinic.node.run();
    login_with(&laptop, &clinic, PASSWORD).objects();
}

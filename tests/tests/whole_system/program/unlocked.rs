//! `unlock`: no password for some minutes, and not longer.

#![cfg(target_os = "linux")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use hospital_record_tests::program::{Computer, Ran, field};

use super::anas_computer;

/// What Ana's program says of her account without any password.
fn without_password(computer: &Computer) -> Ran {
    let mut command = computer.command(["--as", "ana", "--json", "account"]);
    Ran::new(command.env_remove("HOSPITAL_RECORD_PASSWORD_FILE").output().unwrap())
}

fn socket(computer: &Computer) -> PathBuf {
    computer.home().join("people/ana/agent.sock")
}

/// The folder in `/proc` of the agent that listens there.
fn agent(computer: &Computer) -> PathBuf {
    let socket = socket(computer).display().to_string();
    let is_it =
        |process: &PathBuf| fs::read_to_string(process.join("cmdline")).is_ok_and(|line| line.contains(&socket));
    fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path()).find(is_it).unwrap()
}

fn until_gone(computer: &Computer) {
    let start = Instant::now();
    while socket(computer).exists() {
        assert!(start.elapsed() < Duration::from_secs(20), "the agent did not end");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn unlocked_person_needs_no_password_until_locked() {
    let computer = anas_computer();
    without_password(&computer).refused(7, "key-file");
    let unlocked = computer.json("ana", &["unlock", "--for", "10m"]).remove(0);
    assert!(!field(&unlocked, "until").is_empty());
    assert_eq!(socket(&computer).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let account = without_password(&computer).objects().remove(0);
    assert_eq!(field(&account, "address"), computer.address("ana"));

    let command_line = fs::read_to_string(agent(&computer).join("cmdline")).unwrap();
    let arguments: Vec<&str> = command_line.split('\0').skip(1).collect();
    assert_eq!(arguments, ["unlock", "--serve", socket(&computer).to_str().unwrap(), ""], "and no secret");
    assert_eq!(computer.json("ana", &["lock"]).remove(0)["was_unlocked"], true);
    until_gone(&computer);
    without_password(&computer).refused(7, "key-file");
    assert_eq!(computer.json("ana", &["lock"]).remove(0)["was_unlocked"], false);
}

#[test]
fn agent_ends_by_itself_and_with_the_password_that_opened_it() {
    let computer = anas_computer();
    computer.json("ana", &["unlock", "--for", "1s"]);
    until_gone(&computer);
    without_password(&computer).refused(7, "key-file");

    computer.json("ana", &["unlock"]);
    let new = computer.file("new-password", "another good password\n");
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
    computer.json("ana", &["password", "--new-password-file", new.to_str().unwrap()]);
    until_gone(&computer);
    without_password(&computer).refused(7, "key-file");
}

#[test]
fn killed_agent_leaves_nothing_that_stops_the_program() {
    let computer = anas_computer();
    computer.json("ana", &["unlock"]);
    let process = agent(&computer).file_name().unwrap().to_owned();
    assert!(Command::new("kill").arg("-9").arg(process).status().unwrap().success());
    thread::sleep(Duration::from_millis(100));
    assert!(socket(&computer).exists());
    without_password(&computer).refused(7, "key-file");
    computer.json("ana", &["account"]);
    computer.json("ana", &["unlock"]);
    without_password(&computer).objects();
    computer.json("ana", &["unlock", "--for", "5m"]);
    without_password(&computer).objects();
    computer.json("ana", &["lock"]);
    until_gone(&computer);
    for time in ["0s", "13h", "soon", "15"] {
        computer.run_json("ana", &["unlock", "--for", time]).refused(2, "usage");
    }
}

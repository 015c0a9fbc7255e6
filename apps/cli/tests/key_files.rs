//! People of a machine: their key files, passwords and phrases. No server is asked.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::fs;

use common::{ACCOUNT_0, ACCOUNT_1, Home, PHRASE, failure, objects, read, text};

#[test]
fn init_shows_the_phrase_once_and_it_restores_the_same_account() {
    let home = Home::new();
    let made = objects(&home.run(&["init", "--as", "ana", "--json"]).output().unwrap());
    let [person] = &made[..] else { panic!("one object") };
    let phrase = person["phrase"].as_str().unwrap();
    assert_eq!(phrase.split(' ').count(), 24);
    assert!(!read(&home.key_file("ana")).contains(phrase.split(' ').next().unwrap()));

    let mut restore = home.run(&["init", "--restore", "--as", "again", "--json"]);
    let typed = format!("  {}\n", phrase.to_uppercase().replace(' ', "\n "));
    let restored = objects(&restore.write_stdin(typed).output().unwrap());
    assert_eq!(restored[0]["address"], person["address"]);
    assert_eq!(restored[0]["restored"], true);
    assert!(restored[0]["phrase"].is_null());
}

#[test]
fn people_see_the_phrase_on_stderr_in_numbered_words() {
    let home = Home::new();
    let output = home.run(&["init", "--as", "ana", "--quiet"]).output().unwrap();
    let told = text(&output.stderr);
    assert!(output.status.success() && told.contains("recovery phrase") && told.contains("24 "), "{told}");
    assert!(text(&output.stdout).starts_with("ana is 0x"));
}

/// Runs it with its output somewhere else; the exit code.
#[cfg(target_os = "linux")]
fn run_into(home: &Home, args: &[&str], stdout: &str, stderr: &str) -> Option<i32> {
    let open = |path: &str| fs::File::options().write(true).create(true).truncate(true).open(path).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hospital-record"));
    command.env_clear().env("HOSPITAL_RECORD_HOME", home.path("")).args(args);
    command.env("HOSPITAL_RECORD_PASSWORD_FILE", home.path("password"));
    command.stdout(open(stdout)).stderr(open(stderr)).status().unwrap().code()
}

#[cfg(target_os = "linux")]
#[test]
fn no_keys_are_made_if_nobody_saw_the_phrase() {
    let home = Home::new();
    let file = home.path("out").display().to_string();
    let init: [&[&str]; 2] = [&["init"], &["init", "--json"]];
    for (args, stdout, stderr, exit) in [
        (init[0], &*file, "/dev/full", 1),
        (init[0], &*file, "/dev/null", 2),
        (init[1], "/dev/full", &*file, 1),
        (init[1], "/dev/null", &*file, 2),
    ] {
        assert_eq!(
            run_into(&home, args, stdout, stderr),
            Some(exit),
            "{args:?} {stdout} {stderr}: {}",
            read(&home.path("out"))
        );
        assert!(!home.key_file("me").exists(), "{args:?} {stdout} {stderr}");
        // With a full stderr, only the exit code reports the failure.
        let told = read(&home.path("out"));
        let words = if exit == 2 { "nobody would see the recovery phrase" } else { "so no key file was made" };
        assert!(stderr == "/dev/full" || stderr == "/dev/null" || told.contains(words), "{told}");
    }
    // Words on stdout are no secret: the phrase is on stderr.
    assert_eq!(run_into(&home, &["init"], "/dev/null", &file), Some(0));
    assert!(home.key_file("me").exists());
    assert_eq!(fs::read_dir(home.key_file("me").parent().unwrap()).unwrap().count(), 1, "no temporary file stays");
}

#[cfg(target_os = "linux")]
#[test]
fn unusable_place_of_a_key_file_is_reported_before_a_password_is_read() {
    let home = Home::new();
    let mut command = home.run(&["init"]);
    let output =
        command.env("HOSPITAL_RECORD_HOME", "/proc/new").env("HOSPITAL_RECORD_PASSWORD_FILE", "/none").output();
    let told = text(&output.unwrap().stderr);
    assert!(told.contains("/proc/new") && !told.contains("/none"), "{told}");
}

#[test]
fn damaged_key_file_is_reported_and_not_replaced() {
    let home = Home::of("ana");
    let path = home.key_file("ana");
    for content in ["", "{", "\0\0"] {
        fs::write(&path, content).unwrap();
        let told = home.fails(&["account"], 7);
        assert!(told.contains("key.json") && told.contains("init --restore"), "{told}");
        assert!(home.fails(&["init", "--as", "ana"], 7).contains("never overwritten"));
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(home.fails(&["account"], 7).contains("init --restore"));
    #[cfg(unix)]
    {
        fs::remove_dir(&path).unwrap();
        std::os::unix::fs::symlink("gone", &path).unwrap();
        home.fails(&["account"], 7);
    }
}

#[test]
fn accounts_of_one_phrase_are_those_of_every_wallet() {
    let home = Home::new();
    for (name, number, address) in [("parent", "0", ACCOUNT_0), ("child", "1", ACCOUNT_1)] {
        let output = home.restore(name, &["--json", "--account", number]).output().unwrap();
        assert_eq!(objects(&output)[0]["address"], address);
    }
}

#[test]
fn a_key_file_is_never_overwritten() {
    let home = Home::of("ana");
    let before = read(&home.key_file("ana"));
    let told = home.fails(&["init", "--as", "ana"], 7);
    assert!(told.contains("never overwritten"), "{told}");
    failure(&mut home.restore("ana", &[]), 7);
    assert_eq!(read(&home.key_file("ana")), before);
}

#[test]
fn wrong_word_is_reported_by_position_and_never_repeated() {
    let home = Home::new();
    let wrong = PHRASE.replace("junk", "junkyard");
    let told = failure(home.run(&["init", "--restore"]).write_stdin(wrong.clone()), 7);
    assert!(told.contains("word 12") && !told.contains("junk"), "{told}");
    let swapped = PHRASE.replace("test junk", "junk test");
    assert!(failure(home.run(&["init", "--restore"]).write_stdin(swapped), 7).contains("checksum"));
    failure(home.run(&["init", "--restore"]).write_stdin("test test"), 7);
    failure(home.run(&["init", "--restore"]).write_stdin(""), 7);
    assert!(!home.key_file("me").exists());
}

#[test]
fn a_wrong_or_missing_password_is_exit_7() {
    let home = Home::of("ana");
    home.write("password", "Secret words\n");
    let told = home.fails(&["account"], 7);
    assert!(told.contains("wrong password"), "{told}");
    home.write("password", "\n");
    assert!(home.fails(&["account"], 7).contains("empty"));
    fs::remove_file(home.path("password")).unwrap();
    home.fails(&["account"], 7);
    home.fails(&["init", "--as", "ben"], 7);
    assert!(!home.key_file("ben").exists());
}

#[test]
fn new_password_opens_the_same_keys_and_the_old_one_does_not() {
    let home = Home::of("ana");
    let path = home.key_file("ana");
    let before = read(&path);
    let new = home.write("new", "other words\n");
    let told = objects(&home.run(&["password", "--new-password-file", "new", "--json"]).output().unwrap());
    assert_eq!((&told[0]["type"], &told[0]["name"]), (&"password-changed".into(), &"ana".into()));
    assert_ne!(read(&path), before);
    assert!(home.fails(&["account"], 7).contains("wrong password"));
    fs::rename(new, home.path("password")).unwrap();
    home.fails(&["account", "--timeout", "1"], 6);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file stays");

    home.write("new", "third words\n");
    let output = home.run(&["password", "--new-password-file", "new"]).output().unwrap();
    assert!(output.status.success() && text(&output.stderr).contains("holds the old password"), "{output:?}");
}

#[test]
fn failed_password_change_keeps_the_old_password() {
    let home = Home::of("ana");
    let path = home.key_file("ana");
    let before = read(&path);
    home.write("new", "short\n");
    assert!(home.fails(&["password", "--new-password-file", "new"], 7).contains("at least 8"));
    assert!(home.fails(&["password"], 7).contains("--new-password-file"), "there is no terminal");
    home.write("new", "other words\n");
    home.write("password", "Secret words\n");
    assert!(home.fails(&["password", "--new-password-file", "new"], 7).contains("wrong password"));
    assert_eq!(read(&path), before);
}

#[cfg(unix)]
#[test]
fn a_key_file_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::of("ana");
    let path = home.key_file("ana");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let told = home.fails(&["account"], 7);
    assert!(told.contains("chmod 600"), "{told}");
}

#[cfg(unix)]
#[test]
fn a_password_or_token_file_that_others_can_read_is_refused() {
    let home = Home::of("ana");
    home.mode("password", 0o640);
    let told = home.fails(&["account"], 7);
    assert!(told.contains("chmod 600") && told.contains("password"), "{told}");
    home.fails(&["init", "--as", "ben"], 7);
    home.mode("password", 0o600);
    home.write("token", "sesame");
    home.write("config.toml", "store-token-file = 'token'");
    home.fails(&["account", "--timeout", "1"], 6);
    home.mode("token", 0o604);
    let told = home.fails(&["account", "--timeout", "1"], 7);
    assert!(told.contains("token") && !told.contains("sesame"), "{told}");
}

#[cfg(unix)]
#[test]
fn a_state_folder_that_others_can_read_is_closed_to_them() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::of("ana");
    fs::create_dir(home.path("state")).unwrap();
    home.mode("state", 0o755);
    home.fails(&["account", "--timeout", "1"], 6);
    assert_eq!(fs::metadata(home.path("state")).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_damaged_key_file_is_exit_7() {
    let home = Home::of("ana");
    let path = home.key_file("ana");
    let good = read(&path);
    for damaged in [good.replace(ACCOUNT_0, ACCOUNT_1), good.replace("\"log_n\": 17", "\"log_n\": 10"), "{}".into()] {
        assert_ne!(damaged, good);
        fs::write(&path, damaged).unwrap();
        home.fails(&["account"], 7);
    }
}

#[test]
fn acting_person_must_be_unambiguous() {
    let home = Home::new();
    assert!(home.fails(&["account"], 3).contains("init"));
    home.restore("ana", &[]).assert().success();
    home.fails(&["account", "--timeout", "1"], 6);
    home.restore("ben", &["--account", "1"]).assert().success();
    let told = home.fails(&["account"], 2);
    assert!(told.contains("--as") && told.contains("ana, ben"), "{told}");
    home.fails(&["account", "--as", "eve"], 3);
    home.fails(&["account", "--as", "ben", "--timeout", "1"], 6);
    home.fails(&["account", "--as", "../ben"], 2);
    home.write("config.toml", "as = 'ana'");
    home.fails(&["account", "--timeout", "1"], 6);
}

#[cfg(target_os = "linux")]
#[test]
fn a_crash_writes_no_memory_to_disk() {
    use std::{
        os::unix::process::ExitStatusExt,
        process::{Command, Stdio},
        time::{Duration, Instant},
    };
    let home = Home::new();
    // The shell allows core dumps. The program waits for the phrase.
    let mut waiting = Command::new("sh")
        .args(["-c", "ulimit -c unlimited; exec \"$0\" init --restore", env!("CARGO_BIN_EXE_hospital-record")])
        .env_clear()
        .env("HOSPITAL_RECORD_HOME", home.path(""))
        .current_dir(home.path(""))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let limits = format!("/proc/{}/limits", waiting.id());
    let closed = |limits: &str| {
        let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        line.split_whitespace().filter(|word| *word == "0").count() == 2
    };
    let started = Instant::now();
    while !closed(&fs::read_to_string(&limits).unwrap()) {
        assert!(started.elapsed() < Duration::from_secs(20), "core dumps are still on");
        std::thread::sleep(Duration::from_millis(20));
    }
    Command::new("kill").args(["-ABRT", &waiting.id().to_string()]).status().unwrap();
    let status = waiting.wait().unwrap();
    assert!(status.signal() == Some(6) && !status.core_dumped(), "{status}");
}

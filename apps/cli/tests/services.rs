//! Settings, and services that are missing or do not answer.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::{
    net::TcpListener,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use common::{ACCOUNT_0, Home, failure};

fn asked(home: &Home, args: &[&str], env: Option<&str>) -> String {
    let mut command = home.run(&["verify", ACCOUNT_0, "--timeout", "2"]);
    command.args(args).env_remove("ETH_RPC_URL");
    if let Some(url) = env {
        command.env("ETH_RPC_URL", url);
    }
    failure(&mut command, 6)
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let home = Home::new();
    home.write("config.toml", "rpc-url = 'http://127.0.0.1:4'");
    let (flag, env) = (["--rpc-url", "http://127.0.0.1:2"], Some("http://127.0.0.1:3"));
    assert!(asked(&home, &flag, env).contains("127.0.0.1:2"));
    assert!(asked(&home, &[], env).contains("127.0.0.1:3"));
    assert!(asked(&home, &[], None).contains("127.0.0.1:4"));
    assert!(asked(&home, &[], Some("")).contains("127.0.0.1:4"), "an empty variable is not set");
}

#[test]
fn an_unknown_key_in_the_file_is_named() {
    let home = Home::new();
    home.write("config.toml", "rpc_url = 'http://127.0.0.1:4'");
    let told = home.fails(&["verify", ACCOUNT_0], 2);
    assert!(told.contains("rpc_url") && told.contains("config.toml"), "{told}");
    home.write("config.toml", "rpc-url = ");
    home.fails(&["verify", ACCOUNT_0], 2);
}

#[test]
fn unreachable_chain_is_exit_6_and_no_key_of_the_url_is_shown() {
    let home = Home::new();
    let told = asked(&home, &["--rpc-url", "http://user:hunter2@127.0.0.1:1/v3/sesame?key=sesame", "--json"], None);
    let error: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((error["kind"].as_str(), error["exit"].as_u64()), (Some("unreachable"), Some(6)), "{told}");
    assert!(!told.contains("hunter2") && !told.contains("sesame"), "{told}");
}

#[test]
fn a_chain_that_never_answers_is_exit_6_before_long() {
    let (home, silent) = (Home::new(), TcpListener::bind("127.0.0.1:0").unwrap());
    let url = format!("http://{}", silent.local_addr().unwrap());
    let started = Instant::now();
    let told = asked(&home, &["--rpc-url", &url], None);
    assert!(started.elapsed() < Duration::from_secs(40), "{told}");
}

#[test]
fn malformed_address_is_exit_2() {
    let home = Home::new();
    home.fails(&["verify", ACCOUNT_0, "--rpc-url", "nonsense"], 2);
    home.fails(&["verify", ACCOUNT_0, "--rpc-url", "ftp://127.0.0.1"], 2);
    let told = home.fails(&["verify", ACCOUNT_0, "--store", "ftp://user:hunter2@host"], 2);
    assert!(!told.contains("hunter2"), "{told}");
    home.fails(&["verify", ACCOUNT_0, "--max-fee", "much"], 2);
    home.write("config.toml", "max-fee = 'much'");
    home.fails(&["verify", ACCOUNT_0], 2);
}

#[test]
fn empty_variable_counts_as_not_set() {
    let home = Home::new();
    for name in [
        "ETH_RPC_URL",
        "HOSPITAL_RECORD_CONTRACT",
        "HOSPITAL_RECORD_CHAIN_ID",
        "HOSPITAL_RECORD_STORE",
        "HOSPITAL_RECORD_HOME",
        "HOSPITAL_RECORD_PASSWORD_FILE",
        "HOSPITAL_RECORD_WITNESS",
        "HOSPITAL_RECORD_RELAY",
        "HOSPITAL_RECORD_AUTHORITY",
        "HOSPITAL_RECORD_MAX_FEE",
        "HOSPITAL_RECORD_CLOCK",
        "HOSPITAL_RECORD_TIMEOUT",
        "TZ",
    ] {
        let mut command = home.run(&["verify", ACCOUNT_0, "--rpc-url", common::NOWHERE]);
        let told = failure(command.env("HOME", home.path("")).env("HOSPITAL_RECORD_TIMEOUT", "1").env(name, ""), 6);
        assert!(told.contains("127.0.0.1:1"), "{name}: {told}");
    }
}

#[test]
fn wrong_variable_is_refused_like_a_wrong_flag() {
    let home = Home::new();
    home.write("config.toml", "tz = 'Europe/Zurich'");
    for (name, value, told) in [
        ("TZ", "Mars/X", "TZ="),
        ("HOSPITAL_RECORD_TIMEOUT", "0", "1 to 86400"),
        ("HOSPITAL_RECORD_TIMEOUT", "4611686018427387904", "1 to 86400"),
        ("HOSPITAL_RECORD_TIMEOUT", "soon", "1 to 86400"),
        ("HOSPITAL_RECORD_MAX_FEE", "0", "0.05"),
        ("HOSPITAL_RECORD_MAX_FEE", "1001", "0.05"),
        ("HOSPITAL_RECORD_CHAIN_ID", "0", "chain"),
        ("HOSPITAL_RECORD_CLOCK", "sun", "chain or machine"),
        ("HOSPITAL_RECORD_STORE", "file:///t/patient#12", "file:///t/patient%2312"),
        ("HOSPITAL_RECORD_STORE", "FILE:///nowhere/at/all", "no folder for the store"),
        ("HOSPITAL_RECORD_STORE", "http://127.0.0.1:5001", "kubo+http://127.0.0.1:5001"),
        ("HOSPITAL_RECORD_STORE", "memory:", "forgets"),
    ] {
        let error = failure(home.run(&["verify", ACCOUNT_0]).env(name, value), 2);
        assert!(error.contains(told), "{name}={value}: {error}");
    }
    std::fs::create_dir(home.path("my records")).unwrap();
    let store = format!("file://{}", home.path("my%20records").display());
    failure(home.run(&["verify", ACCOUNT_0, "--timeout", "1"]).env("HOSPITAL_RECORD_STORE", store), 6);
    assert!(!home.path("my%20records").exists());
}

#[test]
fn settings_are_explained_without_any_service() {
    let home = Home::new();
    for args in [&["help", "settings"][..], &["settings"], &["settings", "--help"]] {
        let output = home.run(args).output().unwrap();
        let told = common::text(&output.stdout);
        assert!(output.status.success() && told.contains("--rpc-url <URL>") && told.contains("ETH_RPC_URL"), "{told}");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_with_130_and_says_how_to_go_on() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let (home, silent) = (Home::new(), TcpListener::bind("127.0.0.1:0").unwrap());
        let url = format!("http://{}", silent.local_addr().unwrap());
        let program = Command::new(assert_cmd::cargo::cargo_bin("hospital-record"))
            .env_clear()
            .args(["verify", ACCOUNT_0, "--rpc-url", &url, "--home"])
            .arg(home.path(""))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The request has arrived, so the program waits.
        drop(silent.accept().unwrap().0.set_nonblocking(true));
        std::thread::sleep(Duration::from_millis(300));
        assert!(Command::new("kill").args([signal, &program.id().to_string()]).status().unwrap().success());
        let output = program.wait_with_output().unwrap();
        let told = common::text(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{signal}: {told}");
        assert!(told.contains("resume"), "{told}");
    }
}

//! Runs the program in its own home folder, without the caller's environment.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use assert_cmd::Command;
use serde_json::Value;

/// Anvil's well-known phrase, and its first two accounts.
pub(crate) const PHRASE: &str = "test test test test test test test test test test test junk";
pub(crate) const ACCOUNT_0: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
pub(crate) const ACCOUNT_1: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

/// Nothing listens here.
pub(crate) const NOWHERE: &str = "http://127.0.0.1:1";

pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.write("password", "secret words\n");
        home
    }

    /// With one person, of Anvil's phrase.
    pub(crate) fn of(name: &str) -> Self {
        let home = Self::new();
        home.restore(name, &[]).assert().success();
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file that its owner alone can read.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        #[cfg(unix)]
        self.mode(name, 0o600);
        path
    }

    #[cfg(unix)]
    pub(crate) fn mode(&self, name: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn key_file(&self, name: &str) -> PathBuf {
        self.path("people").join(name).join("key.json")
    }

    pub(crate) fn run(&self, args: &[&str]) -> Command {
        let mut command = Command::cargo_bin("hospital-record").unwrap();
        command.env_clear().env("HOSPITAL_RECORD_HOME", self.0.path()).current_dir(self.0.path()).args(args);
        command.env("HOSPITAL_RECORD_PASSWORD_FILE", self.path("password")).env("ETH_RPC_URL", NOWHERE);
        command.timeout(std::time::Duration::from_secs(60));
        command
    }

    pub(crate) fn restore(&self, name: &str, more: &[&str]) -> Command {
        let mut command = self.run(&["init", "--restore", "--as", name]);
        command.args(more).write_stdin(PHRASE);
        command
    }

    /// Runs, expects this exit code, and gives what was on stderr.
    pub(crate) fn fails(&self, args: &[&str], exit: i32) -> String {
        failure(&mut self.run(args), exit)
    }
}

pub(crate) fn failure(command: &mut Command, exit: i32) -> String {
    let output = command.output().unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(exit), "{told}");
    assert_eq!(text(&output.stdout), "", "a failure says nothing on stdout");
    told
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Every line of stdout is an object.
pub(crate) fn objects(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

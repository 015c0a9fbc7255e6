//! A hospital's node as a process.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use hospital_record::alloy::{hex, primitives::Address, signers::local::PrivateKeySigner};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    anvil::Anvil,
    process::{Server, new_dir},
    program,
};

static NODE: LazyLock<PathBuf> = LazyLock::new(|| program::build("hospital-record-node"));

/// A node whose accounts can pay, with what it keeps; it can be ended and started again at the same place.
pub struct Node {
    server: Option<Server>,
    _disk: TempDir,
    state: PathBuf,
    address: String,
    rpc: String,
    keys: Vec<PathBuf>,
    payers: Vec<Address>,
    options: Vec<String>,
}

impl Node {
    /// With one account, and these options besides those that it needs.
    pub fn start(anvil: &Anvil, options: &[&str]) -> Self {
        Self::with_accounts(anvil, 1, options)
    }

    /// With several accounts that pay.
    pub fn with_accounts(anvil: &Anvil, accounts: usize, options: &[&str]) -> Self {
        let disk = tempfile::tempdir().expect("a folder");
        let signers = (0..accounts).map(|_| PrivateKeySigner::random()).collect::<Vec<_>>();
        let payers = signers.iter().map(PrivateKeySigner::address).collect();
        let keys = signers.iter().enumerate().map(|(number, payer)| {
            anvil.fund(payer.address());
            let file = disk.path().join(format!("key-{number}"));
            fs::write(&file, hex::encode(payer.to_bytes())).expect("a new file");
            #[cfg(unix)]
            fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600))
                .expect("a file of one's own");
            file
        });
        let keys = keys.collect();
        let options = options.iter().map(ToString::to_string).collect();
        let address = "127.0.0.1:0".into();
        let state = disk.path().join("state");
        let mut relay = Self { server: None, _disk: disk, state, address, rpc: anvil.url(), keys, payers, options };
        relay.run();
        relay
    }

    /// Starts it where it was before.
    pub fn run(&mut self) {
        let server = Server::start(new_dir(), &mut self.command());
        self.address = server.wait_for(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            let fields = &line["fields"];
            (fields["message"] == "listening").then(|| fields["address"].as_str().map(str::to_owned))?
        });
        self.server = Some(server);
    }

    /// How it is started.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&*NODE);
        command.args(["--listen", &self.address, "--rpc-url", &self.rpc, "--contract", Anvil::contract()]);
        command.arg("--state").arg(&self.state);
        for key in &self.keys {
            command.arg("--key-file").arg(key);
        }
        command.args(&self.options);
        command
    }

    /// The next start is with another state folder and other options, as on another machine.
    pub fn move_to(&mut self, state: PathBuf, options: &[&str]) {
        self.state = state;
        self.options = options.iter().map(ToString::to_string).collect();
    }

    /// Its state folder.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Copies its database, as its keeper would.
    pub fn backup(&self, to: &Path) -> Output {
        let mut command = Command::new(&*NODE);
        command.args(["backup", "--state"]).arg(&self.state).arg("--to").arg(to);
        command.output().expect("the program starts")
    }

    /// Asks whether it is well, as a container's runtime would.
    pub fn check(&self) -> Output {
        Command::new(&*NODE).args(["check", &self.address]).output().expect("the program starts")
    }

    /// Ends it as in a power cut.
    pub fn kill(&mut self) {
        self.server.take().expect("it runs").kill();
    }

    /// Ends it as its keeper would.
    pub fn stop(&mut self) {
        self.server.take().expect("it runs").stop();
    }

    /// The accounts that pay.
    pub fn payers(&self) -> &[Address] {
        &self.payers
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its process id.
    pub fn pid(&self) -> String {
        self.server.as_ref().expect("it runs").pid()
    }

    /// What it has logged since it was started.
    pub fn log(&self) -> String {
        self.server.as_ref().expect("it runs").log()
    }
}

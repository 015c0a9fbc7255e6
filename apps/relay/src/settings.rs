//! What a relay is told when it starts.

use std::{fs, net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

use clap::Parser;
use hospital_record::{Address, Config, U256, alloy::signers::local::PrivateKeySigner};
use zeroize::Zeroizing;

/// Carries what people have signed for HospitalRecord to the chain, and pays for it.
///
/// It can refuse, and nothing else: it cannot change what it carries. Put a reverse proxy with TLS in front of it.
#[derive(Parser)]
#[command(version, name = "hospital-record-relay")]
pub(crate) struct Settings {
    /// Where it listens; port 0 takes a free one, which the first log line names
    #[arg(long, env = "HOSPITAL_RECORD_RELAY_LISTEN", default_value = "127.0.0.1:8550")]
    pub(crate) listen: SocketAddr,
    /// The chain's JSON-RPC
    #[arg(long, env = "ETH_RPC_URL", hide_env_values = true)]
    rpc_url: String,
    /// The contract, when it is not at its usual address
    #[arg(long, env = "HOSPITAL_RECORD_CONTRACT")]
    contract: Option<Address>,
    /// A file with the private key of an account that pays, in hex, readable by its owner alone; several pay in parallel
    #[arg(long = "key-file", env = "HOSPITAL_RECORD_RELAY_KEY_FILE", value_delimiter = ',', required = true)]
    key_files: Vec<PathBuf>,
    /// Where it keeps what it accepted; one process a folder
    #[arg(long, env = "HOSPITAL_RECORD_RELAY_STATE")]
    pub(crate) state: PathBuf,
    /// Verbs that it carries, as the contract names them, such as Grant,Revoke; all when none is named
    #[arg(long = "verb", env = "HOSPITAL_RECORD_RELAY_VERBS", value_delimiter = ',')]
    pub(crate) verbs: Vec<String>,
    /// Requests a minute that one account has carried, and as many revocations
    #[arg(long, default_value = "30")]
    pub(crate) per_account: NonZeroU32,
    /// Requests a minute that are looked at from one network address
    #[arg(long, default_value = "120")]
    pub(crate) per_address: NonZeroU32,
    /// Read the caller's address from X-Forwarded-For: only behind a proxy that sets it
    #[arg(long)]
    pub(crate) behind_proxy: bool,
    /// Accepted requests that may wait
    #[arg(long, default_value = "10000")]
    pub(crate) queue: usize,
    /// The most that one transaction may cost, in wei
    #[arg(long, default_value = "10000000000000000")]
    max_fee: U256,
    /// Seconds that the chain may take to answer
    #[arg(long, default_value = "30")]
    timeout: u64,
}

/// The verbs that a relay can be told to carry.
pub(crate) const VERBS: [&str; 14] = [
    "SetProfile",
    "AddRecord",
    "Replace",
    "SetStatus",
    "Attest",
    "Grant",
    "PassOn",
    "Rotate",
    "Renounce",
    "Withdraw",
    "LogAccess",
    "InvalidateNonces",
    "Revoke",
    "Veto",
];

impl Settings {
    /// What is wrong with them, before anything is started.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.verbs.iter().find(|verb| !VERBS.contains(&verb.as_str())) {
            Some(unknown) => Err(format!("--verb {unknown}: there is no such verb; there are {}", VERBS.join(", "))),
            None => Ok(()),
        }
    }

    pub(crate) fn config(&self) -> Config {
        // A relay has no records: a store in memory that stays empty.
        let config = Config::new(&self.rpc_url)
            .store("memory:")
            .state_dir(&self.state)
            .timeout(Duration::from_secs(self.timeout.max(1)))
            .most_per_transaction(self.max_fee);
        match self.contract {
            Some(contract) => config.contract(contract),
            None => config,
        }
    }

    pub(crate) fn payers(&self) -> Result<Vec<PrivateKeySigner>, String> {
        let payers = self.key_files.iter().map(payer).collect::<Result<Vec<_>, _>>()?;
        for (place, payer) in payers.iter().enumerate() {
            if payers[..place].iter().any(|other| other.address() == payer.address()) {
                return Err(format!("two key files are of the same account, {}", payer.address()));
            }
        }
        Ok(payers)
    }
}

/// The error names the file, and nothing that is in it.
fn payer(file: &PathBuf) -> Result<PrivateKeySigner, String> {
    let wrong = |what: &str| format!("the key file {}: {what}", file.display());
    let meta = fs::metadata(file).map_err(|error| wrong(&error.to_string()))?;
    if is_open_to_others(&meta) {
        return Err(wrong("others may read it; close it with chmod 600"));
    }
    let text = Zeroizing::new(fs::read_to_string(file).map_err(|error| wrong(&error.to_string()))?);
    text.trim().parse().map_err(|_| wrong("it does not hold a private key of 64 hex digits"))
}

#[cfg(unix)]
fn is_open_to_others(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    meta.mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

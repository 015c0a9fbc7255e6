//! The settings of a node.

use std::{
    collections::HashSet, net::SocketAddr, num::NonZeroU32, ops::RangeInclusive, path::PathBuf, sync::Arc,
    time::Duration,
};

use clap::{Parser, builder::TypedValueParser, value_parser};
use hospital_record::{
    Address, Config, System,
    ledger::{EthereumLedger, EthereumOptions},
    names::parse_address,
};
use tokio::{sync::watch, task::JoinSet};

use crate::{
    blocks::settings::BlocksSettings, directory::settings::DirectorySettings, frames::settings::FramesSettings,
    guard::PerMinute, relay::settings::RelaySettings, server::Connections, tls::Tls, trust,
};

/// One address for the people of a hospital: a relay that pays, the chain, and their encrypted blocks.
///
/// Nobody has to trust it: it can refuse, but it cannot read or change a record. Switch on what you need, each by its
/// own flag. Put a reverse proxy with TLS in front of it.
#[derive(Parser)]
#[command(version, name = "hospital-record-node")]
#[command(
    after_help = "Instead of flags, as the first word:\n  backup  Copies the database of a node, also while the node \
                        runs\n  check   Asks a node on this machine whether it is well"
)]
pub(crate) struct Settings {
    /// Address to listen on; port 0 takes a free one, which the first log line names
    #[arg(long, env = "HOSPITAL_RECORD_NODE_LISTEN", default_value = "127.0.0.1:8550")]
    pub(crate) listen: SocketAddr,
    /// The chain's JSON-RPC
    #[arg(long, env = "ETH_RPC_URL", hide_env_values = true)]
    rpc_url: String,
    /// The contract, if it is not at its usual address
    #[arg(long, env = "HOSPITAL_RECORD_CONTRACT", value_parser = parse_address)]
    contract: Option<Address>,
    /// The state folder; only one process may use it
    #[arg(long, env = "HOSPITAL_RECORD_NODE_STATE")]
    pub(crate) state: PathBuf,
    /// Signed requests from one network address a minute
    #[arg(long, default_value = "120", value_parser = count(1..=10_000_000))]
    per_address: NonZeroU32,
    /// Questions to the chain from one network address a minute
    #[arg(long, default_value = "1200", value_parser = count(1..=10_000_000))]
    questions_per_address: NonZeroU32,
    /// Other requests from one network address a minute, such as for blocks
    #[arg(long, default_value = "6000", value_parser = count(1..=10_000_000))]
    others_per_address: NonZeroU32,
    /// The certificates of the node's host name, its own first, in PEM; needs --tls-key. A renewed file is used within a
    /// minute
    #[arg(long, env = "HOSPITAL_RECORD_NODE_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of the certificate, in PEM, readable by its owner only
    #[arg(long, env = "HOSPITAL_RECORD_NODE_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Read the caller's address from X-Forwarded-For; use it only behind a proxy that sets it
    #[arg(long)]
    pub(crate) behind_proxy: bool,
    /// A host name of the node, such as clinic.example; its addresses and localhost always work
    #[arg(long = "host", env = "HOSPITAL_RECORD_NODE_HOSTS", value_delimiter = ',')]
    pub(crate) hosts: Vec<String>,
    /// The origin of a web page that may use it, such as `https://portal.hospital.example` [default: none]
    #[arg(long = "allow-origin", env = "HOSPITAL_RECORD_NODE_ORIGINS", value_delimiter = ',')]
    pub(crate) origins: Vec<String>,
    /// Serve the web page in this folder, which may use the node: guard the folder, because people give the page their keys
    #[arg(long, env = "HOSPITAL_RECORD_NODE_PORTAL", value_name = "FOLDER")]
    pub(crate) portal: Option<PathBuf>,
    /// Connections at a time; an eighth of them for one network address, or behind a proxy all for all
    #[arg(long, default_value = "512", value_parser = value_parser!(u32).range(8..=100_000))]
    connections: u32,
    /// Serve only the accounts in this file, one address a line
    #[arg(long, env = "HOSPITAL_RECORD_NODE_ALLOW")]
    allow: Option<PathBuf>,
    /// Serve only accounts for which this authority vouches, directly or through others, and those in --allow
    #[arg(long = "authority", env = "HOSPITAL_RECORD_NODE_AUTHORITIES", value_delimiter = ',', value_parser = parse_address)]
    pub(crate) authorities: Vec<Address>,
    /// Seconds that the chain may take for one answer
    #[arg(long, default_value = "30", value_parser = value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// Let people ask the chain through this node: the read methods of its JSON-RPC, at /v1/rpc
    #[arg(long)]
    pub(crate) chain_reads: bool,
    /// Let people log in with a name and a password: the file of the login keys, which is made at the first start
    #[arg(long, env = "HOSPITAL_RECORD_NODE_LOGIN", value_name = "KEY_FILE")]
    pub(crate) login: Option<PathBuf>,
    /// The most vaults of people who log in
    #[arg(long, default_value = "10000", value_parser = count(1..=10_000_000))]
    pub(crate) vaults: NonZeroU32,
    #[command(flatten)]
    pub(crate) relay: RelaySettings,
    #[command(flatten)]
    pub(crate) blocks: BlocksSettings,
    #[command(flatten)]
    pub(crate) frames: FramesSettings,
    #[command(flatten)]
    pub(crate) directory: DirectorySettings,
}

/// The most authorities that `System::why_trusted` takes.
pub(crate) const MOST_AUTHORITIES: usize = 16;
impl Settings {
    /// Checks the settings before anything starts.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.relay.check()?;
        let is_restricted = self.allow.is_some() || !self.authorities.is_empty();
        self.blocks.check(is_restricted)?;
        self.frames.check(is_restricted)?;
        self.directory.check(&self.authorities)?;
        if !self.keeps_rows() && !self.chain_reads {
            let rooms =
                "a --key-file for the relay, --chain-reads, a store for --blocks, --frames, --directory, or --login";
            return Err(format!("nothing is switched on: name {rooms}"));
        }
        if !self.listen.ip().is_loopback() && self.tls_cert.is_none() && !self.behind_proxy {
            return Err(format!(
                "--listen {}: other machines would send their sessions in the clear. Name a --tls-cert, or --behind-proxy \
                 if a proxy with TLS stands before the node and nobody else reaches it",
                self.listen
            ));
        }
        if self.authorities.len() > MOST_AUTHORITIES || self.authorities.contains(&Address::ZERO) {
            return Err(format!("--authority: name up to {MOST_AUTHORITIES} accounts, and not the zero address"));
        }
        Ok(())
    }

    /// Whether a room needs the database.
    pub(crate) fn keeps_rows(&self) -> bool {
        self.relay.is_on()
            || self.blocks.is_on()
            || self.frames.is_on()
            || self.directory.is_on()
            || self.login.is_some()
    }

    /// The accounts that it serves; empty for all.
    pub(crate) fn allowed(&self) -> Result<HashSet<Address>, String> {
        self.allow.as_deref().map_or_else(|| Ok(HashSet::new()), trust::listed)
    }

    pub(crate) fn connections(&self) -> Connections {
        let all = self.connections as usize;
        Connections { all, of_one: (!self.behind_proxy).then_some(all / 8) }
    }

    /// TLS, if there is a certificate, with the task that renews it.
    pub(crate) fn tls(&self, stop: &watch::Receiver<bool>, tasks: &mut JoinSet<()>) -> Result<Option<Tls>, String> {
        let Some((certificates, key)) = self.tls_cert.as_deref().zip(self.tls_key.as_deref()) else { return Ok(None) };
        let (tls, renewing) = Tls::open(certificates, key, stop.clone())?;
        tasks.spawn(renewing);
        Ok(Some(tls))
    }

    /// The time to check a request, which asks the chain several times.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs(self.timeout * 2)
    }

    pub(crate) fn per_minute(&self) -> PerMinute {
        let Self { per_address: signed, questions_per_address: questions, others_per_address: others, .. } = *self;
        PerMinute { signed, questions, frames: self.frames.frames_per_address, others }
    }

    /// The chain, by its provider, with a limit on its answers.
    pub(crate) fn provider(&self, longest_answer: usize) -> Result<EthereumLedger, String> {
        let options = EthereumOptions { timeout: Duration::from_secs(self.timeout), longest_answer };
        EthereumLedger::connect(&self.rpc_url, options).map_err(|error| error.to_string())
    }

    pub(crate) fn config(&self, provider: &EthereumLedger) -> Config {
        // A node has no records of its own: a store in memory that stays empty.
        let config = System::builder()
            .own_ledger(Arc::new(provider.clone()))
            .store("memory:")
            .state_dir(&self.state)
            .timeout(Duration::from_secs(self.timeout))
            .most_per_transaction(self.relay.max_fee);
        match self.contract {
            Some(contract) => config.contract(contract),
            None => config,
        }
    }
}

pub(crate) fn count(range: RangeInclusive<i64>) -> impl TypedValueParser<Value = NonZeroU32> {
    value_parser!(u32).range(range).try_map(NonZeroU32::try_from)
}

#[cfg(test)]
mod tests;

//! The settings of a node.

use std::{
    collections::HashSet,
    fs,
    net::SocketAddr,
    num::NonZeroU32,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Parser, builder::TypedValueParser, value_parser};
use hospital_record::{Address, Config, System, names::parse_address};
use zeroize::Zeroizing;

use crate::{blocks::settings::BlocksSettings, relay::settings::RelaySettings, server::Connections, trust};

/// One address for the people of a hospital: a relay that pays, the chain, and their encrypted blocks.
///
/// Nobody has to trust it: it can refuse, but it cannot read or change a record. Switch on what you need, each by its
/// own flag. Put a reverse proxy with TLS in front of it.
#[derive(Parser)]
#[command(version, name = "hospital-record-node")]
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
    pub(crate) per_address: NonZeroU32,
    /// Other requests from one network address a minute: questions to the chain, blocks
    #[arg(long, default_value = "6000", value_parser = count(1..=10_000_000))]
    pub(crate) others_per_address: NonZeroU32,
    /// Read the caller's address from X-Forwarded-For; use it only behind a proxy that sets it
    #[arg(long)]
    pub(crate) behind_proxy: bool,
    /// A host name of the node, such as clinic.example; its addresses and localhost always work
    #[arg(long = "host", env = "HOSPITAL_RECORD_NODE_HOSTS", value_delimiter = ',')]
    pub(crate) hosts: Vec<String>,
    /// The origin of a web page that may use it, such as `https://portal.hospital.example` [default: none]
    #[arg(long = "allow-origin", env = "HOSPITAL_RECORD_NODE_ORIGINS", value_delimiter = ',')]
    pub(crate) origins: Vec<String>,
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
    #[command(flatten)]
    pub(crate) relay: RelaySettings,
    #[command(flatten)]
    pub(crate) blocks: BlocksSettings,
}

/// The most authorities that `System::why_trusted` takes.
const MOST_AUTHORITIES: usize = 16;
impl Settings {
    /// Checks the settings before anything starts.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.relay.check()?;
        self.blocks.check(self.allow.is_some() || !self.authorities.is_empty())?;
        if !self.relay.is_on() && !self.blocks.is_on() && !self.chain_reads {
            let rooms = "a --key-file for the relay, a store for --blocks, or --chain-reads";
            return Err(format!("nothing is switched on: name {rooms}"));
        }
        if self.authorities.len() > MOST_AUTHORITIES || self.authorities.contains(&Address::ZERO) {
            return Err(format!("--authority: name up to {MOST_AUTHORITIES} accounts, and not the zero address"));
        }
        Ok(())
    }

    /// The accounts that it serves; empty for all.
    pub(crate) fn allowed(&self) -> Result<HashSet<Address>, String> {
        self.allow.as_deref().map_or_else(|| Ok(HashSet::new()), trust::listed)
    }

    pub(crate) fn connections(&self) -> Connections {
        let all = self.connections as usize;
        Connections { all, of_one: (!self.behind_proxy).then_some(all / 8) }
    }

    /// The time to check a request, which asks the chain several times.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs(self.timeout * 2)
    }

    pub(crate) fn config(&self) -> Config {
        // A node has no records of its own: a store in memory that stays empty.
        let config = System::builder()
            .rpc(&self.rpc_url)
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

/// The content of a file that only its owner reads. The error names the file, but not its content.
pub(crate) fn secret(kind: &str, file: &Path) -> Result<Zeroizing<String>, String> {
    let wrong = |what: &str| format!("the {kind} {}: {what}", file.display());
    let meta = fs::metadata(file).map_err(|error| wrong(&error.to_string()))?;
    if is_open_to_others(&meta) {
        return Err(wrong("others can read it; run chmod 600 on it"));
    }
    fs::read_to_string(file).map(Zeroizing::new).map_err(|error| wrong(&error.to_string()))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parse(options: &[&str]) -> Result<Settings, String> {
        let needed = ["node", "--rpc-url", "http://127.0.0.1:1", "--key-file", "key", "--state", "state"];
        let settings = Settings::try_parse_from(needed.iter().chain(options)).map_err(|error| error.to_string())?;
        settings.check().map(|()| settings)
    }

    #[test]
    fn settings_that_carry_nothing_are_refused_by_name() {
        for option in [
            "--timeout",
            "--max-fee",
            "--budget",
            "--budget-per-account",
            "--queue",
            "--waiting",
            "--waiting-revocations",
            "--per-account",
            "--per-address",
            "--others-per-address",
            "--connections",
            "--gas-percent",
            "--quota",
            "--quota-total",
            "--unpinned",
        ] {
            for value in ["0", "-1", "0.5", "many", "99999999999999999999999"] {
                let error = parse(&[&format!("{option}={value}")]).err().unwrap_or_default();
                assert!(error.contains(option), "{option} {value}: {error}");
            }
        }
        let too_many = ["0x0000000000000000000000000000000000000001"; 17].join(",");
        for (option, value) in [
            ("--verb", "Bless"),
            ("--verb", ""),
            ("--authority", "0x0000000000000000000000000000000000000000"),
            ("--authority", too_many.as_str()),
            ("--budget-per-account", "200000000000000001"),
            ("--max-fee", "1000000000000000001"),
            ("--timeout", "601"),
            ("--listen", "127.0.0.1"),
            ("--listen", "127.0.0.1:65536"),
            ("--contract", "0x12"),
            ("--authority", "0x12"),
            ("--authority", "ministry"),
        ] {
            let error = parse(&[option, value]).err().unwrap_or_default();
            assert!(error.contains(option), "{option} {value}: {error}");
            assert!(!error.contains("string length"), "{option} {value}: {error}");
        }
    }

    #[test]
    fn defaults_are_as_documented() {
        let settings = parse(&[]).unwrap();
        let terms = settings.relay.terms();
        assert_eq!((terms.queue, terms.ordinary, terms.urgent), (10_000, 16, 8));
        assert_eq!(settings.connections().of_one, Some(64));
        assert_eq!(parse(&["--behind-proxy"]).unwrap().connections().of_one, None);
        assert!(parse(&["--verb", "Grant,Revoke", "--per-address", "1000000"]).is_ok());
    }

    #[test]
    fn blocks_are_kept_for_somebody_named_or_openly_for_all() {
        let authority = "--authority=0x0000000000000000000000000000000000000001";
        let store = "--blocks=file:///srv/blocks";
        for (options, says) in [
            (&[store][..], "say who may write"),
            (&[store, authority], ""),
            (&[store, "--allow=staff"], ""),
            (&[store, "--open-blocks"], ""),
            (&[store, "--open-blocks", authority], "choose"),
            (&[store, "--open-blocks", "--allow=staff"], "choose"),
            (&["--open-blocks"], "--open-blocks is for --blocks"),
            (&["--blocks-token-file=token"], "--blocks-token-file is for --blocks"),
            (&[store, authority, "--quota=2", "--quota-total=1"], "--quota is more than --quota-total"),
            (&[store, authority, "--quota=1", "--quota-total=1"], ""),
            (&["--blocks=memory:", authority], "would lose everything"),
            (&["--blocks=/srv/blocks", authority], "file:///absolute/path"),
            (&["--blocks=http://127.0.0.1:5001", authority], "kubo+http://127.0.0.1:5001"),
        ] {
            let error = parse(options).err().unwrap_or_default();
            assert!(error.contains(says) && error.is_empty() == says.is_empty(), "{options:?}: {error}");
        }
        let alone = ["node", "--rpc-url=http://127.0.0.1:1", "--state=state", store, authority];
        assert_eq!(Settings::try_parse_from(alone).map(|settings| settings.check()).ok(), Some(Ok(())));
    }
}

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
    blocks::settings::BlocksSettings, directory::settings::DirectorySettings, guard::PerMinute,
    relay::settings::RelaySettings, server::Connections, tls::Tls, trust,
};

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
    #[command(flatten)]
    pub(crate) directory: DirectorySettings,
}

/// The most authorities that `System::why_trusted` takes.
pub(crate) const MOST_AUTHORITIES: usize = 16;
impl Settings {
    /// Checks the settings before anything starts.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.relay.check()?;
        self.blocks.check(self.allow.is_some() || !self.authorities.is_empty())?;
        self.directory.check(&self.authorities)?;
        if !self.relay.is_on() && !self.blocks.is_on() && !self.chain_reads && !self.directory.is_on() {
            let rooms = "a --key-file for the relay, a store for --blocks, --chain-reads, or --directory";
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
        PerMinute { signed, questions, others }
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
            "--questions-per-address",
            "--others-per-address",
            "--connections",
            "--gas-percent",
            "--quota",
            "--quota-total",
            "--unpinned",
            "--directory-check",
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
    fn node_listens_to_other_machines_only_with_tls_or_behind_a_proxy() {
        for address in ["127.0.0.1:0", "[::1]:1"] {
            assert!(parse(&["--listen", address]).is_ok(), "{address}");
        }
        for address in ["0.0.0.0:1", "[::]:1", "192.0.2.1:1"] {
            let error = parse(&["--listen", address]).err().unwrap_or_default();
            assert!(error.contains("--tls-cert") && error.contains("--behind-proxy"), "{address}: {error}");
            assert!(parse(&["--listen", address, "--behind-proxy"]).is_ok(), "{address}");
            assert!(parse(&["--listen", address, "--tls-cert", "c", "--tls-key", "k"]).is_ok(), "{address}");
        }
        assert!(parse(&["--tls-cert", "c"]).is_err());
        let nothing =
            Settings::try_parse_from(["node", "--rpc-url", "http://127.0.0.1:1", "--state", "state"]).unwrap();
        assert!(nothing.check().unwrap_err().contains("nothing is switched on"));
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
    fn directory_needs_an_authority_that_vouches() {
        let (one, zero) = ("0x0000000000000000000000000000000000000001", "0x0000000000000000000000000000000000000000");
        let [authority, of_directory, nobody] = [
            format!("--authority={one}"),
            format!("--directory-authority={one}"),
            format!("--directory-authority={zero}"),
        ];
        let too_many = format!("--directory-authority={}", [one; 17].join(","));
        for (options, says) in [
            (&["--directory"][..], "--authority or --directory-authority"),
            (&["--directory", "--allow=staff"], "--authority or --directory-authority"),
            (&["--directory", &authority], ""),
            (&["--directory", &of_directory, "--blocks=file:///srv/blocks", "--open-blocks"], ""),
            (&["--directory", &nobody], "not the zero address"),
            (&["--directory", &too_many], "up to 16"),
            (&[&of_directory], "--directory-authority is for --directory"),
            (&["--directory", &authority, "--directory-check=301"], "--directory-check"),
        ] {
            let error = parse(options).err().unwrap_or_default();
            assert!(error.contains(says) && error.is_empty() == says.is_empty(), "{options:?}: {error}");
        }
        let alone = ["node", "--rpc-url=http://127.0.0.1:1", "--state=state", "--directory", &authority];
        assert_eq!(Settings::try_parse_from(alone).map(|settings| settings.check()).ok(), Some(Ok(())));
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

//! The settings of a relay.

use std::{
    collections::HashSet, fs, net::SocketAddr, num::NonZeroU32, ops::RangeInclusive, path::PathBuf, time::Duration,
};

use clap::{Parser, builder::TypedValueParser, value_parser};
use hospital_record::{Address, Config, System, U256, alloy::signers::local::PrivateKeySigner, names::parse_address};
use zeroize::Zeroizing;

use crate::{gas, queue::Terms, server::Connections, trust};

/// Carries what people signed for HospitalRecord to the chain, and pays.
///
/// It can refuse a request, but it cannot change one. Put a reverse proxy with TLS in front of it.
#[derive(Parser)]
#[command(version, name = "hospital-record-relay")]
pub(crate) struct Settings {
    /// Address to listen on; port 0 takes a free one, which the first log line names
    #[arg(long, env = "HOSPITAL_RECORD_RELAY_LISTEN", default_value = "127.0.0.1:8550")]
    pub(crate) listen: SocketAddr,
    /// The chain's JSON-RPC
    #[arg(long, env = "ETH_RPC_URL", hide_env_values = true)]
    rpc_url: String,
    /// The contract, if it is not at its usual address
    #[arg(long, env = "HOSPITAL_RECORD_CONTRACT", value_parser = parse_address)]
    contract: Option<Address>,
    /// A file with the private key of a paying account, in hex, readable by its owner only; several pay in parallel
    #[arg(long = "key-file", env = "HOSPITAL_RECORD_RELAY_KEY_FILE", value_delimiter = ',', required = true)]
    key_files: Vec<PathBuf>,
    /// The state folder, for accepted requests; only one process may use it
    #[arg(long, env = "HOSPITAL_RECORD_RELAY_STATE")]
    pub(crate) state: PathBuf,
    /// Verbs that it carries, as the contract names them, such as Grant,Revoke [default: all]
    #[arg(long = "verb", env = "HOSPITAL_RECORD_RELAY_VERBS", value_delimiter = ',')]
    pub(crate) verbs: Vec<String>,
    /// Requests of one account a minute, and as many revocations
    #[arg(long, default_value = "30", value_parser = count(1..=100_000))]
    pub(crate) per_account: NonZeroU32,
    /// Requests from one network address a minute, and five times as many GETs
    #[arg(long, default_value = "120", value_parser = count(1..=10_000_000))]
    pub(crate) per_address: NonZeroU32,
    /// Read the caller's address from X-Forwarded-For; use it only behind a proxy that sets it
    #[arg(long)]
    pub(crate) behind_proxy: bool,
    /// A host name of the relay, such as relay.hospital.example; its addresses and localhost always work
    #[arg(long = "host", env = "HOSPITAL_RECORD_RELAY_HOSTS", value_delimiter = ',')]
    pub(crate) hosts: Vec<String>,
    /// The origin of a web page that may use it, such as `https://portal.hospital.example` [default: none]
    #[arg(long = "allow-origin", env = "HOSPITAL_RECORD_RELAY_ORIGINS", value_delimiter = ',')]
    pub(crate) origins: Vec<String>,
    /// Connections at a time; an eighth of them for one network address, or behind a proxy all for all
    #[arg(long, default_value = "512", value_parser = value_parser!(u32).range(8..=100_000))]
    connections: u32,
    /// Accepted requests that may wait, and as many revocations
    #[arg(long, default_value = "10000", value_parser = value_parser!(u32).range(1..=1_000_000))]
    queue: u32,
    /// Requests of one account that may wait
    #[arg(long, default_value = "16", value_parser = value_parser!(u32).range(1..=100_000))]
    waiting: u32,
    /// Revocations and vetoes of one account that may wait
    #[arg(long, default_value = "8", value_parser = value_parser!(u32).range(1..=100_000))]
    waiting_revocations: u32,
    /// The most that one transaction may cost, in wei
    #[arg(long, default_value = "10000000000000000", value_parser = wei(1))]
    max_fee: U256,
    /// The most that all requests of a day (UTC) may cost, in wei; its last quarter is for revocations and vetoes
    #[arg(long, default_value = "200000000000000000", value_parser = wei(1000))]
    budget: U256,
    /// Like --budget, for one account
    #[arg(long, default_value = "20000000000000000", value_parser = wei(1000))]
    budget_per_account: U256,
    /// The gas ceiling of a verb, in percent of its gas snapshot
    #[arg(long, default_value = "150", value_parser = value_parser!(u64).range(110..=10_000))]
    pub(crate) gas_percent: u64,
    /// Carry also requests that a contract wallet's code accepts (ERC-1271), with 100,000 gas more
    #[arg(long)]
    pub(crate) contract_wallets: bool,
    /// Carry only for the accounts in this file, one address a line
    #[arg(long, env = "HOSPITAL_RECORD_RELAY_ALLOW")]
    allow: Option<PathBuf>,
    /// Carry only for accounts for which this authority vouches, directly or through others, and for those in --allow
    #[arg(long = "authority", env = "HOSPITAL_RECORD_RELAY_AUTHORITIES", value_delimiter = ',', value_parser = parse_address)]
    pub(crate) authorities: Vec<Address>,
    /// Seconds that the chain may take for one answer
    #[arg(long, default_value = "30", value_parser = value_parser!(u64).range(1..=600))]
    timeout: u64,
}

/// The most authorities that `System::why_trusted` takes.
const MOST_AUTHORITIES: usize = 16;
const ETHER: u128 = 1_000_000_000_000_000_000;

impl Settings {
    /// Checks the settings before anything starts.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(unknown) = self.verbs.iter().find(|verb| !gas::verbs().any(|known| known == **verb)) {
            let known: Vec<_> = gas::verbs().collect();
            return Err(format!("--verb {unknown}: there is no such verb; the verbs are {}", known.join(", ")));
        }
        if self.budget_per_account > self.budget {
            return Err("--budget-per-account is more than --budget, which is for all accounts together".into());
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

    pub(crate) fn terms(&self) -> Terms {
        Terms {
            queue: self.queue as usize,
            urgent: self.waiting_revocations as usize,
            ordinary: self.waiting as usize,
            budget: self.budget,
            budget_per_account: self.budget_per_account,
        }
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
        // A relay has no records: a store in memory that stays empty.
        let config = System::builder()
            .rpc(&self.rpc_url)
            .store("memory:")
            .state_dir(&self.state)
            .timeout(Duration::from_secs(self.timeout))
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
                return Err(format!("two key files hold the key of the same account, {}", payer.address()));
            }
        }
        Ok(payers)
    }
}

fn count(range: RangeInclusive<i64>) -> impl TypedValueParser<Value = NonZeroU32> {
    value_parser!(u32).range(range).try_map(NonZeroU32::try_from)
}

/// An amount in wei, of at most so many ether: more is a mistake.
fn wei(ether: u128) -> impl Fn(&str) -> Result<U256, String> + Clone {
    move |text| {
        let wei: U256 = text.parse().map_err(|_| "give a number of wei".to_owned())?;
        if wei.is_zero() {
            return Err("with 0 wei the relay carries nothing".into());
        }
        match wei > U256::from(ether * ETHER) {
            true => Err(format!("this is more than {ether} ether: give wei")),
            false => Ok(wei),
        }
    }
}

/// The error names the file, but not its content.
fn payer(file: &PathBuf) -> Result<PrivateKeySigner, String> {
    let wrong = |what: &str| format!("the key file {}: {what}", file.display());
    let meta = fs::metadata(file).map_err(|error| wrong(&error.to_string()))?;
    if is_open_to_others(&meta) {
        return Err(wrong("others can read it; run chmod 600 on it"));
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parse(options: &[&str]) -> Result<Settings, String> {
        let needed = ["relay", "--rpc-url", "http://127.0.0.1:1", "--key-file", "key", "--state", "state"];
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
            "--connections",
            "--gas-percent",
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
        let terms = settings.terms();
        assert_eq!((terms.queue, terms.ordinary, terms.urgent), (10_000, 16, 8));
        assert_eq!(settings.connections().of_one, Some(64));
        assert_eq!(parse(&["--behind-proxy"]).unwrap().connections().of_one, None);
        assert!(parse(&["--verb", "Grant,Revoke", "--per-address", "1000000"]).is_ok());
    }
}

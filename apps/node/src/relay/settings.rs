//! The settings of the relay.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use clap::{Args, value_parser};
use hospital_record::{U256, alloy::signers::local::PrivateKeySigner};

use crate::{
    relay::{gas, queue::Terms},
    settings::{count, secret},
};

/// The relay carries signed requests if it has a paying account.
#[derive(Args)]
#[command(next_help_heading = "Relay")]
pub(crate) struct RelaySettings {
    /// A file with the private key of a paying account, in hex, readable by its owner only; several pay in parallel.
    /// With it the node is a relay
    #[arg(long = "key-file", env = "HOSPITAL_RECORD_NODE_KEY_FILE", value_delimiter = ',')]
    key_files: Vec<PathBuf>,
    /// Verbs that it carries, as the contract names them, such as Grant,Revoke [default: all]
    #[arg(long = "verb", env = "HOSPITAL_RECORD_NODE_VERBS", value_delimiter = ',')]
    pub(crate) verbs: Vec<String>,
    /// Requests of one account a minute, and as many revocations
    #[arg(long, default_value = "30", value_parser = count(1..=100_000))]
    pub(crate) per_account: NonZeroU32,
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
    pub(crate) max_fee: U256,
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
}

const ETHER: u128 = 1_000_000_000_000_000_000;

impl RelaySettings {
    pub(crate) fn is_on(&self) -> bool {
        !self.key_files.is_empty()
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(unknown) = self.verbs.iter().find(|verb| !gas::verbs().any(|known| known == **verb)) {
            let known: Vec<_> = gas::verbs().collect();
            return Err(format!("--verb {unknown}: there is no such verb; the verbs are {}", known.join(", ")));
        }
        match self.budget_per_account > self.budget {
            true => Err("--budget-per-account is more than --budget, which is for all accounts together".into()),
            false => Ok(()),
        }
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

    pub(crate) fn payers(&self) -> Result<Vec<PrivateKeySigner>, String> {
        let payers = self.key_files.iter().map(|file| payer(file)).collect::<Result<Vec<_>, _>>()?;
        for (place, payer) in payers.iter().enumerate() {
            if payers[..place].iter().any(|other| other.address() == payer.address()) {
                return Err(format!("two key files hold the key of the same account, {}", payer.address()));
            }
        }
        Ok(payers)
    }
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

fn payer(file: &Path) -> Result<PrivateKeySigner, String> {
    let wrong = || format!("the key file {}: it does not hold a private key of 64 hex digits", file.display());
    secret("key file", file)?.trim().parse().map_err(|_| wrong())
}

//! The settings of the room of blocks.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clap::{Args, value_parser};
use hospital_record::store::{self, Store, StoreOptions, StoreUrl};

use crate::{blocks::rows::Quota, secret};

/// The most that a quota can be, in bytes: a petabyte.
const MOST: u64 = 1 << 50;
/// The longest time for unpinned blocks, in seconds: a year.
const YEAR: u64 = 365 * 24 * 3600;

/// The node keeps encrypted blocks if it has a store for them.
#[derive(Args)]
#[command(next_help_heading = "Blocks")]
pub(crate) struct BlocksSettings {
    /// The store of encrypted blocks: a Kubo node of its own (kubo+http://127.0.0.1:5001), or a directory
    /// (file:///srv/blocks). With it the node keeps the blocks of its accounts, and serves them to everybody
    #[arg(long = "blocks", env = "HOSPITAL_RECORD_NODE_BLOCKS", value_name = "STORE", hide_env_values = true)]
    store: Option<String>,
    /// A file with the bearer token of that Kubo node, readable by its owner only
    #[arg(long, env = "HOSPITAL_RECORD_NODE_BLOCKS_TOKEN_FILE", value_name = "FILE")]
    blocks_token_file: Option<PathBuf>,
    /// Bytes of one account. A block counts at least 4096, and 512 more for each pin above it
    #[arg(long, default_value = "10737418240", value_name = "BYTES", value_parser = value_parser!(u64).range(1..=MOST))]
    quota: u64,
    /// Bytes of all accounts together
    #[arg(long, default_value = "107374182400", value_name = "BYTES", value_parser = value_parser!(u64).range(1..=MOST))]
    quota_total: u64,
    /// Seconds after which a block that is not pinned is forgotten; more than the longest upload takes
    #[arg(long, default_value = "86400", value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=YEAR))]
    unpinned: u64,
    /// Seconds after which a pin ends that no event of the chain names; 0 for never. A program that stores something
    /// registers it within moments, and a pin that is repeated begins anew
    #[arg(long, default_value = "7776000", value_name = "SECONDS", value_parser = value_parser!(u64).range(..=10 * YEAR))]
    unnamed: u64,
    /// Let every account write blocks, without --allow and --authority
    #[arg(long)]
    pub(crate) open_blocks: bool,
}

impl BlocksSettings {
    pub(crate) fn is_on(&self) -> bool {
        self.store.is_some()
    }

    /// `is_restricted`: the node serves only some accounts.
    pub(crate) fn check(&self, is_restricted: bool) -> Result<(), String> {
        let Some(store) = &self.store else {
            return match (self.open_blocks, &self.blocks_token_file) {
                (true, _) => Err("--open-blocks is for --blocks: name a store, or leave it out".into()),
                (_, Some(_)) => Err("--blocks-token-file is for --blocks: name a store, or leave it out".into()),
                _ => Ok(()),
            };
        };
        match (is_restricted, self.open_blocks) {
            (false, false) => {
                return Err(
                    "--blocks: say who may write, with --allow or --authority; or --open-blocks, for all".into()
                );
            }
            (true, true) => {
                return Err("--open-blocks lets every account write, --allow and --authority only some: choose".into());
            }
            _ => {}
        }
        if self.quota > self.quota_total {
            return Err("--quota is more than --quota-total, which is for all accounts together".into());
        }
        let place: StoreUrl = store.parse().map_err(|error| format!("--blocks: {error}"))?;
        match place.is_memory() {
            true => {
                Err("--blocks memory: would lose everything with the process: name a directory or a Kubo node".into())
            }
            false => Ok(()),
        }
    }

    /// The backing store. It asks no peers: the node serves what its accounts put, and nothing else.
    pub(crate) fn open(&self) -> Result<Arc<dyn Store>, String> {
        let mut options = StoreOptions::default().peers(Duration::ZERO);
        if let Some(file) = &self.blocks_token_file {
            options = options.token(secret::read("token file", file)?.trim());
        }
        let url = self.store.as_deref().unwrap_or_default();
        store::open(url, &options).map_err(|error| format!("--blocks: {error}"))
    }

    pub(crate) fn quota(&self) -> Quota {
        Quota { account: self.quota, total: self.quota_total }
    }

    /// `None` if such pins stay.
    pub(crate) fn unnamed(&self) -> Option<Duration> {
        (self.unnamed > 0).then(|| Duration::from_secs(self.unnamed))
    }

    pub(crate) fn unpinned(&self) -> Duration {
        Duration::from_secs(self.unpinned)
    }
}

//! Arguments of `sync` and `resume`.

use clap::Args;
use hospital_record::B256;

use crate::{lookup::whole_id, size};

/// `sync`
#[derive(Debug, Args)]
pub(crate) struct Sync {
    /// Copy this record too, of any size: its name, its URI, or the beginning of its id; may be repeated
    #[arg(long, value_name = "RECORD")]
    pub(crate) take: Vec<String>,
    /// Keep at most this much from all contributors, e.g. 500M or 20G [default: 10G]
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub(crate) most: Option<u64>,
    /// Keep at most this much from one contributor [default: 1G]
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub(crate) most_of_one: Option<u64>,
}

/// `resume`
#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// Abandon an act that is gone from the chain: its head or transaction, as `resume` lists it
    #[arg(long, value_name = "HEAD", conflicts_with = "accept_chain", value_parser = whole_id)]
    pub(crate) give_up: Option<B256>,
    /// Give up entries of a person's history that both nodes deny (needs --witness)
    #[arg(long, value_name = "WHO")]
    pub(crate) accept_chain: Option<String>,
}

//! Arguments of the verbs on access.

use clap::Args;
use hospital_record::{Confidentiality, DEFAULT_FOLDER};

use crate::words::{Purpose, Rights, confidentiality};

/// What access is about.
#[derive(Debug, Args)]
pub(crate) struct ScopeFlags {
    /// A folder and all that comes into it
    #[arg(long, value_name = "NAME", conflicts_with = "record")]
    pub(crate) folder: Option<String>,
    /// One record: its URI, or the beginning of its id
    #[arg(long)]
    pub(crate) record: Option<String>,
    /// Of the folder: U, L, M, N, R or V
    #[arg(long, value_name = "CODE", ignore_case = true, value_parser = confidentiality(), conflicts_with = "record")]
    pub(crate) confidentiality: Option<Confidentiality>,
}

/// `--read`, `--contribute`, `--contribute-only`
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct RightsFlags {
    /// May open (the default)
    #[arg(long)]
    read: bool,
    /// May open and add
    #[arg(long, conflicts_with = "record")]
    contribute: bool,
    /// May add, never open
    #[arg(long, conflicts_with = "record")]
    contribute_only: bool,
}

impl RightsFlags {
    pub(crate) fn rights(&self) -> Rights {
        match (self.contribute, self.contribute_only) {
            (true, _) => Rights::ReadAndContribute,
            (_, true) => Rights::Contribute,
            _ => Rights::Read,
        }
    }
}

/// `grant`
#[derive(Debug, Args)]
pub(crate) struct Grant {
    /// A contact or an address
    pub(crate) who: String,
    #[command(flatten)]
    pub(crate) scope: ScopeFlags,
    #[command(flatten)]
    pub(crate) rights: RightsFlags,
    /// Why
    #[arg(long, default_value = "treatment")]
    pub(crate) purpose: Purpose,
    /// Until when: 2027-01-31, RFC 3339, 90d, 6w, 18mo, 2y, never
    #[arg(long, value_name = "DATE", default_value = "1y")]
    pub(crate) until: String,
}

/// `revoke`
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// A contact or an address
    pub(crate) who: String,
    #[command(flatten)]
    pub(crate) scope: ScopeFlags,
    /// End the access now; new folder keys follow with `rotate`
    #[arg(long)]
    pub(crate) in_a_hurry: bool,
}

/// `renounce`
#[derive(Debug, Args)]
pub(crate) struct Renounce {
    /// Whose records: a contact or an address
    pub(crate) patient: String,
    #[command(flatten)]
    pub(crate) scope: ScopeFlags,
}

/// `shared`
#[derive(Debug, Args)]
pub(crate) struct Shared {
    /// Ones that ran out or were renounced too
    #[arg(long)]
    pub(crate) all: bool,
}

/// `rotate`
#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// Which folder
    #[arg(default_value = DEFAULT_FOLDER)]
    pub(crate) folder: String,
    /// Of the folder: U, L, M, N, R or V
    #[arg(long, value_name = "CODE", default_value = "N", ignore_case = true, value_parser = confidentiality())]
    pub(crate) confidentiality: Confidentiality,
}

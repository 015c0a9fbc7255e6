//! Arguments of the verbs on asking for access.

use std::path::PathBuf;

use clap::Args;
use hospital_record::B256;

use super::access::{RightsFlags, ScopeFlags};
use crate::{lookup::whole_id, words::Purpose};

/// `ask`
#[derive(Debug, Args)]
pub(crate) struct Ask {
    /// A contact or an address
    pub(crate) patient: String,
    /// A file that says why, for the patient alone; - is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) reason: PathBuf,
    #[command(flatten)]
    pub(crate) rights: RightsFlags,
    /// What for
    #[arg(long, default_value = "treatment")]
    pub(crate) purpose: Purpose,
    /// Until when access shall last: 2027-01-31, RFC 3339, 12h, 90d, 6w, 18mo, 2y, never
    #[arg(long, value_name = "DATE", default_value = "1y")]
    pub(crate) until: String,
    /// The request is closed from then on
    #[arg(long, value_name = "DATE", default_value = "30d")]
    pub(crate) answer_by: String,
}

/// `withdraw-request`
#[derive(Debug, Args)]
pub(crate) struct WithdrawRequest {
    /// Who was asked: a contact or an address
    pub(crate) patient: String,
    /// The request's whole id, as `ask` named it
    #[arg(value_parser = whole_id)]
    pub(crate) id: B256,
}

/// `requests`
#[derive(Debug, Args)]
pub(crate) struct Requests {
    /// Only of this contact or address
    #[arg(long, value_name = "WHO")]
    pub(crate) by: Option<String>,
}

/// `answer`
#[derive(Debug, Args)]
pub(crate) struct Answer {
    /// The beginning of the request's id: `requests` shows it
    pub(crate) id: String,
    /// Of this contact or address, where many ask
    #[arg(long, value_name = "WHO")]
    pub(crate) by: Option<String>,
    #[command(flatten)]
    pub(crate) scope: ScopeFlags,
    /// Make the folder, where there is none of this name
    #[arg(long, conflicts_with = "record")]
    pub(crate) new_folder: bool,
    #[command(flatten)]
    pub(crate) rights: RightsFlags,
    /// An earlier end than was asked for
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Option<String>,
}

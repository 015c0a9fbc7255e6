//! Arguments of `requests`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hospital_record::B256;

use super::access::{RightsFlags, ScopeFlags};
use crate::{lookup::whole_id, words::Purpose};

/// `requests`
#[derive(Debug, Subcommand)]
pub(crate) enum Requests {
    /// List who asks me for access, and why
    List(List),
    /// Ask a patient for access
    Ask(Ask),
    /// Grant what was asked for, or less
    Answer(Answer),
    /// Withdraw a request for access
    Withdraw(Withdraw),
}

/// `requests list`
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only requests of this contact or address
    #[arg(long, value_name = "WHO")]
    pub(crate) by: Option<String>,
}

/// `requests ask`
#[derive(Debug, Args)]
pub(crate) struct Ask {
    /// A contact or an address
    pub(crate) patient: String,
    /// A file with the reason, for the patient alone; - is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) reason: PathBuf,
    #[command(flatten)]
    pub(crate) rights: RightsFlags,
    /// Purpose
    #[arg(long, default_value = "treatment")]
    pub(crate) purpose: Purpose,
    /// End of the access: 2027-01-31, RFC 3339, 12h, 90d, 6w, 18mo, 2y, never
    #[arg(long, value_name = "DATE", default_value = "1y")]
    pub(crate) until: String,
    /// End of the request
    #[arg(long, value_name = "DATE", default_value = "30d")]
    pub(crate) answer_by: String,
}

/// `requests answer`
#[derive(Debug, Args)]
pub(crate) struct Answer {
    /// The beginning of the request's id: `requests list` shows it
    pub(crate) id: String,
    /// The asker, if many ask: a contact or an address
    #[arg(long, value_name = "WHO")]
    pub(crate) by: Option<String>,
    #[command(flatten)]
    pub(crate) scope: ScopeFlags,
    /// Make the folder if it does not exist
    #[arg(long, conflicts_with = "record")]
    pub(crate) new_folder: bool,
    #[command(flatten)]
    pub(crate) rights: RightsFlags,
    /// An earlier end than was asked for
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Option<String>,
}

/// `requests withdraw`
#[derive(Debug, Args)]
pub(crate) struct Withdraw {
    /// The patient: a contact or an address
    pub(crate) patient: String,
    /// The request's whole id, as `requests ask` printed it
    #[arg(value_parser = whole_id)]
    pub(crate) id: B256,
}

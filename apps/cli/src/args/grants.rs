//! Arguments of `grants`.

use clap::{Args, Subcommand};

use super::access::ScopeFlags;

/// `grants`
#[derive(Debug, Subcommand)]
pub(crate) enum Grants {
    /// Show who has access to what
    List(List),
    /// Show what others shared with me
    Received(Received),
    /// Give up access that a patient gave me
    Renounce(Renounce),
    /// Withdraw access that I delegated
    Withdraw(Withdraw),
}

/// `grants list`
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Show expired and renounced access too
    #[arg(long)]
    pub(crate) all: bool,
    /// Show access to this patient's records that I delegated
    #[arg(long, value_name = "PATIENT")]
    pub(crate) patient: Option<String>,
}

/// `grants received`
#[derive(Debug, Args)]
pub(crate) struct Received {
    /// Everything from this patient, and from nobody else: a contact or an address
    #[arg(long, value_name = "PATIENT")]
    pub(crate) patient: Option<String>,
    /// Show expired and renounced access too
    #[arg(long)]
    pub(crate) all: bool,
}

/// `grants renounce`
#[derive(Debug, Args)]
pub(crate) struct Renounce {
    /// The patient: a contact or an address
    pub(crate) patient: String,
    #[command(flatten)]
    pub(crate) scope: ScopeFlags,
}

/// `grants withdraw`
#[derive(Debug, Args)]
pub(crate) struct Withdraw {
    /// The person to whom I delegated access: a contact or an address
    pub(crate) who: String,
    /// The patient: a contact or an address
    #[arg(long)]
    pub(crate) patient: String,
    #[command(flatten)]
    pub(crate) scope: ScopeFlags,
}

//! Arguments of `boards`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hospital_record::grant::ScopeId;

use crate::lookup::whole_id;

/// `boards`
#[derive(Debug, Subcommand)]
pub(crate) enum Boards {
    /// Make a board: some of its members must agree before it admits anybody
    Create(Create),
    /// Show the members of a board
    Show(Named),
    /// List the cases of a board and their reasons, newest first
    Cases(Named),
    /// Ask the board to admit somebody, as one of its members
    Open(OpenCase),
    /// Agree to a case
    Acknowledge(NamedCase),
    /// End a case about my records, or of a patient who named me as proxy; before or after it takes effect
    Veto(NamedCase),
    /// Show or choose who else may end cases about my records
    Proxy(Proxy),
    /// Give my share of the keys to the person that a case admits
    Release(NamedCase),
    /// Review a case that I took no part in
    Review(Review),
    /// Close a board, name its successor, or leave it
    Change(Change),
    /// Wait for cases that I agreed to, and release my shares, until Ctrl-C
    Serve(Serve),
}

/// `boards create`
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// How many members must agree
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) needed: u8,
    /// Contacts or addresses; name yourself to be one of them
    #[arg(required = true, num_args = 1..=16)]
    pub(crate) members: Vec<String>,
}

/// A board.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The board's address, or the name I gave it in a grant
    pub(crate) board: String,
}

/// `boards open`
#[derive(Debug, Args)]
pub(crate) struct OpenCase {
    #[command(flatten)]
    pub(crate) board: Named,
    /// The patient: a contact or an address
    pub(crate) patient: String,
    /// The person to admit: a contact or an address [default: myself]
    #[arg(long, value_name = "WHO")]
    pub(crate) to: Option<String>,
    /// A file with the reason, for the patient and the board; - is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) reason: PathBuf,
    /// Hours of access, from the last agreement that is needed
    #[arg(long, value_name = "HOURS", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=24))]
    pub(crate) hours: u8,
    /// The scope's id on chain, if the patient gave the board several
    #[arg(long, value_name = "SCOPE", value_parser = whole_id)]
    pub(crate) scope: Option<ScopeId>,
}

/// A case.
#[derive(Debug, Args)]
pub(crate) struct NamedCase {
    #[command(flatten)]
    pub(crate) board: Named,
    /// The beginning of the case's id: `boards cases` shows it
    pub(crate) case: String,
}

/// `boards proxy`
#[derive(Debug, Args)]
pub(crate) struct Proxy {
    #[command(flatten)]
    pub(crate) board: Named,
    /// The only contact or address that may, from now on [default: show who may]
    #[arg(conflicts_with = "none")]
    pub(crate) who: Option<String>,
    /// From now on nobody else may
    #[arg(long)]
    pub(crate) none: bool,
}

/// `boards review`
#[derive(Debug, Args)]
pub(crate) struct Review {
    #[command(flatten)]
    pub(crate) case: NamedCase,
    /// A file with my objection, for the patient and the board; - is stdin [default: no objection]
    #[arg(long, value_name = "FILE")]
    pub(crate) finding: Option<PathBuf>,
}

/// `boards change`
#[derive(Debug, Args)]
pub(crate) struct Change {
    #[command(flatten)]
    pub(crate) board: Named,
    #[command(flatten)]
    pub(crate) to: ChangeTo,
}

/// A change to a board.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ChangeTo {
    /// Name the board that follows this one, once enough members agree
    #[arg(long, value_name = "BOARD")]
    pub(crate) successor: Option<String>,
    /// Close the board, once enough members agree
    #[arg(long)]
    pub(crate) close: bool,
    /// Leave the board, at once and for good
    #[arg(long)]
    pub(crate) resign: bool,
}

/// `boards serve`
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) board: Named,
    /// Time between two checks
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) every: u64,
}

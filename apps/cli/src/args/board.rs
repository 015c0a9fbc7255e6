//! Arguments of `board`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hospital_record::B256;

use crate::lookup::whole_id;

/// `board`
#[derive(Debug, Subcommand)]
pub(crate) enum Board {
    /// Make a board of people of whom some must agree before it lets anybody in
    Create(CreateBoard),
    /// Who is on a board
    Show(Named),
    /// The cases of a board, newest first, and why they were opened
    Cases(Named),
    /// Ask the board to let somebody in, as one of its members
    Open(OpenCase),
    /// Agree to a case
    Acknowledge(NamedCase),
    /// End a case, before it takes effect or after: one about my own records, or whose patient named me for it
    Veto(NamedCase),
    /// Who besides me may end cases about my records
    Proxy(Proxy),
    /// Give my share of the keys to whom a case lets in
    Release(NamedCase),
    /// Say what I think of a case that I took no part in
    Review(Review),
    /// Close a board, in favour of another or of none, or leave it
    Change(Change),
    /// Wait, and give out my shares for cases that I agreed to, until Ctrl-C
    Serve(Serve),
}

/// `board create`
#[derive(Debug, Args)]
pub(crate) struct CreateBoard {
    /// How many of them are needed
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

/// `board open`
#[derive(Debug, Args)]
pub(crate) struct OpenCase {
    #[command(flatten)]
    pub(crate) board: Named,
    /// Whose records: a contact or an address
    pub(crate) patient: String,
    /// Who needs access: a contact or an address [default: myself]
    #[arg(long, value_name = "WHO")]
    pub(crate) to: Option<String>,
    /// A file that says why, for the patient and the board; - is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) reason: PathBuf,
    /// For how many hours from the last agreement that is needed
    #[arg(long, value_name = "HOURS", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=24))]
    pub(crate) hours: u8,
    /// To what, where the patient gave the board several things, as the chain calls it
    #[arg(long, value_name = "SCOPE", value_parser = whole_id)]
    pub(crate) scope: Option<B256>,
}

/// A case.
#[derive(Debug, Args)]
pub(crate) struct NamedCase {
    #[command(flatten)]
    pub(crate) board: Named,
    /// The beginning of the case's id: `board cases` shows it
    pub(crate) case: String,
}

/// `board proxy`
#[derive(Debug, Args)]
pub(crate) struct Proxy {
    #[command(flatten)]
    pub(crate) board: Named,
    /// From now on this contact or address may, and nobody else [default: tell who may]
    #[arg(conflicts_with = "none")]
    pub(crate) who: Option<String>,
    /// From now on nobody else may
    #[arg(long)]
    pub(crate) none: bool,
}

/// `board review`
#[derive(Debug, Args)]
pub(crate) struct Review {
    #[command(flatten)]
    pub(crate) case: NamedCase,
    /// A file that says what I object to, for the patient and the board; - is stdin [default: nothing]
    #[arg(long, value_name = "FILE")]
    pub(crate) finding: Option<PathBuf>,
}

/// `board change`
#[derive(Debug, Args)]
pub(crate) struct Change {
    #[command(flatten)]
    pub(crate) board: Named,
    #[command(flatten)]
    pub(crate) to: ChangeTo,
}

/// What shall become of a board.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ChangeTo {
    /// This board follows it, once enough members say so
    #[arg(long, value_name = "BOARD")]
    pub(crate) successor: Option<String>,
    /// It is closed, once enough members say so
    #[arg(long)]
    pub(crate) close: bool,
    /// I leave it, at once and for good
    #[arg(long)]
    pub(crate) resign: bool,
}

/// `board serve`
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) board: Named,
    /// Between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) every: u64,
}

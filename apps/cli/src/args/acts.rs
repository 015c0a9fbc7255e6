//! Arguments of `acts`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `acts`
#[derive(Debug, Subcommand)]
pub(crate) enum Acts {
    /// Carry signed requests to the chain
    Carry(Carry),
    /// Make void what I signed and nobody has carried yet
    Void(Void),
}

/// `acts carry`
#[derive(Debug, Args)]
pub(crate) struct Carry {
    /// A file with signed requests, one a line; - is stdin
    pub(crate) file: PathBuf,
}

/// `acts void`
#[derive(Debug, Args)]
pub(crate) struct Void {
    /// Void what I signed for this board: its address, or my name for it
    #[arg(long)]
    pub(crate) board: Option<String>,
}

//! Arguments of `folders`.

use clap::{Args, Subcommand};
use hospital_record::{Confidentiality, DEFAULT_FOLDER};

use crate::words::confidentiality;

/// `folders`
#[derive(Debug, Subcommand)]
pub(crate) enum Folders {
    /// List my folders
    List,
    /// Make new keys for a folder
    Rotate(Rotate),
}

/// `folders rotate`
#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// The folder
    #[arg(default_value = DEFAULT_FOLDER)]
    pub(crate) folder: String,
    /// Confidentiality of the folder: U, L, M, N, R or V
    #[arg(long, value_name = "CODE", default_value = "N", ignore_case = true, value_parser = confidentiality())]
    pub(crate) confidentiality: Confidentiality,
}

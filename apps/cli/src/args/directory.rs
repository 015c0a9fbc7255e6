//! Arguments of `directory`.

use clap::{Args, Subcommand};

/// `directory`
#[derive(Debug, Subcommand)]
pub(crate) enum Directory {
    /// Find a practitioner by name, speciality or language
    Search(Search),
    /// Keep a practitioner as a contact, to grant to
    Add(Add),
    /// List myself, as a practitioner for whom the hospital vouches
    Publish(Publish),
    /// Take me out of the directory
    Withdraw,
}

/// `directory search`
#[derive(Debug, Args)]
pub(crate) struct Search {
    /// Beginnings of words of a name or speciality
    pub(crate) text: Option<String>,
    /// Beginnings of words of a speciality
    #[arg(long, value_name = "TEXT")]
    pub(crate) speciality: Option<String>,
    /// A language: hi, en, pt-BR
    #[arg(long, value_name = "TAG")]
    pub(crate) language: Option<String>,
}

/// `directory add`
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The name in the directory, its beginning, or the address
    pub(crate) who: String,
    /// Your name for the person, if it is another
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// `directory publish`
#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The name by which patients know me
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// What I practise, in words of patients; again for more, up to 8
    #[arg(long = "speciality", value_name = "TEXT")]
    pub(crate) specialities: Vec<String>,
    /// A language in which I talk to patients: hi, en, pt-BR; again for more, up to 8
    #[arg(long = "language", value_name = "TAG")]
    pub(crate) languages: Vec<String>,
}

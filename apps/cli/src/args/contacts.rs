//! Arguments of `contacts`.

use clap::Subcommand;

/// `contacts`
#[derive(Debug, Subcommand)]
pub(crate) enum Contacts {
    /// Remember a person's keys under a name
    Add {
        /// Your name for the person
        name: String,
        /// The card, a file that holds it, or - for stdin
        card: String,
    },
    /// List contacts with their fingerprints
    List,
    /// Forget a person's keys and name
    Remove {
        /// Your name for the person
        name: String,
    },
}

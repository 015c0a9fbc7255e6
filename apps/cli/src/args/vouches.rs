//! Arguments of `vouches`.

use clap::{Args, Subcommand};

/// A plain word: a speciality would reveal the illness of patients who grant to the account.
const ROLE: &str = "practitioner";

/// `vouches`
#[derive(Debug, Subcommand)]
pub(crate) enum Vouches {
    /// Vouch in public that somebody acts in a role
    Give(Give),
    /// Withdraw a vouch
    Withdraw(Withdraw),
}

/// `vouches give`
#[derive(Debug, Args)]
pub(crate) struct Give {
    /// A contact or an address
    pub(crate) who: String,
    /// A plain word, or a code of a health code system such as snomed:22232009; public for ever
    #[arg(long, default_value = ROLE)]
    pub(crate) role: String,
    /// End of the vouch: 2027-01-31, RFC 3339, 12h, 90d, 6w, 18mo, 2y
    #[arg(long, value_name = "DATE", default_value = "1y")]
    pub(crate) until: String,
}

/// `vouches withdraw`
#[derive(Debug, Args)]
pub(crate) struct Withdraw {
    /// A contact or an address
    pub(crate) who: String,
    /// The role
    #[arg(long, default_value = ROLE)]
    pub(crate) role: String,
}

//! Arguments of the verbs on vouches and trust.

use clap::Args;

/// A plain word: a speciality would reveal the illness of patients who grant to the account.
const ROLE: &str = "practitioner";

/// `vouch`
#[derive(Debug, Args)]
pub(crate) struct Vouch {
    /// A contact or an address
    pub(crate) who: String,
    /// A plain word, or a code of a health code system such as snomed:22232009; public for ever
    #[arg(long, default_value = ROLE)]
    pub(crate) role: String,
    /// End of the vouch: 2027-01-31, RFC 3339, 12h, 90d, 6w, 18mo, 2y
    #[arg(long, value_name = "DATE", default_value = "1y")]
    pub(crate) until: String,
}

/// `withdraw-vouch`
#[derive(Debug, Args)]
pub(crate) struct WithdrawVouch {
    /// A contact or an address
    pub(crate) who: String,
    /// The role
    #[arg(long, default_value = ROLE)]
    pub(crate) role: String,
}

/// `trust`
#[derive(Debug, Args)]
pub(crate) struct Trust {
    /// A contact or an address
    pub(crate) who: String,
}

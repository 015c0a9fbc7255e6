//! Arguments of the verbs on access.

use std::path::PathBuf;

use clap::Args;
use hospital_record::{Confidentiality, Rights};

use crate::words::{Purpose, confidentiality};

/// The scope of access.
#[derive(Debug, Args)]
pub(crate) struct ScopeFlags {
    /// A folder, with everything that is added to it later
    #[arg(long, value_name = "NAME", conflicts_with = "record")]
    pub(crate) folder: Option<String>,
    /// One record: its name, its URI, or the beginning of its id
    #[arg(long)]
    pub(crate) record: Option<String>,
    /// Confidentiality of the folder: U, L, M, N, R or V
    #[arg(long, value_name = "CODE", ignore_case = true, value_parser = confidentiality(), conflicts_with = "record")]
    pub(crate) confidentiality: Option<Confidentiality>,
}

/// `--read`, `--contribute`, `--contribute-only`
#[derive(Debug, Args)]
#[group(multiple = false)]
struct UseFlags {
    /// May read (the default of `grant` and `requests ask`)
    #[arg(long)]
    read: bool,
    /// May read and add
    #[arg(long)]
    contribute: bool,
    /// May add, never read
    #[arg(long)]
    contribute_only: bool,
}

/// The rights of a grant.
#[derive(Debug, Args)]
pub(crate) struct RightsFlags {
    #[command(flatten)]
    uses: UseFlags,
    /// May also delegate this access, as a hospital does to its staff
    #[arg(long)]
    delegate: bool,
    /// May also attest documents, as a professional
    #[arg(long)]
    attest: bool,
}

impl RightsFlags {
    /// `None` without any of the flags.
    pub(crate) fn named(&self) -> Option<Rights> {
        let UseFlags { read, contribute, contribute_only } = self.uses;
        let any = [read, contribute, contribute_only, self.delegate, self.attest].contains(&true);
        any.then(|| self.rights())
    }

    pub(crate) fn rights(&self) -> Rights {
        let UseFlags { contribute, contribute_only, .. } = self.uses;
        let uses = match (contribute, contribute_only) {
            (true, _) => Rights::READ_AND_CONTRIBUTE,
            (_, true) => Rights::CONTRIBUTE,
            _ => Rights::READ,
        };
        let more = [(self.delegate, Rights::DELEGATE), (self.attest, Rights::ATTEST)];
        more.into_iter().filter(|(wanted, _)| *wanted).fold(uses, |rights, (_, right)| rights.and(right))
    }
}

/// `grant`
#[derive(Debug, Args)]
pub(crate) struct Grant {
    /// A contact or an address
    pub(crate) who: String,
    #[command(flatten)]
    pub(crate) scope: ScopeFlags,
    /// Make the folder if it does not exist
    #[arg(long, conflicts_with_all = ["record", "patient"])]
    pub(crate) new_folder: bool,
    /// Delegate access that this patient gave me
    #[arg(long, value_name = "PATIENT")]
    pub(crate) patient: Option<String>,
    #[command(flatten)]
    pub(crate) rights: RightsFlags,
    /// WHO is a board: enough of its members together can admit somebody to read, for a day at most
    #[arg(long, conflicts_with_all = ["patient", "read", "contribute", "contribute_only", "delegate", "attest", "trusted"])]
    pub(crate) board: bool,
    /// Like --board, for emergencies
    #[arg(long, conflicts_with_all = ["patient", "read", "contribute", "contribute_only", "delegate", "attest", "trusted", "purpose"])]
    pub(crate) emergency: bool,
    /// My name for the board from now on
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Purpose [default: treatment; with --patient, that of my own access]
    #[arg(long)]
    pub(crate) purpose: Option<Purpose>,
    /// End of the access: 2027-01-31, RFC 3339, 12h, 90d, 6w, 18mo, 2y, never [default: 1y; with --patient, that of my
    /// own access]
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Option<String>,
    /// Grant only if an authority vouches for WHO (see --authority)
    #[arg(long)]
    pub(crate) trusted: bool,
}

impl Grant {
    pub(crate) fn is_for_board(&self) -> bool {
        self.board || self.emergency
    }
}

/// `revoke`
#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// A contact or an address
    pub(crate) who: String,
    #[command(flatten)]
    pub(crate) scope: ScopeFlags,
    /// End the access now; new folder keys follow with `folders rotate`
    #[arg(long)]
    pub(crate) in_a_hurry: bool,
    /// Keep WHO out: no delegate can give the access again
    #[arg(long)]
    pub(crate) bar: bool,
    /// Send nothing: sign the end of the access; anybody can carry it at any time (`acts carry`)
    #[arg(long, conflicts_with = "in_a_hurry")]
    pub(crate) sign: bool,
    /// File for the signed requests
    #[arg(long, short, value_name = "FILE", requires = "sign")]
    pub(crate) output: Option<PathBuf>,
    /// Draw the signed requests as QR codes
    #[arg(long, requires = "sign")]
    pub(crate) qr: bool,
}

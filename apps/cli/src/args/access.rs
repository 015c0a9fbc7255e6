//! Arguments of the verbs on access.

use std::path::PathBuf;

use clap::Args;
use hospital_record::{B256, Confidentiality, DEFAULT_FOLDER, Rights};

use crate::{
    lookup::whole_id,
    size,
    words::{Purpose, confidentiality},
};

/// What access is about.
#[derive(Debug, Args)]
pub(crate) struct ScopeFlags {
    /// A folder and all that comes into it
    #[arg(long, value_name = "NAME", conflicts_with = "record")]
    pub(crate) folder: Option<String>,
    /// One record: its name, its URI, or the beginning of its id
    #[arg(long)]
    pub(crate) record: Option<String>,
    /// Of the folder: U, L, M, N, R or V
    #[arg(long, value_name = "CODE", ignore_case = true, value_parser = confidentiality(), conflicts_with = "record")]
    pub(crate) confidentiality: Option<Confidentiality>,
}

/// `--read`, `--contribute`, `--contribute-only`
#[derive(Debug, Args)]
#[group(multiple = false)]
struct UseFlags {
    /// May open (the default of `grant` and `ask`)
    #[arg(long)]
    read: bool,
    /// May open and add
    #[arg(long)]
    contribute: bool,
    /// May add, never open
    #[arg(long)]
    contribute_only: bool,
}

/// What a grant allows.
#[derive(Debug, Args)]
pub(crate) struct RightsFlags {
    #[command(flatten)]
    uses: UseFlags,
    /// And may pass on what this gives, as a hospital does to those who work there
    #[arg(long)]
    delegate: bool,
    /// And may attest documents, as a professional
    #[arg(long)]
    attest: bool,
}

impl RightsFlags {
    /// Nothing where no flag says anything.
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
    /// Make the folder, where there is none of this name
    #[arg(long, conflicts_with_all = ["record", "patient"])]
    pub(crate) new_folder: bool,
    /// Whose records, when I pass on what a patient gave me
    #[arg(long, value_name = "PATIENT")]
    pub(crate) patient: Option<String>,
    #[command(flatten)]
    pub(crate) rights: RightsFlags,
    /// WHO is a board: its members together may let somebody in to read, for a day at most
    #[arg(long, conflicts_with_all = ["patient", "read", "contribute", "contribute_only", "delegate", "attest", "trusted"])]
    pub(crate) board: bool,
    /// The same, for emergencies
    #[arg(long, conflicts_with_all = ["patient", "read", "contribute", "contribute_only", "delegate", "attest", "trusted", "purpose"])]
    pub(crate) emergency: bool,
    /// What I call the board from now on
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Why [default: treatment, or what my own access is for]
    #[arg(long)]
    pub(crate) purpose: Option<Purpose>,
    /// Until when: 2027-01-31, RFC 3339, 12h, 90d, 6w, 18mo, 2y, never [default: 1y, or the end of my own access]
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Option<String>,
    /// Only to whom an authority vouches for (see --authority)
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
    /// End the access now; new folder keys follow with `rotate`
    #[arg(long)]
    pub(crate) in_a_hurry: bool,
    /// Keep the person out: nobody I let pass on can give it again
    #[arg(long)]
    pub(crate) bar: bool,
    /// Send nothing: sign the end of the access, for `carry` by anybody at any time
    #[arg(long, conflicts_with = "in_a_hurry")]
    pub(crate) sign: bool,
    /// Where to write what is signed
    #[arg(long, short, value_name = "FILE", requires = "sign")]
    pub(crate) output: Option<PathBuf>,
    /// What is signed as QR codes
    #[arg(long, requires = "sign")]
    pub(crate) qr: bool,
}

/// `withdraw`
#[derive(Debug, Args)]
pub(crate) struct Withdraw {
    /// To whom I passed it on: a contact or an address
    pub(crate) who: String,
    /// Whose records
    #[arg(long)]
    pub(crate) patient: String,
    #[command(flatten)]
    pub(crate) scope: ScopeFlags,
}

/// `carry`
#[derive(Debug, Args)]
pub(crate) struct Carry {
    /// A file with signed requests, one a line; - is stdin
    pub(crate) file: PathBuf,
}

/// `void`
#[derive(Debug, Args)]
pub(crate) struct Void {
    /// What was signed for this board alone: its address, or its name
    #[arg(long)]
    pub(crate) board: Option<String>,
}

/// `renounce`
#[derive(Debug, Args)]
pub(crate) struct Renounce {
    /// Whose records: a contact or an address
    pub(crate) patient: String,
    #[command(flatten)]
    pub(crate) scope: ScopeFlags,
}

/// `shared`
#[derive(Debug, Args)]
pub(crate) struct Shared {
    /// All of this patient's alone, whoever else gives me something: a contact or an address
    #[arg(long, value_name = "PATIENT")]
    pub(crate) patient: Option<String>,
    /// Ones that ran out or were renounced too
    #[arg(long)]
    pub(crate) all: bool,
}

/// `sync`
#[derive(Debug, Args)]
pub(crate) struct Sync {
    /// Copy this record too, however large it is: its name, its URI, or the beginning of its id; may be repeated
    #[arg(long, value_name = "RECORD")]
    pub(crate) take: Vec<String>,
    /// Of what others added my store keeps at most so much, e.g. 500M or 20G [default: 10G]
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub(crate) most: Option<u64>,
    /// The same of what one of them added [default: 1G]
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub(crate) most_of_one: Option<u64>,
}

/// `rotate`
#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// Which folder
    #[arg(default_value = DEFAULT_FOLDER)]
    pub(crate) folder: String,
    /// Of the folder: U, L, M, N, R or V
    #[arg(long, value_name = "CODE", default_value = "N", ignore_case = true, value_parser = confidentiality())]
    pub(crate) confidentiality: Confidentiality,
}

/// `resume`
#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// Do not send an act again that the chain shows no more: its head or transaction, as `resume` lists it
    #[arg(long, value_name = "HEAD", conflicts_with = "accept_chain", value_parser = whole_id)]
    pub(crate) give_up: Option<B256>,
    /// Give up what both nodes deny of a person's history (needs --witness)
    #[arg(long, value_name = "WHO")]
    pub(crate) accept_chain: Option<String>,
}

//! Arguments of the verbs on records.

use std::path::PathBuf;

use clap::Args;
use hospital_record::{Confidentiality, DEFAULT_FOLDER};

use crate::{
    range::ByteRange,
    words::{Kind, Purpose, confidentiality, kind, loinc, media_type},
};

/// `add`
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Files; - is stdin
    #[arg(value_name = "FILE", required_unless_present = "bundle")]
    pub(crate) files: Vec<PathBuf>,
    /// One record of everything in a folder, as a tar file (a DICOM study)
    #[arg(long, value_name = "DIR", conflicts_with = "files")]
    pub(crate) bundle: Option<PathBuf>,
    /// Which folder it goes to
    #[arg(long, value_name = "NAME", default_value = DEFAULT_FOLDER)]
    pub(crate) folder: String,
    /// Of the folder: U, L, M, N, R or V
    #[arg(long, value_name = "CODE", default_value = "N", ignore_case = true, value_parser = confidentiality())]
    pub(crate) confidentiality: Confidentiality,
    /// Make the folder, where there is none of this name
    #[arg(long)]
    pub(crate) new_folder: bool,
    /// The patient who allowed me to add
    #[arg(long = "for", value_name = "PATIENT")]
    pub(crate) patient: Option<String>,
    #[command(flatten)]
    pub(crate) describe: Describe,
}

/// What is recorded, encrypted, beside the bytes.
#[derive(Debug, Default, Args)]
pub(crate) struct Describe {
    /// Recorded name, when it is not the file's
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Recorded media type, when it is not the detected one
    #[arg(long, value_name = "TYPE", value_parser = media_type)]
    pub(crate) media_type: Option<String>,
    /// Kind of document, a LOINC code such as 11502-2
    #[arg(long = "type", value_name = "LOINC", value_parser = loinc)]
    pub(crate) document_type: Option<String>,
    /// A title for people
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// A line about it
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// A word to find it by; may be repeated
    #[arg(long = "keyword", value_name = "WORD")]
    pub(crate) keywords: Vec<String>,
    /// When the document was made, a date or RFC 3339
    #[arg(long, value_name = "DATE")]
    pub(crate) created: Option<String>,
}

/// `list`
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Of this folder alone
    #[arg(long, value_name = "NAME")]
    pub(crate) folder: Option<String>,
    /// Of this patient, who shared with me
    #[arg(long, value_name = "WHO")]
    pub(crate) patient: Option<String>,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Only what somebody attested to whom the patient gave that right, or for whom an --authority vouches
    #[arg(long)]
    pub(crate) attested: bool,
}

/// Which records of a list.
#[derive(Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct Filter {
    /// Whose name, title or description holds this, in capitals or not
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// With this keyword; may be repeated: with all of them
    #[arg(long = "keyword", value_name = "WORD")]
    pub(crate) keywords: Vec<String>,
    /// Of this kind: a LOINC code (11502-2), a media type (application/pdf) or all of one (image/*)
    #[arg(long = "type", value_name = "TYPE", value_parser = kind)]
    pub(crate) kind: Option<Kind>,
    /// Not made before: a date, RFC 3339, or a time back (12h, 90d, 6w, 18mo, 2y); when it was added, where it is not
    /// recorded when it was made
    #[arg(long, value_name = "DATE")]
    pub(crate) since: Option<String>,
    /// Not made after: the same, a date to its end
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Option<String>,
}

/// `open`
#[derive(Debug, Args)]
pub(crate) struct Open {
    /// Its name, its URI, or the beginning of its id
    pub(crate) record: String,
    /// Where to write; - is stdout
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Over a file that is there
    #[arg(long)]
    pub(crate) force: bool,
    /// These bytes alone, the end excluded: 0..1024, 1024..
    #[arg(long, value_name = "A..B")]
    pub(crate) range: Option<ByteRange>,
    /// Only when somebody attested it to whom the patient gave that right, or for whom an --authority vouches
    #[arg(long)]
    pub(crate) attested: bool,
    /// Do not log that I read it
    #[arg(long)]
    pub(crate) unlogged: bool,
    /// Why I read it, when it is not what the access was given for
    #[arg(long, conflicts_with = "unlogged")]
    pub(crate) purpose: Option<Purpose>,
    /// The ciphertext and a Tink keyset into this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["output", "range", "force"])]
    pub(crate) export: Option<PathBuf>,
    /// Of this patient, when only its name or the beginning of its id is given
    #[arg(long, value_name = "WHO")]
    pub(crate) patient: Option<String>,
}

/// `attest`
#[derive(Debug, Args)]
pub(crate) struct Attest {
    /// Its name, its URI, or the beginning of its id
    pub(crate) record: String,
    /// Of this patient, when only its name or the beginning of its id is given
    #[arg(long, value_name = "WHO")]
    pub(crate) patient: Option<String>,
}

/// `replace`
#[derive(Debug, Args)]
pub(crate) struct Replace {
    /// The old record: its name, its URI, or the beginning of its id
    pub(crate) record: String,
    /// The new version; - is stdin
    #[arg(required_unless_present = "entered_in_error")]
    pub(crate) file: Option<PathBuf>,
    /// It should never have been there; no new version
    #[arg(long, conflicts_with_all = ["file", "name", "media_type", "document_type", "title", "description", "keywords", "created"])]
    pub(crate) entered_in_error: bool,
    /// Whose record it is, where somebody else added its id as well: a contact or an address
    #[arg(long, value_name = "WHO")]
    pub(crate) author: Option<String>,
    #[command(flatten)]
    pub(crate) describe: Describe,
}

/// `reencrypt`
#[derive(Debug, Args)]
pub(crate) struct Reencrypt {
    /// Its name, its URI, or the beginning of its id
    pub(crate) record: String,
}

/// `history` and `verify`
#[derive(Debug, Args)]
pub(crate) struct History {
    /// Whose; mine when absent. With an address no key is needed
    pub(crate) patient: Option<String>,
    /// Journal head from a source you trust
    #[arg(long, value_name = "HASH")]
    pub(crate) head: Option<String>,
}

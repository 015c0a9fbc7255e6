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
    /// Add a whole folder as one record, a tar file (e.g. a DICOM study)
    #[arg(long, value_name = "DIR", conflicts_with = "files")]
    pub(crate) bundle: Option<PathBuf>,
    /// The folder to add to
    #[arg(long, value_name = "NAME", default_value = DEFAULT_FOLDER)]
    pub(crate) folder: String,
    /// Confidentiality of the folder: U, L, M, N, R or V
    #[arg(long, value_name = "CODE", default_value = "N", ignore_case = true, value_parser = confidentiality())]
    pub(crate) confidentiality: Confidentiality,
    /// Make the folder if it does not exist
    #[arg(long)]
    pub(crate) new_folder: bool,
    /// Add to the folder of this patient, who allowed it
    #[arg(long = "for", value_name = "PATIENT")]
    pub(crate) patient: Option<String>,
    #[command(flatten)]
    pub(crate) describe: Describe,
}

/// The encrypted metadata of a record.
#[derive(Debug, Default, Args)]
pub(crate) struct Describe {
    /// Recorded name [default: the file's]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Recorded media type [default: the detected one]
    #[arg(long, value_name = "TYPE", value_parser = media_type)]
    pub(crate) media_type: Option<String>,
    /// Kind of document, a LOINC code such as 11502-2
    #[arg(long = "type", value_name = "LOINC", value_parser = loinc)]
    pub(crate) document_type: Option<String>,
    /// A title
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// A short description
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// A keyword to find it by; may be repeated
    #[arg(long = "keyword", value_name = "WORD")]
    pub(crate) keywords: Vec<String>,
    /// Date of the document: a date or RFC 3339
    #[arg(long, value_name = "DATE")]
    pub(crate) created: Option<String>,
}

/// `list`
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only records of this folder
    #[arg(long, value_name = "NAME")]
    pub(crate) folder: Option<String>,
    /// Records of this patient, who shared with me
    #[arg(long, value_name = "WHO")]
    pub(crate) patient: Option<String>,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Only records attested by an account that the patient allowed to attest, or for which an --authority vouches
    #[arg(long)]
    pub(crate) attested: bool,
}

/// The filters of a list.
#[derive(Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct Filter {
    /// Only with this text in name, title or description, in any case
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// Only with this keyword, in any case; may be repeated: all must match
    #[arg(long = "keyword", value_name = "WORD")]
    pub(crate) keywords: Vec<String>,
    /// Only of this kind: a LOINC code (11502-2), a media type (application/pdf) or all of one (image/*)
    #[arg(long = "type", value_name = "TYPE", value_parser = kind)]
    pub(crate) kind: Option<Kind>,
    /// Only from this date on: a date, RFC 3339, or a time back (12h, 90d, 6w, 18mo, 2y). A document without a date
    /// counts from its addition
    #[arg(long, value_name = "DATE")]
    pub(crate) since: Option<String>,
    /// Only up to this date, in the same forms; a day counts to its end
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Option<String>,
}

/// `open`
#[derive(Debug, Args)]
pub(crate) struct Open {
    /// Its name, its URI, or the beginning of its id
    pub(crate) record: String,
    /// The file to write; - is stdout
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,
    /// Only these bytes, the end excluded: 0..1024, 1024..
    #[arg(long, value_name = "A..B")]
    pub(crate) range: Option<ByteRange>,
    /// Only if it is attested by an account that the patient allowed to attest, or for which an --authority vouches
    #[arg(long)]
    pub(crate) attested: bool,
    /// Do not log that I read it
    #[arg(long)]
    pub(crate) unlogged: bool,
    /// My purpose, if it is not that of the access
    #[arg(long, conflicts_with = "unlogged")]
    pub(crate) purpose: Option<Purpose>,
    /// Write the ciphertext and a Tink keyset into this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["output", "range", "force"])]
    pub(crate) export: Option<PathBuf>,
    /// The patient, if RECORD is a name or the beginning of an id
    #[arg(long, value_name = "WHO")]
    pub(crate) patient: Option<String>,
}

/// `attest`
#[derive(Debug, Args)]
pub(crate) struct Attest {
    /// Its name, its URI, or the beginning of its id
    pub(crate) record: String,
    /// The patient, if RECORD is a name or the beginning of an id
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
    /// Mark the record as entered in error, without a new version
    #[arg(long, conflicts_with_all = ["file", "name", "media_type", "document_type", "title", "description", "keywords", "created"])]
    pub(crate) entered_in_error: bool,
    /// The record's author, if somebody else added the same id: a contact or an address
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
    /// The patient; with an address no key is needed [default: myself]
    pub(crate) patient: Option<String>,
    /// Journal head from a source you trust
    #[arg(long, value_name = "HASH")]
    pub(crate) head: Option<String>,
}

//! Notes that patients write to themselves beside the keys that they give.

use alloy::primitives::Address;
use hospital_record_core::{board::deal::Deal, error::CoreError, id::Confidentiality, seal::envelope::Envelope};

use crate::{
    acts::person::Person,
    base::{error::Result, names::spelled},
};

/// A note from the patient to themselves in an envelope, which gives a new machine the name of the grantee and the
/// folder. Names have no line breaks.
pub(crate) struct Note {
    pub(crate) name: Option<String>,
    pub(crate) folder: String,
    pub(crate) confidentiality: Confidentiality,
}

/// The note in an envelope to this grantee, if there is one.
pub(crate) fn of_envelope(person: &Person, envelope: &Envelope, grantee: Address) -> Option<Note> {
    open(person, envelope.note.as_deref().map(Vec::as_slice), grantee)
}

/// The note in a deal to a board, if there is one.
pub(crate) fn of_deal(person: &Person, deal: &Deal, board: Address) -> Option<Note> {
    open(person, deal.note.as_deref().map(Vec::as_slice), board)
}

fn open(person: &Person, note: Option<&[u8]>, grantee: Address) -> Option<Note> {
    let note = person.keys().note_open(&context(grantee), note?).ok()?;
    let mut lines = note.split('\n').map(str::to_owned);
    let name = lines.next()?;
    let folder = lines.next()?;
    let level = lines.next()?;
    // Earlier versions stored the name as it was typed.
    Some(Note {
        name: Some(spelled(&name)).filter(|name| !name.is_empty()),
        folder,
        confidentiality: level.parse().ok()?,
    })
}

pub(crate) fn seal(person: &Person, grantee: Address, note: &Note) -> Result<Vec<u8>> {
    let name = note.name.as_deref().unwrap_or_default();
    let text = format!("{name}\n{}\n{}", note.folder, note.confidentiality);
    Ok(person.keys().note_seal(&context(grantee), &text).map_err(CoreError::from)?)
}

fn context(grantee: Address) -> Vec<u8> {
    [b"name of ", grantee.as_slice()].concat()
}

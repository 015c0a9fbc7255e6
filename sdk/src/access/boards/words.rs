//! Notes that members write about a case, for the patient and the other members.

use std::fmt;

use alloy::primitives::{Address, B256};
use hospital_record_core::{
    block::{Block, Verified},
    board::note::{CaseNote, NoteTerms, Words, open_note, seal_note},
    error::CoreError,
    id::{Digest, Scope},
    seal::request::check_reason,
};

use crate::{
    acts::person::Person,
    base::{
        error::{Error, Result},
        record_ref::account,
        scope_id::ScopeId,
    },
    boards::{board::Board, case::Case},
    ledger::Purpose,
};

/// The text of a note: the reason of a case, or the finding of its review.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaseWords {
    /// The member who wrote it.
    pub author: Address,
    /// The purpose of access.
    pub purpose: Purpose,
    /// The author's text.
    pub text: String,
}

/// Without the text, which is about somebody's health.
impl fmt::Debug for CaseWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaseWords")
            .field("author", &self.author)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

/// The subject of a note: a case, or one that is about to be opened.
pub(crate) struct About {
    pub(crate) patient: Address,
    pub(crate) board: Address,
    pub(crate) scope: B256,
    pub(crate) grantee: Address,
    pub(crate) case: Option<B256>,
}

impl About {
    pub(crate) fn of(case: &Case, reviewed: bool) -> Self {
        let Case { patient, board, scope_id: ScopeId(scope), grantee, .. } = *case;
        Self { patient, board, scope, grantee, case: reviewed.then_some(case.id) }
    }

    fn terms(&self, person: &Person, author: Address) -> Result<NoteTerms> {
        Ok(NoteTerms {
            deployment: person.deployment,
            patient: account(self.patient),
            board: account(self.board),
            scope: Scope::from_bytes(self.scope.0).map_err(CoreError::from)?,
            grantee: account(self.grantee),
            author: account(author),
            case: self.case.map(|case| Digest(case.0)),
        })
    }
}

/// Checks a text before any call to the node.
pub(crate) fn check_words(text: &str) -> Result<()> {
    check_reason(text).map_err(|error| {
        let limits = "write 1 to 2044 bytes of text, without control characters but line breaks";
        Error::Invalid(format!("this cannot be sent ({error}): {limits}").into())
    })
}

/// A note for the patient and for those present members who have keys. A member without keys cannot block the board.
pub(crate) async fn note(person: &Person, board: &Board, about: &About, purpose: Purpose, text: &str) -> Result<Block> {
    check_words(text)?;
    let mut readers: Vec<_> = board.present().chain([about.patient]).collect();
    readers.sort_unstable();
    readers.dedup();
    let readers = person.people().keys_of(&readers).await?;
    let me = person.published().await?;
    let words = Words { purpose: purpose as u8, text: text.to_owned().into() };
    let terms = about.terms(person, person.address())?;
    Ok(seal_note(&terms, &words, &readers, me.digest, &me.keys)?)
}

pub(crate) async fn read_note(person: &Person, digest: B256, author: Address, about: &About) -> Result<CaseWords> {
    let note: Verified<CaseNote> = person.signed(Digest(digest.0)).await?;
    let terms = about.terms(person, author)?;
    let words = open_note(&note, &terms, &person.published().await?.keys)?;
    let purpose =
        Purpose::try_from(words.purpose).map_err(|_| Error::Integrity("the note names an unknown purpose".into()))?;
    Ok(CaseWords { author, purpose, text: words.text.to_string() })
}

pub(crate) async fn reason_of(person: &Person, case: &Case) -> Result<CaseWords> {
    read_note(person, case.reason, case.opener, &About::of(case, false)).await
}

pub(crate) async fn findings_of(person: &Person, case: &Case) -> Vec<(Address, Result<Option<CaseWords>>)> {
    let person = person.for_one_call();
    let mut findings = Vec::new();
    for (reviewer, digest) in &case.findings {
        let words = match digest.is_zero() {
            true => Ok(None),
            false => read_note(&person, *digest, *reviewer, &About::of(case, true)).await.map(Some),
        };
        findings.push((*reviewer, words));
    }
    findings
}

//! What members write about a case, for the patient and each other.

use std::fmt;

use alloy::primitives::{Address, B256};
use hospital_record_core::{
    block::{Block, Verified},
    board::note::{CaseNote, NoteTerms, Words, open_note, seal_note},
    error::CoreError,
    id::{Account, Digest, Scope},
    seal::{lock::HpkePublicKey, request::check_reason},
};

use crate::{
    base::{
        error::{Error, Result},
        record_ref::account,
    },
    boards::{board::Board, case::Case},
    client::Client,
    ledger::Purpose,
    system::System,
};

/// Why a case was opened, or what its review found.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CaseWords {
    /// Who wrote it.
    pub author: Address,
    /// What for.
    pub purpose: Purpose,
    /// In the author's words.
    pub text: String,
}

/// Without the words, which are about somebody's health.
impl fmt::Debug for CaseWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaseWords")
            .field("author", &self.author)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

/// What a note is about: a case, or one that is about to be opened.
pub(crate) struct About {
    pub(crate) patient: Address,
    pub(crate) board: Address,
    pub(crate) scope: B256,
    pub(crate) grantee: Address,
    pub(crate) case: Option<B256>,
}

impl About {
    pub(crate) fn of(case: &Case, reviewed: bool) -> Self {
        let Case { patient, board, scope_id: scope, grantee, .. } = *case;
        Self { patient, board, scope, grantee, case: reviewed.then_some(case.id) }
    }

    fn terms(&self, system: &System, author: Address) -> Result<NoteTerms> {
        Ok(NoteTerms {
            deployment: system.deployment(),
            patient: account(self.patient),
            board: account(self.board),
            scope: Scope::from_bytes(self.scope.0).map_err(CoreError::from)?,
            grantee: account(self.grantee),
            author: account(author),
            case: self.case.map(|case| Digest(case.0)),
        })
    }
}

/// Whether this can be said; known before anything is asked.
pub(crate) fn check_words(text: &str) -> Result<()> {
    check_reason(text).map_err(|error| {
        let limits = "write 1 to 2044 bytes of text, without control characters but line breaks";
        Error::Invalid(format!("this cannot be sent ({error}): {limits}"))
    })
}

impl Client {
    /// A note for the patient and the members who remain and have keys: nobody keeps a board from working by having none.
    pub(crate) async fn note(&self, board: &Board, about: &About, purpose: Purpose, text: &str) -> Result<Block> {
        check_words(text)?;
        let mut readers: Vec<_> = board.present().chain([about.patient]).collect();
        readers.sort_unstable();
        readers.dedup();
        let readers = self.keys_of(&readers).await?;
        let me = self.published().await?;
        let words = Words { purpose: purpose as u8, text: text.to_owned().into() };
        let terms = about.terms(self.system(), self.address())?;
        Ok(seal_note(&terms, &words, &readers, me.digest, &me.keys)?)
    }

    /// The keys of those who have published some that can be had.
    pub(crate) async fn keys_of(&self, accounts: &[Address]) -> Result<Vec<(Account, HpkePublicKey)>> {
        let mut keys = Vec::new();
        for address in accounts {
            match self.system().people().profile_of(*address, None).await {
                Ok((_, profile)) => keys.push((account(*address), profile.keys.hpke)),
                Err(error) if error.is_silence() => return Err(error),
                Err(_) => {}
            }
        }
        Ok(keys)
    }

    pub(crate) async fn read_note(&self, digest: B256, author: Address, about: &About) -> Result<CaseWords> {
        let note: Verified<CaseNote> = self.signed(Digest(digest.0)).await?;
        let terms = about.terms(self.system(), author)?;
        let words = open_note(&note, &terms, &self.published().await?.keys)?;
        let purpose = Purpose::try_from(words.purpose)
            .map_err(|_| Error::Integrity("a note names a purpose that is none".into()))?;
        Ok(CaseWords { author, purpose, text: words.text.to_string() })
    }

    /// Why a case was opened: for the patient and the board's members.
    ///
    /// # Errors
    /// [`Error::Denied`] for others, [`Error::Integrity`] for words of somebody else or about another case.
    pub async fn reason_of(&self, case: &Case) -> Result<CaseWords> {
        self.read_note(case.reason, case.opener, &About::of(case, false)).await
    }

    /// What each review of a case found, for the same: nothing for one that objects to nothing; errors as of
    /// [`reason_of`](Client::reason_of).
    pub async fn findings_of(&self, case: &Case) -> Vec<(Address, Result<Option<CaseWords>>)> {
        let (client, mut findings) = (self.for_one_call(), Vec::new());
        for (reviewer, digest) in &case.findings {
            let words = match digest.is_zero() {
                true => Ok(None),
                false => client.read_note(*digest, *reviewer, &About::of(case, true)).await.map(Some),
            };
            findings.push((*reviewer, words));
        }
        findings
    }
}

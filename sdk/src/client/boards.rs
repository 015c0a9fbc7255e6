//! Boards: k of n people who together can let somebody in.

use crate::{
    access::{
        boards::{
            act::{self, Reviewed},
            create::{self, CreatedBoard},
            open::{self, OpenCase},
            release::{self, Released},
            words::{self, CaseWords},
        },
        grant::{self, Grant},
    },
    acts::{confirm::Confirmed, person::Person},
    base::error::Result,
    boards::{board::Board, case::Case},
    relay::SignedRequest,
};
use alloy::primitives::Address;
use alloy::primitives::B256;

/// Boards, as a patient, a member or a proxy; made by [`Client::boards`](crate::Client::boards).
///
/// The [guide](crate::board) has an example.
#[derive(Clone, Copy, Debug)]
pub struct Boards<'a>(pub(super) &'a Person);

impl Boards<'_> {
    /// Acknowledges a case as a member of its board. With the last acknowledgement that is needed it takes effect.
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) for others than members, for whom the case is about and for members who owe a review,
    /// [`Error::Conflict`](crate::Error::Conflict) for cases that are not open, and a second time.
    pub async fn acknowledge(self, case: &Case) -> Result<Confirmed> {
        act::acknowledge(self.0, case).await
    }

    /// Ends a case, before it takes effect or after: as its patient, or as whom the patient appointed at this board.
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) for others, [`Error::Conflict`](crate::Error::Conflict) for a case that was vetoed.
    pub async fn veto(self, case: &Case) -> Result<Confirmed> {
        act::veto(self.0, case).await
    }

    /// What ends a case whoever [carries](crate::client::acts::Acts::carry) it and whenever, for a relay, a friend or a file: it needs no ether,
    /// and nobody who withholds or delays it can make it worthless.
    pub async fn sign_veto(self, case: &Case) -> Result<SignedRequest> {
        act::sign_veto(self.0, case).await
    }

    /// Lets somebody else veto cases about this person at this board, too; with nothing, nobody else.
    pub async fn appoint_proxy(self, board: &Board, proxy: Option<Address>) -> Result<Confirmed> {
        act::appoint_proxy(self.0, board, proxy).await
    }

    /// Reviews a case that took effect, as a member who took no part in it. What was found, if anything, is for the
    /// patient and the members.
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) for others, [`Error::Invalid`](crate::Error::Invalid) for words that cannot be sent.
    pub async fn review(self, board: &Board, case: &Case, finding: Option<&str>) -> Result<Reviewed> {
        act::review(self.0, board, case, finding).await
    }

    /// Leaves a board, at once and for good. Shares that were dealt before stay with this person until new keys are dealt.
    pub async fn resign(self, board: &Board) -> Result<Confirmed> {
        act::resign(self.0, board).await
    }

    /// Acknowledges, as a member, that another board follows this one, or with nothing that none does. With the last
    /// acknowledgement that is needed this board opens nothing any more; patients grant to the successor when they see fit.
    pub async fn acknowledge_successor(self, board: &Board, successor: Option<&Board>) -> Result<Confirmed> {
        act::acknowledge_successor(self.0, board, successor).await
    }

    /// Makes a board of these accounts, of which `threshold` are needed. It asks them nothing and gives nobody a right;
    /// this person need not be among them. Give the address to patients, and let them compare it.
    ///
    /// Where an answer was lost, repeat it with the same members and threshold: it is the same board. Once it was returned,
    /// the same members and threshold make another one.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) unless there are 1 to 16 distinct members and 1 <= threshold <= members,
    /// [`Error::NotFound`](crate::Error::NotFound) for a member who has published no keys: nothing could be dealt to it.
    pub async fn create(self, threshold: u8, members: &[Address]) -> Result<CreatedBoard> {
        create::create_board(self.0, threshold, members).await
    }

    /// Opens a case as a member of the board: this person, unless another is [named](OpenCase::to), is to be let in to what
    /// the patient granted to the board. It is this person's acknowledgement, unless it is about this person. It needs a
    /// [`reason`](OpenCase::reason).
    ///
    /// Where an answer was lost, repeat it: the same case, for the same reason in the same words, is opened once. One that
    /// is open already is returned.
    ///
    /// Defaults: the one thing that the patient granted to the board; for four hours.
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) for others than members, for patients who granted nothing to the board, and for members who owe a
    /// review; [`Error::Invalid`](crate::Error::Invalid) for a case that cannot be.
    pub fn open_case(self, board: &Board, patient: Address) -> OpenCase {
        open::open_case(self.0, board, patient)
    }

    /// What a patient granted to a board and it may let others in to: as the chain calls it. Folder names are the
    /// patient's.
    pub async fn granted(self, board: &Board, patient: Address) -> Result<Vec<B256>> {
        open::granted_to_board(self.0, board, patient).await
    }

    /// Releases this member's share to whom a case lets in. Not before the patient's journal shows that it took effect, so
    /// shares of cases that were vetoed never come together.
    ///
    /// Without a [witness](crate::Config::witness) that journal is one node's word. Whoever releases a share for a case
    /// that they did not acknowledge themselves looks at more than that; [`release_due`](crate::client::boards::Boards::release_due) does not.
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) for others than members and for members who hold no share, [`Error::Conflict`](crate::Error::Conflict) for cases that have
    /// not taken effect, or have ended.
    pub async fn release(self, board: &Board, case: &Case) -> Result<Released> {
        release::release(self.0, board, case).await
    }

    /// Releases what is due of this member: for cases that it acknowledged on this machine, and where the system has a
    /// [witness](crate::Config::witness) for all that took effect; once, and again when the patient has dealt other keys.
    /// So that somebody is let in, a node alone would have to deceive k members into acknowledging.
    ///
    /// Of each case that something is due of, what became of it.
    pub async fn release_due(self, board: &Board) -> Result<Vec<(Case, Result<Released>)>> {
        release::release_due(self.0, board).await
    }

    /// Why a case was opened: for the patient and the board's members.
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) for others, [`Error::Integrity`](crate::Error::Integrity) for words of somebody else or about another case.
    pub async fn reason_of(self, case: &Case) -> Result<CaseWords> {
        words::reason_of(self.0, case).await
    }

    /// What each review of a case found, for the same: nothing for one that objects to nothing; errors as of
    /// [`reason_of`](crate::client::boards::Boards::reason_of).
    pub async fn findings_of(self, case: &Case) -> Vec<(Address, Result<Option<CaseWords>>)> {
        words::findings_of(self.0, case).await
    }

    /// Gives a board a folder, or one record, so that k of its members together can let somebody in to read it, for a day
    /// at most. The keys are dealt to its members in shares: fewer than k open nothing. Compare the board's address and its
    /// members with what you were told by somebody you trust.
    ///
    /// Defaults: the folder "personal" of confidentiality N, for emergencies, for one year.
    ///
    /// # Errors
    /// Of the grant: [`Error::Conflict`](crate::Error::Conflict) for a board that opens nothing any more, or of which fewer members than are needed
    /// have published keys.
    pub fn grant(self, board: &Board) -> Grant {
        grant::grant_board(self.0, board)
    }
}

//! Boards: k of n people who together can let somebody in.

use alloy::primitives::Address;

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
    base::{error::Result, scope_id::ScopeId},
    boards::{board::Board, case::Case},
    relay::SignedRequest,
};

/// Boards, as a patient, a member or a proxy; made by [`Client::boards`](crate::Client::boards).
///
/// The [guide](crate::board) has an example.
#[derive(Clone, Copy, Debug)]
pub struct Boards<'a>(pub(super) &'a Person);

impl Boards<'_> {
    /// Acknowledges a case as a member of its board. The case takes effect with the last acknowledgement that it needs.
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) if this person is not a member, is the subject of the case, or owes a
    /// review. [`Error::Conflict`](crate::Error::Conflict) if the case is not open,
    /// [`Error::AlreadyDone`](crate::Error::AlreadyDone) if this person acknowledged it before.
    pub async fn acknowledge(self, case: &Case) -> Result<Confirmed> {
        act::acknowledge(self.0, case).await
    }

    /// Ends a case, before or after it takes effect. The patient can do this, and the proxy that the patient appointed
    /// at this board.
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) for other accounts, [`Error::Conflict`](crate::Error::Conflict) if the
    /// case was vetoed before.
    pub async fn veto(self, case: &Case) -> Result<Confirmed> {
        act::veto(self.0, case).await
    }

    /// Signs a veto that anybody can [carry](crate::client::acts::Acts::carry) at any time: a relay, a friend, or from
    /// a file. It needs no ether, and a delay does not make it worthless.
    pub async fn sign_veto(self, case: &Case) -> Result<SignedRequest> {
        act::sign_veto(self.0, case).await
    }

    /// Appoints somebody who can also veto cases about this person at this board. `None` removes the proxy.
    pub async fn appoint_proxy(self, board: &Board, proxy: Option<Address>) -> Result<Confirmed> {
        act::appoint_proxy(self.0, board, proxy).await
    }

    /// Reviews a case that took effect, as a member who took no part in it. Only the patient and the members can read
    /// the finding.
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) for other accounts, [`Error::Invalid`](crate::Error::Invalid) if the
    /// finding is not allowed.
    pub async fn review(self, case: &Case, finding: Option<&str>) -> Result<Reviewed> {
        act::review(self.0, case, finding).await
    }

    /// Leaves a board, at once and for good. Shares that this person already holds stay valid until new keys are dealt.
    pub async fn resign(self, board: &Board) -> Result<Confirmed> {
        act::resign(self.0, board).await
    }

    /// Acknowledges, as a member, that another board succeeds this one, or with `None` that no board does. With the
    /// last acknowledgement that is needed, this board can open nothing any more. Patients grant to the successor when
    /// they choose to.
    pub async fn acknowledge_successor(self, board: &Board, successor: Option<&Board>) -> Result<Confirmed> {
        act::acknowledge_successor(self.0, board, successor).await
    }

    /// Creates a board of these accounts, `threshold` of which are needed. It does not ask them, and gives nobody a
    /// right. This person need not be a member. Give its address to patients, and let them compare it.
    ///
    /// If the answer was lost, repeat the call with the same members and threshold: it returns the same board. Once it
    /// returned, the same call makes another board.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) unless there are 1 to 16 distinct members and 1 <= threshold <=
    /// members. [`Error::NotFound`](crate::Error::NotFound) if a member has published no keys, because no share could
    /// be dealt to it.
    pub async fn create(self, threshold: u8, members: &[Address]) -> Result<CreatedBoard> {
        create::create_board(self.0, threshold, members).await
    }

    /// Opens a case as a member of the board: it lets this person, or [somebody else](OpenCase::to), read what the
    /// patient granted to the board. It counts as this person's acknowledgement, unless the case is about this person.
    /// A [`reason`](OpenCase::reason) is required.
    ///
    /// If the answer was lost, repeat the call with the same words: a case is opened once, and one that is already open
    /// is returned.
    ///
    /// Defaults: the one scope that the patient granted to the board; for four hours.
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) if this person is not a member or owes a review, or if the patient
    /// granted nothing to the board. [`Error::Invalid`](crate::Error::Invalid) if an argument is not allowed.
    pub fn open_case(self, board: &Board, patient: Address) -> OpenCase {
        open::open_case(self.0, board, patient)
    }

    /// The scopes that a patient granted to a board, as the chain names them. Only the patient knows the folder names.
    pub async fn granted(self, board: &Board, patient: Address) -> Result<Vec<ScopeId>> {
        open::granted_to_board(self.0, board, patient).await
    }

    /// Releases this member's share to the account that a case lets in. It waits until the patient's journal shows that
    /// the case took effect. So the shares of a vetoed case never come together.
    ///
    /// Without a [witness](crate::Config::witness) that journal is one node's word. Then a member who did not
    /// acknowledge the case should check it in another way first, and [`release_due`](Self::release_due) leaves it out.
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) if this person is not a member or holds no share.
    /// [`Error::Conflict`](crate::Error::Conflict) if the case has not taken effect or has ended.
    pub async fn release(self, case: &Case) -> Result<Released> {
        release::release(self.0, case).await
    }

    /// Releases all shares that this member owes, once, and again after the patient dealt other keys. It covers cases
    /// that this member acknowledged on this machine. With a [witness](crate::Config::witness) it covers all cases that
    /// took effect. So a lying node would have to trick k members into an acknowledgement.
    ///
    /// It returns each case with a share that was due, and the result.
    pub async fn release_due(self, board: &Board) -> Result<Vec<(Case, Result<Released>)>> {
        release::release_due(self.0, board).await
    }

    /// The reason of a case, for the patient and the members of the board.
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) for other accounts, [`Error::Integrity`](crate::Error::Integrity) if the
    /// text is by somebody else or about another case.
    pub async fn reason_of(self, case: &Case) -> Result<CaseWords> {
        words::reason_of(self.0, case).await
    }

    /// The finding of each review of a case, for the same people. `None` is a review without an objection. Errors are
    /// those of [`reason_of`](Self::reason_of).
    pub async fn findings_of(self, case: &Case) -> Vec<(Address, Result<Option<CaseWords>>)> {
        words::findings_of(self.0, case).await
    }

    /// Grants a folder, or one record, to a board. Then k of its members together can let somebody read it, for a day
    /// at most. The keys are dealt to the members in shares, and fewer than k shares open nothing. Compare the board's
    /// address and its members with a source that you trust.
    ///
    /// Defaults: the folder "personal" of confidentiality N, for emergencies, for one year.
    ///
    /// # Errors
    /// The grant fails with [`Error::Conflict`](crate::Error::Conflict) if the board is closed, or if too few of its
    /// members have published keys.
    pub fn grant(self, board: &Board) -> Grant {
        grant::grant_board(self.0, board)
    }
}

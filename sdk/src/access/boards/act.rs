//! What members and patients do about cases and the board itself.

use alloy::primitives::{Address, B256, Bytes, aliases::U24};
use hospital_record_contracts::boards::IBoard::{
    acknowledgeCall, acknowledgeSuccessorCall, appointCall, proxyOfCall, resignCall, reviewCall, vetoCall,
};

use crate::{
    access::boards::words::{About, check_words},
    base::{
        builder::with_fresh_keys,
        error::{Error, Result},
    },
    boards::{
        board::Board,
        case::{Case, CaseStage},
    },
    client::{Client, Confirmed},
    ledger::{Act, Purpose, call},
    relay::SignedRequest,
    system::System,
};

/// A case that was reviewed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Reviewed {
    /// SHA-256 of the block with what was found; nothing where there was no objection.
    pub finding: Option<B256>,
    /// Hash of the transaction.
    pub transaction: B256,
    /// Gas of the transaction.
    pub gas: u64,
}

impl Client {
    /// Acknowledges a case as a member of its board. With the last acknowledgement that is needed it takes effect.
    ///
    /// # Errors
    /// [`Error::Denied`] for others than members, for whom the case is about and for members who owe a review,
    /// [`Error::Conflict`] for cases that are not open, and a second time.
    pub async fn acknowledge(&self, case: &Case) -> Result<Confirmed> {
        self.can_pay(1).await?;
        // Before it is sent: whoever dies meanwhile has said so. What counts besides is the patient's journal.
        self.remember_acknowledged(case).await?;
        with_fresh_keys!(self.acknowledge_once(case).await)
    }

    async fn acknowledge_once(&self, case: &Case) -> Result<Confirmed> {
        let changes = self.system().journals().of(case.patient).await?.state().key_changes;
        let act = acknowledgeCall { c: case.terms.clone(), keyChanges: U24::wrapping_from(changes) };
        Ok(self.send(call(case.board, &act)).await?.into())
    }

    /// Ends a case, before it takes effect or after: as its patient, or as whom the patient appointed at this board.
    ///
    /// # Errors
    /// [`Error::Denied`] for others, [`Error::Conflict`] for a case that was vetoed.
    pub async fn veto(&self, case: &Case) -> Result<Confirmed> {
        if !self.system().relays().is_empty() {
            return Ok(self.carry(&self.sign_veto(case).await?).await?.into());
        }
        self.can_pay(1).await?;
        let act = vetoCall { c: case.terms.clone(), by: self.address(), signature: Bytes::new() };
        Ok(self.send(call(case.board, &act)).await?.into())
    }

    /// What ends a case whoever [carries](Client::carry) it and whenever, for a relay, a friend or a file: it needs no ether,
    /// and nobody who withholds or delays it can make it worthless.
    pub async fn sign_veto(&self, case: &Case) -> Result<SignedRequest> {
        self.sign_act(&Act::Veto { board: case.board, by: self.address(), case: case.terms.clone() }).await
    }

    /// Lets somebody else veto cases about this person at this board, too; with nothing, nobody else.
    pub async fn appoint_proxy(&self, board: &Board, proxy: Option<Address>) -> Result<Confirmed> {
        self.can_pay(1).await?;
        let act = appointCall { proxy: proxy.unwrap_or_default() };
        Ok(self.send(call(board.address, &act)).await?.into())
    }

    /// Reviews a case that took effect, as a member who took no part in it. What was found, if anything, is for the
    /// patient and the members.
    ///
    /// # Errors
    /// [`Error::Denied`] for others, [`Error::Invalid`] for words that cannot be sent.
    pub async fn review(&self, board: &Board, case: &Case, finding: Option<&str>) -> Result<Reviewed> {
        finding.map_or(Ok(()), check_words)?;
        if matches!(case.stage, CaseStage::Open { .. } | CaseStage::Lapsed) {
            return Err(Error::Conflict("a case is reviewed once it took effect".into()));
        }
        self.can_pay(1).await?;
        let finding = match finding {
            None => None,
            Some(text) => {
                let journal = self.system().journals().of(case.patient).await?;
                let given = journal.grant(case.scope_id, case.board).map(|grant| grant.state.purpose);
                let purpose = given.unwrap_or(Purpose::TREAT);
                let note = self.note(board, &About::of(case, true), purpose, text).await?;
                Some(B256::from(self.system().people().publish(note).await?.0))
            }
        };
        let act = reviewCall { id: case.id, finding: finding.unwrap_or_default() };
        let receipt = self.send(call(case.board, &act)).await?;
        Ok(Reviewed { finding, transaction: receipt.transaction, gas: receipt.gas_used })
    }

    /// Leaves a board, at once and for good. Shares that were dealt before stay with this person until new keys are dealt.
    pub async fn resign(&self, board: &Board) -> Result<Confirmed> {
        board.require_member(self.address())?;
        self.can_pay(1).await?;
        Ok(self.send(call(board.address, &resignCall {})).await?.into())
    }

    /// Acknowledges, as a member, that another board follows this one, or with nothing that none does. With the last
    /// acknowledgement that is needed this board opens nothing any more; patients grant to the successor when they see fit.
    pub async fn acknowledge_successor(&self, board: &Board, successor: Option<&Board>) -> Result<Confirmed> {
        board.require_member(self.address())?;
        self.can_pay(1).await?;
        let successor = successor.map(|board| board.address).unwrap_or_default();
        Ok(self.send(call(board.address, &acknowledgeSuccessorCall { successor })).await?.into())
    }
}

impl System {
    /// Whom a patient appointed at this board to veto cases, as the node tells.
    pub async fn proxy_of(&self, board: &Board, patient: Address) -> Result<Option<Address>> {
        let told = self.on_boards().ask_at(board.address, &proxyOfCall { patient }).await?;
        Ok(Some(told).filter(|proxy| !proxy.is_zero()))
    }
}

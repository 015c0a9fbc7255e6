//! Acts on cases and on the board itself: acknowledge, veto, review, resign, name a successor.

use alloy::primitives::{Address, B256, Bytes, aliases::U24};
use hospital_record_contracts::boards::IBoard::{
    acknowledgeCall, acknowledgeSuccessorCall, appointCall, resignCall, reviewCall, vetoCall,
};

use crate::{
    access::boards::{
        acknowledged,
        words::{self, About, check_words},
    },
    acts::{confirm::Confirmed, person::Person},
    base::{
        builder::with_fresh_keys,
        error::{Result, fail},
    },
    boards::{
        board::Board,
        case::{Case, CaseStage},
    },
    ledger::{Act, Purpose, call},
    relay::SignedRequest,
};

/// A case that was reviewed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Reviewed {
    /// SHA-256 of the block with the finding; `None` without an objection.
    pub finding: Option<B256>,
    /// Hash of the transaction. `None` if a relay carried it and no transaction is known.
    pub transaction: Option<B256>,
    /// Gas of the transaction.
    pub gas: u64,
}

pub(crate) async fn acknowledge(person: &Person, case: &Case) -> Result<Confirmed> {
    person.can_pay(1).await?;
    // Stored before it is sent, so that a crash in between loses nothing. A release needs the patient's journal as well.
    acknowledged::remember_acknowledged(person, case).await?;
    with_fresh_keys!(acknowledge_once(person, case).await)
}

async fn acknowledge_once(person: &Person, case: &Case) -> Result<Confirmed> {
    let changes = person.journals.of(case.patient).await?.state().key_changes;
    let act = acknowledgeCall { c: case.terms.clone(), keyChanges: U24::wrapping_from(changes) };
    person.send(call(case.board, &act)).await
}

pub(crate) async fn veto(person: &Person, case: &Case) -> Result<Confirmed> {
    if !person.relays.is_empty() {
        return person.carry(&sign_veto(person, case).await?).await;
    }
    person.can_pay(1).await?;
    let act = vetoCall { c: case.terms.clone(), by: person.address(), signature: Bytes::new() };
    person.send(call(case.board, &act)).await
}

pub(crate) async fn sign_veto(person: &Person, case: &Case) -> Result<SignedRequest> {
    person.sign_act(&Act::Veto { board: case.board, by: person.address(), case: case.terms.clone() }).await
}

pub(crate) async fn appoint_proxy(person: &Person, board: &Board, proxy: Option<Address>) -> Result<Confirmed> {
    person.can_pay(1).await?;
    let act = appointCall { proxy: proxy.unwrap_or_default() };
    person.send(call(board.address, &act)).await
}

pub(crate) async fn review(person: &Person, case: &Case, finding: Option<&str>) -> Result<Reviewed> {
    finding.map_or(Ok(()), check_words)?;
    let board = &person.boards.at(case.board).await?;
    // It may have taken effect since the caller read it.
    let case = &person.boards.case(board, case.id).await?;
    if matches!(case.stage, CaseStage::Open { .. } | CaseStage::Lapsed) {
        return fail!(Conflict, "this case did not take effect: only cases that took effect are reviewed");
    }
    person.can_pay(1).await?;
    let finding = match finding {
        None => None,
        Some(text) => {
            let journal = person.journals.of(case.patient).await?;
            let grant = journal.grant(case.scope_id.0, case.board);
            let purpose = grant.map_or(Purpose::TREAT, |grant| grant.state.purpose);
            let note = words::note(person, board, &About::of(case, true), purpose, text).await?;
            Some(B256::from(person.people().publish(note).await?.0))
        }
    };
    let act = reviewCall { id: case.id, finding: finding.unwrap_or_default() };
    let receipt = person.send(call(case.board, &act)).await?;
    Ok(Reviewed { finding, transaction: receipt.transaction, gas: receipt.gas })
}

pub(crate) async fn resign(person: &Person, board: &Board) -> Result<Confirmed> {
    board.require_member(person.address())?;
    person.can_pay(1).await?;
    person.send(call(board.address, &resignCall {})).await
}

pub(crate) async fn acknowledge_successor(
    person: &Person,
    board: &Board,
    successor: Option<&Board>,
) -> Result<Confirmed> {
    board.require_member(person.address())?;
    person.can_pay(1).await?;
    let successor = successor.map(|board| board.address).unwrap_or_default();
    person.send(call(board.address, &acknowledgeSuccessorCall { successor })).await
}

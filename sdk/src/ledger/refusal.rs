//! The contracts' refusals in words: what was wrong, and what to do.

use alloy::{
    primitives::{Address, B256, FixedBytes, U256},
    sol_types::SolInterface,
};
use hospital_record_contracts::{
    IHospitalRecord::{IHospitalRecordErrors, NotPermitted, StatusNotAllowed},
    access_requests::IAccessRequests::IAccessRequestsErrors,
    boards::{
        IBoard::{IBoardErrors, NotAtStage, Stage},
        IBoards::IBoardsErrors,
    },
    vouching::IVouching::IVouchingErrors,
};

use crate::ledger::event::{Rights, folder_of};

pub(super) fn describe(refusal: &IHospitalRecordErrors) -> String {
    use IHospitalRecordErrors as E;
    match refusal {
        E::Empty(_) => "the contract refused: a digest or a list is empty".into(),
        E::InvalidFolder(e) => format!("the contract refused: {} is not a folder's number", e.folder),
        E::InvalidRights(e) => {
            format!("the contract refused: rights {} are not possible on {}", e.rights, place(e.scope))
        }
        E::InvalidGrantee(e) => format!("the contract refused: {} is nobody, or the patient itself", e.grantee),
        E::ExpiryNotInFuture(e) => {
            format!("the contract refused: the expiry {} is not after the chain's time {}", e.expiresAt, e.time)
        }
        E::RecordExists(_) => "the contract refused: this record is there already".into(),
        E::NoSuchRecord(_) => "the contract refused: there is no such record".into(),
        E::NoSuchGrant(e) => format!("the contract refused: {} has no grant on {}", e.grantee, place(e.scope)),
        E::NotPermitted(e) => not_permitted(e),
        E::WiderThanOwn(e) => format!(
            "the contract refused: {} may pass on {}, but no more than it has: fewer rights, the same purpose, no later end",
            e.giver,
            place(e.scope)
        ),
        E::GrantedByAnother(e) => format!(
            "the contract refused: {} has a grant on {} by another, who alone or the patient may change it",
            e.grantee,
            place(e.scope)
        ),
        E::Barred(e) => format!(
            "the contract refused: the patient barred {} from {}: the patient alone can grant to it again",
            e.grantee,
            place(e.scope)
        ),
        E::AlreadyAttested(e) => format!("the contract refused: {} has attested this record already", e.by),
        E::TooManyAttestations(_) => "the contract refused: this record has as many attestations as it takes: the patient can give the right to attest directly".into(),
        E::KeysNotAscending(_) => "the contract refused: the keys of a list are not in ascending order".into(),
        E::NotAttestable(e) => format!("the contract refused: this record is {:?} and cannot be attested", e.status),
        E::NotRelayable(e) => format!("the contract refused: {}", not_relayable(e.verb)),
        E::DeadlinePassed(e) => format!("the contract refused: {}", deadline(e.deadline, e.time)),
        E::NonceUsed(e) => format!("the contract refused: {}", nonce(e.signer, e.nonce)),
        E::InvalidSignature(e) => format!("the contract refused: {}", unsigned(e.signer)),
        E::AlreadyMade(_) => "the contract refused: this signed revocation was made before".into(),
        E::NotBarring(_) => "the contract refused: a signed revocation must bar".into(),
        E::OutdatedRevocation(e) => format!(
            "the contract refused: the revocation ends what was granted up to {}, and this was granted at {}: sign another",
            e.grantedUpTo, e.grantedAt
        ),
        E::StatusNotAllowed(e) => status(e),
        E::StaleKeys(e) => format!(
            "the contract refused: keys have moved on ({} changes, not {}): read the history and try again",
            e.current, e.named
        ),
    }
}

// What all contracts share.

fn not_relayable(verb: FixedBytes<4>) -> String {
    format!("{verb} cannot be carried out for a signer")
}

fn deadline(deadline: U256, time: U256) -> String {
    format!("the request was good until {deadline}, and it is {time}: sign it anew")
}

fn nonce(signer: Address, nonce: U256) -> String {
    format!("nonce {nonce} of {signer} is used or void: sign anew")
}

fn unsigned(signer: Address) -> String {
    format!("{signer} did not sign this")
}

fn not_permitted(e: &NotPermitted) -> String {
    let right = match Rights::from_bits(e.right) {
        Some(Rights::READ) => "read",
        Some(Rights::DELEGATE) => "pass on",
        Some(Rights::ATTEST) => "attest",
        _ => "contribute to",
    };
    format!("the contract refused: {} may not {right} {}: ask the patient for the right to", e.account, place(e.scope))
}

/// On chain it is a number or a hash that nobody has seen: whoever acts knows which was meant.
fn place(scope: B256) -> &'static str {
    if folder_of(scope).is_some() { "this folder" } else { "this record" }
}

fn status(e: &StatusNotAllowed) -> String {
    format!("the contract refused: this record is {:?} and cannot become {:?}", e.current, e.asked)
}

pub(super) fn describe_of_board(refusal: &IBoardErrors) -> String {
    use IBoardErrors as E;
    let reason = match refusal {
        E::NotAMember(e) => format!("{} is no member of it, or has left", e.account),
        E::BoardClosed(_) => "it is closed: what it was for, another board is now, or none".into(),
        E::InvalidGrantee(e) => format!("a case lets somebody in other than the patient and the board: {}", e.grantee),
        E::InvalidDuration(e) => format!("a case lasts between a second and a day, not {} s", e.duration),
        E::NoReason(_) => "there is no reason given".into(),
        E::NotOptedIn(e) => {
            format!(
                "{} has not granted {} to it, or that has ended, or was granted anew since",
                e.patient,
                place(e.scope)
            )
        }
        E::TooFewMembers(e) => format!(
            "without those who left, the patient and who is let in, {} members remain and {} are needed",
            e.remaining, e.needed
        ),
        E::CaseExists(e) => format!("the case {} is open already", e.id),
        E::NotAtStage(e) => not_at_stage(e),
        E::WindowClosed(e) => {
            format!("the case was to be acknowledged before {}, and it is {}: open another", e.until, e.time)
        }
        E::AcknowledgedAlready(e) => format!("{} has acknowledged this already", e.member),
        E::OwnCase(e) => format!("{} is let in by this case, or is its patient, and has no say in it", e.member),
        E::ReviewOwed(e) => {
            format!("{} could have reviewed the case {} and nobody did in time: review it first", e.member, e.id)
        }
        E::NotForReview(e) => format!("{} has no review to make of the case {}", e.member, e.id),
        E::DeadlinePassed(e) => deadline(e.deadline, e.time),
        E::NotRelayable(e) => not_relayable(e.verb),
        E::NonceUsed(e) => nonce(e.signer, e.nonce),
        E::NotEntitled(e) => format!("{} is neither the patient nor whom the patient appointed", e.account),
        E::InvalidSignature(e) => unsigned(e.signer),
    };
    format!("the board refused: {reason}")
}

fn not_at_stage(e: &NotAtStage) -> String {
    match e.stage {
        Stage::None => format!("there is no case {}", e.id),
        Stage::Open => format!("the case {} has not taken effect yet", e.id),
        Stage::Granted => format!("the case {} has taken effect already", e.id),
        _ => format!("the case {} was vetoed", e.id),
    }
}

/// What a contract beside `HospitalRecord` refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BesideErrors {
    /// `Vouching`.
    Vouching(IVouchingErrors),
    /// `AccessRequests`.
    AccessRequests(IAccessRequestsErrors),
    /// `Boards`.
    Boards(IBoardsErrors),
}

impl BesideErrors {
    pub(super) fn decode(data: &[u8]) -> Option<Self> {
        let vouching = IVouchingErrors::abi_decode(data).map(Self::Vouching);
        let requests = || IAccessRequestsErrors::abi_decode(data).map(Self::AccessRequests);
        let boards = |_| IBoardsErrors::abi_decode(data).map(Self::Boards);
        vouching.or_else(|_| requests()).or_else(boards).ok()
    }
}

pub(super) fn describe_beside(refusal: &BesideErrors) -> String {
    use IAccessRequestsErrors as A;
    use IBoardsErrors as B;
    use IVouchingErrors as V;
    let reason = match refusal {
        BesideErrors::Vouching(refusal) => match refusal {
            V::InvalidAccount(e) => format!("nobody vouches for {}: name another account", e.account),
            V::InvalidRole(e) => format!("{} is no role", e.role),
            V::EndNotInFuture(e) => format!("the end {} is not after the chain's time {}", e.until, e.time),
            V::NotVouched(e) => format!("you do not vouch for {} in this role", e.account),
            V::NotRelayable(e) => not_relayable(e.verb),
            V::DeadlinePassed(e) => deadline(e.deadline, e.time),
            V::NonceUsed(e) => nonce(e.signer, e.nonce),
            V::InvalidSignature(e) => unsigned(e.signer),
        },
        BesideErrors::AccessRequests(refusal) => match refusal {
            A::InvalidPatient(e) => format!("{} cannot be asked: name the patient's account", e.patient),
            A::InvalidRights(e) => format!("rights {} cannot be asked for", e.rights),
            A::InvalidPurpose(e) => format!("there is no purpose {}", e.purpose),
            A::EndNotInFuture(e) => format!(
                "the grant until {} and the answer by {} must be after the chain's time {}",
                e.grantUntil, e.answerBy, e.time
            ),
            A::NoReason(_) => "there is no reason given".into(),
            A::NotRelayable(e) => not_relayable(e.verb),
            A::DeadlinePassed(e) => deadline(e.deadline, e.time),
            A::NonceUsed(e) => nonce(e.signer, e.nonce),
            A::InvalidSignature(e) => unsigned(e.signer),
        },
        BesideErrors::Boards(refusal) => match refusal {
            B::TooManyMembers(e) => format!("a board has at most 16 members, not {}", e.members),
            B::InvalidThreshold(e) => format!("of {} members not {} can be needed", e.members, e.threshold),
            B::InvalidMember(e) => format!("{} is nobody, or is named out of order or twice", e.member),
            B::NotRelayable(e) => not_relayable(e.verb),
            B::DeadlinePassed(e) => deadline(e.deadline, e.time),
            B::NonceUsed(e) => nonce(e.signer, e.nonce),
            B::InvalidSignature(e) => unsigned(e.signer),
        },
    };
    format!("the contract refused: {reason}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloy::primitives::Bytes;
    use hospital_record_contracts::{access_requests::IAccessRequests, boards::IBoards, vouching::IVouching};

    use crate::ledger::error::LedgerError;

    #[test]
    fn every_refusal_of_a_contract_beside_the_record_is_told_in_words() {
        let selectors = [
            IVouching::IVouchingErrors::SELECTORS.to_vec(),
            IAccessRequests::IAccessRequestsErrors::SELECTORS.to_vec(),
            IBoards::IBoardsErrors::SELECTORS.to_vec(),
        ];
        for selector in selectors.concat() {
            let data: Bytes = [&selector[..], &[0; 96]].concat().into();
            let words = LedgerError::reverted(data).to_string();
            assert!(words.contains("refused: ") && !words.contains("0x7"), "{words}");
            assert!(!words.contains("reverted"), "{words}");
        }
    }
}

//! The refusals of a board.

use hospital_record_contracts::{
    board::Errors,
    boards::IBoard::{NotAtStage, Stage},
};

use crate::ledger::refusal::{
    Meaning, already_done, conflict, deadline, denied, invalid, nonce, not_relayable, place, unsigned,
};

pub(crate) fn meaning(refusal: &Errors) -> Meaning {
    use Errors as E;
    match refusal {
        E::NotAMember(e) => denied(format!("{} is not a member of it, or has left", e.account)),
        E::BoardClosed(_) => conflict("it is closed: ask the patient whether another board has replaced it"),
        E::InvalidGrantee(e) => {
            invalid(format!("a case cannot give access to the patient or the board itself: {}", e.grantee))
        }
        E::InvalidDuration(e) => invalid(format!("a case lasts between a second and a day, not {} s", e.duration)),
        E::NoReason(_) => invalid("the reason is missing"),
        E::NotOptedIn(e) => denied(format!(
            "{} has not granted {} to it, or the grant has ended, or was replaced since",
            e.patient,
            place(e.scope)
        )),
        E::TooFewMembers(e) => invalid(format!(
            "without former members, the patient and the grantee, {} members remain and {} are needed",
            e.remaining, e.needed
        )),
        E::CaseExists(e) => already_done(format!("the case {} is open already", e.id)),
        E::NotAtStage(e) => conflict(not_at_stage(e)),
        E::WindowClosed(e) => {
            conflict(format!("the case had to be acknowledged before {}, and it is {}: open another", e.until, e.time))
        }
        E::AcknowledgedAlready(e) => already_done(format!("{} has acknowledged this already", e.member)),
        E::OwnCase(e) => {
            denied(format!("{} is the grantee or the patient of this case and cannot take part in it", e.member))
        }
        E::ReviewOwed(e) => denied(format!(
            "{} could have reviewed the case {}, but no member did in time: review it first",
            e.member, e.id
        )),
        E::NotForReview(e) => denied(format!("{} has no review of the case {} to do", e.member, e.id)),
        E::DeadlinePassed(e) => deadline(e.deadline, e.time),
        E::NotRelayable(e) => not_relayable(e.verb),
        E::NonceUsed(e) => nonce(e.signer, e.nonce),
        E::NotEntitled(e) => denied(format!("{} is neither the patient nor the patient's proxy", e.account)),
        E::InvalidSignature(e) => unsigned(e.signer),
    }
}

fn not_at_stage(e: &NotAtStage) -> String {
    match e.stage {
        Stage::None => format!("there is no case {}", e.id),
        Stage::Open => format!("the case {} has not taken effect yet", e.id),
        Stage::Granted => format!("the case {} has taken effect already", e.id),
        _ => format!("the case {} was vetoed", e.id),
    }
}

//! The refusals of a board.

use hospital_record_contracts::{
    board::Errors,
    boards::IBoard::{NotAtStage, Stage},
};

use crate::{
    base::error::{Error, reason::Reason},
    ledger::refusal::{deadline, nonce, not_relayable, place, unsigned},
};

pub(crate) fn words(refusal: &Errors) -> String {
    use Errors as E;
    let reason = match refusal {
        E::NotAMember(e) => format!("{} is not a member of it, or has left", e.account),
        E::BoardClosed(_) => "it is closed: ask the patient whether another board has replaced it".into(),
        E::InvalidGrantee(e) => format!("a case cannot give access to the patient or the board itself: {}", e.grantee),
        E::InvalidDuration(e) => format!("a case lasts between a second and a day, not {} s", e.duration),
        E::NoReason(_) => "the reason is missing".into(),
        E::NotOptedIn(e) => {
            format!(
                "{} has not granted {} to it, or the grant has ended, or was replaced since",
                e.patient,
                place(e.scope)
            )
        }
        E::TooFewMembers(e) => format!(
            "without former members, the patient and the grantee, {} members remain and {} are needed",
            e.remaining, e.needed
        ),
        E::CaseExists(e) => format!("the case {} is open already", e.id),
        E::NotAtStage(e) => not_at_stage(e),
        E::WindowClosed(e) => {
            format!("the case had to be acknowledged before {}, and it is {}: open another", e.until, e.time)
        }
        E::AcknowledgedAlready(e) => format!("{} has acknowledged this already", e.member),
        E::OwnCase(e) => format!("{} is the grantee or the patient of this case and cannot take part in it", e.member),
        E::ReviewOwed(e) => {
            format!("{} could have reviewed the case {}, but no member did in time: review it first", e.member, e.id)
        }
        E::NotForReview(e) => format!("{} has no review of the case {} to do", e.member, e.id),
        E::DeadlinePassed(e) => deadline(e.deadline, e.time),
        E::NotRelayable(e) => not_relayable(e.verb),
        E::NonceUsed(e) => nonce(e.signer, e.nonce),
        E::NotEntitled(e) => format!("{} is neither the patient nor the patient's proxy", e.account),
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

pub(crate) fn meaning(refusal: &Errors, text: Reason) -> Error {
    use Errors as E;
    match refusal {
        E::NotAMember(_)
        | E::NotOptedIn(_)
        | E::OwnCase(_)
        | E::ReviewOwed(_)
        | E::NotForReview(_)
        | E::NotEntitled(_)
        | E::InvalidSignature(_) => Error::Denied(text),
        E::InvalidGrantee(_) | E::InvalidDuration(_) | E::NoReason(_) | E::TooFewMembers(_) | E::NotRelayable(_) => {
            Error::Invalid(text)
        }
        E::CaseExists(_) | E::AcknowledgedAlready(_) => Error::AlreadyDone(text),
        E::BoardClosed(_) | E::NotAtStage(_) | E::WindowClosed(_) | E::NonceUsed(_) | E::DeadlinePassed(_) => {
            Error::Conflict(text)
        }
    }
}

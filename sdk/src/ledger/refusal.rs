//! The contract's refusals in words: what was wrong, and what to do.

use hospital_record_contracts::IHospitalRecord::{IHospitalRecordErrors, NotPermitted, StatusNotAllowed};

use super::Rights;

pub(super) fn describe(refusal: &IHospitalRecordErrors) -> String {
    use IHospitalRecordErrors as E;
    match refusal {
        E::Empty(_) => "the contract refused: a digest or a list is empty".into(),
        E::InvalidFolder(e) => format!("the contract refused: {} is not a folder's number", e.folder),
        E::InvalidRights(e) => {
            format!("the contract refused: rights {} are not possible on scope {}", e.rights, e.scope)
        }
        E::InvalidGrantee(e) => format!("the contract refused: {} is nobody, or the patient itself", e.grantee),
        E::ExpiryNotInFuture(e) => {
            format!("the contract refused: the expiry {} is not after the chain's time {}", e.expiresAt, e.time)
        }
        E::RecordExists(e) => format!("the contract refused: the record {} is there already", e.key),
        E::NoSuchRecord(e) => format!("the contract refused: there is no record {}", e.key),
        E::NoSuchGrant(e) => format!("the contract refused: {} has no grant on scope {}", e.grantee, e.scope),
        E::NotPermitted(e) => not_permitted(e),
        E::StatusNotAllowed(e) => status(e),
        E::StaleKeys(e) => format!(
            "the contract refused: keys have moved on ({} changes, not {}): read the history and try again",
            e.current, e.named
        ),
    }
}

fn not_permitted(e: &NotPermitted) -> String {
    let right = if e.right == Rights::READ.bits() { "read" } else { "contribute to" };
    format!("the contract refused: {} may not {right} {}: ask the patient for access", e.account, e.scope)
}

fn status(e: &StatusNotAllowed) -> String {
    format!("the contract refused: record {} is {:?} and cannot become {:?}", e.key, e.current, e.asked)
}

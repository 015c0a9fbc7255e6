//! The table of the contracts. To add one beside `HospitalRecord`, add a row here, a file in `refusal`, and its verbs
//! in `forms`.

use alloy::{
    primitives::{Address, B256},
    sol_types::{SolEvent, SolInterface},
};
use hospital_record_contracts::{
    access_requests, board,
    board::IBoard::{CaseAcknowledged, CaseGranted, CaseOpened, CaseReviewed, CaseVetoed, ShareReleased},
    boards, hospital_record, vouching,
};

use crate::ledger::refusal::{self, Meaning};

/// The signatures of the events of boards about their cases. Anybody can emit such events: only those of a contract with
/// the code of a board count (see [`is_board`](crate::ledger::is_board)).
pub const CASE_EVENTS: [B256; 6] = [
    CaseOpened::SIGNATURE_HASH,
    CaseAcknowledged::SIGNATURE_HASH,
    CaseGranted::SIGNATURE_HASH,
    ShareReleased::SIGNATURE_HASH,
    CaseVetoed::SIGNATURE_HASH,
    CaseReviewed::SIGNATURE_HASH,
];

/// The signatures of all events that can name a stored block, by its digest: those of `HospitalRecord`, of requests and of
/// boards.
#[must_use]
pub fn naming_events() -> Vec<B256> {
    let journal = hospital_record::IHospitalRecord::IHospitalRecordEvents::SELECTORS;
    let requests = access_requests::IAccessRequests::IAccessRequestsEvents::SELECTORS;
    let boards = board::IBoard::IBoardEvents::SELECTORS;
    let all = journal.iter().chain(requests).chain(boards).map(B256::from);
    // All contracts share it, and it is no entry of a journal.
    all.filter(|signature| *signature != hospital_record::IHospitalRecord::NoncesInvalidated::SIGNATURE_HASH).collect()
}

/// The table, passed to a macro that generates code for each row. The string is the EIP-712 domain of its signed
/// requests.
macro_rules! each_beside {
    ($of_each:ident) => {
        $of_each! {
            /// `Vouching`: vouches of accounts for accounts.
            Vouching = vouching, "HospitalRecordVouching";
            /// `AccessRequests`: requests of accounts for access.
            AccessRequests = access_requests, "HospitalRecordAccessRequests";
            /// `Boards`: the factory of boards.
            Boards = boards, "HospitalRecordBoards";
        }
    };
}
pub(super) use each_beside;

macro_rules! contracts {
    ($($(#[$doc:meta])* $kind:ident = $module:ident, $domain:literal;)*) => {
        /// The contracts that take signed requests.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum ContractKind {
            /// `HospitalRecord`: records, access and the journal.
            HospitalRecord,
            $($(#[$doc])* $kind,)*
            /// `Board`: any board.
            Board,
        }

        impl ContractKind {
            /// The name in the EIP-712 domain of its signed requests.
            #[must_use]
            pub fn domain_name(self) -> &'static str {
                match self {
                    Self::HospitalRecord => "HospitalRecord",
                    $(Self::$kind => $domain,)*
                    Self::Board => "HospitalRecordBoard",
                }
            }

            /// The contracts beside `HospitalRecord`, each with its fixed address.
            pub const BESIDE: &[(Self, Address)] = &[$((Self::$kind, $module::ADDRESS)),*];

            /// Whether a call is a verb with its arguments, in the canonical encoding and without trailing bytes.
            pub(crate) fn is_plain(self, call: &[u8]) -> bool {
                match self {
                    Self::HospitalRecord => is_plain::<hospital_record::Calls>(call),
                    $(Self::$kind => is_plain::<$module::Calls>(call),)*
                    Self::Board => is_plain::<board::Calls>(call),
                }
            }
        }

        /// The refusals of the contracts beside `HospitalRecord`.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum BesideErrors {
            $(#[doc = concat!("`", stringify!($kind), "`.")] $kind($module::Errors),)*
        }

        impl BesideErrors {
            /// If several contracts share an error, the first one's text is used.
            pub(super) fn decode(data: &[u8]) -> Option<Self> {
                $(if let Ok(refusal) = $module::Errors::abi_decode(data) {
                    return Some(Self::$kind(refusal));
                })*
                None
            }

            pub(super) fn meaning(&self) -> Meaning {
                match self {
                    $(Self::$kind(refusal) => refusal::$module::meaning(refusal),)*
                }
            }

            /// The selectors of all refusals.
            #[cfg(test)]
            pub(super) fn selectors() -> Vec<[u8; 4]> {
                [$($module::Errors::SELECTORS),*].concat()
            }
        }
    };
}

each_beside!(contracts);

fn is_plain<C: SolInterface>(call: &[u8]) -> bool {
    C::abi_decode_validate(call).is_ok_and(|verb| verb.abi_encode() == call)
}

#[cfg(test)]
mod tests {
    use hospital_record_contracts::ALL;

    use super::*;

    #[test]
    fn signed_requests_name_their_contract() {
        assert_eq!(ContractKind::BESIDE.len(), ALL.len() - 1);
        for ((kind, address), contract) in ContractKind::BESIDE.iter().zip(&ALL[1..]) {
            assert_eq!(*address, contract.address);
            assert_eq!(kind.domain_name(), format!("HospitalRecord{}", contract.name));
            assert_eq!(format!("{kind:?}"), contract.name);
        }
    }
}

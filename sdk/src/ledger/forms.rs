//! The table of signed requests (EIP-712): every verb of every contract that has a signed form.
//!
//! The contracts' manuals list the same structs. This table defines the hashed types, the names of verbs and the
//! requests that relays carry. Tests compare the clear signing descriptors (ERC-7730) with it.

use std::iter;

use alloy::{
    primitives::{Address, B256, keccak256},
    sol_types::{SolCall, SolValue},
};
use hospital_record_contracts::{
    IHospitalRecord as Hospital,
    access_requests::IAccessRequests as Requests,
    boards::{IBoard as Board, IBoards as Boards},
    vouching::IVouching as Vouching,
};

use crate::ledger::contracts::ContractKind;

impl ContractKind {
    /// The kind of contract that a call of `verb` to this account is for, with `HospitalRecord` at `hospital`. Only the
    /// account's code shows whether it is a board.
    pub(crate) fn of_call(to: Address, verb: &[u8], hospital: Address) -> Option<Self> {
        let mut fixed = iter::once((Self::HospitalRecord, hospital)).chain(Self::BESIDE.iter().copied());
        if let Some((kind, _)) = fixed.find(|(_, address)| *address == to) {
            return Some(kind);
        }
        // `HospitalRecord` may be at another address, too.
        [Self::Board, Self::HospitalRecord].into_iter().find(|kind| SignedForm::of(*kind, verb).is_some())
    }
}

/// A verb that can be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedForm {
    /// The contract that has the verb.
    pub contract: ContractKind,
    /// The verb's signature in Solidity.
    pub signature: &'static str,
    /// The selector of its call.
    pub selector: [u8; 4],
    /// Its EIP-712 type, as it is hashed.
    pub encode_type: &'static str,
}

macro_rules! forms {
    ($($kind:ident $call:ty = $name:literal ( $fields:literal ) $(, $inner:literal)?;)*) => {
        &[$(SignedForm {
            contract: ContractKind::$kind,
            signature: <$call>::SIGNATURE,
            selector: <$call>::SELECTOR,
            encode_type: concat!($name, "(", $fields, "address signer,uint256 nonce,uint256 deadline)" $(, $inner)?),
        }),*]
    };
}

impl SignedForm {
    /// All signed forms.
    pub const ALL: &[Self] = forms! {
        HospitalRecord Hospital::setProfileCall = "SetProfile"("bytes32 profile,");
        HospitalRecord Hospital::checkpointCall = "Checkpoint"("bytes32 digest,");
        HospitalRecord Hospital::addRecordCall = "AddRecord"("address patient,uint40 folder,bytes32 id,uint24 keyChanges,");
        HospitalRecord Hospital::addRecordsCall =
            "AddRecords"("address patient,uint40 folder,bytes32[] ids,uint24 keyChanges,");
        HospitalRecord Hospital::replaceCall = "Replace"("address patient,bytes32 key,bytes32 id,uint24 keyChanges,");
        HospitalRecord Hospital::setStatusCall = "SetStatus"("address patient,bytes32 key,uint8 status,");
        HospitalRecord Hospital::attestCall = "Attest"("address patient,bytes32 key,");
        HospitalRecord Hospital::grantCall =
            "Grant"("bytes32 scope,address grantee,uint8 rights,uint8 purpose,uint40 expiresAt,uint16 epoch,bytes32 envelope,uint24 keyChanges,");
        HospitalRecord Hospital::grantManyCall = "GrantMany"("Permission[] permissions,uint24 keyChanges,"),
            "Permission(bytes32 scope,address grantee,uint8 rights,uint8 purpose,uint40 expiresAt,uint16 epoch,bytes32 envelope)";
        HospitalRecord Hospital::passOnCall =
            "PassOn"("address patient,bytes32 scope,address grantee,uint8 rights,uint8 purpose,uint40 expiresAt,uint16 epoch,bytes32 envelope,uint24 keyChanges,");
        HospitalRecord Hospital::rotateCall = "Rotate"("uint40 folder,uint16 epoch,bytes32 keyring,uint24 keyChanges,");
        HospitalRecord Hospital::renounceCall = "Renounce"("address patient,bytes32 scope,");
        HospitalRecord Hospital::withdrawCall = "Withdraw"("address patient,bytes32 scope,address grantee,");
        HospitalRecord Hospital::logAccessCall =
            "LogAccess"("address patient,bytes32 key,uint8 purpose,bytes32 note,");
        HospitalRecord Hospital::logAccessesCall =
            "LogAccesses"("address patient,bytes32[] keys,uint8 purpose,bytes32 note,");
        HospitalRecord Hospital::invalidateNoncesCall = "InvalidateNonces"("");

        Vouching Vouching::vouchCall = "Vouch"("address account,bytes32 role,uint40 until,");
        Vouching Vouching::withdrawCall = "Withdraw"("address account,bytes32 role,");
        Vouching Vouching::invalidateNoncesCall = "InvalidateNonces"("");

        AccessRequests Requests::askCall =
            "Ask"("address patient,uint8 rights,uint8 purpose,uint40 grantUntil,uint40 answerBy,bytes32 reason,");
        AccessRequests Requests::withdrawCall = "Withdraw"("address patient,bytes32 reason,");
        AccessRequests Requests::invalidateNoncesCall = "InvalidateNonces"("");

        Boards Boards::createCall = "Create"("uint256 threshold,address[] members,bytes32 salt,");
        Boards Boards::invalidateNoncesCall = "InvalidateNonces"("");

        Board Board::openCall =
            "Open"("address patient,bytes32 scope,address grantee,uint32 duration,bytes32 reason,uint16 epoch,uint24 keyChanges,");
        Board Board::acknowledgeCall =
            "Acknowledge"("address patient,bytes32 scope,address grantee,uint32 duration,bytes32 reason,uint16 epoch,address opener,uint40 openedAt,uint24 keyChanges,");
        Board Board::releaseCall = "Release"("bytes32 id,bytes32 share,");
        Board Board::reviewCall = "Review"("bytes32 id,bytes32 finding,");
        Board Board::resignCall = "Resign"("");
        Board Board::acknowledgeSuccessorCall = "AcknowledgeSuccessor"("address successor,");
        Board Board::appointCall = "Appoint"("address proxy,");
        Board Board::invalidateNoncesCall = "InvalidateNonces"("");
    };

    /// The form of a call that begins with its verb.
    #[must_use]
    pub fn of(contract: ContractKind, call: &[u8]) -> Option<&'static Self> {
        let selector = call.first_chunk::<4>()?;
        Self::ALL.iter().find(|form| form.contract == contract && form.selector == *selector)
    }

    /// The name of the verb, as in the contract's manual.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.encode_type.split('(').next().unwrap_or_default()
    }

    /// The fields before the tail, as EIP-712 encodes them. If every argument is one word, these are the call's own
    /// words.
    pub(super) fn fields(&self, call: &[u8]) -> Option<Vec<u8>> {
        let arguments = call.get(4..)?;
        Some(match self.selector {
            Hospital::addRecordsCall::SELECTOR => {
                let call = Hospital::addRecordsCall::abi_decode_raw_validate(arguments).ok()?;
                (call.patient, call.folder, packed(call.ids), call.keyChanges).abi_encode()
            }
            Hospital::grantManyCall::SELECTOR => {
                let (_, permission) = self.encode_type.split_once(')')?;
                let call = Hospital::grantManyCall::abi_decode_raw_validate(arguments).ok()?;
                let hash = |one: &Hospital::Permission| {
                    keccak256([keccak256(permission).as_slice(), &one.abi_encode()].concat())
                };
                (packed(call.permissions.iter().map(hash)), call.keyChanges).abi_encode()
            }
            Hospital::logAccessesCall::SELECTOR => {
                let call = Hospital::logAccessesCall::abi_decode_raw_validate(arguments).ok()?;
                (call.patient, packed(call.keys), call.purpose, call.note).abi_encode()
            }
            Boards::createCall::SELECTOR => {
                let call = Boards::createCall::abi_decode_raw_validate(arguments).ok()?;
                (call.threshold, packed(call.members.iter().map(|member| member.into_word())), call.salt).abi_encode()
            }
            _ => arguments.to_vec(),
        })
    }
}

/// An array of words, as EIP-712 hashes it.
fn packed(words: impl IntoIterator<Item = B256>) -> B256 {
    keccak256(words.into_iter().flatten().collect::<Vec<u8>>())
}

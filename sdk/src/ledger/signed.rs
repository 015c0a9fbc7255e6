//! What an account signs (EIP-712) so that anybody can carry it to the contract and pay for it.

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    sol_types::{SolCall, SolInterface, SolValue},
};
use hospital_record_contracts::{
    IHospitalRecord::{self as Sol, IHospitalRecordCalls as Calls, IHospitalRecordErrors as Refusal},
    boards::IBoard::{self, caseOfCall, vetoCall},
};

use super::{Call, Contract, LedgerError, Revocation, calls::u24};

/// What takes effect by a signature alone, whoever sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Act {
    /// A verb of the contract: once, until a deadline.
    Once {
        /// Who acts.
        signer: Address,
        /// Selector and arguments of the verb.
        verb: Bytes,
        /// `series << 128 | number`: which one does not matter, only that no other act of the signer has it.
        nonce: U256,
        /// The last second (since 1970) in which it takes effect.
        deadline: u64,
    },
    /// The end of a grant. Nothing withheld or sent before can stop it, and it has no deadline.
    Revocation {
        /// Who acts.
        patient: Address,
        /// Which grant, and the keys for those who remain. It must bar.
        revocation: Revocation,
        /// It ends what was granted up to this second; what the patient grants later stands.
        granted_up_to: u64,
        /// The count for which the keyring was made. Where another is current the grant ends all the same.
        key_changes: u32,
    },
    /// The end of a case of a board, once and for good: nothing can stop it, and it has no deadline.
    Veto {
        /// The board.
        board: Address,
        /// Who acts: the case's patient, or the patient's proxy.
        by: Address,
        /// The case, as the board knows it.
        case: IBoard::Case,
    },
}

/// What an account wants done, before it is an [`Act`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Verb(Bytes),
    Revoke(Revocation, u32),
}

/// The contract's EIP-712 types, up to what each of them ends with.
const TYPES: [([u8; 4], &str); 12] = [
    (Sol::setProfileCall::SELECTOR, "SetProfile(bytes32 profile,"),
    (Sol::addRecordCall::SELECTOR, "AddRecord(address patient,uint40 folder,bytes32 id,uint24 keyChanges,"),
    (Sol::replaceCall::SELECTOR, "Replace(address patient,bytes32 key,bytes32 id,uint24 keyChanges,"),
    (Sol::setStatusCall::SELECTOR, "SetStatus(address patient,bytes32 key,uint8 status,"),
    (Sol::attestCall::SELECTOR, "Attest(address patient,bytes32 key,"),
    (
        Sol::grantCall::SELECTOR,
        "Grant(bytes32 scope,address grantee,uint8 rights,uint8 purpose,bytes32 envelope,uint16 epoch,uint40 expiresAt,\
         uint24 keyChanges,",
    ),
    (
        Sol::passOnCall::SELECTOR,
        "PassOn(address patient,bytes32 scope,address grantee,uint8 rights,uint8 purpose,bytes32 envelope,uint16 epoch,\
         uint40 expiresAt,uint24 keyChanges,",
    ),
    (Sol::rotateCall::SELECTOR, "Rotate(uint40 folder,uint16 epoch,bytes32 keyring,uint24 keyChanges,"),
    (Sol::renounceCall::SELECTOR, "Renounce(address patient,bytes32 scope,"),
    (Sol::withdrawCall::SELECTOR, "Withdraw(address patient,bytes32 scope,address grantee,"),
    (Sol::logAccessCall::SELECTOR, "LogAccess(address patient,bytes32 key,uint8 purpose,"),
    (Sol::invalidateNoncesCall::SELECTOR, "InvalidateNonces("),
];
const EVERY_TYPE_ENDS: &str = "address signer,uint256 nonce,uint256 deadline)";
const REVOKE: &str = "Revoke(bytes32 scope,address grantee,uint16 epoch,bytes32 keyring,bool barred,address patient,\
                      uint40 grantedUpTo,uint24 keyChanges)";
const VETO: &str = "Veto(bytes32 id)";
const DOMAIN: &str = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

impl Act {
    /// Who has to sign it.
    #[must_use]
    pub fn signer(&self) -> Address {
        match self {
            Self::Once { signer, .. } => *signer,
            Self::Revocation { patient, .. } => *patient,
            Self::Veto { by, .. } => *by,
        }
    }

    /// Whether it does nothing but end somebody's access: what must not wait behind other acts.
    #[must_use]
    pub fn ends_access(&self) -> bool {
        matches!(self, Self::Revocation { .. } | Self::Veto { .. })
    }

    /// The name of the verb, as in the contract's manual; `None` when it has no signed form.
    #[must_use]
    pub fn verb(&self) -> Option<&'static str> {
        match self {
            Self::Once { verb, .. } => type_of(verb)?.split('(').next(),
            Self::Revocation { .. } => REVOKE.split('(').next(),
            Self::Veto { .. } => VETO.split('(').next(),
        }
    }

    fn struct_hash(&self) -> Option<B256> {
        Some(match self {
            Self::Once { signer, verb, nonce, deadline } => {
                let kind = keccak256([type_of(verb)?, EVERY_TYPE_ENDS].concat());
                let rest = (*signer, *nonce, U256::from(*deadline)).abi_encode();
                keccak256([kind.as_slice(), &verb[4..], &rest].concat())
            }
            Self::Revocation { patient, revocation, granted_up_to, key_changes } => {
                let rest = (*patient, U256::from(*granted_up_to), U256::from(*key_changes)).abi_encode();
                keccak256([keccak256(REVOKE).as_slice(), &revocation.encode().abi_encode(), &rest].concat())
            }
            Self::Veto { case, .. } => keccak256((keccak256(VETO), id_of(case)).abi_encode()),
        })
    }
}

/// What a board calls a case.
pub(crate) fn id_of(case: &IBoard::Case) -> B256 {
    keccak256(case.abi_encode())
}

impl Contract {
    /// What the signer has to sign (EIP-712) for this contract, or the board, on this chain. `None` when the verb has no
    /// signed form.
    #[must_use]
    pub fn digest_of(&self, act: &Act) -> Option<B256> {
        let (name, contract) = match act {
            Act::Veto { board, .. } => ("HospitalRecordBoard", *board),
            _ => ("HospitalRecord", self.address()),
        };
        let (name, version) = (keccak256(name), keccak256("1"));
        let fields = (keccak256(DOMAIN), name, version, U256::from(self.chain()), contract).abi_encode();
        let hash = act.struct_hash()?;
        Some(keccak256([&[0x19, 0x01], keccak256(fields).as_slice(), hash.as_slice()].concat()))
    }

    /// The call by which anybody brings a signed act about.
    #[must_use]
    pub fn signed(&self, act: &Act, signature: Bytes) -> Call {
        match act {
            Act::Once { signer, verb, nonce, deadline } => self.to_send(&Sol::relayCall {
                signer: *signer,
                call: verb.clone(),
                nonce: *nonce,
                deadline: U256::from(*deadline),
                signature,
            }),
            Act::Revocation { patient, revocation, granted_up_to, key_changes } => {
                self.to_send(&Sol::revokeSignedCall {
                    revocation: revocation.encode(),
                    patient: *patient,
                    grantedUpTo: super::calls::u40(*granted_up_to),
                    keyChanges: u24(*key_changes),
                    signature,
                })
            }
            Act::Veto { board, by, case } => super::call(*board, &vetoCall { c: case.clone(), by: *by, signature }),
        }
    }

    /// The act that [`Contract::signed`] made this call to `to` of. `None` when the call is anything else.
    #[must_use]
    pub fn act_of(to: Address, data: &[u8]) -> Option<Act> {
        if data.starts_with(&vetoCall::SELECTOR) {
            let call = vetoCall::abi_decode_validate(data).ok().filter(|call| call.abi_encode() == data)?;
            return Some(Act::Veto { board: to, by: call.by, case: call.c });
        }
        let call = Calls::abi_decode_validate(data).ok()?;
        // In one spelling alone, so that a request has one id.
        if call.abi_encode() != data {
            return None;
        }
        match call {
            // What is appended to the verb's arguments would only cost who carries it.
            Calls::relay(call) if is_plain(&call.call) => Some(Act::Once {
                signer: call.signer,
                verb: call.call,
                nonce: call.nonce,
                deadline: call.deadline.saturating_to(),
            }),
            Calls::revokeSigned(call) => Some(Act::Revocation {
                patient: call.patient,
                revocation: Revocation::decode(&call.revocation),
                granted_up_to: call.grantedUpTo.to(),
                key_changes: call.keyChanges.to(),
            }),
            _ => None,
        }
        .filter(|act| act.verb().is_some())
    }

    /// What is to be signed for a call that is made of verbs without a signed form: one act for each part, in order.
    pub(crate) fn steps(&self, call: &Call) -> Vec<Step> {
        let verb = |data: Vec<u8>| Step::Verb(data.into());
        match Calls::abi_decode_validate(&call.data) {
            Ok(Calls::addRecords(many)) => {
                let (patient, folder, changes) = (many.patient, many.folder, many.keyChanges);
                let one = |id| Sol::addRecordCall { patient, folder, id, keyChanges: changes };
                many.ids.into_iter().map(|id| verb(one(id).abi_encode())).collect()
            }
            Ok(Calls::grantMany(many)) => {
                let one = |permission| Sol::grantCall { permission, keyChanges: many.keyChanges };
                many.permissions.into_iter().map(|permission| verb(one(permission).abi_encode())).collect()
            }
            Ok(Calls::logAccesses(many)) => {
                let one = |key| Sol::logAccessCall { patient: many.patient, key, purpose: many.purpose };
                many.keys.into_iter().map(|key| verb(one(key).abi_encode())).collect()
            }
            Ok(Calls::revoke(one)) => vec![Step::Revoke(Revocation::decode(&one.revocation), one.keyChanges.to())],
            Ok(Calls::revokeMany(many)) => {
                // Each of them is a key change, which the next one's keyring is to be counted from.
                let counts = many.keyChanges.to::<u32>()..;
                let revocations = many.revocations.iter().map(Revocation::decode);
                revocations.zip(counts).map(|(revocation, count)| Step::Revoke(revocation, count)).collect()
            }
            _ => vec![Step::Verb(call.data.clone())],
        }
    }

    /// The envelopes that a call of the contract names: those of grants, given or passed on.
    pub(crate) fn envelopes_in(data: &[u8]) -> Vec<B256> {
        match Calls::abi_decode_validate(data) {
            Ok(Calls::grant(call)) => vec![call.permission.envelope],
            Ok(Calls::grantMany(call)) => call.permissions.iter().map(|permission| permission.envelope).collect(),
            Ok(Calls::passOn(call)) => vec![call.permission.envelope],
            _ => Vec::new(),
        }
    }

    /// Whether a signed act has taken effect, by whomever it was sent.
    ///
    /// # Errors
    /// When the provider gives no answer.
    pub(crate) async fn took_effect(&self, act: &Act, call: Call) -> Result<bool, LedgerError> {
        match act {
            // A nonce counts as used only when what it was used for did not fail.
            Act::Once { signer, nonce, .. } => Ok(self.nonce_used(*signer, *nonce).await?.0),
            Act::Revocation { .. } => match self.ledger().call(&call, None).await {
                Ok(_) => Ok(false),
                Err(LedgerError::Contract(refusal)) => Ok(matches!(*refusal, Refusal::AlreadyMade(_))),
                Err(LedgerError::Reverted(_)) => Ok(false),
                Err(error) => Err(error),
            },
            Act::Veto { board, case, .. } => {
                let question = super::call(*board, &caseOfCall { id: id_of(case) });
                let answer = self.ledger().call(&question, None).await?;
                let state = caseOfCall::abi_decode_returns_validate(&answer);
                Ok(state.map_err(|error| self.malformed(&error.to_string()))?.stage == IBoard::Stage::Vetoed)
            }
        }
    }

    /// Whether the nonce was used, and the series that nonces must be of.
    ///
    /// # Errors
    /// When the provider gives no answer.
    pub async fn nonce_used(&self, account: Address, nonce: U256) -> Result<(bool, U256), LedgerError> {
        let answer = self.ask(&Sol::nonceUsedCall { account, nonce }, None).await?;
        Ok((answer.used, answer.series))
    }
}

fn type_of(verb: &[u8]) -> Option<&'static str> {
    let selector = verb.first_chunk::<4>()?;
    TYPES.iter().find(|(known, _)| known == selector).map(|(_, text)| *text)
}

/// Whether a call is its verb and arguments and nothing else.
fn is_plain(call: &[u8]) -> bool {
    Calls::abi_decode_validate(call).is_ok_and(|verb| verb.abi_encode() == call)
}

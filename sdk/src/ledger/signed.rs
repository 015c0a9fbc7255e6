//! Requests that an account signs (EIP-712), so that any account can send them to the contract and pay for them.

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    sol_types::{SolCall, SolInterface, SolValue},
};
use hospital_record_contracts::{
    IHospitalRecord::{self as Sol, IHospitalRecordCalls as Calls, IHospitalRecordErrors as Refusal},
    boards::IBoard::{self, caseOfCall, vetoCall},
};

use crate::ledger::{
    calls::Revocation,
    contract::Contract,
    contracts::ContractKind,
    error::LedgerError,
    forms::SignedForm,
    types::{self, Call, u24},
};

/// A signed act. It takes effect by its signature, whoever sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Act {
    /// A verb of a contract. It can take effect once, until a deadline.
    Once {
        /// The address of the contract.
        contract: Address,
        /// The kind of the contract.
        kind: ContractKind,
        /// The actor.
        signer: Address,
        /// Selector and arguments of the verb.
        verb: Bytes,
        /// `series << 128 | number`. Any number works that no other act of the signer has.
        nonce: U256,
        /// The last second (since 1970) in which it takes effect.
        deadline: u64,
    },
    /// The end of a grant. It has no deadline, and no earlier act can stop it.
    Revocation {
        /// The actor.
        patient: Address,
        /// The grant, and the keys for the remaining readers. It must bar the grantee.
        revocation: Revocation,
        /// It ends grants up to this second. Later grants of the patient stand.
        granted_up_to: u64,
        /// The count for which the keyring was made. If it is stale, the grant still ends.
        key_changes: u32,
    },
    /// The permanent end of a case of a board. It has no deadline, and nothing can stop it.
    Veto {
        /// The board.
        board: Address,
        /// The actor: the case's patient, or the patient's proxy.
        by: Address,
        /// The case, as the board stores it.
        case: IBoard::Case,
    },
}

/// An act that is not signed yet. With a nonce and a deadline it becomes an [`Act`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UnsignedAct {
    Verb(Call),
    Revoke(Revocation, u32),
}

const DOMAIN: &str = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

impl Act {
    /// The type of a signed revocation.
    pub const REVOKE: &str = "Revoke(bytes32 scope,address grantee,uint16 epoch,bytes32 keyring,bool barred,address patient,uint40 grantedUpTo,uint24 keyChanges)";
    /// The type of a veto.
    pub const VETO: &str = "Veto(bytes32 id)";

    /// The account that must sign it.
    #[must_use]
    pub fn signer(&self) -> Address {
        match self {
            Self::Once { signer, .. } => *signer,
            Self::Revocation { patient, .. } => *patient,
            Self::Veto { by, .. } => *by,
        }
    }

    /// Whether it only ends access. Such an act must not wait behind other acts.
    #[must_use]
    pub fn ends_access(&self) -> bool {
        matches!(self, Self::Revocation { .. } | Self::Veto { .. })
    }

    /// The kind of its contract.
    #[must_use]
    pub fn kind(&self) -> ContractKind {
        match self {
            Self::Once { kind, .. } => *kind,
            Self::Revocation { .. } => ContractKind::HospitalRecord,
            Self::Veto { .. } => ContractKind::Board,
        }
    }

    /// The name of the verb, as in the contract's manual; `None` if it has no signed form. Two contracts may have verbs
    /// of the same name.
    #[must_use]
    pub fn verb(&self) -> Option<&'static str> {
        match self {
            Self::Once { kind, verb, .. } => SignedForm::of(*kind, verb).map(SignedForm::name),
            _ => self.encode_type()?.split('(').next(),
        }
    }

    /// Its EIP-712 type; `None` if it has no signed form.
    #[must_use]
    pub fn encode_type(&self) -> Option<&'static str> {
        match self {
            Self::Once { kind, verb, .. } => SignedForm::of(*kind, verb).map(|form| form.encode_type),
            Self::Revocation { .. } => Some(Self::REVOKE),
            Self::Veto { .. } => Some(Self::VETO),
        }
    }

    fn struct_hash(&self) -> Option<B256> {
        Some(match self {
            Self::Once { kind, signer, verb, nonce, deadline, .. } => {
                let form = SignedForm::of(*kind, verb)?;
                let rest = (*signer, *nonce, U256::from(*deadline)).abi_encode();
                keccak256([keccak256(form.encode_type).as_slice(), &form.fields(verb)?, &rest].concat())
            }
            Self::Revocation { patient, revocation, granted_up_to, key_changes } => {
                let rest = (*patient, U256::from(*granted_up_to), U256::from(*key_changes)).abi_encode();
                keccak256([keccak256(Self::REVOKE).as_slice(), &revocation.encode().abi_encode(), &rest].concat())
            }
            Self::Veto { case, .. } => keccak256((keccak256(Self::VETO), id_of(case)).abi_encode()),
        })
    }
}

/// The board's id of a case.
pub(crate) fn id_of(case: &IBoard::Case) -> B256 {
    keccak256(case.abi_encode())
}

impl Contract {
    /// The act that `signer` must sign so that any account can send the call until the deadline; `None` if the call has
    /// no signed form.
    #[must_use]
    pub fn once(&self, call: &Call, signer: Address, nonce: U256, deadline: u64) -> Option<Act> {
        let kind = ContractKind::of_call(call.to, &call.data, self.address())?;
        SignedForm::of(kind, &call.data)?;
        Some(Act::Once { contract: call.to, kind, signer, verb: call.data.clone(), nonce, deadline })
    }

    /// The digest that the signer must sign (EIP-712) for the act's contract on this chain. `None` if the verb has no
    /// signed form.
    #[must_use]
    pub fn digest_of(&self, act: &Act) -> Option<B256> {
        let contract = match act {
            Act::Once { contract, .. } => *contract,
            Act::Revocation { .. } => self.address(),
            Act::Veto { board, .. } => *board,
        };
        let (name, version) = (keccak256(act.kind().domain_name()), keccak256("1"));
        let fields = (keccak256(DOMAIN), name, version, U256::from(self.chain()), contract).abi_encode();
        let hash = act.struct_hash()?;
        Some(keccak256([&[0x19, 0x01], keccak256(fields).as_slice(), hash.as_slice()].concat()))
    }

    /// The call that sends a signed act. Any account can make it.
    #[must_use]
    pub fn signed(&self, act: &Act, signature: Bytes) -> Call {
        match act {
            Act::Once { contract, signer, verb, nonce, deadline, .. } => {
                let (signer, call, nonce, deadline) = (*signer, verb.clone(), *nonce, U256::from(*deadline));
                // This function is the same in every contract.
                types::call(*contract, &Sol::relayCall { signer, call, nonce, deadline, signature })
            }
            Act::Revocation { patient, revocation, granted_up_to, key_changes } => {
                self.to_send(&Sol::revokeSignedCall {
                    revocation: revocation.encode(),
                    patient: *patient,
                    grantedUpTo: crate::ledger::types::u40(*granted_up_to),
                    keyChanges: u24(*key_changes),
                    signature,
                })
            }
            Act::Veto { board, by, case } => types::call(*board, &vetoCall { c: case.clone(), by: *by, signature }),
        }
    }

    /// The act in a call to `to` that [`Contract::signed`] made, with `HospitalRecord` at `hospital`. `None` for any
    /// other call. Only an account's code shows whether it is a board.
    #[must_use]
    pub fn act_of(to: Address, data: &[u8], hospital: Address) -> Option<Act> {
        if data.starts_with(&vetoCall::SELECTOR) {
            let call = vetoCall::abi_decode_validate(data).ok().filter(|call| call.abi_encode() == data)?;
            return Some(Act::Veto { board: to, by: call.by, case: call.c });
        }
        let call = Calls::abi_decode_validate(data).ok()?;
        // Only the canonical encoding is accepted, so that a request has one id.
        if call.abi_encode() != data {
            return None;
        }
        match call {
            Calls::relay(call) => {
                let kind = ContractKind::of_call(to, &call.call, hospital)?;
                let Sol::relayCall { signer, call: verb, nonce, deadline, .. } = call;
                let act = Act::Once { contract: to, kind, signer, verb, nonce, deadline: deadline.saturating_to() };
                // Bytes after the verb's arguments would only cost the carrier gas.
                Some(act).filter(|act| matches!(act, Act::Once { verb, .. } if kind.is_plain(verb)))
            }
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

    /// The acts to sign for a call, in order: a list of revocations has no signed form, so each is an act of its own.
    pub(crate) fn unsigned_acts(&self, call: &Call) -> Vec<UnsignedAct> {
        if call.to != self.address() {
            return vec![UnsignedAct::Verb(call.clone())];
        }
        match Calls::abi_decode_validate(&call.data) {
            Ok(Calls::revoke(one)) => {
                vec![UnsignedAct::Revoke(Revocation::decode(&one.revocation), one.keyChanges.to())]
            }
            Ok(Calls::revokeMany(many)) => {
                // Each revocation is a key change, so the next keyring has a higher count.
                let counts = many.keyChanges.to::<u32>()..;
                let revocations = many.revocations.iter().map(Revocation::decode);
                revocations.zip(counts).map(|(revocation, count)| UnsignedAct::Revoke(revocation, count)).collect()
            }
            _ => vec![UnsignedAct::Verb(call.clone())],
        }
    }

    /// Whether a signed act has taken effect, whoever sent it.
    pub(crate) async fn took_effect(&self, act: &Act, call: Call) -> Result<bool, LedgerError> {
        match act {
            // A nonce counts as used only if its act succeeded.
            Act::Once { contract, signer, nonce, .. } => Ok(self.nonce_used(*contract, *signer, *nonce).await?.0),
            Act::Revocation { .. } => match self.ledger().call(&call, None).await {
                Ok(_) => Ok(false),
                Err(LedgerError::Contract(refusal)) => Ok(matches!(*refusal, Refusal::AlreadyMade(_))),
                Err(LedgerError::Reverted(_)) => Ok(false),
                Err(error) => Err(error),
            },
            Act::Veto { board, case, .. } => {
                let question = types::call(*board, &caseOfCall { id: id_of(case) });
                let answer = self.ledger().call(&question, None).await?;
                let state = caseOfCall::abi_decode_returns_validate(&answer);
                Ok(state.map_err(|error| self.malformed(&error.to_string()))?.stage == IBoard::Stage::Vetoed)
            }
        }
    }

    /// Whether the nonce is used at the contract, and the current series of nonces there. Every contract and every
    /// board has its own nonces.
    ///
    /// # Errors
    /// If the provider does not answer.
    pub async fn nonce_used(
        &self,
        contract: Address,
        account: Address,
        nonce: U256,
    ) -> Result<(bool, U256), LedgerError> {
        let at = Self::new(self.ledger().clone(), self.chain(), contract);
        let answer = at.ask(&Sol::nonceUsedCall { account, nonce }, None).await?;
        Ok((answer.used, answer.series))
    }
}

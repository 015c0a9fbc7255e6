//! Helpers for the tests of several modules.

#![allow(clippy::unwrap_used)]

use hospital_record::{
    Address, B256, Purpose, Rights,
    alloy::{
        primitives::Bytes,
        signers::{SignerSync, local::PrivateKeySigner},
    },
    ledger::{Act, Contract, MemoryLedger, NO_END, Permission, Revocation, folder_scope},
    relay::SignedRequest,
};

pub(crate) fn signed(contract: &Contract, by: &PrivateKeySigner, act: &Act) -> SignedRequest {
    let signature = by.sign_hash_sync(&contract.digest_of(act).unwrap()).unwrap();
    let call = contract.signed(act, Bytes::from(signature.as_bytes().to_vec()));
    SignedRequest { chain_id: contract.chain(), contract: call.to, data: call.data }
}

/// An account that may read a patient's folder, and the request that ends this access.
pub(crate) fn let_in(memory: &MemoryLedger, contract: &Contract, patient: Address) -> Revocation {
    let (grantee, scope) = (Address::repeat_byte(7), folder_scope(1));
    let permission = Permission {
        grantee,
        scope,
        rights: Rights::READ,
        purpose: Purpose::TREAT,
        expires_at: NO_END,
        epoch: 0,
        envelope: B256::repeat_byte(1),
    };
    assert!(memory.act(patient, contract.grant(&[permission], 0)));
    Revocation { grantee, scope, keyring: None, barred: true }
}

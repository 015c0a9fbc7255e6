//! Blocks that an honest author's program cannot make.

use hospital_record_core::id::{Account, Deployment, Digest};
use hospital_record_core::seal::lock::{Lock, LockContext, Sealed};
use hospital_record_core::seal::ratchet::FolderState;
use serde::Serialize;
use serde_json::{Value, json};

use crate::json::*;
use crate::make::with;

/// A lock that opens to a key other than the one that its record commits to. It seals another key in the record's own
/// context.
pub fn dishonest(folder: &Value) -> Value {
    let held = FolderState::from_bytes(7, [0x77; 32]);
    let honest = lock_context(&folder["context"]);
    let info = info(&honest, &held);
    let lock = Lock::Folder { epoch: 7, sealed: sealed(held.public_key().as_bytes(), &info, &[0x45; 32]) };
    with(folder, |folder| folder["lock"] = json!(hex::encode(serde_ipld_dagcbor::to_vec(&lock).unwrap())))
}

fn info(context: &LockContext, held: &FolderState) -> Vec<u8> {
    let Deployment { chain, contract } = context.deployment;
    let label = b"hospital-record/v1/lock/folder";
    [
        &(label.len() as u16).to_be_bytes(),
        label.as_slice(),
        &chain.to_be_bytes(),
        &contract.0,
        &context.patient.0,
        &context.author.0,
        &context.folder.number().to_be_bytes(),
        &context.epoch.to_be_bytes(),
        &[0; 20],
        &held.public_key().key_id().0,
        &context.commitment,
    ]
    .concat()
}

/// Seals any bytes in any context.
pub fn sealed(key: &[u8], info: &[u8], plain: &[u8]) -> Sealed {
    use hpke::{Deserializable, Kem, Serializable};
    #[derive(Serialize)]
    struct Parts<'a> {
        suite: u16,
        #[serde(with = "serde_bytes")]
        enc: &'a [u8],
        #[serde(with = "serde_bytes")]
        ciphertext: &'a [u8],
    }
    let key = <hpke::kem::XWing as Kem>::PublicKey::from_bytes(key).unwrap();
    let (encapsulation, ciphertext) = hpke::single_shot_seal::<
        hpke::aead::AesGcm256,
        hpke::kdf::HkdfSha256,
        hpke::kem::XWing,
    >(&hpke::OpModeS::Base, &key, info, plain, &[])
    .unwrap();
    let parts = Parts { suite: 1, enc: &encapsulation.to_bytes(), ciphertext: &ciphertext };
    serde_ipld_dagcbor::from_slice(&serde_ipld_dagcbor::to_vec(&parts).unwrap()).unwrap()
}

/// A block with any body and a valid signature.
pub fn signed(kind: &str, body: &impl Serialize, signer: &Value) -> Value {
    #[derive(Serialize)]
    struct Signed<'a, T> {
        v: u64,
        kind: &'a str,
        chain: u64,
        contract: Account,
        issuer: Account,
        profile: Digest,
        body: &'a T,
        #[serde(skip_serializing_if = "Option::is_none")]
        signature: Option<serde_bytes::ByteBuf>,
    }
    let Deployment { chain, contract } = HERE;
    let (issuer, profile) = (account(&signer["account"]), profile_digest(signer));
    let block = |signature| {
        let block = Signed { v: 1, kind, chain, contract, issuer, profile, body, signature };
        serde_ipld_dagcbor::to_vec(&block).unwrap()
    };
    let message = [b"hospital-record/v1/block\0".as_slice(), &block(None)].concat();
    let signature = profile_keys(signer).sign(&message);
    json!(hex::encode(block(Some(signature.to_vec().into()))))
}

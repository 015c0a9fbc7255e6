//! What an honest author's program cannot make.

use hospital_record_core::id::Deployment;
use hospital_record_core::seal::lock::LockContext;
use hospital_record_core::seal::ratchet::FolderState;
use serde_json::{Value, json};

use crate::json::*;
use crate::make::with;

/// A lock that opens, to a key other than the one that its record commits to: made by sealing another
/// key in the record's own context.
pub fn dishonest(folder: &Value) -> Value {
    let held = FolderState::from_bytes(7, [0x77; 32]);
    let honest = lock_context(&folder["context"]);
    let info = info(&honest, &held);
    let sealed = hpke_seal(held.public_key().as_bytes(), &info, &[0x45; 32]);
    with(folder, |folder| folder["lock"] = json!(hex::encode(folder_lock(&sealed))))
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

fn hpke_seal(key: &[u8], info: &[u8], plain: &[u8]) -> (Vec<u8>, Vec<u8>) {
    use hpke::{Deserializable, Kem, Serializable};
    let key = <hpke::kem::XWing as Kem>::PublicKey::from_bytes(key).unwrap();
    let (encapsulation, ciphertext) = hpke::single_shot_seal::<
        hpke::aead::AesGcm256,
        hpke::kdf::HkdfSha256,
        hpke::kem::XWing,
    >(&hpke::OpModeS::Base, &key, info, plain, &[])
    .unwrap();
    (encapsulation.to_bytes().to_vec(), ciphertext)
}

fn folder_lock((encapsulation, ciphertext): &(Vec<u8>, Vec<u8>)) -> Vec<u8> {
    #[derive(serde::Serialize)]
    struct Sealed<'a> {
        suite: u16,
        #[serde(with = "serde_bytes")]
        enc: &'a [u8],
        #[serde(with = "serde_bytes")]
        ciphertext: &'a [u8],
    }
    #[derive(serde::Serialize)]
    #[serde(rename_all = "lowercase")]
    enum Lock<'a> {
        Folder { epoch: u16, sealed: Sealed<'a> },
    }
    let sealed = Sealed { suite: 1, enc: encapsulation, ciphertext };
    serde_ipld_dagcbor::to_vec(&Lock::Folder { epoch: 7, sealed }).unwrap()
}

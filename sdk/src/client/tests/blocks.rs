//! What others name may be large, or lead far: neither is followed to its end.

use alloy::signers::Signer;
use hospital_record_core::{
    block::Block,
    id::{DAG_CBOR, Digest},
    profile::{self, MAX_PROFILE, Profile},
};

use super::person;
use crate::{AccountSigner, Client, ErrorKind, System, cache::BLOCKS, profile::signing_hash};

/// So many profiles of one account, each signed as the successor of the one before; all are stored.
async fn profiles(ana: &Client, count: u32) -> Vec<(Profile, Digest)> {
    let mut made: Vec<(Profile, Digest)> = Vec::new();
    for sequence in 0..count {
        let (deployment, account, keys) =
            (ana.deployment(), ana.account(), ana.keys().profile_keys(0).public().clone());
        let previous = made.last().map(|(_, digest)| *digest);
        let profile = Profile { deployment, account, sequence, previous, keys };
        let signer: &dyn AccountSigner = &**ana.0.identity.signer();
        let signature = Signer::sign_hash(signer, &signing_hash(&profile)).await.unwrap();
        let block = profile::encode(&profile, signature.as_bytes().to_vec()).unwrap();
        made.push((profile, ana.system().publish(block).await.unwrap()));
    }
    made
}

#[tokio::test]
async fn earlier_profiles_are_followed_so_far_and_no_further() {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    let profiles = profiles(&ana, 70).await;
    let newest = &profiles[69].0;
    assert!(system.succeeds(ana.address(), newest, profiles[69 - 64].1).await.unwrap());
    let error = system.succeeds(ana.address(), newest, profiles[69 - 65].1).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Integrity && error.to_string().contains("cards"), "{error}");
}

#[tokio::test]
async fn a_block_that_is_too_large_for_its_kind_is_not_remembered() {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    for (size, remembered) in [(MAX_PROFILE, true), (MAX_PROFILE + 1, false)] {
        let block = Block::new(DAG_CBOR, vec![0; size]);
        let digest = system.publish(block).await.unwrap();
        let error = system.profile_block(ana.address(), digest, None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
        let kept = system.cache().get(BLOCKS, digest.0.to_vec()).await.unwrap();
        assert_eq!(kept.is_some(), remembered, "{size}");
    }
}

use std::sync::Arc;

use hospital_record::{
    B256, Client, Confidentiality, ErrorKind, Event, Identity, Source, System,
    alloy::signers::local::PrivateKeySigner,
    ledger::{MemoryOutbox, Sender, SenderOptions, Signer},
};
use zeroize::Zeroizing;

use crate::{person, two};

/// A reader of ana's folder "personal" whose keys cannot be had any more: the profile on chain names a block that
/// nobody has.
async fn reader_without_keys(system: &System, ana: &Client) -> Client {
    let signer = PrivateKeySigner::from_bytes(&B256::repeat_byte(7)).unwrap();
    let lee = system.client(Identity::new(signer.clone(), Zeroizing::new([7; 32])));
    system.fund(lee.address()).await.unwrap();
    lee.register().await.unwrap();
    ana.grant(lee.address()).await.unwrap();
    let (chain, outbox) = (system.deployment().chain, Arc::new(MemoryOutbox::default()));
    let sender = Sender::new(system.ledger().clone(), chain, outbox, SenderOptions::default());
    let signer: Signer = Arc::new(signer);
    sender.send(&signer, system.contract().set_profile(B256::repeat_byte(9))).await.unwrap();
    lee
}

#[tokio::test]
async fn rotation_reports_its_transaction_and_the_readers_left_out() {
    let (system, ana, stays) = two().await;
    ana.grant(stays.address()).await.unwrap();
    let lee = reader_without_keys(&system, &ana).await;
    let rotated = ana.folders().rotate("personal", Confidentiality::N).await.unwrap();
    assert_eq!(rotated.left_out, [lee.address()]);
    let history = system.history(ana.address()).await.unwrap();
    let last = history.entries.last().unwrap();
    assert!(matches!(last.event, Event::KeysRotated { .. }) && Some(last.entry.transaction) == rotated.transaction);
    assert!(rotated.gas > 21_000);
}

#[tokio::test]
async fn add_or_sync_that_rotates_first_reports_the_readers_left_out() {
    let (system, ana, _) = two().await;
    let lee = reader_without_keys(&system, &ana).await;
    for again in 0..2 {
        let leaves = person(&system).await;
        ana.grant(leaves.address()).await.unwrap();
        ana.revoke(leaves.address()).in_a_hurry().await.unwrap();
        let left_out = match again {
            0 => ana.add(Source::bytes("x", "x")).await.unwrap().left_out,
            _ => ana.sync().await.unwrap().left_out,
        };
        assert_eq!(left_out, [lee.address()]);
    }
    assert!(ana.add(Source::bytes("x", "x")).await.unwrap().left_out.is_empty(), "no rotation, nobody is left out");
}

#[tokio::test]
async fn a_folder_that_was_never_used_is_not_rotated() {
    let (system, ana, lee) = two().await;
    ana.add(Source::bytes("x", "x")).folder("cardiology").await.unwrap();
    ana.grant(lee.address()).folder("blood").await.unwrap();
    ana.grant(lee.address()).folder("ended").await.unwrap();
    ana.revoke(lee.address()).folder("ended", Confidentiality::N).in_a_hurry().await.unwrap();
    let before = system.history(ana.address()).await.unwrap().entries.len();
    for (name, level) in [("cardiolgy", Confidentiality::N), ("cardiology", Confidentiality::V)] {
        let error = ana.folders().rotate(name, level).await.unwrap_err();
        assert!(error.kind() == ErrorKind::NotFound && error.to_string().contains(name), "{error}");
    }
    assert_eq!(system.history(ana.address()).await.unwrap().entries.len(), before);
    for name in ["cardiology", "blood", "ended"] {
        ana.folders().rotate(name, Confidentiality::N).await.unwrap();
    }
}

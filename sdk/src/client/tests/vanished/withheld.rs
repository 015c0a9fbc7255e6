//! A provider that begins to lie in the middle of an act, and revocations that are signed again and withheld.

use crate::records::target::{self, FolderChoice};
use std::time::Duration;

use alloy::primitives::Address;
use futures::{StreamExt, stream};

use super::{others::until_sent, *};

/// Whether a lock made now would be closed to Lee, or none would be made; `None` if the provider never got to lie.
async fn is_closed(answered: usize) -> Option<bool> {
    let stage = Stage::new().await;
    let newest = stage.shared.ledger().newest().await.unwrap().number;
    // So that keys move on in the middle of it.
    stage.ana.revoke(stage.lee.address()).in_a_hurry().await.unwrap();
    stage.memory().hide_after_answers(Some(newest), answered);
    let place = FolderChoice::Named("personal".into(), Confidentiality::N);
    let target = target::target(stage.ana.person(), stage.ana.address(), &place).await;
    let open = target.is_ok_and(|target| stage.of_lee.state.as_ref().unwrap().at(target.epoch).is_ok());
    stage.memory().lies().then_some(!open)
}

/// The client locks by the journal that it checked, and a rotation that it saw stays the newest.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_locked_for_a_revoked_account_whenever_a_provider_begins_to_hide_its_revocation() {
    let tried = stream::iter(0..).map(is_closed).buffered(32);
    let tried: Vec<_> = tried.take_while(|closed| std::future::ready(closed.is_some())).collect().await;
    assert!(tried.len() > 10, "{}", tried.len());
    for (answered, closed) in tried.into_iter().enumerate() {
        assert_eq!(closed, Some(true), "after {answered} answers");
    }
}

#[tokio::test]
async fn a_revocation_that_was_made_again_and_withheld_ends_nothing_that_was_given_later() {
    for given_later in [false, true] {
        let stage = Stage::new().await;
        stage.ana.revoke(stage.lee.address()).await.unwrap();
        stage.reorganise(1);
        let folder = tempfile::tempdir().unwrap();
        let device = stage.device(folder.path());
        device.folders().rotate("personal", Confidentiality::N).await.unwrap();
        stage.memory().hold(true);
        until_sent(&stage, stage.ana.add(note()).into_future()).await;
        let pending = stage.ana.system().services.sender.pending(stage.ana.address()).await.unwrap().unwrap();
        stage.memory().forget_waiting();
        stage.memory().hold(false);
        stage.memory().advance(Duration::from_secs(60));
        if given_later {
            device.grant(stage.lee.address()).await.unwrap();
        }
        assert_eq!(stage.memory().act(Address::repeat_byte(9), pending.call().unwrap()), !given_later);
        assert_eq!(stage.is_revoked().await, !given_later);
    }
}

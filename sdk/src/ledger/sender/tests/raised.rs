//! The fee of a carried request that waits for a block is raised, with the same nonce.

use crate::ledger::sender::tests::*;

/// A sender for requests of others, which raises the fee after a tenth of a second.
fn carrying(stage: &Stage, most: u64) -> Sender {
    let options = SenderOptions { most: U256::from(most), ..stage.sender.options };
    Sender { options, ..stage.sender.carrying(u64::MAX) }
}

fn fee_of(pending: &Pending) -> u128 {
    sign::transaction_in(pending).unwrap().max_fee_per_gas
}

#[tokio::test]
async fn waiting_carried_request_is_replaced_at_a_higher_fee() {
    let stage = Stage::new().await;
    let sender = carrying(&stage, u64::MAX);
    stage.memory.hold(true);
    let ((receipt, kept), ()) = tokio::join!(
        async {
            let receipt = sender.send(&stage.signer, stage.add(1)).await;
            (receipt, stage.kept().await)
        },
        async {
            tokio::time::sleep(Duration::from_millis(350)).await;
            let kept = stage.kept().await.unwrap();
            assert_eq!((kept.nonce, kept.call().unwrap().data), (0, stage.add(1).data));
            assert!(sender.earlier(&kept).len() >= 2, "each is followed");
            stage.memory.mine();
        }
    );
    let receipt = receipt.unwrap();
    assert!(receipt.succeeded && stage.is_added(1).await);
    assert_eq!((stage.mined().await, kept), (1, None));
}

#[tokio::test]
async fn replaced_transaction_that_is_still_mined_is_found_also_after_a_restart() {
    let stage = Stage::new().await;
    let sender = carrying(&stage, u64::MAX);
    stage.memory.hold(true);
    let late = device(&stage.memory, stage.outbox.clone(), Duration::from_millis(400), 1).carrying(u64::MAX);
    late.send(&stage.signer, stage.add(1)).await.unwrap_err();
    let kept = stage.kept().await.unwrap();
    let first = sender.earlier(&kept)[0];
    // The node that mines does not know the replacements. Signatures are deterministic, so this is the first
    // transaction again.
    stage.memory.forget_waiting();
    stage.memory.hold(false);
    let again = sender.sign(&stage.signer, &stage.add(1).by(stage.me()), 1).await.unwrap();
    assert_eq!((again.transaction, again.nonce), (first, kept.nonce));
    stage.memory.submit(again.raw).await.unwrap();
    let settled = sender.resume(&stage.signer).await.unwrap();
    assert!(matches!(settled, Some(Settled::Mined(receipt)) if receipt.transaction == first));
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
}

#[tokio::test]
async fn fee_is_not_raised_above_the_maximum_nor_for_a_persons_own_act() {
    let stage = Stage::new().await;
    stage.memory.hold(true);
    let first = stage.sender.sign(&stage.signer, &stage.add(1).by(stage.me()), 1).await.unwrap();
    let cost = sign::price_of(&sign::transaction_in(&first).unwrap());
    // The maximum is a tenth more than the first cost, so an eighth more is not allowed.
    let bounded = Sender {
        options: SenderOptions { most: cost * U256::from(11) / U256::from(10), ..stage.sender.options },
        ..stage.sender.carrying(u64::MAX)
    };
    for sender in [&bounded, &stage.sender] {
        stage.outbox.save(&first).await.unwrap();
        assert!(timeout(Duration::from_millis(400), sender.resume(&stage.signer)).await.is_err());
        assert_eq!(stage.kept().await.map(|kept| fee_of(&kept)), Some(fee_of(&first)));
    }
    stage.memory.mine();
    assert!(matches!(stage.sender.resume(&stage.signer).await, Ok(Some(Settled::Mined(_)))));
}

#[tokio::test]
async fn carried_request_is_replaced_by_the_next_act() {
    let stage = Stage::new().await;
    let sender = carrying(&stage, u64::MAX);
    stage.memory.hold(true);
    assert!(timeout(Duration::from_millis(50), sender.send(&stage.signer, stage.add(1))).await.is_err());
    sender.give_way(stage.me()).await.unwrap();
    let (receipt, ()) = tokio::join!(sender.send(&stage.signer, stage.add(2)), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        stage.memory.mine();
    });
    assert!(receipt.unwrap().succeeded);
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
    assert!(stage.is_added(2).await && !stage.is_added(1).await, "one transaction, for the later act");
}

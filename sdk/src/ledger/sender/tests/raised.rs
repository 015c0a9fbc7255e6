//! What is carried and waits for a block in vain is offered more for, with the same nonce.

use crate::ledger::sender::tests::*;

/// A sender of what others have signed, which waits a tenth of a second before it offers more.
fn carrying(stage: &Stage, most: u64) -> Sender {
    let options = SenderOptions { most: U256::from(most), ..stage.sender.options };
    Sender { options, ..stage.sender.carrying(u64::MAX) }
}

fn fee_of(pending: &Pending) -> u128 {
    sign::transaction_in(pending).unwrap().max_fee_per_gas
}

#[tokio::test]
async fn what_is_carried_and_waits_in_vain_takes_its_own_place_at_a_higher_fee() {
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
async fn a_transaction_whose_place_was_taken_and_that_is_mined_all_the_same_is_found_also_after_a_restart() {
    let stage = Stage::new().await;
    let sender = carrying(&stage, u64::MAX);
    stage.memory.hold(true);
    let late = device(&stage.memory, stage.outbox.clone(), Duration::from_millis(400), 1).carrying(u64::MAX);
    late.send(&stage.signer, stage.add(1)).await.unwrap_err();
    let kept = stage.kept().await.unwrap();
    let first = sender.earlier(&kept)[0];
    // The node that mines has never heard of the others. Signatures are deterministic: this is the first one again.
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
async fn no_more_is_offered_than_is_allowed_nor_for_what_a_person_acts_with() {
    let stage = Stage::new().await;
    stage.memory.hold(true);
    let first = stage.sender.sign(&stage.signer, &stage.add(1).by(stage.me()), 1).await.unwrap();
    let cost = sign::price_of(&sign::transaction_in(&first).unwrap());
    // One tenth more than the first costs: an eighth is not allowed.
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
async fn what_is_carried_gives_way_to_the_next_act_which_takes_its_place() {
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
    assert!(stage.is_added(2).await && !stage.is_added(1).await, "one transaction, for what came after");
}

//! Crashes, stalls and other devices: a signed transaction is finished, or reported as failed.

use std::{
    fmt,
    sync::Mutex,
    task::{Context, Poll},
};

use async_trait::async_trait;
use futures::task::noop_waker;
use tokio::task::yield_now;

use crate::ledger::{
    outbox::{OutboxGuard, Sent},
    sender::tests::*,
};

/// Yields at every step, and runs a hook once, between the save and the submission.
struct Hooked {
    inner: Arc<MemoryOutbox>,
    once_kept: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Hooked {
    fn new(inner: &Arc<MemoryOutbox>, then: impl FnOnce() + Send + 'static) -> Arc<Self> {
        Arc::new(Self { inner: inner.clone(), once_kept: Mutex::new(Some(Box::new(then))) })
    }
}

impl fmt::Debug for Hooked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hooked")
    }
}

#[async_trait]
impl Outbox for Hooked {
    async fn lock(&self, account: Address) -> Result<OutboxGuard, LedgerError> {
        yield_now().await;
        self.inner.lock(account).await
    }

    async fn load(&self, account: Address) -> Result<Option<Pending>, LedgerError> {
        yield_now().await;
        self.inner.load(account).await
    }

    async fn save(&self, pending: &Pending) -> Result<(), LedgerError> {
        yield_now().await;
        self.inner.save(pending).await?;
        yield_now().await;
        if let Some(hook) = self.once_kept.lock().unwrap().take() {
            hook();
        }
        Ok(())
    }

    async fn clear(&self, account: Address) -> Result<(), LedgerError> {
        yield_now().await;
        self.inner.clear(account).await?;
        yield_now().await;
        Ok(())
    }

    async fn keep(&self, sent: &Sent) -> Result<(), LedgerError> {
        yield_now().await;
        self.inner.keep(sent).await
    }

    async fn sent(&self, account: Address) -> Result<Vec<Sent>, LedgerError> {
        self.inner.sent(account).await
    }

    async fn release(&self, account: Address, id: B256) -> Result<(), LedgerError> {
        self.inner.release(account, id).await
    }
}

#[tokio::test]
async fn call_is_signed_again_when_another_device_used_its_nonce() {
    let stage = Stage::new().await;
    let other = stage.another_device_signs(0).await;
    let memory = stage.memory.clone();
    let outbox = Hooked::new(&stage.outbox, move || {
        futures::executor::block_on(memory.submit(other.raw)).unwrap();
    });
    let sender = device(&stage.memory, outbox, Duration::from_secs(20), 1);
    assert!(sender.send(&stage.signer, stage.add(1)).await.unwrap().succeeded);
    assert_eq!((stage.mined().await, stage.kept().await), (2, None));
    assert!(stage.contract.profile_of(stage.me()).await.unwrap().is_some());
}

#[tokio::test]
async fn waiting_transaction_of_another_device_is_waited_for() {
    let stage = Stage::new().await;
    stage.memory.hold(true);
    stage.memory.submit(stage.another_device_signs(0).await.raw).await.unwrap();
    let (receipt, ()) = tokio::join!(stage.send(1), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(stage.kept().await.is_some());
        stage.memory.mine();
        stage.memory.hold(false);
    });
    assert!(receipt.unwrap().succeeded);
    assert_eq!((stage.mined().await, stage.kept().await), (2, None));
    assert!(stage.contract.profile_of(stage.me()).await.unwrap().is_some());
}

#[tokio::test]
async fn resume_finishes_after_a_crash_before_the_broadcast() {
    let stage = Stage::new().await;
    let call = stage.add(1).by(stage.me());
    let pending = stage.sender.sign(&stage.signer, &call, 1).await.unwrap();
    stage.outbox.save(&pending).await.unwrap();

    let after = device(&stage.memory, stage.outbox.clone(), Duration::from_secs(20), 1);
    assert_eq!(after.pending(stage.me()).await.unwrap().as_ref(), Some(&pending));
    let settled = after.resume(&stage.signer).await.unwrap();
    assert!(matches!(settled, Some(Settled::Mined(receipt)) if receipt.transaction == pending.transaction));
    assert!(stage.is_added(1).await);
    assert_eq!(after.resume(&stage.signer).await.unwrap(), None);
}

#[tokio::test]
async fn crash_after_mining_makes_no_second_transaction() {
    let stage = Stage::new().await;
    let call = stage.add(1).by(stage.me());
    let pending = stage.sender.sign(&stage.signer, &call, 1).await.unwrap();
    stage.memory.submit(pending.raw.clone()).await.unwrap();
    assert_eq!(stage.memory.submit(pending.raw.clone()).await, Err(SubmitError::NonceTooLow));
    stage.outbox.save(&pending).await.unwrap();
    let settled = stage.sender.resume(&stage.signer).await.unwrap();
    assert!(matches!(settled, Some(Settled::Mined(receipt)) if receipt.transaction == pending.transaction));
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
}

#[tokio::test]
async fn unfunded_transaction_is_not_kept() {
    let stage = Stage::new().await;
    let outbox = Hooked::new(&stage.outbox, || panic!("it was kept"));
    let sender = device(&stage.memory, outbox, Duration::from_secs(20), 1);
    let error = sender.send(&signer(99), stage.contract.set_profile(B256::repeat_byte(1))).await.unwrap_err();
    assert!(matches!(error, LedgerError::Unfunded { .. }), "{error}");
}

#[tokio::test]
async fn pending_transaction_is_finished_before_the_next_call() {
    let stage = Stage::new().await;
    let call = stage.add(1).by(stage.me());
    stage.outbox.save(&stage.sender.sign(&stage.signer, &call, 1).await.unwrap()).await.unwrap();
    stage.send(2).await.unwrap();
    assert!(stage.is_added(1).await && stage.is_added(2).await);
    assert_eq!((stage.mined().await, stage.kept().await), (2, None));
}

#[tokio::test]
async fn nonce_gap_after_a_reorg_does_not_block_forever() {
    let stage = Stage::new().await;
    stage.send(1).await.unwrap();
    let call = stage.add(2).by(stage.me());
    stage.outbox.save(&stage.sender.sign(&stage.signer, &call, 1).await.unwrap()).await.unwrap();
    stage.memory.rewind(1);
    let settled = stage.sender.resume(&stage.signer).await.unwrap();
    let refused = |error: &LedgerError| matches!(error, LedgerError::Rejected { .. });
    assert!(matches!(settled, Some(Settled::Failed { error, .. }) if refused(&error)));
    assert!(stage.send(3).await.unwrap().succeeded);
    // The provider's old transaction is mined after it; nothing is signed again.
    assert!(stage.is_added(2).await && stage.is_added(3).await);
    assert_eq!((stage.mined().await, stage.kept().await), (2, None));
}

#[tokio::test]
async fn stalled_provider_is_an_error_at_the_deadline_and_nothing_is_lost() {
    let stage = Stage::new().await;
    let memory = stage.memory.clone();
    let outbox = Hooked::new(&stage.outbox, move || memory.stall(true));
    let sender = device(&stage.memory, outbox, Duration::from_millis(200), 1);
    let start = Instant::now();
    let error = sender.send(&stage.signer, stage.add(1)).await.unwrap_err();
    assert!(matches!(error, LedgerError::TimedOut { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(2));
    assert!(stage.kept().await.is_some());
    stage.memory.stall(false);
    assert!(matches!(stage.sender.resume(&stage.signer).await, Ok(Some(Settled::Mined(_)))));
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
}

#[tokio::test]
async fn provider_that_refuses_connections_is_waited_out() {
    let stage = Stage::new().await;
    let memory = stage.memory.clone();
    let outbox = Hooked::new(&stage.outbox, move || memory.refuse(true));
    let sender = device(&stage.memory, outbox, Duration::from_secs(20), 1);
    let (receipt, ()) = tokio::join!(sender.send(&stage.signer, stage.add(1)), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        stage.memory.refuse(false);
    });
    assert!(receipt.unwrap().succeeded);
    assert_eq!(stage.mined().await, 1);
}

#[tokio::test]
async fn resume_finishes_a_call_that_was_dropped_at_any_step() {
    let mut ended_early = 0;
    for steps in 0.. {
        let stage = Stage::new().await;
        let outbox = Hooked::new(&stage.outbox, || {});
        let sender = device(&stage.memory, outbox.clone(), Duration::from_secs(20), 1);
        let mut sending = Box::pin(sender.send(&stage.signer, stage.add(1)));
        let waker = noop_waker();
        let done = (0..steps).any(|_| {
            let poll = sending.as_mut().poll(&mut Context::from_waker(&waker));
            matches!(poll, Poll::Ready(Ok(_)))
        });
        drop(sending);
        let was_kept = stage.kept().await.is_some();
        let after = device(&stage.memory, stage.outbox.clone(), Duration::from_secs(20), 1);
        let settled = after.resume(&stage.signer).await.unwrap();
        assert_eq!(settled.is_some(), was_kept);
        assert_eq!(stage.kept().await, None);
        let added = stage.is_added(1).await;
        assert!(added || (!done && settled.is_none()), "after {steps} steps");
        assert_eq!(stage.mined().await, u64::from(added), "after {steps} steps");
        if done {
            break;
        }
        ended_early += 1;
    }
    assert!(ended_early >= 5, "only {ended_early} places to stop at");
}

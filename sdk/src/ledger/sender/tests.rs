use std::{
    future::Future,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll},
};

use alloy::{primitives::keccak256, signers::local::PrivateKeySigner};
use async_trait::async_trait;
use futures::{future::join_all, task::noop_waker};
use tokio::time::timeout;

use super::*;
use crate::ledger::{
    Contract, MemoryLedger, MemoryOutbox, OutboxGuard, Permission, Purpose, Revocation, Rights, SubmitError,
    folder_scope,
};

const QUICK: Pace = Pace {
    after_silence: Duration::from_millis(30),
    while_occupied: Duration::from_millis(30),
    when_well: Duration::from_millis(300),
    between_looks: Duration::from_millis(10),
    gap: Duration::from_millis(200),
};

/// An account with devices, on a chain in memory.
struct Stage {
    memory: MemoryLedger,
    signer: Signer,
    outbox: Arc<MemoryOutbox>,
    sender: Sender,
    contract: Contract,
}

fn signer(n: u64) -> Signer {
    Arc::new(PrivateKeySigner::from_bytes(&keccak256(n.to_be_bytes())).unwrap())
}

fn device(ledger: &MemoryLedger, outbox: Arc<dyn Outbox>, deadline: Duration, confirmations: u64) -> Sender {
    let options = SenderOptions { deadline, confirmations };
    Sender { pace: QUICK, ..Sender::new(Arc::new(ledger.clone()), ledger.chain(), outbox, options) }
}

impl Stage {
    async fn new() -> Self {
        let memory = MemoryLedger::with_contract().await.unwrap();
        let (signer, outbox) = (signer(1), Arc::new(MemoryOutbox::default()));
        memory.fund(signer.address(), U256::from(10).pow(U256::from(18)));
        let sender = device(&memory, outbox.clone(), Duration::from_secs(20), 1);
        let contract = memory.contract();
        Self { memory, signer, outbox, sender, contract }
    }

    fn me(&self) -> Address {
        self.signer.address()
    }

    fn add(&self, n: u64) -> Call {
        self.contract.add_records(self.me(), 1, &[keccak256(n.to_be_bytes())], 0)
    }

    async fn send(&self, n: u64) -> Result<Receipt, LedgerError> {
        self.sender.send(&self.signer, self.add(n)).await
    }

    async fn mined(&self) -> u64 {
        self.memory.nonce(self.me()).await.unwrap()
    }

    async fn is_added(&self, n: u64) -> bool {
        let key = crate::ledger::record_key(self.me(), keccak256(n.to_be_bytes()));
        self.contract.record_of(self.me(), key).await.unwrap().is_some()
    }

    async fn kept(&self) -> Option<Pending> {
        self.outbox.load(self.me()).await.unwrap()
    }

    /// What another device of the same person hands over, with this nonce.
    async fn from_another_device(&self, nonce: u64) -> Pending {
        let call = self.contract.set_profile(B256::repeat_byte(9)).by(self.me());
        let pending = self.sender.sign(&self.signer, &call, 1).await.unwrap();
        assert_eq!(pending.nonce, nonce);
        pending
    }
}

#[tokio::test]
async fn a_call_is_mined_once_and_nothing_is_kept() {
    let stage = Stage::new().await;
    let receipt = stage.send(1).await.unwrap();
    assert!(receipt.succeeded);
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
    assert!(stage.is_added(1).await);
}

#[tokio::test]
async fn a_lost_answer_is_not_a_lost_transaction() {
    let stage = Stage::new().await;
    stage.memory.lose_next_answer();
    assert!(stage.send(1).await.unwrap().succeeded);
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
}

#[tokio::test]
async fn a_lost_transaction_is_sent_again_with_the_same_bytes() {
    let stage = Stage::new().await;
    stage.memory.lose_next_submission();
    stage.memory.lose_next_submission();
    assert!(stage.send(1).await.unwrap().succeeded);
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
}

#[tokio::test]
async fn a_transaction_that_is_known_already_is_waited_for() {
    let stage = Stage::new().await;
    stage.memory.hold(true);
    stage.memory.lose_next_answer();
    let (receipt, ()) = tokio::join!(stage.send(1), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        stage.memory.mine();
    });
    assert!(receipt.unwrap().succeeded);
    assert_eq!(stage.mined().await, 1);
}

#[tokio::test]
async fn a_transaction_that_the_provider_forgot_is_handed_over_again() {
    let stage = Stage::new().await;
    stage.memory.hold(true);
    let (receipt, ()) = tokio::join!(stage.send(1), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stage.memory.forget_waiting();
        stage.memory.hold(false);
    });
    assert!(receipt.unwrap().succeeded);
    assert_eq!(stage.mined().await, 1);
}

#[tokio::test]
async fn a_refusal_after_a_lost_answer_is_not_the_end() {
    let stage = Stage::new().await;
    stage.memory.hold(true);
    stage.memory.lose_next_answer();
    stage.memory.refuse_next_submission(SubmitError::Rejected("txpool is full".into()));
    let (receipt, ()) = tokio::join!(stage.send(1), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        stage.memory.mine();
    });
    assert!(receipt.unwrap().succeeded);
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
}

#[tokio::test]
async fn what_is_refused_at_once_is_an_error_and_not_kept() {
    let stage = Stage::new().await;
    stage.memory.refuse_next_submission(SubmitError::Rejected("exceeds block gas limit".into()));
    let error = stage.send(1).await.unwrap_err();
    assert!(matches!(&error, LedgerError::Rejected { reason, .. } if reason.contains("gas limit")), "{error}");
    assert_eq!((stage.mined().await, stage.kept().await), (0, None));
    assert!(stage.send(1).await.unwrap().succeeded);
}

#[tokio::test]
async fn too_low_a_fee_is_raised() {
    let stage = Stage::new().await;
    let usual = stage.send(1).await.unwrap();
    stage.memory.refuse_next_submission(SubmitError::Underpriced);
    assert!(stage.send(2).await.unwrap().gas_price > usual.gas_price);
    assert_eq!(stage.mined().await, 2);
    (0..4).for_each(|_| stage.memory.refuse_next_submission(SubmitError::Underpriced));
    assert!(matches!(stage.send(3).await, Err(LedgerError::Rejected { .. })));
    assert_eq!(stage.kept().await, None);
}

#[tokio::test]
async fn who_cannot_pay_is_told_how_much_and_nothing_is_sent() {
    let stage = Stage::new().await;
    let (poor, call) = (signer(99), stage.contract.set_profile(B256::repeat_byte(1)));
    let error = stage.sender.send(&poor, call).await.unwrap_err();
    let LedgerError::Unfunded { account, needed } = error else { panic!("{error}") };
    assert_eq!((account, stage.outbox.load(account).await.unwrap()), (poor.address(), None));
    stage.memory.fund(account, needed);
    assert!(stage.sender.send(&poor, stage.contract.set_profile(B256::repeat_byte(1))).await.unwrap().succeeded);

    stage.memory.refuse_next_submission(SubmitError::Unfunded);
    assert!(matches!(stage.send(1).await, Err(LedgerError::Unfunded { .. })));
    assert_eq!(stage.kept().await, None);
}

#[tokio::test]
async fn a_refusal_of_the_contract_is_typed_and_nothing_is_sent() {
    let stage = Stage::new().await;
    stage.send(1).await.unwrap();
    let error = stage.send(1).await.unwrap_err();
    assert!(error.refusal().is_some(), "{error}");
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
}

/// Does something between the moment a transaction is kept and the moment it is handed over.
#[derive(Debug)]
struct Hooked<F> {
    inner: Arc<MemoryOutbox>,
    saved: AtomicUsize,
    then: F,
}

impl<F> Hooked<F> {
    fn new(inner: &Arc<MemoryOutbox>, then: F) -> Arc<Self> {
        Arc::new(Self { inner: inner.clone(), saved: AtomicUsize::new(0), then })
    }
}

struct Hook<F>(F);

impl<F> std::fmt::Debug for Hook<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hook")
    }
}

#[async_trait]
impl<F: Fn() + Send + Sync> Outbox for Hooked<Hook<F>> {
    async fn lock(&self, account: Address) -> Result<OutboxGuard, LedgerError> {
        self.inner.lock(account).await
    }

    async fn load(&self, account: Address) -> Result<Option<Pending>, LedgerError> {
        self.inner.load(account).await
    }

    async fn save(&self, pending: &Pending) -> Result<(), LedgerError> {
        self.inner.save(pending).await?;
        if self.saved.fetch_add(1, Ordering::SeqCst) == 0 {
            (self.then.0)();
        }
        Ok(())
    }

    async fn clear(&self, account: Address) -> Result<(), LedgerError> {
        self.inner.clear(account).await
    }
}

#[tokio::test]
async fn a_nonce_that_another_device_took_means_sign_anew() {
    let stage = Stage::new().await;
    let other = stage.from_another_device(0).await;
    let memory = stage.memory.clone();
    let outbox = Hooked::new(
        &stage.outbox,
        Hook(move || {
            let (memory, raw) = (memory.clone(), other.raw.clone());
            futures::executor::block_on(memory.submit(raw)).unwrap();
        }),
    );
    let sender = device(&stage.memory, outbox, Duration::from_secs(20), 1);
    assert!(sender.send(&stage.signer, stage.add(1)).await.unwrap().succeeded);
    assert_eq!((stage.mined().await, stage.kept().await), (2, None));
    assert!(stage.contract.profile_of(stage.me()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_waiting_transaction_of_another_device_is_waited_for() {
    let stage = Stage::new().await;
    stage.memory.hold(true);
    stage.memory.submit(stage.from_another_device(0).await.raw).await.unwrap();
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
async fn a_crash_before_the_broadcast_is_finished_by_resume() {
    let stage = Stage::new().await;
    let call = stage.add(1).by(stage.me());
    let pending = stage.sender.sign(&stage.signer, &call, 1).await.unwrap();
    stage.outbox.save(&pending).await.unwrap();

    let after = device(&stage.memory, stage.outbox.clone(), Duration::from_secs(20), 1);
    assert_eq!(after.pending(stage.me()).await.unwrap().as_ref(), Some(&pending));
    let settled = after.resume(stage.me()).await.unwrap();
    assert!(matches!(settled, Some(Settled::Mined(receipt)) if receipt.transaction == pending.transaction));
    assert!(stage.is_added(1).await);
    assert_eq!(after.resume(stage.me()).await.unwrap(), None);
}

#[tokio::test]
async fn what_was_left_behind_is_settled_before_the_next() {
    let stage = Stage::new().await;
    let call = stage.add(1).by(stage.me());
    stage.outbox.save(&stage.sender.sign(&stage.signer, &call, 1).await.unwrap()).await.unwrap();
    stage.send(2).await.unwrap();
    assert!(stage.is_added(1).await && stage.is_added(2).await);
    assert_eq!((stage.mined().await, stage.kept().await), (2, None));
}

#[tokio::test]
async fn what_can_never_be_mined_is_told_as_lost() {
    let stage = Stage::new().await;
    let call = stage.add(1).by(stage.me());
    let pending = stage.sender.sign(&stage.signer, &call, 1).await.unwrap();
    stage.outbox.save(&pending).await.unwrap();
    stage.memory.submit(stage.from_another_device(0).await.raw).await.unwrap();
    let settled = stage.sender.resume(stage.me()).await.unwrap();
    assert_eq!(settled, Some(Settled::Lost { transaction: pending.transaction, call }));
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
}

#[tokio::test]
async fn a_gap_that_a_reorganisation_left_does_not_block_for_ever() {
    let stage = Stage::new().await;
    stage.send(1).await.unwrap();
    let call = stage.add(2).by(stage.me());
    stage.outbox.save(&stage.sender.sign(&stage.signer, &call, 1).await.unwrap()).await.unwrap();
    stage.memory.rewind(1);
    let settled = stage.sender.resume(stage.me()).await.unwrap();
    assert!(matches!(settled, Some(Settled::Lost { .. })));
    assert!(stage.send(3).await.unwrap().succeeded);
}

#[tokio::test]
async fn a_stalled_provider_is_an_error_at_the_deadline_and_nothing_is_lost() {
    let stage = Stage::new().await;
    let memory = stage.memory.clone();
    let outbox = Hooked::new(&stage.outbox, Hook(move || memory.stall(true)));
    let sender = device(&stage.memory, outbox, Duration::from_millis(200), 1);
    let start = Instant::now();
    let error = sender.send(&stage.signer, stage.add(1)).await.unwrap_err();
    assert!(matches!(error, LedgerError::TimedOut { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(2));
    assert!(stage.kept().await.is_some());
    stage.memory.stall(false);
    assert!(matches!(stage.sender.resume(stage.me()).await, Ok(Some(Settled::Mined(_)))));
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
}

#[tokio::test]
async fn a_provider_that_refuses_connections_is_waited_out() {
    let stage = Stage::new().await;
    let memory = stage.memory.clone();
    let outbox = Hooked::new(&stage.outbox, Hook(move || memory.refuse(true)));
    let sender = device(&stage.memory, outbox, Duration::from_secs(20), 1);
    let (receipt, ()) = tokio::join!(sender.send(&stage.signer, stage.add(1)), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        stage.memory.refuse(false);
    });
    assert!(receipt.unwrap().succeeded);
    assert_eq!(stage.mined().await, 1);
}

#[tokio::test]
async fn a_failure_when_mined_tells_the_contracts_reason() {
    let stage = Stage::new().await;
    // The patient's transaction has to be mined first; accounts are mined in order of their addresses.
    let doctor = (2..).map(signer).find(|doctor| doctor.address() > stage.me()).unwrap();
    stage.memory.fund(doctor.address(), U256::from(10).pow(U256::from(18)));
    let scope = folder_scope(1);
    let permission = Permission {
        grantee: doctor.address(),
        scope,
        rights: Rights::CONTRIBUTE,
        purpose: Purpose::TREAT,
        expires_at: crate::ledger::NO_END,
        epoch: 0,
        envelope: B256::repeat_byte(1),
    };
    stage.sender.send(&stage.signer, stage.contract.grant(&[permission])).await.unwrap();
    stage.memory.hold(true);
    let revocation = Revocation { grantee: doctor.address(), scope, keyring: None };
    let revoke = stage.contract.revoke(&[revocation], 0).by(stage.me());
    stage.memory.submit(stage.sender.sign(&stage.signer, &revoke, 1).await.unwrap().raw).await.unwrap();
    let (result, ()) = tokio::join!(stage.sender.send(&doctor, stage.add(1)), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stage.memory.mine();
    });
    let error = result.unwrap_err();
    assert!(error.refusal().is_some(), "{error}");
    assert_eq!(stage.outbox.load(doctor.address()).await.unwrap(), None);
    assert_eq!(stage.memory.nonce(doctor.address()).await.unwrap(), 1);
}

#[tokio::test]
async fn confirmations_are_waited_for() {
    let stage = Stage::new().await;
    let sender = device(&stage.memory, stage.outbox.clone(), Duration::from_secs(20), 3);
    let mut sending = Box::pin(sender.send(&stage.signer, stage.add(1)));
    assert!(timeout(Duration::from_millis(200), &mut sending).await.is_err());
    stage.memory.advance(Duration::from_secs(1));
    assert!(timeout(Duration::from_millis(500), &mut sending).await.is_err());
    stage.memory.advance(Duration::from_secs(1));
    assert!(sending.await.unwrap().succeeded);
}

#[tokio::test]
async fn many_calls_at_once_from_two_devices_are_all_mined_once() {
    let stage = Stage::new().await;
    let other = device(&stage.memory, Arc::new(MemoryOutbox::default()), Duration::from_secs(60), 1);
    let sends = (0..20).map(|n| {
        let (sender, stage) = (if n % 2 == 0 { &stage.sender } else { &other }, &stage);
        async move { sender.send(&stage.signer, stage.add(n)).await }
    });
    assert!(join_all(sends).await.into_iter().all(|receipt| receipt.unwrap().succeeded));
    assert_eq!((stage.mined().await, stage.kept().await), (20, None));
}

/// Lets others run at every step, so that a future can be dropped at each of them.
#[derive(Debug)]
struct Halting(MemoryOutbox);

#[async_trait]
impl Outbox for Halting {
    async fn lock(&self, account: Address) -> Result<OutboxGuard, LedgerError> {
        tokio::task::yield_now().await;
        self.0.lock(account).await
    }

    async fn load(&self, account: Address) -> Result<Option<Pending>, LedgerError> {
        tokio::task::yield_now().await;
        self.0.load(account).await
    }

    async fn save(&self, pending: &Pending) -> Result<(), LedgerError> {
        tokio::task::yield_now().await;
        self.0.save(pending).await?;
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn clear(&self, account: Address) -> Result<(), LedgerError> {
        tokio::task::yield_now().await;
        self.0.clear(account).await?;
        tokio::task::yield_now().await;
        Ok(())
    }
}

#[tokio::test]
async fn dropped_at_any_step_nothing_is_half_done_that_resume_does_not_finish() {
    let mut ended_early = 0;
    for steps in 0.. {
        let stage = Stage::new().await;
        let outbox = Arc::new(Halting(MemoryOutbox::default()));
        let sender = device(&stage.memory, outbox.clone(), Duration::from_secs(20), 1);
        let mut sending = Box::pin(sender.send(&stage.signer, stage.add(1)));
        let waker = noop_waker();
        let done = (0..steps).any(|_| {
            let poll = sending.as_mut().poll(&mut Context::from_waker(&waker));
            matches!(poll, Poll::Ready(Ok(_)))
        });
        drop(sending);
        let was_kept = outbox.0.load(stage.me()).await.unwrap().is_some();
        let after = device(&stage.memory, outbox.clone(), Duration::from_secs(20), 1);
        let settled = after.resume(stage.me()).await.unwrap();
        assert_eq!(settled.is_some(), was_kept);
        assert_eq!(outbox.0.load(stage.me()).await.unwrap(), None);
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

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use alloy::{
    consensus::{Transaction, TxEnvelope},
    eips::eip2718::Decodable2718,
    primitives::{B256, U256, keccak256},
    signers::local::PrivateKeySigner,
};
use futures::future::join_all;
use tokio::time::timeout;

use crate::ledger::{
    calls::{Permission, Revocation},
    contract::Contract,
    error::SubmitError,
    event::{Purpose, Rights, folder_scope},
    memory::MemoryLedger,
    outbox::MemoryOutbox,
    sender::*,
    types::Fees,
};

mod interrupted;
mod left_behind;
mod raised;

const QUICK: Pace = Pace {
    after_lost_answer: Duration::from_millis(30),
    while_occupied: Duration::from_millis(30),
    when_well: Duration::from_millis(300),
    between_looks: Duration::from_millis(10),
    gap: Duration::from_millis(200),
    raise: Duration::from_millis(100),
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
    let options = SenderOptions { deadline, confirmations, ..SenderOptions::default() };
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
        let key = crate::ledger::event::record_key(self.me(), keccak256(n.to_be_bytes()));
        self.contract.record_of(self.me(), key).await.unwrap().is_some()
    }

    async fn kept(&self) -> Option<Pending> {
        self.outbox.load(self.me()).await.unwrap()
    }

    /// Submits a transaction of another device of the same person, with this nonce.
    async fn another_device_signs(&self, nonce: u64) -> Pending {
        let call = self.contract.set_profile(B256::repeat_byte(9)).by(self.me());
        let pending = self.sender.sign(&self.signer, &call, 1).await.unwrap();
        assert_eq!(pending.nonce, nonce);
        pending
    }
}

#[tokio::test]
async fn call_is_mined_once_and_nothing_is_kept() {
    let stage = Stage::new().await;
    let receipt = stage.send(1).await.unwrap();
    assert!(receipt.succeeded);
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
    assert!(stage.is_added(1).await);
}

#[tokio::test]
async fn transaction_whose_answer_was_lost_is_found() {
    let stage = Stage::new().await;
    stage.memory.lose_next_answer();
    assert!(stage.send(1).await.unwrap().succeeded);
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
}

#[tokio::test]
async fn lost_transaction_is_sent_again_with_the_same_bytes() {
    let stage = Stage::new().await;
    stage.memory.lose_next_submission();
    stage.memory.lose_next_submission();
    assert!(stage.send(1).await.unwrap().succeeded);
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
}

#[tokio::test]
async fn known_transaction_is_waited_for() {
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
async fn transaction_that_the_provider_dropped_is_sent_again() {
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
async fn refusal_after_a_lost_answer_is_not_final() {
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

/// A provider refuses the addition of record 1. Returns the transaction that it still holds.
async fn refused(stage: &Stage) -> Pending {
    stage.memory.refuse_next_submission(SubmitError::Rejected("exceeds block gas limit".into()));
    let error = stage.send(1).await.unwrap_err();
    let kept = stage.kept().await.unwrap();
    let LedgerError::Rejected { reason, transaction, .. } = &error else { panic!("{error}") };
    assert!(reason.contains("gas limit") && *transaction == kept.transaction && kept.refused, "{error}");
    assert!(error.to_string().contains("may still take effect"), "{error}");
    kept
}

#[tokio::test]
async fn refused_transaction_is_kept_until_the_next_act_uses_its_nonce() {
    let stage = Stage::new().await;
    let kept = refused(&stage).await;
    assert_eq!(stage.sender.resume(&stage.signer).await.unwrap(), None, "it was reported");
    assert_eq!((stage.mined().await, stage.kept().await), (0, Some(kept.clone())));
    assert!(stage.send(2).await.unwrap().succeeded);
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
    assert_eq!(stage.memory.submit(kept.raw).await, Err(SubmitError::NonceTooLow), "at most one of both");
    assert!(!stage.is_added(1).await && stage.is_added(2).await);
}

#[tokio::test]
async fn refused_transaction_that_is_mined_later_is_found() {
    for resumes in [true, false] {
        let stage = Stage::new().await;
        let kept = refused(&stage).await;
        stage.memory.submit(kept.raw.clone()).await.unwrap();
        if resumes {
            let settled = stage.sender.resume(&stage.signer).await.unwrap();
            assert!(matches!(settled, Some(Settled::Mined(receipt)) if receipt.transaction == kept.transaction));
            assert_eq!(stage.kept().await, None);
        }
        assert!(stage.send(2).await.unwrap().succeeded);
        assert!(stage.is_added(1).await && stage.is_added(2).await);
        assert_eq!((stage.mined().await, stage.kept().await), (2, None));
    }
}

#[tokio::test]
async fn refused_transaction_that_still_waits_is_outbid() {
    let stage = Stage::new().await;
    let kept = refused(&stage).await;
    stage.memory.hold(true);
    stage.memory.submit(kept.raw).await.unwrap();
    let (receipt, ()) = tokio::join!(stage.send(2), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        stage.memory.mine();
    });
    assert!(receipt.unwrap().succeeded && !stage.is_added(1).await);
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
}

#[tokio::test]
async fn fee_that_is_too_low_is_raised() {
    let stage = Stage::new().await;
    let usual = stage.send(1).await.unwrap();
    stage.memory.refuse_next_submission(SubmitError::Underpriced);
    assert!(stage.send(2).await.unwrap().gas_price > usual.gas_price);
    assert_eq!(stage.mined().await, 2);
    (0..4).for_each(|_| stage.memory.refuse_next_submission(SubmitError::Underpriced));
    assert!(matches!(stage.send(3).await, Err(LedgerError::Rejected { .. })));
    assert!(stage.kept().await.unwrap().refused);
    assert!(stage.send(4).await.unwrap().succeeded && !stage.is_added(3).await);
}

#[tokio::test]
async fn transaction_whose_fee_cannot_be_raised_is_kept_as_refused() {
    let stage = Stage::new().await;
    let options = SenderOptions { most: U256::from(10).pow(U256::from(15)), ..SenderOptions::default() };
    let ledger = Arc::new(stage.memory.clone());
    let sender = Sender::new(ledger, stage.memory.chain(), stage.outbox.clone(), options);
    (0..4).for_each(|_| stage.memory.refuse_next_submission(SubmitError::Underpriced));
    let error = sender.send(&stage.signer, stage.add(1)).await.unwrap_err();
    assert!(matches!(error, LedgerError::Rejected { .. }), "{error}");
    assert!(stage.kept().await.unwrap().refused);
}

#[tokio::test]
async fn error_of_an_unfunded_account_names_the_needed_amount() {
    let stage = Stage::new().await;
    let (poor, call) = (signer(99), stage.contract.set_profile(B256::repeat_byte(1)));
    let error = stage.sender.send(&poor, call).await.unwrap_err();
    let LedgerError::Unfunded { account, needed } = error else { panic!("{error}") };
    assert_eq!((account, stage.outbox.load(account).await.unwrap()), (poor.address(), None));
    stage.memory.fund(account, needed);
    assert!(stage.sender.send(&poor, stage.contract.set_profile(B256::repeat_byte(1))).await.unwrap().succeeded);

    stage.memory.refuse_next_submission(SubmitError::Unfunded);
    let error = stage.send(1).await.unwrap_err();
    assert!(matches!(&error, LedgerError::Rejected { reason, .. } if reason.contains("fund it")), "{error}");
    assert!(stage.kept().await.unwrap().refused);
}

#[tokio::test]
async fn transaction_above_the_maximum_cost_is_not_sent_and_the_error_names_both() {
    let stage = Stage::new().await;
    let options = SenderOptions { most: U256::from(1), ..SenderOptions::default() };
    let ledger = Arc::new(stage.memory.clone());
    let sender = Sender::new(ledger, stage.memory.chain(), stage.outbox.clone(), options);
    let error = sender.send(&stage.signer, stage.add(1)).await.unwrap_err();
    assert!(matches!(error, LedgerError::TooDear { most, .. } if most == U256::from(1)), "{error}");
    assert!(error.to_string().contains("0.000000000000000001 ether are allowed: repeat it when"), "{error}");
    assert!(error.to_string().contains("`Config::most_per_transaction` (in the programs `--max-fee`)"), "{error}");
    assert_eq!((stage.mined().await, stage.kept().await), (0, None));
}

#[tokio::test]
async fn transaction_above_two_hundredths_of_an_ether_is_sent_only_if_allowed() {
    let stage = Stage::new().await;
    let ids: Vec<B256> = (0..300u64).map(|n| keccak256(n.to_be_bytes())).collect();
    let dear = stage.contract.add_records(stage.me(), 1, &ids, 0);
    let error = stage.sender.send(&stage.signer, dear.clone()).await.unwrap_err();
    assert!(matches!(error, LedgerError::TooDear { most, .. } if most == U256::from(2 * 10u64.pow(16))), "{error}");
    assert!(error.to_string().contains("0.02") && stage.kept().await.is_none(), "{error}");
    let options = SenderOptions { most: U256::from(10u64.pow(17)), ..SenderOptions::default() };
    let ledger = Arc::new(stage.memory.clone());
    let allowed = Sender::new(ledger, stage.memory.chain(), stage.outbox.clone(), options);
    assert!(allowed.send(&stage.signer, dear).await.unwrap().succeeded);
}

#[tokio::test]
async fn refusal_of_the_contract_is_typed_and_nothing_is_sent() {
    let stage = Stage::new().await;
    stage.send(1).await.unwrap();
    let error = stage.send(1).await.unwrap_err();
    assert!(error.refusal().is_some(), "{error}");
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
}

#[tokio::test]
async fn failed_transaction_reports_the_contracts_reason() {
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
        expires_at: crate::base::time::NO_END,
        epoch: 0,
        envelope: B256::repeat_byte(1),
    };
    stage.sender.send(&stage.signer, stage.contract.grant(&[permission], 0)).await.unwrap();
    stage.memory.hold(true);
    let revocation = Revocation { grantee: doctor.address(), scope, keyring: None, barred: false };
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
async fn concurrent_calls_of_two_devices_are_all_mined_once() {
    let stage = Stage::new().await;
    let other = device(&stage.memory, Arc::new(MemoryOutbox::default()), Duration::from_secs(60), 1);
    let sends = (0..20).map(|n| {
        let (sender, stage) = (if n % 2 == 0 { &stage.sender } else { &other }, &stage);
        async move { sender.send(&stage.signer, stage.add(n)).await }
    });
    assert!(join_all(sends).await.into_iter().all(|receipt| receipt.unwrap().succeeded));
    assert_eq!((stage.mined().await, stage.kept().await), (20, None));
}

#[tokio::test]
async fn carried_request_gets_extra_gas_up_to_its_ceiling() {
    let stage = Stage::new().await;
    let call = stage.add(1).by(stage.me());
    let needed = stage.memory.estimate(&call).await.unwrap();
    for (ceiling, least, most) in
        [(u64::MAX, needed + 50_000, needed * 2 + 70_000), (needed + 1, needed + 1, needed + 1)]
    {
        let pending = stage.sender.carrying(ceiling).sign(&stage.signer, &call, 1).await.unwrap();
        let limit = TxEnvelope::decode_2718(&mut pending.raw.as_ref()).unwrap().gas_limit();
        assert!((least..=most).contains(&limit), "{limit} for {needed}");
    }
    let error = stage.sender.carrying(needed - 1).sign(&stage.signer, &call, 1).await.unwrap_err();
    assert!(matches!(error, LedgerError::TooMuchGas { .. }), "{error}");
}

#[tokio::test]
async fn offer_to_the_builder_alone_is_signed_for_chains_without_a_base_fee() {
    let stage = Stage::new().await;
    let call = stage.add(1).by(stage.me());
    for (max_fee, priority_fee, is_legacy) in [(9, 9, true), (0, 0, true), (9, 8, false), (9, 0, false)] {
        stage.memory.report_fees(Some(Fees { max_fee, priority_fee }));
        let pending = stage.sender.sign(&stage.signer, &call, 1).await.unwrap();
        let envelope = TxEnvelope::decode_2718(&mut pending.raw.as_ref()).unwrap();
        assert_eq!(envelope.is_legacy(), is_legacy, "{max_fee} {priority_fee}");
        assert_eq!(envelope.max_fee_per_gas(), max_fee);
        assert_eq!(envelope.chain_id(), Some(stage.memory.chain()), "it is of no other chain");
        assert_eq!(pending.call().unwrap(), call);
        assert!(
            matches!(sign::unfunded(&pending), LedgerError::Unfunded { needed, .. } if needed.is_zero() == (max_fee == 0))
        );
    }
}

#[tokio::test]
async fn nobody_needs_ether_where_gas_is_free() {
    let stage = Stage::new().await;
    stage.memory.report_fees(Some(Fees { max_fee: 0, priority_fee: 0 }));
    let poor = signer(7);
    let call = stage.contract.set_profile(B256::repeat_byte(9)).by(poor.address());
    stage.sender.sign(&poor, &call, 1).await.unwrap();
    stage.memory.report_fees(Some(Fees { max_fee: 1, priority_fee: 0 }));
    let error = stage.sender.sign(&poor, &call, 1).await.unwrap_err();
    assert!(matches!(error, LedgerError::Unfunded { .. }), "{error}");
}

#[tokio::test]
async fn gas_limit_is_at_most_that_of_a_block() {
    let stage = Stage::new().await;
    let ids: Vec<B256> = (0..60u64).map(|n| keccak256(n.to_be_bytes())).collect();
    let call = stage.contract.add_records(stage.me(), 1, &ids, 0);
    let needed = stage.memory.estimate(&call.clone().by(stage.me())).await.unwrap();
    assert!(needed > 1_000_000);
    stage.memory.limit_gas(Some(needed + 5));
    assert!(stage.sender.send(&stage.signer, call).await.unwrap().succeeded);
}

#[tokio::test]
async fn gas_that_only_seemed_free_is_paid_for() {
    let stage = Stage::new().await;
    stage.memory.report_fees(Some(Fees { max_fee: 0, priority_fee: 0 }));
    assert!(stage.send(1).await.unwrap().succeeded);
    assert_eq!((stage.mined().await, stage.kept().await), (1, None));
}

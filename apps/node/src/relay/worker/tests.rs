#![allow(clippy::unwrap_used)]

use hospital_record::{
    System,
    alloy::signers::local::PrivateKeySigner,
    ledger::{Act, Contract, Ledger, MemoryLedger, MemoryOutbox, Receipt, Sender, SenderOptions, SubmitError},
    relay::SignedRequest,
};
use tempfile::TempDir;

use super::*;
use crate::database::Database;
use crate::relay::{
    queue::Terms,
    testing::{let_in, signed},
};

/// The time that a sender waits for a transaction in these tests. After half of it, it offers a higher fee.
const DEADLINE: Duration = Duration::from_millis(600);
/// Far more than an immediate step takes, and less than any rest.
const AT_ONCE: Duration = Duration::from_millis(500);

struct Stage {
    system: System,
    queue: Queue,
    stop: watch::Sender<bool>,
    _folder: TempDir,
}

impl Stage {
    async fn new() -> Self {
        let (system, folder) = (System::in_memory().await.unwrap(), tempfile::tempdir().unwrap());
        let budget = U256::from(10).pow(U256::from(21));
        let terms = Terms { queue: 99, urgent: 99, ordinary: 99, budget, budget_per_account: budget };
        let database = Database::open(folder.path()).await.unwrap();
        let queue = Queue::open(database, terms, system.contract().clone()).await.unwrap();
        Self { system, queue, stop: watch::channel(false).0, _folder: folder }
    }

    fn memory(&self) -> &MemoryLedger {
        self.system.memory().unwrap()
    }

    fn contract(&self) -> &Contract {
        self.system.contract()
    }

    async fn worker(&self, funded: bool) -> Worker {
        let payer = PrivateKeySigner::random();
        if funded {
            self.system.fund(payer.address()).await.unwrap();
        }
        let options = SenderOptions { deadline: DEADLINE, ..SenderOptions::default() };
        let outbox = Arc::new(MemoryOutbox::default());
        let sender = Sender::new(Arc::new(self.memory().clone()), self.memory().chain(), outbox, options);
        Worker {
            carrier: Carrier::new(self.contract().clone(), sender, Arc::new(payer)),
            queue: self.queue.clone(),
            ceilings: Arc::new(Ceilings::new(150, false).unwrap()),
            metrics: Metrics::default(),
            stop: self.stop.subscribe(),
            purse: Purse::default(),
        }
    }

    fn signed(&self, signer: &PrivateKeySigner, act: &Act) -> SignedRequest {
        signed(self.contract(), signer, act)
    }

    /// A request of a new account, in the queue; in the urgent lane it ends a doctor's access.
    async fn asked(&self, lane: Lane) -> SignedRequest {
        let (patient, later) = (PrivateKeySigner::random(), self.memory().now() + 600);
        let act = match lane {
            Lane::Ordinary => {
                let call = self.contract().set_profile(B256::repeat_byte(1));
                self.contract().once(&call, patient.address(), U256::ZERO, later).unwrap()
            }
            Lane::Urgent => {
                let revocation = let_in(self.memory(), self.contract(), patient.address());
                Act::Revocation { patient: patient.address(), revocation, granted_up_to: later, key_changes: 0 }
            }
        };
        let request = self.signed(&patient, &act);
        self.queue.put(request.clone(), U256::ONE, now()).await.unwrap();
        request
    }

    /// The next request for a worker, if it gets one at once.
    async fn next(&self, worker: &Worker) -> Option<Task> {
        let next = self.queue.next(worker.carrier.payer(), Lane::Ordinary);
        tokio::time::timeout(AT_ONCE, next).await.ok()
    }

    fn fate(&self, request: &SignedRequest) -> Fate {
        self.queue.fate(request.id()).unwrap().borrow().clone()
    }

    /// A reverted transaction that cost a thousand wei.
    fn in_vain(&self) -> Carried {
        let (transaction, logs) = (B256::repeat_byte(3), Vec::new());
        let (succeeded, gas_used, gas_price, l1_fee) = (false, 90, 10, U256::from(100));
        let receipt = Receipt { transaction, block: 1, succeeded, gas_used, gas_price, l1_fee, logs };
        Carried { fate: Fate::Waiting, receipt: Some(receipt) }
    }
}

/// Without the rests between.
async fn carried_to_its_end(stage: &Stage, worker: &mut Worker, request: &SignedRequest) -> u32 {
    let mut looks = 0;
    while let Some(task) = stage.queue.pick(request.id()) {
        assert!(worker.carry(task).await.is_ok());
        looks += 1;
    }
    looks
}

async fn until(what: impl AsyncFn() -> bool) {
    let waiting = async {
        while !what().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
}

#[tokio::test]
async fn request_that_one_payer_cannot_pay_goes_to_another_at_once_while_the_first_rests() {
    for lane in [Lane::Urgent, Lane::Ordinary] {
        for told_by_the_provider in [false, true] {
            let stage = Stage::new().await;
            let (mut dry, mut rich) = (stage.worker(told_by_the_provider).await, stage.worker(true).await);
            let request = stage.asked(lane).await;
            if told_by_the_provider {
                stage.memory().refuse_next_submission(SubmitError::Unfunded);
            }
            let task = stage.next(&dry).await.unwrap();
            assert!(dry.carry(task).await.is_ok());
            let takes = dry.purse.pays_for(Instant::now());
            assert_eq!(takes, (lane == Lane::Ordinary).then_some(Lane::Urgent), "it rests");
            // The request does not rest.
            let task = stage.next(&rich).await.unwrap();
            assert_eq!(task.attempts, 0);
            assert!(rich.carry(task).await.is_ok());
            assert!(matches!(stage.fate(&request), Fate::Done { transaction: Some(_) }), "{lane:?}");
        }
    }
}

#[tokio::test]
async fn unfunded_payer_beside_a_funded_one_delays_nothing() {
    let stage = Stage::new().await;
    let (dry, rich) = (stage.worker(false).await, stage.worker(true).await);
    let attempts = dry.metrics.clone();
    let at_work = [dry, rich].map(|worker| tokio::spawn(worker.run(None)));
    let mut requests = Vec::new();
    for number in 0..12 {
        requests.push(stage.asked(if number % 3 == 0 { Lane::Ordinary } else { Lane::Urgent }).await);
    }
    let all = async || requests.iter().all(|request| matches!(stage.fate(request), Fate::Done { .. }));
    tokio::time::timeout(Duration::from_secs(10), until(all)).await.unwrap();
    let text = attempts.text(0, U256::ZERO, &[]);
    let failed = text.lines().find_map(|line| line.strip_prefix("hospital_record_relay_attempts_failed_total "));
    assert!(failed.unwrap().parse::<u32>().unwrap() <= 4, "it rests ever longer: {failed:?}");
    stage.stop.send_replace(true);
    for worker in at_work {
        worker.await.unwrap();
    }
}

#[tokio::test]
async fn refused_request_is_bound_to_its_payer_unless_it_is_urgent() {
    for lane in [Lane::Urgent, Lane::Ordinary] {
        let stage = Stage::new().await;
        let (mut one, other) = (stage.worker(true).await, stage.worker(true).await);
        stage.asked(lane).await;
        stage.memory().refuse_next_submission(SubmitError::Rejected("not today".into()));
        let task = stage.next(&one).await.unwrap();
        assert!(one.carry(task).await.is_ok());
        // It rests for two seconds, of which the worker has waited one.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let given = stage.next(&other).await.is_some();
        assert_eq!(given, lane == Lane::Urgent);
        assert_eq!(stage.next(&one).await.is_some(), lane == Lane::Ordinary);
    }
}

#[tokio::test]
async fn pending_transaction_is_followed_past_the_deadline_and_not_sent_twice() {
    let stage = Stage::new().await;
    let request = stage.asked(Lane::Ordinary).await;
    let (worker, other) = (stage.worker(true).await, stage.worker(true).await);
    let payer = worker.carrier.payer();
    stage.memory().hold(true);
    let at_work = tokio::spawn(worker.run(None));
    tokio::time::sleep(DEADLINE * 3).await;
    assert!(stage.next(&other).await.is_none(), "nobody else has it");
    assert_eq!(stage.fate(&request), Fate::Waiting);
    stage.memory().mine();
    until(async || matches!(stage.fate(&request), Fate::Done { transaction: Some(_) })).await;
    assert_eq!(stage.memory().nonce(payer).await.unwrap(), 1);
    assert_eq!(stage.memory().nonce(other.carrier.payer()).await.unwrap(), 0);
    assert!(stage.queue.spent(now()) > U256::ZERO, "a payment after the deadline is booked too");
    stage.stop.send_replace(true);
    at_work.await.unwrap();
}

#[tokio::test]
async fn revocation_replaces_a_transaction_that_waits_for_a_block() {
    let stage = Stage::new().await;
    let worker = stage.worker(true).await;
    let (payer, profile) = (worker.carrier.payer(), stage.asked(Lane::Ordinary).await);
    stage.memory().hold(true);
    let at_work = tokio::spawn(worker.run(None));
    tokio::time::sleep(DEADLINE / 3).await;
    let revocation = stage.asked(Lane::Urgent).await;
    // The profile's transaction gives way after its deadline.
    tokio::time::sleep(DEADLINE * 2 + PAUSE * 3).await;
    stage.memory().mine();
    until(async || matches!(stage.fate(&revocation), Fate::Done { transaction: Some(_) })).await;
    assert_eq!(stage.memory().nonce(payer).await.unwrap(), 1);
    assert_eq!(stage.fate(&profile), Fate::Waiting, "the urgent request has the one nonce");
    stage.memory().hold(false);
    until(async || matches!(stage.fate(&profile), Fate::Done { .. })).await;
    stage.stop.send_replace(true);
    at_work.await.unwrap();
}

#[tokio::test]
async fn reverted_transaction_is_booked_at_once_and_tried_again_if_that_can_help() {
    for (lane, tries) in [(Lane::Urgent, 5), (Lane::Ordinary, 1)] {
        let stage = Stage::new().await;
        let mut worker = stage.worker(true).await;
        let request = stage.asked(lane).await;
        for number in 1..=tries {
            let task = stage.queue.pick(request.id()).unwrap();
            // Nobody can say whether it took effect: its cost is booked all the same.
            stage.memory().refuse(true);
            worker.settle(task, stage.in_vain()).await;
            stage.memory().refuse(false);
            assert_eq!(stage.queue.spent(now()), U256::from(1000 * number));
            assert_eq!(stage.fate(&request), Fate::Waiting, "{lane:?} {number}");
        }
        carried_to_its_end(&stage, &mut worker, &request).await;
        let fate = stage.fate(&request);
        assert!(matches!(&fate, Fate::Refused { reason } if reason.contains("mined but failed")), "{fate:?}");
        assert_eq!(stage.memory().nonce(worker.carrier.payer()).await.unwrap(), 0, "no more is paid");
    }
}

#[tokio::test]
async fn reverted_request_takes_effect_on_retry_or_by_another_transaction() {
    for carried_by_another in [false, true] {
        let stage = Stage::new().await;
        let mut worker = stage.worker(true).await;
        let request = stage.asked(Lane::Urgent).await;
        let task = stage.queue.pick(request.id()).unwrap();
        worker.settle(task, stage.in_vain()).await;
        if carried_by_another {
            let other = stage.worker(true).await.carrier;
            assert!(other.carry_within(&request, u64::MAX).await.unwrap().receipt.is_some());
        }
        let task = stage.queue.pick(request.id()).unwrap();
        assert!(worker.carry(task).await.is_ok());
        let Fate::Done { transaction } = stage.fate(&request) else { panic!("{:?}", stage.fate(&request)) };
        assert_eq!(transaction.is_none(), carried_by_another);
    }
}

#[tokio::test]
async fn revocation_is_refused_only_after_several_checks_agree() {
    for (lane, looks) in [(Lane::Urgent, 3), (Lane::Ordinary, 1)] {
        let stage = Stage::new().await;
        let (mut worker, request) = (stage.worker(true).await, stage.asked(lane).await);
        // The access to end is gone.
        stage.memory().rewind(1);
        if lane == Lane::Ordinary {
            stage.memory().advance(Duration::from_secs(900));
        }
        assert_eq!(carried_to_its_end(&stage, &mut worker, &request).await, looks);
        assert!(matches!(stage.fate(&request), Fate::Refused { .. }));
    }
}

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use hospital_record::{
    alloy::primitives::Bytes,
    ledger::{Act, EthereumLedger, EthereumOptions, Revocation},
};
use tempfile::TempDir;

use super::*;

const PAYER: Address = Address::repeat_byte(0xaa);
const OTHER: Address = Address::repeat_byte(0xbb);
const NOW: u64 = 20_000 * 24 * 3600;

/// A database that is removed after the test.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    async fn open(&self) -> Queue {
        let terms = Terms {
            queue: 9,
            urgent: 2,
            ordinary: 9,
            budget: U256::from(1_000),
            budget_per_account: U256::from(1_000),
        };
        let database = Database::open(self.folder.path()).await.unwrap();
        Queue::open(database, terms, contract()).await.unwrap()
    }
}

/// It is never asked.
fn contract() -> Contract {
    let ledger = EthereumLedger::connect("http://127.0.0.1:1", EthereumOptions::default()).unwrap();
    Contract::new(Arc::new(ledger), 1, Address::repeat_byte(0xcc))
}

fn signed(act: &Act, signature: u8) -> SignedRequest {
    let contract = contract();
    let data = contract.signed(act, Bytes::from(vec![signature; 65])).data;
    SignedRequest { chain_id: 1, contract: contract.address(), data }
}

fn request_of(signer: u8, nonce: u64, profile: u8) -> SignedRequest {
    let call = contract().set_profile(B256::repeat_byte(profile));
    signed(&contract().once(&call, Address::repeat_byte(signer), U256::from(nonce), 9).unwrap(), 1)
}

fn request(number: u8) -> SignedRequest {
    request_of(1, number.into(), number)
}

fn revocation(number: u8, signature: u8) -> SignedRequest {
    let (grantee, scope) = (Address::repeat_byte(number), B256::ZERO);
    let revocation = Revocation { grantee, scope, keyring: None, barred: true };
    signed(
        &Act::Revocation { patient: Address::repeat_byte(1), revocation, granted_up_to: 5, key_changes: 0 },
        signature,
    )
}

async fn put(queue: &Queue, request: SignedRequest) -> Result<watch::Receiver<Fate>, QueueError> {
    queue.put(request, U256::ONE, NOW).await
}

async fn end(queue: &Queue, task: Task, fate: Fate) {
    queue.end(task, fate, None, NOW).await.unwrap();
}

fn done() -> Fate {
    Fate::Done { transaction: Some(B256::repeat_byte(1)) }
}

fn refused() -> Fate {
    Fate::Refused { reason: "no".into() }
}

/// The next request, if there is one at once.
async fn next(queue: &Queue, payer: Address) -> Option<Task> {
    tokio::time::timeout(Duration::from_millis(100), queue.next(payer, Lane::Ordinary)).await.ok()
}

#[tokio::test]
async fn accepted_requests_keep_their_order_and_their_end_after_a_crash() {
    let place = Place::new();
    {
        let queue = place.open().await;
        for number in [3, 1, 2] {
            put(&queue, request(number)).await.unwrap();
        }
        let task = queue.next(PAYER, Lane::Ordinary).await;
        assert_eq!(task.request, request(3));
        end(&queue, task, done()).await;
        // A worker took it, and it has not ended.
        assert_eq!(queue.next(PAYER, Lane::Ordinary).await.request, request(1));
    }
    let queue = place.open().await;
    assert_eq!(queue.waiting(), 2);
    assert_eq!(*queue.fate(request(3).id()).unwrap().borrow(), done());
    assert_eq!(put(&queue, request(3)).await.unwrap().borrow().clone(), done());
    assert_eq!(queue.next(PAYER, Lane::Ordinary).await.request, request(1));
    assert_eq!(queue.next(PAYER, Lane::Ordinary).await.request, request(2));
}

#[tokio::test]
async fn backup_of_a_running_relay_has_its_requests() {
    let (place, elsewhere) = (Place::new(), Place::new());
    let queue = place.open().await;
    put(&queue, request(1)).await.unwrap();
    Database::backup(place.folder.path(), &elsewhere.folder.path().join("node.sqlite")).await.unwrap();
    assert_eq!(next(&elsewhere.open().await, PAYER).await.unwrap().request, request(1));
}

#[tokio::test]
async fn request_that_one_worker_holds_is_given_to_no_other() {
    let queue = Place::new().open().await;
    for _ in 0..3 {
        put(&queue, request(1)).await.unwrap();
    }
    assert_eq!(queue.waiting(), 1);
    let task = queue.next(PAYER, Lane::Ordinary).await;
    assert!(next(&queue, OTHER).await.is_none() && queue.pick(task.id).is_none());
    queue.give_back(task, Duration::ZERO, Some(PAYER)).await;
    assert!(next(&queue, OTHER).await.is_none(), "the transaction of the first may still carry it");
    let task = queue.next(PAYER, Lane::Ordinary).await;
    queue.give_back(task, Duration::from_secs(3600), None).await;
    assert!(next(&queue, PAYER).await.is_none(), "it rests");
    assert!(queue.pick(request(1).id()).is_some());
}

#[tokio::test]
async fn only_one_request_with_a_nonce_waits_at_a_time() {
    let place = Place::new();
    let queue = place.open().await;
    put(&queue, request_of(1, 7, 1)).await.unwrap();
    assert!(matches!(put(&queue, request_of(1, 7, 2)).await, Err(QueueError::Claimed)));
    put(&queue, request_of(2, 7, 2)).await.unwrap();
    put(&queue, revocation(1, 1)).await.unwrap();
    assert!(matches!(put(&queue, revocation(1, 2)).await, Err(QueueError::Claimed)));
    put(&queue, revocation(2, 1)).await.unwrap();
    drop(queue);
    let queue = place.open().await;
    assert!(matches!(put(&queue, request_of(1, 7, 2)).await, Err(QueueError::Claimed)), "also after a restart");
    let picked = queue.pick(request_of(1, 7, 1).id()).unwrap();
    end(&queue, picked, refused()).await;
    assert!(put(&queue, request_of(1, 7, 2)).await.is_ok(), "the first has ended");
}

#[tokio::test]
async fn failed_ordinary_request_overtakes_no_revocation_and_no_other_account() {
    let queue = Place::new().open().await;
    put(&queue, request(1)).await.unwrap();
    let mut task = queue.next(PAYER, Lane::Ordinary).await;
    put(&queue, request_of(2, 1, 1)).await.unwrap();
    put(&queue, revocation(1, 1)).await.unwrap();
    task.attempts += 1;
    queue.give_back(task, Duration::ZERO, None).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let mut order = Vec::new();
    for _ in 0..3 {
        order.push(queue.next(PAYER, Lane::Ordinary).await.request);
    }
    assert_eq!(order, [revocation(1, 1), request_of(2, 1, 1), request(1)]);
}

#[tokio::test]
async fn attempts_and_refusals_of_a_request_survive_a_crash() {
    let place = Place::new();
    {
        let queue = place.open().await;
        put(&queue, request(1)).await.unwrap();
        put(&queue, request(2)).await.unwrap();
        let mut task = queue.next(PAYER, Lane::Ordinary).await;
        (task.attempts, task.refusals) = (7, 4);
        queue.give_back(task, Duration::ZERO, None).await;
    }
    let queue = place.open().await;
    let (first, second) = (queue.next(PAYER, Lane::Ordinary).await, queue.next(OTHER, Lane::Ordinary).await);
    assert_eq!((first.request.clone(), first.attempts, first.refusals), (request(1), 7, 4));
    assert_eq!((second.request.clone(), second.attempts, second.refusals), (request(2), 0, 0));
}

#[tokio::test]
async fn costs_and_failures_count_after_a_crash() {
    let place = Place::new();
    {
        let queue = place.open().await;
        for (number, wei) in [(1, 500), (3, 0), (4, 0)] {
            queue.put(request_of(1, number, 1), U256::from(100), NOW).await.unwrap();
            let task = queue.next(PAYER, Lane::Ordinary).await;
            let paid = Paid { wei: U256::from(wei), in_vain: true };
            queue.end(task, refused(), Some(paid), NOW).await.unwrap();
        }
    }
    let queue = place.open().await;
    assert_eq!(queue.spent(NOW), U256::from(500));
    let later = |cost: u64, at| queue.put(request(2), U256::from(cost), at);
    assert!(matches!(later(1, NOW).await, Err(QueueError::NotNow(Refusal::Resting(_)))));
    assert!(matches!(later(300, NOW + 60).await, Err(QueueError::NotNow(Refusal::Spent { .. }))));
    assert!(later(200, NOW + 60).await.is_ok());
    assert_eq!(queue.spent(NOW + 24 * 3600), U256::ZERO);
}

#[tokio::test]
async fn waiting_requests_count_against_the_caps_after_a_crash() {
    let place = Place::new();
    {
        let queue = place.open().await;
        for number in [1, 2] {
            put(&queue, revocation(number, 1)).await.unwrap();
        }
    }
    let queue = place.open().await;
    assert!(matches!(put(&queue, revocation(3, 1)).await, Err(QueueError::NotNow(Refusal::Open(2)))));
    let task = queue.next(PAYER, Lane::Ordinary).await;
    end(&queue, task, done()).await;
    assert!(put(&queue, revocation(3, 1)).await.is_ok());
}

#[tokio::test]
async fn carried_requests_are_forgotten_late_and_refused_ones_soon() {
    let place = Place::new();
    let queue = place.open().await;
    for number in 1..=3 {
        queue.put(request(number), U256::ONE, 5).await.unwrap();
    }
    for (number, fate) in [(1, refused()), (2, done())] {
        let task = queue.pick(request(number).id()).unwrap();
        end(&queue, task, fate).await;
    }
    let known = |queue: &Queue| [1, 2, 3].map(|number| queue.fate(request(number).id()).is_some());
    for (after, gone, left) in [
        (1800, 0, [true; 3]),
        (1801, 1, [false, true, true]),
        (24 * 3600, 0, [false, true, true]),
        (24 * 3600 + 1, 1, [false, false, true]),
    ] {
        assert_eq!(queue.forget(NOW + after).await.unwrap(), gone, "after {after} s");
        assert_eq!(known(&queue), left, "after {after} s");
    }
    drop(queue);
    assert_eq!(known(&place.open().await), [false, false, true], "nothing of it is on disk");
}

#[tokio::test]
async fn cost_of_a_reverted_transaction_is_kept_while_its_request_goes_on() {
    let place = Place::new();
    {
        let queue = place.open().await;
        put(&queue, revocation(1, 1)).await.unwrap();
        let mut task = queue.next(PAYER, Lane::Urgent).await;
        queue.book(task.id, U256::from(70), NOW).await.unwrap();
        task.in_vain = 2;
        queue.give_back(task, Duration::ZERO, None).await;
    }
    let queue = place.open().await;
    assert_eq!(queue.spent(NOW), U256::from(70));
    let task = queue.next(OTHER, Lane::Urgent).await;
    assert_eq!((task.request, task.in_vain), (revocation(1, 1), 2));
}

#[tokio::test]
async fn worker_that_takes_only_revocations_does_not_stop_others_from_waking() {
    let queue = Place::new().open().await;
    let (only_urgent, any) = (queue.next(PAYER, Lane::Urgent), queue.next(OTHER, Lane::Ordinary));
    tokio::pin!(only_urgent, any);
    let moment = Duration::from_millis(50);
    assert!(tokio::time::timeout(moment, only_urgent.as_mut()).await.is_err());
    assert!(tokio::time::timeout(moment, any.as_mut()).await.is_err());
    put(&queue, request(1)).await.unwrap();
    let (woken, task) = tokio::join!(tokio::time::timeout(moment, only_urgent), tokio::time::timeout(moment, any));
    assert!(woken.is_err());
    assert_eq!(task.unwrap().request, request(1));
}

#[tokio::test]
async fn refused_request_is_accepted_again_and_a_failing_one_lets_others_pass() {
    let queue = Place::new().open().await;
    put(&queue, request(1)).await.unwrap();
    let task = queue.next(PAYER, Lane::Ordinary).await;
    end(&queue, task, refused()).await;
    assert_eq!(*put(&queue, request(1)).await.unwrap().borrow(), Fate::Waiting);
    put(&queue, request(2)).await.unwrap();
    let task = queue.next(PAYER, Lane::Ordinary).await;
    queue.give_back(task, Duration::ZERO, None).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(queue.next(PAYER, Lane::Ordinary).await.request, request(2));
    assert_eq!(queue.next(PAYER, Lane::Ordinary).await.request, request(1));
}

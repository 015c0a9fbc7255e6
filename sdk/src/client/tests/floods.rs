//! Strangers, members and contributors who append without end. They can hide little, and their cost is bounded.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use alloy::{
    primitives::{Address, B256, Bytes, U256, aliases::U24},
    sol_types::SolEvent,
};
use hospital_record_contracts::boards::IBoard::{ProxyAppointed, appointCall, openCall, releaseCall};

use crate::{
    base::{cut::Cut, time::NO_END},
    boards::case::Case,
    client::{
        Client,
        tests::{boards::BoardStage, person},
    },
    journal::finality::{AT_LEAST, Finality},
    ledger::{
        BlockInfo, Call, Contract, Fees, Ledger, LedgerError, Log, LogFilter, MemoryLedger, Permission, Purpose,
        Receipt, Rights, SubmitError, call, folder_scope, recent_logs,
    },
    people::identity::Identity,
    platform::cache::FINALITY,
    records::source::Source,
    system::System,
};

/// A provider that counts questions. Its events can lag behind its newest block, or have no times.
#[derive(Debug)]
struct CountingLedger {
    inner: MemoryLedger,
    questions: Mutex<Vec<&'static str>>,
    /// The first topics of the events in its answers.
    topics: Mutex<Vec<B256>>,
    lag: AtomicU64,
    untimed: AtomicBool,
    /// The account whose history it never returns.
    stuck: Mutex<Option<Address>>,
}

impl CountingLedger {
    async fn over(system: &System) -> (Arc<Self>, System) {
        let inner = system.memory().unwrap().clone();
        let questions = Mutex::default();
        let topics = Mutex::default();
        let stuck = Mutex::default();
        let lag = AtomicU64::new(0);
        let untimed = AtomicBool::new(false);
        let counter = Arc::new(Self { inner, questions, topics, lag, untimed, stuck });
        let observer = System::of(counter.clone(), Contract::ADDRESS, system.services.stores.all()).await.unwrap();
        (counter, observer)
    }

    fn ask(&self, what: &'static str) {
        self.questions.lock().unwrap().push(what);
    }

    /// The number of questions since the last call, and of events in their answers.
    fn cost(&self) -> (usize, usize) {
        let questions = &mut *self.questions.lock().unwrap();
        let topics = &mut *self.topics.lock().unwrap();
        (std::mem::take(questions).len(), std::mem::take(topics).len())
    }

    fn asked_for(&self, what: &str) -> usize {
        self.questions.lock().unwrap().iter().filter(|question| **question == what).count()
    }
}

#[async_trait::async_trait]
impl Ledger for CountingLedger {
    fn name(&self) -> String {
        "counter:8545".into()
    }

    async fn chain_id(&self) -> Result<u64, LedgerError> {
        self.inner.chain_id().await
    }

    async fn newest(&self) -> Result<BlockInfo, LedgerError> {
        self.ask("newest");
        self.inner.newest().await
    }

    async fn finalized(&self) -> Result<Option<u64>, LedgerError> {
        self.ask("finalized");
        self.inner.finalized().await
    }

    async fn block(&self, number: u64) -> Result<Option<BlockInfo>, LedgerError> {
        self.ask("block");
        self.inner.block(number).await
    }

    async fn code(&self, account: Address) -> Result<Bytes, LedgerError> {
        self.inner.code(account).await
    }

    async fn balance(&self, account: Address) -> Result<U256, LedgerError> {
        self.inner.balance(account).await
    }

    async fn nonce(&self, account: Address) -> Result<u64, LedgerError> {
        self.inner.nonce(account).await
    }

    async fn fees(&self) -> Result<Fees, LedgerError> {
        self.inner.fees().await
    }

    async fn call(&self, call: &Call, at: Option<u64>) -> Result<Bytes, LedgerError> {
        self.ask("call");
        self.inner.call(call, at).await
    }

    async fn estimate(&self, call: &Call) -> Result<u64, LedgerError> {
        self.inner.estimate(call).await
    }

    async fn logs(&self, filter: &LogFilter) -> Result<Vec<Log>, LedgerError> {
        self.ask("logs");
        let stuck = *self.stuck.lock().unwrap();
        if stuck.is_some_and(|stuck| filter.topics[1] == Some(stuck.into_word())) {
            std::future::pending::<()>().await;
        }
        let served = self.inner.newest().await?.number.saturating_sub(self.lag.load(Relaxed));
        let mut logs = self.inner.logs(filter).await?;
        logs.retain(|log| log.block <= served);
        if self.untimed.load(Relaxed) {
            logs.iter_mut().for_each(|log| log.time = None);
        }
        self.topics.lock().unwrap().extend(logs.iter().map(|log| log.topics[0]));
        Ok(logs)
    }

    async fn submit(&self, raw: Bytes) -> Result<(), SubmitError> {
        self.inner.submit(raw).await
    }

    async fn knows(&self, transaction: B256) -> Result<bool, LedgerError> {
        self.inner.knows(transaction).await
    }

    async fn receipt(&self, transaction: B256) -> Result<Option<Receipt>, LedgerError> {
        self.inner.receipt(transaction).await
    }
}

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn stranger(number: u64) -> Address {
    Address::left_padding_from(&(number << 16).to_be_bytes())
}

/// A stranger grants something to somebody.
fn grant_by(system: &System, giver: Address, to: Address, folder: u64, key_changes: u32) {
    let permission = Permission {
        grantee: to,
        scope: folder_scope(folder),
        rights: Rights::READ,
        purpose: Purpose::TREAT,
        expires_at: NO_END,
        epoch: 0,
        envelope: B256::repeat_byte(3),
    };
    assert!(system.memory().unwrap().act(giver, system.contract().grant(&[permission], key_changes)));
}

/// A doctor with three patients: one whose record the doctor opened, one known by card, and one unknown.
struct Practice {
    system: System,
    counter: Arc<CountingLedger>,
    lee: Client,
    ana: Client,
    bea: Client,
    carl: Client,
}

impl Practice {
    async fn new() -> Self {
        let system = System::in_memory().await.unwrap();
        let (identity, _) = Identity::generate().unwrap();
        system.fund(identity.address()).await.unwrap();
        let lee = system.client(identity.clone());
        lee.register().await.unwrap();
        let ana = person(&system).await;
        let bea = person(&system).await;
        let carl = person(&system).await;
        for patient in [&ana, &bea, &carl] {
            patient.grant(lee.address()).await.unwrap();
        }
        let record = ana.add(Source::bytes("a", "a")).await.unwrap().record;
        lee.open(&record).await.unwrap();
        // On another machine, whose cache has only a contact.
        let (counter, observer) = CountingLedger::over(&system).await;
        let lee = observer.client(identity);
        lee.contacts().add("Bea", &bea.card().await.unwrap()).await.unwrap();
        Self { system, counter, lee, ana, bea, carl }
    }

    fn listed(&self, grants: &[crate::access::shared::SharedGrant]) -> Vec<Address> {
        let mut patients: Vec<Address> = grants.iter().map(|grant| grant.patient).collect();
        patients.dedup();
        patients
    }
}

#[tokio::test]
async fn hundreds_of_strangers_grants_cost_a_bounded_number_of_requests_and_hide_no_known_patient() {
    let practice = Practice::new().await;
    let lee = &practice.lee;
    lee.grants().received().await.unwrap();
    practice.counter.cost();
    for number in 1..=400 {
        grant_by(&practice.system, stranger(number), lee.address(), 1, 0);
    }
    let shared = lee.grants().received().await.unwrap();
    let (requests, _) = practice.counter.cost();
    assert!(requests <= 3 * (64 + 3) + 20, "{requests} requests");
    assert_eq!(shared.cut, Cut { count: 400 + 1 - 64, older: false });
    let patients = practice.listed(&shared.grants);
    assert_eq!(patients.len(), 64 + 2);
    let first: BTreeSet<_> = patients[..2].iter().copied().collect();
    assert_eq!(first, [practice.ana.address(), practice.bea.address()].into());
    assert!(!patients.contains(&practice.carl.address()), "not known, and older than the newest 64");
    let named = lee.grants().received_from(practice.carl.address()).await.unwrap();
    assert_eq!(practice.listed(&named.grants), [practice.carl.address()]);
    assert!(named.cut.is_none() && practice.counter.cost().0 <= 8);
    let near = lee.grants().patients().await.unwrap();
    assert_eq!((near.patients.len(), near.cut), (66, shared.cut));
}

#[tokio::test]
async fn more_grants_than_are_read_hide_no_known_patient() {
    let practice = Practice::new().await;
    let lee = &practice.lee;
    for number in 0..4100 {
        grant_by(&practice.system, stranger(1), lee.address(), 1 + number % 2, 0);
    }
    practice.counter.cost();
    let shared = lee.grants().received().await.unwrap();
    assert!(shared.cut.older, "{:?}", shared.cut);
    let patients: BTreeSet<_> = shared.grants.iter().map(|grant| grant.patient).collect();
    assert_eq!(patients, [practice.ana.address(), practice.bea.address(), stranger(1)].into());
    let (requests, _) = practice.counter.cost();
    assert!(requests <= 40, "{requests} requests");
}

#[tokio::test]
async fn patient_with_hundreds_of_grants_displaces_no_other_patient() {
    let practice = Practice::new().await;
    for folder in 1..=300 {
        grant_by(&practice.system, stranger(1), practice.lee.address(), folder, 0);
    }
    let shared = practice.lee.grants().received().await.unwrap();
    let of = |patient: Address| shared.grants.iter().filter(|grant| grant.patient == patient).count();
    assert_eq!((of(stranger(1)), of(practice.ana.address()), of(practice.carl.address())), (64, 1, 1));
    assert_eq!(shared.more_of, [(stranger(1), 300 - 64)]);
    assert_eq!(practice.lee.grants().received_from(stranger(1)).await.unwrap().grants.len(), 300);
}

#[tokio::test]
async fn history_that_never_arrives_delays_the_list_only_for_seconds() {
    let practice = Practice::new().await;
    *practice.counter.stuck.lock().unwrap() = Some(practice.carl.address());
    let shared =
        tokio::time::timeout(Duration::from_secs(20), practice.lee.grants().received()).await.unwrap().unwrap();
    assert_eq!(shared.unreadable.len(), 1);
    assert_eq!(shared.unreadable[0].0, practice.carl.address());
    assert_eq!(practice.listed(&shared.grants).len(), 2);
}

impl BoardStage {
    /// A member opens a case about Ana, past our client.
    fn open_by(&self, member: &Client, to: Address, number: u64) {
        let scope = folder_scope(self.folder().number());
        let reason = B256::from(U256::from(number + 1));
        let patient = self.ana.address();
        let open = openCall { patient, scope, grantee: to, duration: 3600, reason, epoch: 0, keyChanges: U24::ZERO };
        assert!(self.system.memory().unwrap().act(member.address(), call(self.board.address, &open)));
    }

    fn flood(&self) {
        let memory = self.system.memory().unwrap();
        for number in 0..1100 {
            self.open_by(&self.members[2], stranger(7), number);
        }
        for number in 1..=300 {
            let patient = stranger(number);
            let appoint = appointCall { proxy: patient };
            assert!(memory.act(patient, call(self.board.address, &appoint)));
        }
    }

    fn release_without_end(&self, case: &Case) {
        for number in 1..=600_u64 {
            let release = releaseCall { id: case.id, share: B256::from(U256::from(number)) };
            assert!(self.system.memory().unwrap().act(self.members[2].address(), call(self.board.address, &release)));
        }
    }
}

#[tokio::test]
async fn floods_of_cases_and_proxies_cost_the_admitted_account_nothing() {
    let stage = BoardStage::new().await;
    let case = stage.granted().await;
    assert_eq!(stage.release_due().await, [1, 1]);
    let read = async || {
        let (counter, observer) = CountingLedger::over(&stage.system).await;
        let lee = observer.client(stage.lee.person().identity().clone());
        assert_eq!(lee.open(&stage.record).unlogged().await.unwrap().bytes, "before");
        counter.cost()
    };
    let before = read().await;
    stage.flood();
    assert_eq!(read().await, before, "requests and events");
    assert!(before.0 <= 30, "{before:?}");
    stage.release_without_end(&case);
    let (requests, _) = read().await;
    assert!(requests <= before.0 + 8, "{requests} requests");
}

#[tokio::test]
async fn cases_of_one_member_hide_no_other_case_and_cost_a_bounded_number_of_requests() {
    let stage = BoardStage::new().await;
    let case = stage.granted().await;
    stage.flood();
    let (counter, observer) = CountingLedger::over(&stage.system).await;
    let board = observer.board(stage.board.address).await.unwrap();
    counter.cost();
    counter.untimed.store(true, Relaxed);
    let cases = observer.cases(&board).await.unwrap();
    assert!(!counter.topics.lock().unwrap().contains(&ProxyAppointed::SIGNATURE_HASH));
    assert!(counter.asked_for("block") <= 64, "{}", counter.asked_for("block"));
    let (requests, _) = counter.cost();
    assert!(requests <= 64 + 12, "{requests} requests");
    assert_eq!((cases.cases.len(), cases.cut.older), (64, true));
    let listed = cases.cases.iter().find(|listed| listed.id == case.id).unwrap();
    assert_eq!((listed.acknowledged.len(), listed.is_live()), (2, true));
    assert_eq!(observer.cases_about(&board, stage.ana.address()).await.unwrap().cases.len(), 64);
    assert!(observer.cases_about(&board, stranger(1)).await.unwrap().cases.is_empty());
    counter.cost();
    assert_eq!(observer.case(&board, case.id).await.unwrap().id, case.id);
    assert!(counter.cost().0 <= 5);
}

#[tokio::test]
async fn flood_of_one_kind_of_event_does_not_change_a_case() {
    let stage = BoardStage::new().await;
    let case = stage.granted().await;
    assert_eq!(stage.release_due().await, [1, 1]);
    for _ in 0..4 {
        stage.release_without_end(&case);
    }
    let listed = stage.system.cases(&stage.board).await.unwrap().cases.remove(0);
    let released: BTreeSet<Address> = listed.released.iter().copied().collect();
    assert_eq!(released, stage.board.members.iter().copied().collect());
    assert_eq!((listed.acknowledged.len(), listed.is_live()), (2, true));
}

#[tokio::test]
async fn a_members_program_is_not_slowed_by_cases_that_it_did_not_acknowledge() {
    let stage = BoardStage::new().await;
    let (counter, observer) = CountingLedger::over(&stage.system).await;
    let member = observer.client(stage.members[0].person().identity().clone());
    let board = observer.board(stage.board.address).await.unwrap();
    let case = stage.granted().await;
    assert!(member.boards().acknowledge(&case).await.is_err(), "on another machine, which remembers that it was tried");
    assert_eq!(member.boards().release_due(&board).await.unwrap().len(), 1);
    let mut costs = Vec::new();
    for flooded in [false, true] {
        if flooded {
            stage.flood();
        }
        counter.cost();
        assert!(member.boards().release_due(&board).await.unwrap().is_empty(), "once");
        costs.push(counter.cost());
    }
    assert_eq!(costs[0], costs[1], "requests and events");
    stage.system.advance(3 * DAY).await.unwrap();
    member.boards().release_due(&board).await.unwrap();
    assert!(counter.cost().0 <= 2, "cases that are over are not asked for");
}

#[tokio::test]
async fn board_cases_show_again_as_soon_as_the_backend_catches_up() {
    let stage = BoardStage::new().await;
    let (counter, observer) = CountingLedger::over(&stage.system).await;
    let board = observer.board(stage.board.address).await.unwrap();
    let case = stage.granted().await;
    for _ in 0..300 {
        stage.system.advance(SECOND).await.unwrap();
    }
    for lag in [400, 299, 0] {
        counter.lag.store(lag, Relaxed);
        let cases = observer.cases(&board).await.unwrap().cases;
        assert_eq!(cases.len(), usize::from(lag < 300), "{lag}");
    }
    assert!(observer.case(&board, case.id).await.unwrap().is_live());
}

#[tokio::test]
async fn reviews_are_due_only_as_long_as_the_board_says() {
    let stage = BoardStage::new().await;
    for number in 0..17 {
        stage.open_by(&stage.members[0], stranger(9 + number), number);
        let case = stage.system.cases(&stage.board).await.unwrap().cases.remove(0);
        stage.members[1].boards().acknowledge(&case).await.unwrap();
    }
    let cases = stage.system.cases(&stage.board).await.unwrap().cases;
    assert_eq!(cases.iter().filter(|case| case.review_due.is_some()).count(), 16, "one was let go");
    let reviewed = cases.iter().find(|case| case.review_due.is_some()).unwrap();
    stage.members[2].boards().review(reviewed, None).await.unwrap();
    let case = stage.system.case(&stage.board, reviewed.id).await.unwrap();
    assert_eq!((case.review_due, case.reviewed.len()), (None, 1));
}

#[tokio::test]
async fn ranges_before_the_time_that_matters_are_not_asked_for() {
    let system = System::in_memory().await.unwrap();
    let memory = system.memory().unwrap();
    for _ in 0..1000 {
        memory.advance(SECOND);
    }
    system.advance(3 * DAY).await.unwrap();
    for _ in 0..100 {
        memory.advance(SECOND);
    }
    memory.limit_logs(Some(20));
    let (counter, _) = CountingLedger::over(&system).await;
    let to = memory.newest().await.unwrap();
    let filter = LogFilter { contract: Contract::ADDRESS, topics: [None; 4], from: 0, to: to.number };
    for (since, bounded) in [(to.time - 24 * 3600, true), (0, false)] {
        counter.cost();
        recent_logs(&*counter, filter, 10, since).await.unwrap();
        let (requests, _) = counter.cost();
        assert_eq!(requests < 30, bounded, "{requests} requests");
    }
}

#[tokio::test]
async fn chain_is_asked_for_its_final_block_once_a_minute() {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    let (counter, observer) = CountingLedger::over(&system).await;
    // Due, and not final yet.
    let mut finality = Finality::default();
    let journal = observer.services.journals.of(ana.address()).await.unwrap();
    finality.see(&journal.history, crate::platform::clock::now() - AT_LEAST);
    let key = [&observer.services.deployment_key()[..], ana.address().as_slice()].concat();
    observer.services.cache.put(FINALITY, key, finality.to_bytes()).await.unwrap();
    for _ in 0..3 {
        observer.services.journals.of(ana.address()).await.unwrap();
    }
    assert_eq!(counter.asked_for("finalized"), 1);
}

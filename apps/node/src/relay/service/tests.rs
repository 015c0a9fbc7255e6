#![allow(clippy::unwrap_used)]

use std::{collections::HashSet, num::NonZeroU32};

use hospital_record::{B256, System, alloy::signers::local::PrivateKeySigner, ledger::Call};
use tempfile::TempDir;

use super::*;
use crate::database::Database;
use crate::relay::{
    queue::Terms,
    testing::{let_in, signed},
};

struct Stage {
    system: System,
    payer: PrivateKeySigner,
    folder: TempDir,
}

/// The settings of a relay under test.
struct Options {
    budget_per_account: U256,
    per_account: u32,
    allowed: Vec<Address>,
    verbs: Vec<String>,
    contract_wallets: bool,
}

impl Default for Options {
    fn default() -> Self {
        let (allowed, verbs) = (Vec::new(), Vec::new());
        Self { budget_per_account: ether(), per_account: 30, allowed, verbs, contract_wallets: false }
    }
}

fn ether() -> U256 {
    U256::from(10).pow(U256::from(18))
}

impl Stage {
    async fn new() -> Self {
        let (system, payer) = (System::in_memory().await.unwrap(), PrivateKeySigner::random());
        system.fund(payer.address()).await.unwrap();
        Self { system, payer, folder: tempfile::tempdir().unwrap() }
    }

    async fn relay(&self, options: Options) -> Service {
        let Options { budget_per_account, per_account, allowed, verbs, contract_wallets } = options;
        let terms = Terms { queue: 99, urgent: 99, ordinary: 99, budget: ether(), budget_per_account };
        let folder = self.folder.path().join(PrivateKeySigner::random().address().to_string());
        std::fs::create_dir(&folder).unwrap();
        let database = Database::open(&folder).await.unwrap();
        let (limits, allowed) = (NonZeroU32::new(per_account).unwrap(), HashSet::from_iter(allowed));
        let parts = Parts {
            carrier: self.system.carrier(self.payer.clone()),
            payers: vec![self.payer.address()],
            queue: Queue::open(database, terms, self.system.contract().clone()).await.unwrap(),
            limits: Limits::per_minute(limits),
            ceilings: Arc::new(Ceilings::new(150, contract_wallets).unwrap()),
            trust: Trust::new(self.system.clone(), allowed, Vec::new()).into(),
            metrics: Metrics::default(),
            verbs,
            stop: watch::channel(false).1,
            patience: Duration::from_secs(30),
        };
        Service(Arc::new(parts))
    }

    fn later(&self) -> u64 {
        self.system.memory().unwrap().now() + 600
    }

    fn signed(&self, by: &PrivateKeySigner, act: &Act) -> Vec<u8> {
        serde_json::to_vec(&signed(self.system.contract(), by, act)).unwrap()
    }

    fn once(&self, by: &PrivateKeySigner, call: &Call, nonce: u64) -> Vec<u8> {
        let act = self.system.contract().once(call, by.address(), U256::from(nonce), self.later()).unwrap();
        self.signed(by, &act)
    }

    fn profile(&self, by: &PrivateKeySigner, nonce: u64) -> Vec<u8> {
        self.once(by, &self.system.contract().set_profile(B256::repeat_byte(1)), nonce)
    }

    fn records(&self, by: &PrivateKeySigner, count: u8) -> Call {
        let ids: Vec<_> = (1..=count).map(B256::repeat_byte).collect();
        self.system.contract().add_records(by.address(), 1, &ids, 0)
    }
}

/// Its result so far, or the problem.
async fn look(relay: &Service, body: &[u8]) -> Result<Fate, (u16, String)> {
    let looked = relay.look(body).await.map(|fate| fate.borrow().clone());
    looked.map_err(|problem| (problem.status().as_u16(), problem.to_string()))
}

fn refused(looked: Result<Fate, (u16, String)>, status: u16, words: &str) {
    let Err((answered, said)) = looked else { panic!("{looked:?}") };
    assert!(answered == status && said.contains(words), "{answered} {said}");
}

#[tokio::test]
async fn budget_of_the_current_cost_of_a_hundred_records_suffices_for_them() {
    let (stage, ana) = (Stage::new().await, PrivateKeySigner::random());
    let body = stage.once(&ana, &stage.records(&ana, 100), 0);
    let request: SignedRequest = serde_json::from_slice(&body).unwrap();
    let carrier = stage.system.carrier(stage.payer.clone());
    let Look::Ready { gas } = carrier.look(&request, u64::MAX).await.unwrap() else { panic!("it is carried") };
    let fees = stage.system.ledger().fees().await.unwrap();
    assert!(fees.now() < fees.max_fee);
    // An ordinary act has three quarters of the budget, and a quarter more than it costs is reserved.
    let cost = U256::from(gas) * U256::from(fees.now());
    let enough = cost * U256::from(5) / U256::from(3) + U256::from(10);
    let options = |budget_per_account| Options { budget_per_account, ..Options::default() };
    assert_eq!(look(&stage.relay(options(enough)).await, &body).await, Ok(Fate::Waiting));
    let too_small = stage.relay(options(enough * U256::from(99) / U256::from(100))).await;
    refused(look(&too_small, &body).await, 429, "it costs about");
    let twice = stage.relay(options(enough)).await;
    assert_eq!(look(&twice, &body).await, Ok(Fate::Waiting));
    refused(look(&twice, &stage.profile(&ana, 1)).await, 429, "is reserved for waiting requests");
}

#[tokio::test]
async fn relay_carries_only_for_its_accounts_its_verbs_and_the_accounts_own_key() {
    let stage = Stage::new().await;
    let [ana, bea] = [(); 2].map(|()| PrivateKeySigner::random());
    let (of_ana, of_bea) = (stage.profile(&ana, 0), stage.profile(&bea, 0));
    let allowing = stage.relay(Options { allowed: vec![ana.address()], ..Options::default() }).await;
    assert_eq!(look(&allowing, &of_ana).await, Ok(Fate::Waiting));
    refused(look(&allowing, &of_bea).await, 403, "does not carry for this account");
    let choosy = stage.relay(Options { verbs: vec!["Revoke".into()], ..Options::default() }).await;
    refused(look(&choosy, &of_ana).await, 403, "does not carry SetProfile");

    let contract = stage.system.contract();
    let act = |deadline| {
        contract.once(&contract.set_profile(B256::repeat_byte(1)), ana.address(), U256::ZERO, deadline).unwrap()
    };
    let (all, wallets) = (
        stage.relay(Options::default()).await,
        stage.relay(Options { contract_wallets: true, ..Options::default() }).await,
    );
    let forged = stage.signed(&bea, &act(stage.later()));
    refused(look(&all, &forged).await, 403, "own key did not sign this");
    assert!(matches!(look(&wallets, &forged).await, Ok(Fate::Refused { .. })), "the contract is asked");
    refused(look(&all, &stage.signed(&ana, &act(stage.later() + 3 * 3600))).await, 403, "two hours away");
}

#[tokio::test]
async fn rate_limit_counts_only_requests_that_the_accounts_own_key_signed() {
    let (stage, ana, bea) = (Stage::new().await, PrivateKeySigner::random(), PrivateKeySigner::random());
    let relay = stage.relay(Options { per_account: 2, ..Options::default() }).await;
    for nonce in [0, 1] {
        assert_eq!(look(&relay, &stage.profile(&ana, nonce)).await, Ok(Fate::Waiting));
    }
    refused(look(&relay, &stage.profile(&ana, 2)).await, 429, "too many requests");
    assert_eq!(look(&relay, &stage.profile(&bea, 0)).await, Ok(Fate::Waiting));
}

#[tokio::test]
async fn known_data_for_another_chain_or_contract_has_no_fate_here() {
    let stage = Stage::new().await;
    let (relay, ana) = (stage.relay(Options::default()).await, PrivateKeySigner::random());
    let body = stage.profile(&ana, 0);
    assert_eq!(look(&relay, &body).await, Ok(Fate::Waiting));
    assert_eq!(look(&relay, &body).await, Ok(Fate::Waiting), "it is known");
    let request: SignedRequest = serde_json::from_slice(&body).unwrap();
    let elsewhere = [
        SignedRequest { chain_id: request.chain_id + 1, ..request.clone() },
        SignedRequest { contract: Address::repeat_byte(7), ..request },
    ];
    for request in elsewhere {
        refused(look(&relay, &serde_json::to_vec(&request).unwrap()).await, 403, "serves only contract");
    }
}

#[tokio::test]
async fn revocation_of_ended_access_is_not_carried() {
    let (stage, ana) = (Stage::new().await, PrivateKeySigner::random());
    let (contract, memory) = (stage.system.contract(), stage.system.memory().unwrap());
    let revocation = let_in(memory, contract, ana.address());
    let act = |granted_up_to| {
        let patient = ana.address();
        stage.signed(&ana, &Act::Revocation { patient, revocation, granted_up_to, key_changes: 0 })
    };
    let relay = stage.relay(Options::default()).await;
    assert_eq!(look(&relay, &act(stage.later())).await, Ok(Fate::Waiting));
    assert!(memory.act(ana.address(), contract.revoke(&[revocation], 0)));
    let again = look(&relay, &act(stage.later() + 1)).await;
    assert!(
        matches!(&again, Ok(Fate::Refused { reason }) if reason.contains("barred from there already")),
        "{again:?}"
    );
}

//! Everything works for people who hold no ether: relays carry what they sign for every contract.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use hospital_record::{
    Client, ErrorKind, Identity, Source, System,
    alloy::primitives::U256,
    board::{Board, CaseStage},
    ledger::ContractKind,
    relay::{Carrier, Fate, Relay, SignedRequest},
};

use crate::{note, refused, relayed::carrier};

/// Keeps count of what it carried.
#[derive(Debug)]
struct Counts(Carrier, Mutex<Vec<(ContractKind, &'static str)>>);

#[async_trait::async_trait]
impl Relay for Counts {
    fn name(&self) -> String {
        "counts".into()
    }

    async fn carry(&self, request: &SignedRequest) -> hospital_record::Result<Fate> {
        let act = request.act().unwrap();
        self.1.lock().unwrap().push((act.kind(), act.verb().unwrap()));
        self.0.carry(request).await
    }
}

struct Poor {
    system: System,
    relay: Arc<Counts>,
}

impl Poor {
    async fn new() -> Self {
        let rich = System::in_memory().await.unwrap();
        let relay = Arc::new(Counts(carrier(&rich).await, Mutex::default()));
        Self { system: rich.relayed_by(vec![relay.clone()]).unwrap(), relay }
    }

    async fn person(&self) -> Client {
        let client = self.system.client(Identity::generate().unwrap().0);
        client.register().await.unwrap();
        client
    }

    /// What was carried since it was asked last.
    fn carried(&self) -> Vec<(ContractKind, &'static str)> {
        std::mem::take(&mut self.relay.1.lock().unwrap())
    }
}

#[tokio::test]
async fn vouching_and_asking_need_no_ether() {
    use ContractKind::{AccessRequests, HospitalRecord, Vouching};
    let poor = Poor::new().await;
    let (ana, lee) = (poor.person().await, poor.person().await);
    ana.add(note("mine")).await.unwrap();
    poor.carried();
    lee.vouches().give(ana.address(), "practitioner").await.unwrap();
    lee.vouches().withdraw(ana.address(), "practitioner").await.unwrap();
    let asked = lee.requests().ask(ana.address()).reason("first").await.unwrap();
    lee.requests().withdraw(ana.address(), asked.id).await.unwrap();
    lee.requests().ask(ana.address()).reason("again").await.unwrap();
    let request = ana.requests().list().await.unwrap().requests.remove(0);
    ana.requests().answer(&request).folder("personal").await.unwrap();
    let verbs = [
        (Vouching, "Vouch"),
        (Vouching, "Withdraw"),
        (AccessRequests, "Ask"),
        (AccessRequests, "Withdraw"),
        (AccessRequests, "Ask"),
        (HospitalRecord, "Grant"),
    ];
    assert_eq!(poor.carried(), verbs);
    lee.acts().void().await.unwrap();
    assert_eq!(poor.carried().len(), 4, "each contract counts by itself");
    for client in [&ana, &lee] {
        assert_eq!(client.balance().await.unwrap(), U256::ZERO);
    }
}

#[tokio::test]
async fn every_act_of_a_board_needs_no_ether() {
    use ContractKind::{Board as AtBoard, Boards};
    let poor = Poor::new().await;
    let (ana, lee) = (poor.person().await, poor.person().await);
    let members = [poor.person().await, poor.person().await, poor.person().await];
    let accounts: Vec<_> = members.iter().map(Client::address).collect();
    poor.carried();
    let board = members[0].boards().create(2, &accounts).await.unwrap().board;
    assert_eq!(poor.carried(), [(Boards, "Create")]);
    let record = ana.add(note("before")).await.unwrap().record;
    ana.boards().grant(&board).await.unwrap();
    ana.boards().appoint_proxy(&board, Some(lee.address())).await.unwrap();
    poor.carried();

    let case = members[0].boards().open_case(&board, ana.address()).to(lee.address()).reason("fell").await.unwrap();
    members[1].boards().acknowledge(&case).await.unwrap();
    for member in &members[..2] {
        assert_eq!(member.boards().release_due(&board).await.unwrap().len(), 1);
    }
    assert_eq!(lee.open(&record).await.unwrap().bytes, "before");
    let case = poor.system.case(&board, case.id).await.unwrap();
    members[2].boards().review(&case, None).await.unwrap();
    ana.boards().veto(&case).await.unwrap();
    close(&members, &board).await;
    let told: Vec<_> = poor.carried().into_iter().filter(|(kind, _)| *kind == AtBoard).map(|(_, verb)| verb).collect();
    let verbs = ["Open", "Acknowledge", "Release", "Release", "Review", "Veto", "AcknowledgeSuccessor", "Resign"];
    assert_eq!(told, verbs);
    assert_eq!(poor.system.case(&board, case.id).await.unwrap().stage, CaseStage::Vetoed);
    for client in members.iter().chain([&ana, &lee]) {
        assert_eq!(client.balance().await.unwrap(), U256::ZERO);
    }
}

async fn close(members: &[Client], board: &Board) {
    members[0].boards().acknowledge_successor(board, None).await.unwrap();
    members[1].boards().resign(board).await.unwrap();
}

#[tokio::test]
async fn several_records_and_grants_are_one_request_each() {
    use ContractKind::HospitalRecord;
    let poor = Poor::new().await;
    let ana = poor.person().await;
    poor.carried();
    let many = (0..100).map(|number| Source::bytes(format!("{number}.txt"), format!("{number}")));
    let added = ana.add_many(many).await.unwrap();
    assert_eq!(poor.carried(), [(HospitalRecord, "AddRecords")]);
    assert_eq!(ana.open(&added[99].record).await.unwrap().bytes, "99");
    poor.system.advance(Duration::from_secs(1)).await.unwrap();
}

#[tokio::test]
async fn carriers_take_nothing_for_a_contract_of_a_stranger() {
    let poor = Poor::new().await;
    let (kim, other) = (poor.person().await, poor.person().await);
    let board = kim.boards().create(1, &[kim.address()]).await.unwrap().board;
    let act = kim.acts().void_at(&board).await;
    assert!(act.is_ok());
    let contract = poor.system.contract();
    // An account without code, and one whose code is no board's.
    for stranger in [other.address(), hospital_record_contracts::DEPLOYER] {
        let call = contract.invalidate_nonces_at(stranger);
        let act = contract.once(&call, kim.address(), U256::ZERO, u64::MAX).unwrap();
        let call = contract.signed(&act, vec![0; 65].into());
        let request = SignedRequest { chain_id: contract.chain(), contract: call.to, data: call.data };
        refused(kim.acts().carry(&request).await, ErrorKind::Invalid);
        let fate = carrier(&poor.system).await.carry(&request).await.unwrap();
        assert!(matches!(&fate, Fate::Refused { reason } if reason.contains("is for contract")), "{fate:?}");
    }
}

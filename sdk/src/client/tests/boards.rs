//! Members of a board, or a node, that do not follow the rules.

use std::time::Duration;

use crate::{
    access::boards::acknowledged,
    base::{error::kind::ErrorKind, record_ref::RecordRef},
    boards::{
        board::Board,
        case::{Case, CaseStage},
    },
    client::{Client, tests::person},
    ledger::{call, folder_scope},
    records::source::Source,
    system::System,
};

use alloy::primitives::{Address, B256, aliases::U24};
use hospital_record_contracts::boards::IBoard::{openCall, reviewCall};
use hospital_record_core::id::{Confidentiality, Folder};

const WARD: &str = "ward";
const HOUR: Duration = Duration::from_secs(3600);

pub(super) struct BoardStage {
    pub(super) system: System,
    pub(super) ana: Client,
    pub(super) lee: Client,
    pub(super) members: Vec<Client>,
    pub(super) board: Board,
    pub(super) record: RecordRef,
}

impl BoardStage {
    /// Ana, whose folder two of a board's three members can open together.
    pub(super) async fn new() -> Self {
        Self::on(System::in_memory().await.unwrap()).await
    }

    pub(super) async fn on(system: System) -> Self {
        let ana = person(&system).await;
        let lee = person(&system).await;
        let members = vec![person(&system).await, person(&system).await, person(&system).await];
        let accounts: Vec<Address> = members.iter().map(Client::address).collect();
        let board = members[0].boards().create(2, &accounts).await.unwrap().board;
        let record = ana.add(Source::bytes("a", "before")).folder(WARD).await.unwrap().record;
        ana.boards().grant(&board).folder(WARD).await.unwrap();
        Self { system, ana, lee, members, board, record }
    }

    pub(super) fn folder(&self) -> Folder {
        self.ana.person().keys().folder(WARD, Confidentiality::N)
    }

    pub(super) async fn granted(&self) -> Case {
        let opening = self.members[0].boards().open_case(&self.board, self.ana.address()).to(self.lee.address());
        let case = opening.reason("why").await.unwrap();
        self.members[1].boards().acknowledge(&case).await.unwrap();
        self.system.case(&self.board, case.id).await.unwrap()
    }

    /// How many shares the first two members released, which is all that was due.
    pub(super) async fn release_due(&self) -> Vec<usize> {
        let mut counts = Vec::new();
        for member in &self.members[..2] {
            let results = member.boards().release_due(&self.board).await.unwrap();
            let released: Vec<_> = results.into_iter().map(|(_, released)| released.unwrap()).collect();
            counts.push(released.len());
        }
        counts
    }

    /// Opens a case past our client, with any reason.
    async fn open_with(&self, member: &Client, reason: B256) -> Case {
        let changes = self.system.services.journals.of(self.ana.address()).await.unwrap().state().key_changes;
        let patient = self.ana.address();
        let grantee = self.lee.address();
        let scope = folder_scope(self.folder().number());
        let keys = U24::wrapping_from(changes);
        let open = openCall { patient, scope, grantee, duration: 3600, reason, epoch: 0, keyChanges: keys };
        member.person().send(call(self.board.address, &open)).await.unwrap();
        self.system.cases(&self.board).await.unwrap().cases.remove(0)
    }

    async fn later(&self) -> RecordRef {
        self.ana.add(Source::bytes("b", "later")).folder(WARD).await.unwrap().record
    }

    async fn read(&self, record: &RecordRef) -> Result<String, ErrorKind> {
        let opened = self.lee.open(record).await;
        opened.map(|opened| String::from_utf8(opened.bytes.to_vec()).unwrap()).map_err(|error| error.kind())
    }
}

#[tokio::test]
async fn a_member_without_keys_stops_neither_cases_nor_rotations() {
    let stage = BoardStage::new().await;
    let broken = &stage.members[2];
    broken.person().send(stage.system.contract().set_profile(B256::repeat_byte(9))).await.unwrap();
    let rotated = stage.ana.folders().rotate(WARD, Confidentiality::N).await.unwrap();
    assert!(rotated.left_out.is_empty(), "{rotated:?}");
    let later = stage.later().await;
    stage.granted().await;
    assert_eq!(stage.release_due().await, [1, 1]);
    assert_eq!(stage.read(&later).await.as_deref(), Ok("later"));
}

#[tokio::test]
async fn another_case_with_the_same_reason_takes_nothing_from_the_first() {
    let stage = BoardStage::new().await;
    let case = stage.granted().await;
    assert_eq!(stage.release_due().await, [1, 1]);
    stage.system.advance(HOUR).await.unwrap();
    let copy = stage.open_with(&stage.members[2], case.reason).await;
    assert!(copy.id != case.id && copy.reason == case.reason);
    assert_eq!(stage.read(&stage.record).await.as_deref(), Ok("before"));
    // The words are by another member, so they do not count.
    assert!(stage.ana.boards().reason_of(&copy).await.is_err());
}

#[tokio::test]
async fn case_does_not_hide_a_grant_of_the_patient() {
    let stage = BoardStage::new().await;
    stage.ana.grant(stage.lee.address()).record(&stage.record).await.unwrap();
    stage.granted().await;
    assert_eq!(stage.read(&stage.record).await.as_deref(), Ok("before"), "nothing was released yet");
    stage.system.advance(5 * HOUR).await.unwrap();
    assert_eq!(stage.read(&stage.record).await.as_deref(), Ok("before"), "it has ended");
}

#[tokio::test]
async fn rotations_go_on_after_a_keyring_that_nobody_has() {
    let stage = BoardStage::new().await;
    let changes = stage.system.services.journals.of(stage.ana.address()).await.unwrap().state().key_changes;
    let lost = stage.system.contract().rotate(stage.folder().number(), 1, B256::repeat_byte(8), changes);
    stage.ana.person().send(lost).await.unwrap();
    // Nobody gets keys of the epoch after one that is not sure. The next rotation gives them to the board, and is the last.
    let mut rotated = Vec::new();
    for _ in 0..3 {
        rotated.push(stage.ana.sync().await.unwrap().rotated);
    }
    assert_eq!(rotated, [1, 1, 0]);
    let later = stage.later().await;
    stage.granted().await;
    assert_eq!(stage.release_due().await, [1, 1]);
    assert_eq!(stage.read(&later).await.as_deref(), Ok("later"));
}

#[tokio::test]
async fn keys_that_move_on_between_two_releases_strand_nobody() {
    let stage = BoardStage::new().await;
    stage.granted().await;
    stage.members[0].boards().release_due(&stage.board).await.unwrap();
    stage.ana.folders().rotate(WARD, Confidentiality::N).await.unwrap();
    stage.members[1].boards().release_due(&stage.board).await.unwrap();
    assert_eq!(stage.read(&stage.record).await, Err(ErrorKind::NotAvailable), "one share of each deal");
    assert_eq!(stage.release_due().await, [1, 0], "what is due of the new deal");
    assert_eq!(stage.read(&stage.record).await.as_deref(), Ok("before"));
    let later = stage.later().await;
    stage.ana.folders().rotate(WARD, Confidentiality::N).await.unwrap();
    stage.members[0].boards().release_due(&stage.board).await.unwrap();
    assert_eq!(stage.read(&later).await.as_deref(), Ok("later"), "one release of a newer deal takes nothing away");
}

#[tokio::test]
async fn missing_reason_delays_no_keys_and_a_review_can_object_to_it() {
    let stage = BoardStage::new().await;
    let case = stage.open_with(&stage.members[0], B256::repeat_byte(7)).await;
    stage.members[1].boards().acknowledge(&case).await.unwrap();
    let case = stage.system.case(&stage.board, case.id).await.unwrap();
    for member in &stage.members[..2] {
        member.boards().release(&case).await.unwrap();
    }
    assert_eq!(stage.read(&stage.record).await.as_deref(), Ok("before"));
    stage.members[2].boards().review(&case, Some("no reason was given")).await.unwrap();
    let lost = reviewCall { id: case.id, finding: B256::repeat_byte(6) };
    assert!(stage.members[2].person().send(call(stage.board.address, &lost)).await.is_err(), "once");
    let case = stage.system.case(&stage.board, case.id).await.unwrap();
    let finding = stage.ana.boards().findings_of(&case).await.remove(0).1.unwrap().unwrap();
    assert_eq!(finding.text, "no reason was given");
}

#[tokio::test]
async fn the_seventeenth_board_is_left_out_and_stops_no_rotation() {
    let stage = BoardStage::new().await;
    let accounts: Vec<Address> = stage.members.iter().map(Client::address).collect();
    for _ in 0..16 {
        let board = stage.members[0].boards().create(2, &accounts).await.unwrap().board;
        stage.ana.boards().grant(&board).folder(WARD).await.unwrap();
    }
    assert_eq!(stage.ana.folders().rotate(WARD, Confidentiality::N).await.unwrap().left_out.len(), 1);
    assert_eq!(stage.ana.sync().await.unwrap().rotated, 0, "another rotation would give no more");
}

/// A node that shows an old case with an invented journal gets no share for it.
#[tokio::test]
async fn an_acknowledgement_counts_for_its_case_and_time_alone() {
    let stage = BoardStage::new().await;
    let first = stage.granted().await;
    stage.system.advance(40 * 24 * HOUR).await.unwrap();
    // It stands for the node's journal, which names the same reason again.
    let again = stage.open_with(&stage.members[0], first.reason).await;
    stage.members[1].boards().acknowledge(&again).await.unwrap();
    let old = Case { stage: CaseStage::Granted { until: first.opened + 41 * 24 * HOUR }, ..first };
    let refused = stage.members[0].boards().release(&old).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict, "{refused}");
}

/// The client records the case that it sent, whatever a node reports about it.
#[tokio::test]
async fn an_opener_acknowledges_the_case_that_was_sent_and_no_other_with_its_reason() {
    let stage = BoardStage::new().await;
    let opening = stage.members[0].boards().open_case(&stage.board, stage.ana.address()).to(stage.lee.address());
    let case = opening.reason("why").await.unwrap();
    let elsewhere = Board { address: Address::repeat_byte(4), ..stage.board.clone() };
    for (member, board, known) in [(0, &stage.board, vec![case.id]), (2, &stage.board, vec![]), (0, &elsewhere, vec![])]
    {
        let person = stage.members[member].person();
        assert_eq!(acknowledged::acknowledged_and_not_over(person, board, 0).await.unwrap(), known);
    }
}

//! Boards: k of n members let somebody in, for hours, with keys that fewer cannot put together.

use std::time::Duration;

use hospital_record::{
    Address, Client, Confidentiality, ErrorKind, Identity, Purpose, RecordRef, System,
    board::{Board, Case, CaseStage},
    ledger::Act,
    relay::{Fate, Relay as _, SignedRequest},
};

use crate::{note, person, refused, relayed::carrier};

const WARD: &str = "ward";
const HOUR: Duration = Duration::from_secs(3600);

/// Ana, who granted a folder to a board of three, of whom two are needed, and Lee, who needs access.
struct Stage {
    system: System,
    ana: Client,
    lee: Client,
    members: Vec<Client>,
    board: Board,
    record: RecordRef,
}

impl Stage {
    async fn new() -> Self {
        Self::of(2, 3).await
    }

    async fn of(threshold: u8, count: usize) -> Self {
        let system = System::in_memory().await.unwrap();
        let (ana, lee) = (person(&system).await, person(&system).await);
        let mut members = Vec::new();
        for _ in 0..count {
            members.push(person(&system).await);
        }
        let accounts: Vec<Address> = members.iter().map(Client::address).collect();
        let board = members[0].boards().create(threshold, &accounts).await.unwrap().board;
        let record = ana.add(note("before")).folder(WARD).await.unwrap().record;
        ana.boards().grant(&board).folder(WARD).await.unwrap();
        Self { system, ana, lee, members, board, record }
    }

    async fn opened(&self) -> Case {
        let opening = self.members[0].boards().open_case(&self.board, self.ana.address()).to(self.lee.address());
        opening.reason("unconscious after a fall").await.unwrap()
    }

    /// Acknowledged by the first two members.
    async fn granted(&self) -> Case {
        let case = self.opened().await;
        self.members[1].boards().acknowledge(&case).await.unwrap();
        self.again(&case).await
    }

    async fn again(&self, case: &Case) -> Case {
        self.system.case(&self.board, case.id).await.unwrap()
    }

    async fn released(&self) -> Case {
        let case = self.granted().await;
        for member in &self.members[..2] {
            let done = member.boards().release_due(&self.board).await.unwrap();
            assert_eq!(
                done.into_iter().map(|(case, released)| (case.id, released.is_ok())).collect::<Vec<_>>(),
                [(case.id, true)]
            );
        }
        case
    }
}

#[tokio::test]
async fn two_of_three_let_somebody_in_for_hours() {
    let stage = Stage::new().await;
    let case = stage.opened().await;
    refused(stage.lee.open(&stage.record).await, ErrorKind::Denied);
    stage.members[1].boards().acknowledge(&case).await.unwrap();
    let case = stage.again(&case).await;
    assert!(case.is_live());
    assert_eq!(case.acknowledged, [stage.members[0].address(), stage.members[1].address()]);
    refused(stage.lee.open(&stage.record).await, ErrorKind::NotAvailable);
    stage.members[0].boards().release(&case).await.unwrap();
    refused(stage.lee.open(&stage.record).await, ErrorKind::NotAvailable);
    // Any members will do, also one who took no part.
    stage.members[2].boards().release(&case).await.unwrap();
    assert_eq!(stage.lee.open(&stage.record).await.unwrap().bytes, "before");
    let shared = stage.lee.grants().received().await.unwrap();
    assert_eq!((shared.grants[0].given_by, shared.grants[0].purpose), (Some(stage.board.address), Purpose::ETREAT));

    stage.system.advance(4 * HOUR).await.unwrap();
    refused(stage.lee.open(&stage.record).await, ErrorKind::Denied);
    assert!(matches!(stage.again(&case).await.stage, CaseStage::Ended { .. }));
}

#[tokio::test]
async fn grantee_of_an_ended_case_cannot_open_later_record() {
    let stage = Stage::new().await;
    stage.released().await;
    let during = stage.ana.add(note("during")).folder(WARD).await.unwrap().record;
    assert_eq!(stage.lee.open(&during).await.unwrap().bytes, "during");
    stage.system.advance(5 * HOUR).await.unwrap();
    // The patient's client moves the keys on before it writes again, and deals them to the board anew.
    let added = stage.ana.add(note("after")).folder(WARD).await.unwrap();
    assert!(added.left_out.is_empty(), "{:?}", added.left_out);
    refused(stage.lee.open(&added.record).await, ErrorKind::Denied);
    let case = stage.released().await;
    assert_eq!(stage.lee.open(&added.record).await.unwrap().bytes, "after");
    assert_eq!(stage.lee.open(&stage.record).await.unwrap().bytes, "before");
    assert_eq!(case.lasts, 4 * HOUR);
}

#[tokio::test]
async fn rotation_deals_new_shares_and_leaves_out_grantee_of_a_case() {
    let stage = Stage::new().await;
    let case = stage.released().await;
    let rotated = stage.ana.folders().rotate(WARD, Confidentiality::N).await.unwrap();
    assert!(rotated.left_out.is_empty(), "{rotated:?}");
    let later = stage.ana.add(note("later")).folder(WARD).await.unwrap().record;
    refused(stage.lee.open(&later).await, ErrorKind::Denied);
    for member in &stage.members[..2] {
        member.boards().release(&case).await.unwrap();
    }
    assert_eq!(stage.lee.open(&later).await.unwrap().bytes, "later");
}

#[tokio::test]
async fn one_record_can_be_given_to_a_board_of_all() {
    let stage = Stage::of(4, 4).await;
    let alone = stage.ana.add(note("alone")).folder("archive").await.unwrap().record;
    stage.ana.revoke(stage.board.address).await.unwrap();
    stage.ana.boards().grant(&stage.board).record(&alone).purpose(Purpose::TREAT).no_end().await.unwrap();
    let case = stage.opened().await;
    for member in &stage.members[1..] {
        member.boards().acknowledge(&case).await.unwrap();
    }
    for member in &stage.members {
        refused(stage.lee.open(&alone).await, ErrorKind::NotAvailable);
        assert_eq!(member.boards().release_due(&stage.board).await.unwrap().len(), 1);
    }
    assert_eq!(stage.lee.open(&alone).await.unwrap().bytes, "alone");
    refused(stage.lee.open(&stage.record).await, ErrorKind::Denied);
    assert_eq!(stage.again(&case).await.review_due, None);
}

#[tokio::test]
async fn a_veto_ends_a_case_before_and_after() {
    let stage = Stage::new().await;
    let case = stage.opened().await;
    stage.ana.boards().veto(&case).await.unwrap();
    refused(stage.members[1].boards().acknowledge(&case).await, ErrorKind::Conflict);
    stage.system.advance(HOUR).await.unwrap();
    let case = stage.released().await;
    stage.lee.open(&stage.record).await.unwrap();
    refused(stage.lee.boards().veto(&case).await, ErrorKind::Denied);
    let proxy = person(&stage.system).await;
    refused(proxy.boards().veto(&case).await, ErrorKind::Denied);
    stage.ana.boards().appoint_proxy(&stage.board, Some(proxy.address())).await.unwrap();
    assert_eq!(stage.system.proxy_of(&stage.board, stage.ana.address()).await.unwrap(), Some(proxy.address()));
    proxy.boards().veto(&case).await.unwrap();
    refused(stage.lee.open(&stage.record).await, ErrorKind::Denied);
    assert_eq!(stage.again(&case).await.stage, CaseStage::Vetoed);
    refused(stage.members[2].boards().release(&case).await, ErrorKind::Conflict);
}

#[tokio::test]
async fn a_signed_veto_ends_a_case_whoever_carries_it_and_is_of_use_for_no_other() {
    let stage = Stage::new().await;
    let (case, ana) = (stage.opened().await, &stage.ana);
    let veto = ana.boards().sign_veto(&case).await.unwrap();
    assert_eq!(veto.to_string().parse::<SignedRequest>().unwrap(), veto);
    assert_eq!(veto.act().map(|act| (act.verb(), act.signer())), Some((Some("Veto"), ana.address())));
    let elsewhere = SignedRequest { contract: stage.lee.address(), ..veto.clone() };
    refused(stage.lee.acts().carry(&elsewhere).await, ErrorKind::Invalid);
    let other = stage.members[0].boards().create(1, &[stage.lee.address()]).await.unwrap().board;
    refused(
        stage.lee.acts().carry(&SignedRequest { contract: other.address, ..veto.clone() }).await,
        ErrorKind::Denied,
    );
    let by_lee = stage.lee.boards().sign_veto(&case).await.unwrap();
    refused(stage.lee.acts().carry(&by_lee).await, ErrorKind::Denied);
    let padded = SignedRequest { data: [&veto.data[..], &[0; 32]].concat().into(), ..veto.clone() };
    assert!(padded.act().is_none());

    assert!(!ana.acts().was_carried(&veto).await.unwrap());
    stage.lee.acts().carry(&veto).await.unwrap();
    assert!(ana.acts().was_carried(&veto).await.unwrap());
    refused(stage.lee.acts().carry(&veto).await, ErrorKind::Conflict);
    refused(stage.members[1].boards().acknowledge(&case).await, ErrorKind::Conflict);
}

#[tokio::test]
async fn unsigned_veto_in_the_name_of_its_carrier_is_refused() {
    let stage = Stage::new().await;
    let (case, carrier) = (stage.opened().await, carrier(&stage.system).await);
    stage.ana.boards().appoint_proxy(&stage.board, Some(carrier.payer())).await.unwrap();
    let veto = stage.ana.boards().sign_veto(&case).await.unwrap();
    let unsigned = |by| {
        let Some(Act::Veto { board, case, .. }) = veto.act() else { panic!("a veto") };
        let call = stage.system.contract().signed(&Act::Veto { board, by, case }, Default::default());
        SignedRequest { data: call.data, ..veto.clone() }
    };
    assert!(matches!(carrier.carry(&unsigned(carrier.payer())).await.unwrap(), Fate::Refused { .. }));
    refused(stage.ana.acts().carry(&unsigned(stage.ana.address())).await, ErrorKind::Denied);
    stage.members[1].boards().acknowledge(&case).await.unwrap();
}

#[tokio::test]
async fn revoking_the_board_ends_all_and_moves_the_keys_on() {
    let stage = Stage::new().await;
    stage.released().await;
    assert!(stage.ana.revoke(stage.board.address).await.unwrap().keys_moved);
    refused(stage.lee.open(&stage.record).await, ErrorKind::Denied);
    let opening = stage.members[0].boards().open_case(&stage.board, stage.ana.address()).to(stage.lee.address());
    refused(opening.reason("again").await, ErrorKind::Denied);
}

#[tokio::test]
async fn members_and_the_patient_read_why_and_nobody_else() {
    let stage = Stage::new().await;
    let case = stage.granted().await;
    for reader in [&stage.ana, &stage.members[0], &stage.members[2]] {
        let reason = reader.boards().reason_of(&case).await.unwrap();
        assert_eq!((reason.author, reason.purpose), (stage.members[0].address(), Purpose::ETREAT));
        assert_eq!(reason.text, "unconscious after a fall");
        assert!(!format!("{reason:?}").contains("fall"));
    }
    refused(stage.lee.boards().reason_of(&case).await, ErrorKind::Denied);
    assert!(case.review_due.is_some());
    refused(stage.members[1].boards().review(&case, None).await, ErrorKind::Denied);
    stage.members[2].boards().review(&case, Some("nobody was called first")).await.unwrap();
    let case = stage.again(&case).await;
    assert_eq!(case.review_due, None);
    let (reviewer, finding) = stage.ana.boards().findings_of(&case).await.remove(0);
    assert_eq!(reviewer, stage.members[2].address());
    assert_eq!(finding.unwrap().unwrap().text, "nobody was called first");
}

#[tokio::test]
async fn nothing_is_released_by_itself_for_cases_that_were_not_acknowledged_here() {
    let stage = Stage::new().await;
    let case = stage.granted().await;
    assert!(stage.members[2].boards().release_due(&stage.board).await.unwrap().is_empty());
    // The same member on another machine cannot know whether it did.
    let elsewhere = stage.system.forgetful().unwrap();
    assert!(elsewhere.cases(&stage.board).await.unwrap().cases[0].is_live());
    assert_eq!(stage.members[0].boards().release_due(&stage.board).await.unwrap().len(), 1);
    assert!(stage.members[0].boards().release_due(&stage.board).await.unwrap().is_empty(), "once");
    assert_eq!(stage.again(&case).await.released, [stage.members[0].address()]);
}

#[tokio::test]
async fn share_of_a_former_member_is_worthless_after_the_next_sync() {
    let stage = Stage::new().await;
    assert_eq!(stage.ana.sync().await.unwrap().rotated, 0);
    stage.members[2].boards().resign(&stage.board).await.unwrap();
    assert_eq!(stage.ana.sync().await.unwrap().rotated, 1);
    assert_eq!(stage.ana.sync().await.unwrap().rotated, 0, "once");
    let later = stage.ana.add(note("later")).folder(WARD).await.unwrap().record;
    let case = stage.granted().await;
    let board = stage.system.board(stage.board.address).await.unwrap();
    assert_eq!(board.left, [stage.members[2].address()]);
    refused(stage.members[2].boards().release(&case).await, ErrorKind::Denied);
    for member in &stage.members[..2] {
        member.boards().release(&case).await.unwrap();
    }
    assert_eq!(stage.lee.open(&later).await.unwrap().bytes, "later");
}

#[tokio::test]
async fn a_board_that_is_followed_by_another_opens_nothing_and_gets_no_more_keys() {
    let stage = Stage::new().await;
    let accounts: Vec<Address> = stage.members.iter().map(Client::address).collect();
    let next = stage.members[0].boards().create(3, &accounts).await.unwrap().board;
    for member in &stage.members[..2] {
        member.boards().acknowledge_successor(&stage.board, Some(&next)).await.unwrap();
    }
    let closed = stage.system.board(stage.board.address).await.unwrap();
    assert_eq!((closed.closed, closed.successor), (true, Some(next.address)));
    let opening = stage.members[0].boards().open_case(&closed, stage.ana.address()).to(stage.lee.address());
    refused(opening.reason("why").await, ErrorKind::Conflict);
    refused(stage.ana.boards().grant(&closed).folder("other").await, ErrorKind::Conflict);
    let synced = stage.ana.sync().await.unwrap();
    assert_eq!((synced.rotated, synced.left_out), (1, vec![closed.address]));
    assert_eq!(stage.ana.sync().await.unwrap().rotated, 0, "once");
    // Nobody has anything of the successor's until the patient grants to it.
    let opening = stage.members[0].boards().open_case(&next, stage.ana.address()).to(stage.lee.address());
    refused(opening.reason("why").await, ErrorKind::Denied);
}

#[tokio::test]
async fn boards_and_cases_that_cannot_be_are_refused_before_anything_is_sent() {
    let stage = Stage::new().await;
    let (ana, one) = (stage.ana.address(), stage.members[0].address());
    for (threshold, members) in
        [(0, vec![one]), (2, vec![one]), (1, vec![one, one]), (1, vec![]), (1, vec![Address::ZERO])]
    {
        refused(stage.lee.boards().create(threshold, &members).await, ErrorKind::Invalid);
    }
    let many: Vec<Address> = (1..18).map(Address::repeat_byte).collect();
    refused(stage.lee.boards().create(1, &many).await, ErrorKind::Invalid);
    refused(stage.lee.boards().create(1, &[Address::repeat_byte(9)]).await, ErrorKind::NotFound);
    refused(stage.system.board(one).await, ErrorKind::NotFound);
    let open = |member: &Client| member.boards().open_case(&stage.board, ana).to(stage.lee.address()).reason("why");
    refused(open(&stage.lee).await, ErrorKind::Denied);
    refused(open(&stage.members[0]).reason("").await, ErrorKind::Invalid);
    refused(open(&stage.members[0]).lasting(25 * HOUR).await, ErrorKind::Invalid);
    refused(open(&stage.members[0]).to(ana).await, ErrorKind::Invalid);
    refused(
        stage.members[0].boards().open_case(&stage.board, stage.lee.address()).reason("why").await,
        ErrorKind::Denied,
    );
    refused(stage.ana.boards().grant(&stage.board).contribute().await, ErrorKind::Invalid);
    let case = stage.opened().await;
    refused(stage.members[0].boards().acknowledge(&case).await, ErrorKind::AlreadyDone);
    refused(stage.lee.boards().acknowledge(&case).await, ErrorKind::Denied);
    refused(stage.members[0].boards().release(&case).await, ErrorKind::Conflict);
    refused(stage.members[2].boards().review(&case, None).await, ErrorKind::Conflict);
}

#[tokio::test]
async fn a_new_machine_knows_the_folder_that_was_given_to_a_board() {
    let stage = Stage::new().await;
    let (identity, phrase) = Identity::generate().unwrap();
    stage.system.fund(identity.address()).await.unwrap();
    let bob = stage.system.client(identity);
    bob.boards().grant(&stage.board).folder("empty").name("night shift").await.unwrap();
    let ana = stage.system.forgetful().unwrap().client(Identity::from_phrase(&phrase, 0).unwrap());
    let names: Vec<_> = ana.folders().list().await.unwrap().into_iter().filter_map(|folder| folder.name).collect();
    assert!(names.contains(&"empty".to_owned()), "{names:?}");
    let grants = ana.grants().list().await.unwrap();
    assert!(grants.iter().all(|grant| grant.name.as_deref() == Some("night shift")), "{grants:?}");
}

//! Boards and cases whose answer was lost: nothing is lost with it, and nothing is made twice.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use hospital_record::{
    Address, Client, ErrorKind, Identity, System,
    board::{Board, Case, CaseStage},
    relay::{Carrier, Fate, Relay, SignedRequest},
};

use crate::{note, person, refused, relayed::carrier};

/// A relay that may keep what it was given and refuse.
#[derive(Debug)]
struct Moody {
    carrier: Carrier,
    withholds: AtomicBool,
    withheld: Mutex<Vec<SignedRequest>>,
}

#[async_trait::async_trait]
impl Relay for Moody {
    fn name(&self) -> String {
        "moody".into()
    }

    async fn carry(&self, request: &SignedRequest) -> hospital_record::Result<Fate> {
        if !self.withholds.load(Ordering::Relaxed) {
            return self.carrier.carry(request).await;
        }
        self.withheld.lock().unwrap().push(request.clone());
        Ok(Fate::Refused { reason: "no".into() })
    }
}

impl Moody {
    fn withholds(&self, on: bool) {
        self.withholds.store(on, Ordering::Relaxed);
    }

    /// Carries what was withheld last, after all.
    async fn relents(&self) -> Fate {
        let request = self.withheld.lock().unwrap().pop().unwrap();
        self.carrier.carry(&request).await.unwrap()
    }
}

/// Kim, a member without ether of a board of two to which Ana granted, and the relay that Kim depends on.
struct Night {
    system: System,
    relay: Arc<Moody>,
    ana: Client,
    lee: Client,
    kim: Client,
    board: Board,
}

impl Night {
    async fn new() -> Self {
        let rich = System::in_memory().await.unwrap();
        let carrier = carrier(&rich).await;
        let relay = Arc::new(Moody { carrier, withholds: AtomicBool::new(false), withheld: Mutex::default() });
        let system = rich.relayed_by(vec![relay.clone()]).unwrap();
        let (ana, lee, sam) = (person(&rich).await, person(&rich).await, person(&rich).await);
        let kim = system.client(Identity::generate().unwrap().0);
        kim.register().await.unwrap();
        let board = kim.boards().create(2, &[kim.address(), sam.address()]).await.unwrap().board;
        ana.add(note("before")).await.unwrap();
        ana.boards().grant(&board).await.unwrap();
        Self { system, relay, ana, lee, kim, board }
    }

    async fn open(&self) -> hospital_record::Result<Case> {
        self.kim.boards().open_case(&self.board, self.ana.address()).to(self.lee.address()).reason("fell").await
    }

    async fn cases(&self) -> Vec<Case> {
        self.system.cases(&self.board).await.unwrap().cases
    }
}

#[tokio::test]
async fn case_whose_answer_was_lost_is_not_opened_again() {
    let night = Night::new().await;
    night.relay.withholds(true);
    refused(night.open().await, ErrorKind::Refused);
    assert!(matches!(night.relay.relents().await, Fate::Done { .. }));
    // That the case was opened is known before it is asked for again.
    let [case] = &night.cases().await[..] else { panic!("one case") };
    night.relay.withholds(false);
    let again = night.open().await.unwrap();
    assert_eq!((again.id, night.cases().await.len()), (case.id, 1));
    assert_eq!(night.open().await.unwrap().id, case.id, "it is open already");
    assert!(matches!(case.stage, CaseStage::Open { .. }));
}

#[tokio::test]
async fn request_that_was_withheld_opens_no_second_case() {
    let night = Night::new().await;
    night.relay.withholds(true);
    refused(night.open().await, ErrorKind::Refused);
    night.relay.withholds(false);
    let case = night.open().await.unwrap();
    // Within one second it would be the very same case.
    night.system.advance(std::time::Duration::from_secs(5)).await.unwrap();
    let fate = night.relay.relents().await;
    assert!(!matches!(fate, Fate::Done { transaction: Some(_) }), "{fate:?}");
    assert_eq!(night.cases().await.iter().map(|case| case.id).collect::<Vec<_>>(), [case.id]);
}

#[tokio::test]
async fn voided_opening_of_a_case_is_repeated_with_a_new_request() {
    let night = Night::new().await;
    night.relay.withholds(true);
    refused(night.open().await, ErrorKind::Refused);
    night.relay.withholds(false);
    night.kim.acts().void_at(&night.board).await.unwrap();
    assert!(matches!(night.relay.relents().await, Fate::Refused { .. }));
    night.open().await.unwrap();
    assert_eq!(night.cases().await.len(), 1);
}

#[tokio::test]
async fn other_reason_or_person_is_another_case() {
    let night = Night::new().await;
    let case = night.open().await.unwrap();
    let opening = || night.kim.boards().open_case(&night.board, night.ana.address());
    let other = opening().to(night.lee.address()).reason("fell again").await.unwrap();
    let sam = person(&night.system).await;
    let mine = opening().to(sam.address()).reason("fell").await.unwrap();
    let ids: std::collections::BTreeSet<_> = [case.id, other.id, mine.id].into();
    assert_eq!((ids.len(), night.cases().await.len()), (3, 3));
}

#[tokio::test]
async fn opener_of_a_case_whose_answer_was_lost_releases_what_is_due() {
    let rich = System::in_memory().await.unwrap();
    let (ana, lee, sam) = (person(&rich).await, person(&rich).await, person(&rich).await);
    let carrier = carrier(&rich).await;
    let relay = Arc::new(Moody { carrier, withholds: AtomicBool::new(false), withheld: Mutex::default() });
    let kim = rich.relayed_by(vec![relay.clone()]).unwrap().client(Identity::generate().unwrap().0);
    kim.register().await.unwrap();
    let board = kim.boards().create(2, &[kim.address(), sam.address()]).await.unwrap().board;
    ana.add(note("before")).await.unwrap();
    ana.boards().grant(&board).await.unwrap();
    relay.withholds(true);
    refused(kim.boards().open_case(&board, ana.address()).to(lee.address()).reason("fell").await, ErrorKind::Refused);
    relay.relents().await;
    relay.withholds(false);
    let case = rich.cases(&board).await.unwrap().cases.remove(0);
    sam.boards().acknowledge(&case).await.unwrap();
    let released = kim.boards().release_due(&board).await.unwrap();
    assert!(matches!(&released[..], [(_, Ok(_))]), "{released:?}");
}

#[tokio::test]
async fn board_whose_answer_was_lost_is_the_board_of_the_next_call() {
    let rich = System::in_memory().await.unwrap();
    let carrier = carrier(&rich).await;
    let relay = Arc::new(Moody { carrier, withholds: AtomicBool::new(false), withheld: Mutex::default() });
    let system = rich.relayed_by(vec![relay.clone()]).unwrap();
    let kim = system.client(Identity::generate().unwrap().0);
    kim.register().await.unwrap();
    let sam = person(&rich).await;
    let members: [Address; 2] = [kim.address(), sam.address()];
    relay.withholds(true);
    refused(kim.boards().create(2, &members).await, ErrorKind::Refused);
    let request = relay.withheld.lock().unwrap().last().cloned().unwrap();
    assert!(matches!(relay.relents().await, Fate::Done { .. }));

    // It is there, so nothing is sent any more.
    let made = kim.boards().create(2, &members).await.unwrap();
    assert!(made.transaction.is_none() && kim.acts().was_carried(&request).await.unwrap());
    assert_eq!(made.board.members, members);
    relay.withholds(false);
    let another = kim.boards().create(2, &members).await.unwrap();
    assert_ne!(another.board.address, made.board.address, "the same people may have several boards");
}

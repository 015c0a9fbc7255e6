//! A failure after an act was sent is never reported as if nothing had happened, and `resume` finishes the rest.

use hospital_record_core::id::Confidentiality;

use crate::{
    base::{
        error::{Error, Result, kind::ErrorKind, outcome::Outcome},
        record_ref::RecordRef,
    },
    client::{
        Client,
        resume::Leftover,
        tests::{
            boards::BoardStage,
            faulty::{Fault, Faulty},
            person,
        },
    },
    ledger::{Rights, SubmitError},
    records::source::Source,
    system::System,
};

/// Ana has a record that Kim may read, delegate, attest and add to. Lee has no access yet.
struct VerbStage {
    system: System,
    ana: Client,
    kim: Client,
    lee: Client,
    record: RecordRef,
}

impl VerbStage {
    async fn new(system: System) -> Self {
        let ana = person(&system).await;
        let kim = person(&system).await;
        let lee = person(&system).await;
        let record = ana.add(Source::bytes("x", "x")).await.unwrap().record;
        let all = Rights::READ.and(Rights::CONTRIBUTE).and(Rights::DELEGATE).and(Rights::ATTEST);
        ana.grant(kim.address()).rights(all).await.unwrap();
        Self { system, ana, kim, lee, record }
    }
}

macro_rules! verbs {
    ($($verb:ident),*) => {
        #[derive(Clone, Copy, Debug, PartialEq)]
        enum Verb { $($verb),* }

        const VERBS: &[Verb] = &[$(Verb::$verb),*];
    };
}

verbs!(
    Grant,
    GrantRecord,
    PassOn,
    Revoke,
    Rotate,
    Add,
    AddMany,
    Contribute,
    Replace,
    MarkInError,
    Attest,
    Open,
    Renounce,
    Vouch,
    Ask,
    CreateBoard
);

impl Verb {
    fn actor(self, stage: &VerbStage) -> &Client {
        match self {
            Self::PassOn | Self::Contribute | Self::Attest | Self::Open | Self::Renounce => &stage.kim,
            Self::Ask => &stage.lee,
            _ => &stage.ana,
        }
    }

    async fn run(self, stage: &VerbStage) -> Result<()> {
        let VerbStage { ana, kim, lee, record, .. } = stage;
        let new = || Source::bytes("new", "new");
        match self {
            Self::Grant => ana.grant(lee.address()).await.map(drop),
            Self::GrantRecord => ana.grant(lee.address()).record(record).await.map(drop),
            Self::PassOn => kim.grant(lee.address()).patient(ana.address()).await.map(drop),
            Self::Revoke => ana.revoke(kim.address()).await.map(drop),
            Self::Rotate => ana.folders().rotate("personal", Confidentiality::N).await.map(drop),
            Self::Add => ana.add(new()).await.map(drop),
            Self::AddMany => ana.add_many([new(), Source::bytes("two", "two")]).await.map(drop),
            Self::Contribute => kim.add(new()).patient(ana.address()).await.map(drop),
            Self::Replace => ana.replace(record, new()).await.map(drop),
            Self::MarkInError => ana.mark_entered_in_error(record).await.map(drop),
            Self::Attest => kim.attest(record).await.map(drop),
            Self::Open => kim.open(record).await.map(drop),
            Self::Renounce => {
                let shared = kim.grants().received().await?;
                kim.grants().renounce(ana.address(), shared.grants[0].scope_id).await.map(drop)
            }
            Self::Vouch => ana.vouches().give(lee.address(), "practitioner").await.map(drop),
            Self::Ask => lee.requests().ask(ana.address()).reason("why").await.map(drop),
            Self::CreateBoard => ana.boards().create(1, &[kim.address()]).await.map(drop),
        }
    }

    /// Whether its effect is on chain.
    async fn is_done(self, stage: &VerbStage) -> bool {
        let VerbStage { ana, kim, lee, record, system } = stage;
        let journal = system.services.journals.of(ana.address()).await.unwrap();
        let listed = || async { ana.list().await.unwrap().len() };
        match self {
            Self::Grant | Self::GrantRecord | Self::PassOn => lee.open(record).await.is_ok(),
            Self::Revoke => kim.open(record).await.is_err_and(|error| error.kind() == ErrorKind::Denied),
            Self::Rotate => journal.folder(ana.person().keys().folder("personal", Confidentiality::N)).epoch == 1,
            Self::Add | Self::Contribute => listed().await == 2,
            Self::AddMany => listed().await == 3,
            Self::Replace | Self::MarkInError => {
                journal.state().records.values().any(|record| record.state.status as u8 != 0)
            }
            Self::Attest => journal.state().records.values().any(|record| !record.attestations.is_empty()),
            Self::Open => !journal.state().accesses.is_empty(),
            Self::Renounce => kim.open(record).await.is_err(),
            Self::Vouch | Self::Ask | Self::CreateBoard => true,
        }
    }
}

/// Whether the error says that the act may have happened.
fn says_so(error: &Error) -> bool {
    error.transaction().is_some() || error.is_outage() || matches!(error, Error::Halfway { .. })
}

#[tokio::test]
async fn no_verb_denies_its_act_if_one_later_question_is_refused() {
    for &verb in VERBS {
        for nth in 0.. {
            let stage = VerbStage::new(System::in_memory().await.unwrap()).await;
            let memory = stage.system.memory().unwrap().clone();
            memory.refuse_after_submission(nth, 1);
            let result = verb.run(&stage).await;
            if memory.to_refuse() == 1 {
                result.unwrap();
                assert!(nth > 0, "{verb:?} asks nothing after its act");
                break;
            }
            if let Err(error) = result {
                assert!(says_so(&error), "{verb:?}, question {nth}: {error}");
            }
            let resumed = verb.actor(&stage).resume().await.unwrap();
            assert!(resumed.failed.is_empty(), "{verb:?}, question {nth}: {resumed:?}");
            assert!(verb.is_done(&stage).await, "{verb:?}, question {nth}");
        }
    }
}

/// The provider answers with the receipt, and with nothing after it.
async fn is_left_to_resume(verb: Verb) {
    let stage = VerbStage::new(System::in_memory().await.unwrap()).await;
    let memory = stage.system.memory().unwrap().clone();
    memory.refuse_after_submission(1, usize::MAX);
    if let Err(error) = verb.run(&stage).await {
        assert!(says_so(&error), "{verb:?}: {error}");
    }
    memory.refuse_after_submission(0, 0);
    let resumed = verb.actor(&stage).resume().await.unwrap();
    assert!(resumed.failed.is_empty(), "{verb:?}: {resumed:?}");
    assert!(verb.is_done(&stage).await, "{verb:?}");
}

#[tokio::test]
async fn a_provider_that_refuses_all_after_an_act_is_mined_leaves_the_rest_to_resume() {
    futures::future::join_all(VERBS.iter().copied().map(is_left_to_resume)).await;
}

/// Ana's store takes this many more puts, and is full then.
async fn filling(puts: usize) -> (Faulty, VerbStage) {
    let faulty = Faulty::new();
    let stage = VerbStage::new(System::in_memory_with(faulty.clone()).await.unwrap()).await;
    faulty.becomes(Fault::FullAfter(puts));
    (faulty, stage)
}

#[tokio::test]
async fn keys_that_could_not_be_stored_after_their_act_are_stored_by_resume() {
    for verb in [Verb::Grant, Verb::GrantRecord, Verb::PassOn, Verb::Rotate] {
        let (faulty, stage) = filling(1).await;
        let actor = verb.actor(&stage);
        let error = verb.run(&stage).await.unwrap_err();
        let Error::Halfway { outcome: Outcome::KeysNotStored { transaction }, .. } = &error else {
            panic!("{verb:?}: {error}")
        };
        assert_eq!((error.kind(), error.transaction()), (ErrorKind::Refused, *transaction));
        assert!(
            error.to_string().contains("is on chain") && error.to_string().contains("`resume` stores them"),
            "{error}"
        );
        let [failed] = &actor.resume().await.unwrap().failed[..] else { panic!("{verb:?}: it is still owed") };
        assert!(matches!(failed.what, Leftover::Keys(_)), "{failed:?}");

        faulty.becomes(Fault::None);
        let resumed = actor.resume().await.unwrap();
        assert_eq!((resumed.keys, &resumed.failed[..]), (1, &[][..]), "{verb:?}");
        assert!(actor.resume().await.unwrap().is_nothing());
        let reader = if verb == Verb::Rotate { &stage.kim } else { &stage.lee };
        assert!(reader.open(&stage.record).await.is_ok(), "{verb:?}");
        if verb == Verb::Rotate {
            let after = stage.ana.add(Source::bytes("after", "after")).await.unwrap().record;
            assert!(stage.kim.open(&after).await.is_ok(), "the keyring is there");
        }
    }
}

#[tokio::test]
async fn full_store_is_noticed_before_anything_is_on_chain() {
    for verb in [Verb::Grant, Verb::PassOn, Verb::Rotate] {
        let (_, stage) = filling(0).await;
        let before = stage.system.services.journals.of(stage.ana.address()).await.unwrap().history.entries().len();
        let error = verb.run(&stage).await.unwrap_err();
        assert!(error.kind() == ErrorKind::Refused && error.transaction().is_none(), "{verb:?}: {error}");
        let after = stage.system.services.journals.of(stage.ana.address()).await.unwrap().history.entries().len();
        assert_eq!(before, after, "{verb:?}");
    }
}

#[tokio::test]
async fn keys_of_a_grant_that_has_ended_meanwhile_are_never_stored() {
    let (faulty, stage) = filling(1).await;
    Verb::Grant.run(&stage).await.unwrap_err();
    stage.ana.revoke(stage.lee.address()).await.unwrap();
    faulty.becomes(Fault::None);
    assert_eq!(stage.ana.resume().await.unwrap().keys, 1, "the keyring alone");
    assert!(stage.lee.open(&stage.record).await.is_err());
}

#[tokio::test]
async fn a_share_that_could_not_be_stored_is_stored_by_resume_and_not_released_twice() {
    let faulty = Faulty::new();
    let ward = BoardStage::on(System::in_memory_with(faulty.clone()).await.unwrap()).await;
    let case = ward.granted().await;
    let [one, two, _] = &ward.members[..] else { unreachable!() };
    one.boards().release(&case).await.unwrap();
    faulty.becomes(Fault::FullAfter(1));
    let error = two.boards().release(&case).await.unwrap_err();
    assert!(matches!(&error, Error::Halfway { outcome: Outcome::KeysNotStored { .. }, .. }), "{error}");
    assert!(ward.lee.open(&ward.record).await.is_err());
    faulty.becomes(Fault::None);
    assert_eq!(two.resume().await.unwrap().keys, 1);
    assert!(ward.lee.open(&ward.record).await.is_ok());
    assert!(two.boards().release_due(&ward.board).await.unwrap().is_empty());
}

#[tokio::test]
async fn failed_revocation_says_that_access_has_not_ended() {
    let stage = VerbStage::new(System::in_memory().await.unwrap()).await;
    stage.system.memory().unwrap().refuse(true);
    let error = stage.ana.revoke(stage.kim.address()).await.unwrap_err();
    let grantee = stage.kim.address();
    let Error::Halfway { outcome, .. } = &error else { panic!("{error}") };
    assert_eq!(*outcome, Outcome::AccessNotEnded { grantee });
    assert!(error.to_string().starts_with(&format!("{grantee} still has access")), "{error}");
    assert!(error.kind() == ErrorKind::Unreachable && error.to_string().contains("--sign"), "{error}");
    stage.system.memory().unwrap().refuse(false);
    assert_eq!(stage.ana.revoke(stage.lee.address()).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn an_add_that_fails_after_storing_says_that_resume_registers_it() {
    let stage = VerbStage::new(System::in_memory().await.unwrap()).await;
    let memory = stage.system.memory().unwrap();
    memory.refuse_next_submission(SubmitError::Rejected("no".into()));
    let error = stage.ana.add(Source::bytes("new", "new")).await.unwrap_err();
    let Error::Halfway { outcome: Outcome::NotRegistered { records }, .. } = &error else { panic!("{error}") };
    assert!(records.len() == 1 && error.to_string().contains("if you add it again now, it may exist twice"), "{error}");
    assert_eq!(stage.ana.resume().await.unwrap().finished, *records);
    assert_eq!(stage.ana.list().await.unwrap().len(), 2);
}

/// Acts that look the same are not the same act: a revocation after a new grant, a second reading.
#[tokio::test]
async fn acts_that_are_done_again_and_again_leave_nothing_to_resume() {
    let stage = VerbStage::new(System::in_memory().await.unwrap()).await;
    let VerbStage { ana, kim, lee, record, .. } = &stage;
    for _ in 0..3 {
        ana.grant(lee.address()).await.unwrap();
        for reader in [kim, lee] {
            reader.open(record).await.unwrap();
        }
        ana.folders().rotate("personal", Confidentiality::N).await.unwrap();
        ana.revoke(lee.address()).in_a_hurry().await.unwrap();
        ana.grant(lee.address()).record(record).await.unwrap();
        let shared = lee.grants().received().await.unwrap();
        lee.grants().renounce(ana.address(), shared.grants[0].scope_id).await.unwrap();
        ana.add(Source::bytes("more", "more")).await.unwrap();
        for person in [ana, kim, lee] {
            let resumed = person.resume().await.unwrap();
            assert!(resumed.is_nothing(), "{resumed:?}");
            assert!(person.acts().missing().await.unwrap().is_empty());
        }
    }
}

//! Work that was left behind is finished, removed or reported, and none of it stops the rest.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use crate::{
    base::{
        cancel::Control,
        error::{Result, kind::ErrorKind},
    },
    client::{
        Client,
        resume::{Leftover, Resumed},
        tests::{
            faulty::{Fault, Faulty},
            person,
        },
    },
    ledger::{Ledger, SubmitError, record_key},
    people::identity::Identity,
    records::{
        details::Details,
        pending,
        source::Source,
        target::{self, FolderChoice},
        write::{self, StoredRecord, metadata},
    },
    system::System,
};

use alloy::primitives::B256;
use hospital_record_core::id::{Confidentiality, RecordId};

/// An upload that was interrupted before its transaction was signed.
async fn stored(ana: &Client, text: &'static str, replaces: Option<B256>) -> RecordId {
    let place = FolderChoice::Named("personal".into(), Confidentiality::N);
    let target = target::target(ana.person(), ana.address(), &place).await.unwrap();
    let mut source = Source::bytes(text, text);
    let metadata = metadata(&target, &mut source, &Details::default(), Details::default()).unwrap();
    write::store(ana.person(), &target, &mut source, &metadata, replaces, &Control::default()).await.unwrap().id
}

/// One person with two machines.
async fn two_devices() -> (System, Client, Client) {
    let system = System::in_memory().await.unwrap();
    let (identity, _) = Identity::generate().unwrap();
    system.fund(identity.address()).await.unwrap();
    let one = system.client(identity.clone());
    let two = system.forgetful().unwrap().client(identity);
    one.register().await.unwrap();
    (system, one, two)
}

/// Runs an act until its transaction is saved, and drops it. The node forgets the transaction.
async fn left_behind<T>(ana: &Client, act: impl Future<Output = Result<T>>) {
    let memory = ana.system().memory().unwrap();
    let sender = &ana.system().services.sender;
    memory.hold(true);
    let saved = async {
        while sender.pending(ana.address()).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        _ = act => panic!("it was not held"),
        () = saved => {}
    }
    memory.forget_waiting();
    memory.hold(false);
}

#[tokio::test]
async fn replacement_of_a_record_that_is_no_longer_current_is_removed() {
    let (system, ana, other) = two_devices().await;
    for in_error in [false, true] {
        let old = ana.add(Source::bytes("x", "old")).await.unwrap().record;
        let key = record_key(ana.address(), B256::from(old.id.0));
        let id = stored(&ana, "new", Some(key)).await;
        match in_error {
            true => drop(other.mark_entered_in_error(&old).await.unwrap()),
            false => drop(other.replace(&old, Source::bytes("x", "newer")).await.unwrap()),
        }
        let resumed = ana.resume().await.unwrap();
        let removed = resumed.removed.clone();
        let watching = resumed.watching;
        assert_eq!((removed.len(), removed[0].id, removed[0].name.as_deref()), (1, id, Some("new")), "{removed:?}");
        assert_eq!(resumed, Resumed { removed, watching, ..Resumed::default() });
        let own = system.services.stores.own();
        own.sweep(Duration::ZERO).await.unwrap();
        assert!(!own.has(&id.cid()).await.unwrap(), "it is still pinned");
        assert!(ana.resume().await.unwrap().is_nothing());
    }
}

#[tokio::test]
async fn an_upload_that_cannot_be_finished_stops_no_other_and_no_sweep_fails_the_rest() {
    let faulty = Faulty::new();
    let system = System::in_memory_with(faulty.clone()).await.unwrap();
    let ana = person(&system).await;
    let mut ids = [stored(&ana, "one", None).await, stored(&ana, "two", None).await];
    ids.sort_by_key(|id| id.0);
    faulty.becomes(Fault::Refuses(ids[0].cid()));
    let resumed = ana.resume().await.unwrap();
    assert_eq!((&resumed.finished[..], resumed.removed.len()), (&ids[1..], 0));
    let failed: Vec<_> = resumed.failed.iter().map(|failed| (failed.what, failed.kind)).collect();
    let refused = ErrorKind::Refused;
    assert_eq!(failed, [(Leftover::Record(ids[0]), refused), (Leftover::Blocks, refused)]);
    assert!(resumed.failed[0].reason.contains("the disk is sad"), "{resumed:?}");

    faulty.becomes(Fault::None);
    let resumed = ana.resume().await.unwrap();
    assert_eq!((&resumed.finished[..], resumed.failed.len()), (&ids[..1], 0));
    assert_eq!(ana.list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn resume_waits_once_for_a_store_that_does_not_answer() {
    let faulty = Faulty::new();
    let system = System::in_memory_with(faulty.clone()).await.unwrap();
    let ana = person(&system).await;
    for text in ["one", "two", "three"] {
        stored(&ana, text, None).await;
    }
    faulty.becomes(Fault::Silent);
    let resumed = ana.resume().await.unwrap();
    assert!(resumed.failed.iter().all(|failed| failed.kind == ErrorKind::TimedOut), "{resumed:?}");
    assert_eq!((resumed.failed.len(), faulty.waited.load(Relaxed)), (4, 1));
    faulty.becomes(Fault::None);
    assert_eq!(ana.resume().await.unwrap().finished.len(), 3);
}

#[tokio::test]
async fn discard_waits_once_for_a_store_that_does_not_answer_and_leaves_the_rest_to_resume() {
    let faulty = Faulty::new();
    let system = System::in_memory_with(faulty.clone()).await.unwrap();
    let ana = person(&system).await;
    let ids = [stored(&ana, "one", None).await, stored(&ana, "two", None).await];
    faulty.becomes(Fault::Silent);
    write::discard(ana.person(), ana.address(), &ids.map(|id| StoredRecord { id, size: 3, media_type: String::new() }))
        .await;
    assert_eq!(faulty.waited.load(Relaxed), 1);
    faulty.becomes(Fault::None);
    assert_eq!(ana.resume().await.unwrap().discarded, 2);
}

/// Ana's grant to Lee is left behind, and her other device grants to Lee and revokes it.
async fn ended_meanwhile() -> (System, Client, Client) {
    let (system, ana, other) = two_devices().await;
    let lee = person(&system).await;
    left_behind(&ana, ana.grant(lee.address()).into_future()).await;
    other.grant(lee.address()).await.unwrap();
    other.revoke(lee.address()).await.unwrap();
    (system, ana, lee)
}

#[tokio::test]
async fn a_grant_that_another_device_ended_does_not_come_back() {
    let (_, ana, _) = ended_meanwhile().await;
    let resumed = ana.resume().await.unwrap();
    let [failed] = &resumed.failed[..] else { panic!("{resumed:?}") };
    assert!(matches!(failed.what, Leftover::Transaction(_)) && failed.kind == ErrorKind::Conflict, "{failed:?}");
    assert!(failed.reason.contains("repeat it if it is still wanted"), "{failed:?}");
    assert!(ana.grants().list().await.unwrap().is_empty());

    let (_, ana, lee) = ended_meanwhile().await;
    let error = ana.add(Source::bytes("x", "x")).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Conflict && error.to_string().contains("still wanted"), "{error}");
    let record = ana.add(Source::bytes("x", "x")).await.unwrap().record;
    assert!(ana.grants().list().await.unwrap().is_empty());
    assert_eq!(lee.open(&record).await.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn a_grant_that_is_on_its_way_is_ended_by_a_revocation() {
    let (system, ana, _) = two_devices().await;
    let lee = person(&system).await;
    left_behind(&ana, ana.grant(lee.address()).into_future()).await;
    assert_eq!(ana.revoke(lee.address()).await.unwrap().ended, 1);
    assert!(ana.grants().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_add_that_another_device_overtook_is_finished_from_what_was_stored() {
    let (system, ana, other) = two_devices().await;
    left_behind(&ana, ana.add(Source::bytes("x", "kept")).into_future()).await;
    other.grant(person(&system).await.address()).await.unwrap();
    let resumed = ana.resume().await.unwrap();
    assert_eq!((resumed.finished.len(), &resumed.failed[..]), (1, &[][..]), "{resumed:?}");
    assert_eq!(ana.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_add_that_is_refused_stays_pinned_and_is_finished_by_resume() {
    let (system, ana, _) = two_devices().await;
    let refused = || SubmitError::Rejected("insufficient funds".into());
    for lands in [false, true] {
        system.memory().unwrap().refuse_next_submission(refused());
        let error = ana.add(Source::bytes("x", "kept")).await.unwrap_err();
        assert!(error.kind() == ErrorKind::Refused && error.to_string().contains("may still take effect"), "{error}");
        let [(id, _)] = &pending::unfinished(ana.person()).await.unwrap()[..] else { panic!("it was let go of") };
        if lands {
            let pending = ana.system().services.sender.pending(ana.address()).await.unwrap().unwrap();
            system.memory().unwrap().submit(pending.raw).await.unwrap();
        }
        let own = system.services.stores.own();
        own.sweep(Duration::ZERO).await.unwrap();
        assert!(own.has(&id.cid()).await.unwrap(), "it was unpinned");
        let resumed = ana.resume().await.unwrap();
        assert_eq!((&resumed.finished[..], resumed.transaction.is_some()), (&[*id][..], lands));
        assert!(ana.open(&ana.record(ana.address(), *id)).await.is_ok());
    }
    assert_eq!(ana.list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_grant_that_was_left_behind_is_finished_by_resume_with_its_keys() {
    let (system, ana, _) = two_devices().await;
    let lee = person(&system).await;
    let record = ana.add(Source::bytes("x", "x")).await.unwrap().record;
    left_behind(&ana, ana.grant(lee.address()).into_future()).await;
    assert_eq!(lee.open(&record).await.unwrap_err().kind(), ErrorKind::Denied, "not yet");
    let resumed = ana.resume().await.unwrap();
    assert!(resumed.transaction.is_some() && resumed.keys == 1 && resumed.failed.is_empty(), "{resumed:?}");
    assert!(lee.open(&record).await.is_ok());
}

/// Ana's rotation is left behind, and her other device makes it impossible.
async fn in_vain() -> (System, Client, Client) {
    let (system, ana, other) = two_devices().await;
    let lee = person(&system).await;
    ana.grant(lee.address()).await.unwrap();
    left_behind(&ana, ana.folders().rotate("personal", Confidentiality::N)).await;
    other.folders().rotate("personal", Confidentiality::N).await.unwrap();
    (system, ana, lee)
}

#[tokio::test]
async fn resume_reports_an_act_without_effect_and_goes_on() {
    let (_, ana, _) = in_vain().await;
    let id = stored(&ana, "upload", None).await;
    let resumed = ana.resume().await.unwrap();
    assert_eq!((resumed.transaction, &resumed.finished[..]), (None, &[id][..]));
    let [failed] = &resumed.failed[..] else { panic!("{resumed:?}") };
    assert!(matches!(failed.what, Leftover::Transaction(_)) && failed.kind == ErrorKind::Conflict, "{failed:?}");
    assert!(ana.resume().await.unwrap().failed.is_empty(), "it is reported once");
}

#[tokio::test]
async fn next_call_reports_an_act_without_effect_and_no_revocation_waits_for_it() {
    let (system, ana, lee) = in_vain().await;
    let kim = person(&system).await;
    let error = ana.grant(kim.address()).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Conflict && error.to_string().contains("earlier call"), "{error}");
    ana.grant(kim.address()).await.unwrap();
    ana.revoke(lee.address()).await.unwrap();

    let (_, ana, lee) = in_vain().await;
    let revoked = ana.revoke(lee.address()).await.unwrap();
    assert!(revoked.ended == 1 && revoked.earlier_failed.is_some(), "{revoked:?}");
    assert!(ana.grants().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn error_also_reports_the_result_of_an_earlier_act() {
    let (system, ana, _) = in_vain().await;
    let error = ana.revoke(person(&system).await.address()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("nothing to end") && error.to_string().contains("earlier call"), "{error}");

    let (system, ana, _) = in_vain().await;
    let call = system.contract().set_profile(B256::ZERO);
    let error = ana.person().send_at_once(call).await.unwrap_err();
    assert!(error.to_string().contains("a digest or a list is empty") && error.to_string().contains("earlier call"));
}

#[tokio::test]
async fn revocation_that_finds_nothing_reports_a_refused_grant_that_may_still_land() {
    let (system, ana, _) = two_devices().await;
    let lee = person(&system).await;
    system.memory().unwrap().refuse_next_submission(SubmitError::Rejected("no".into()));
    ana.grant(lee.address()).await.unwrap_err();
    let error = ana.revoke(lee.address()).await.unwrap_err();
    assert!(error.kind() == ErrorKind::NotFound && error.to_string().contains("may still take effect"), "{error}");
}

#[tokio::test]
async fn a_board_and_a_case_that_were_left_behind_are_not_made_twice() {
    let (system, ana, _) = two_devices().await;
    let kim = person(&system).await;
    let lee = person(&system).await;
    let tom = person(&system).await;
    let members = [ana.address(), kim.address()];
    left_behind(&ana, ana.boards().create(2, &members)).await;
    let made = ana.boards().create(2, &members).await.unwrap();
    assert!(made.transaction.is_none(), "the transaction that was left behind made it");

    lee.add(Source::bytes("x", "x")).await.unwrap();
    lee.boards().grant(&made.board).await.unwrap();
    let open = || ana.boards().open_case(&made.board, lee.address()).to(tom.address()).reason("fell");
    let board = made.board.clone();
    left_behind(&ana, open().into_future()).await;
    let case = open().await.unwrap();
    let cases = system.cases(&board).await.unwrap().cases;
    assert_eq!(cases.iter().map(|case| case.id).collect::<Vec<_>>(), [case.id]);
}

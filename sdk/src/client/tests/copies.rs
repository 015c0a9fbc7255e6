//! An id that another account registered too: no lasting change hits either record by mistake.

use alloy::primitives::B256;
use hospital_record_core::id::Confidentiality;

use crate::{
    base::{error::kind::ErrorKind, record_ref::RecordRef},
    client::{Client, tests::person},
    records::{
        attest::DocStatus,
        list::Content,
        source::Source,
        target::{self, FolderChoice},
    },
    system::System,
};

/// A record of the laboratory, and a contributor who registered the same id.
struct Copied {
    ana: Client,
    lab: Client,
    copier: Client,
    record: RecordRef,
}

async fn copied() -> Copied {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    let lab = person(&system).await;
    let copier = person(&system).await;
    for contributor in [&lab, &copier] {
        ana.grant(contributor.address()).folder("blood").contribute().await.unwrap();
    }
    let record = lab.add(Source::bytes("r", "r")).patient(ana.address()).folder("blood").await.unwrap().record;
    let place = FolderChoice::Named("blood".into(), Confidentiality::N);
    let target = target::target(copier.person(), ana.address(), &place).await.unwrap();
    let ids = [B256::from(record.id.0)];
    let call = system.contract().add_records(ana.address(), target.folder.number(), &ids, target.key_changes);
    copier.person().send(call).await.unwrap();
    Copied { ana, lab, copier, record }
}

impl Copied {
    /// The status of the laboratory's record, and of the copy.
    async fn statuses(&self) -> [DocStatus; 2] {
        let listed = self.ana.list().await.unwrap();
        [&self.lab, &self.copier].map(|author| listed.iter().find(|l| l.author == author.address()).unwrap().doc_status)
    }
}

#[tokio::test]
async fn copied_id_is_listed_as_a_copy_and_the_genuine_record_opens() {
    let Copied { ana, lab, copier, record } = copied().await;
    assert_eq!(ana.open(&record).await.unwrap().bytes, "r");
    let listed = ana.list().await.unwrap();
    let copy = listed.iter().find(|listed| listed.author == copier.address()).unwrap();
    let Content::Unreadable { kind: ErrorKind::Integrity, reason } = &copy.content else { panic!("{copy:?}") };
    let names_both = [lab.address(), copier.address()].iter().all(|author| reason.contains(&author.to_string()));
    assert!(names_both && reason.contains("copy"), "{reason}");
}

#[tokio::test]
async fn copied_id_allows_no_lasting_change_unless_its_author_is_named() {
    let copied = copied().await;
    let Copied { ana, lab, copier, record } = &copied;
    let before = ana.system().history(ana.address()).await.unwrap().head();
    let refusals = [
        ana.mark_entered_in_error(record).await.map(drop).unwrap_err(),
        ana.replace(record, Source::bytes("x", "x")).await.map(drop).unwrap_err(),
    ];
    for error in refusals {
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        let names = [lab, copier].map(|author| error.to_string().contains(&author.address().to_string()));
        assert_eq!(names, [true; 2], "{error}");
    }
    let error = ana.mark_entered_in_error(record).author(ana.address()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(ana.system().history(ana.address()).await.unwrap().head(), before);

    ana.mark_entered_in_error(record).author(copier.address()).await.unwrap();
    assert_eq!(copied.statuses().await, [DocStatus::Preliminary, DocStatus::EnteredInError]);
    ana.replace(record, Source::bytes("x", "better")).author(lab.address()).await.unwrap();
    assert_eq!(ana.open(record).await.unwrap().bytes, "r");
}

#[tokio::test]
async fn author_marks_the_own_record_and_reencryption_takes_the_one_that_opens() {
    let copied = copied().await;
    let new = copied.ana.reencrypt(&copied.record).await.unwrap();
    assert_eq!(copied.ana.open(&new.record).await.unwrap().bytes, "r");
    copied.copier.mark_entered_in_error(&copied.record).await.unwrap();
    assert_eq!(copied.statuses().await, [DocStatus::Preliminary, DocStatus::EnteredInError]);
}

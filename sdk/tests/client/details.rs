use std::{
    collections::BTreeSet,
    time::{Duration, UNIX_EPOCH},
};

use hospital_record::{Client, ErrorKind, Metadata, Source, Status, System};

use crate::{
    person,
    store::{Probe, probed},
    two,
};

async fn listed(client: &Client) -> Vec<Metadata> {
    client.list().await.unwrap().into_iter().rev().map(|listed| listed.metadata().unwrap().clone()).collect()
}

#[tokio::test]
async fn each_of_many_files_has_its_own_details_in_one_transaction() {
    let (_, ana, _) = two().await;
    let early = UNIX_EPOCH - Duration::from_secs(86_400);
    let sources = [
        Source::bytes("a.txt", "a").media_type("text/plain").created(early),
        Source::bytes("b.dcm", "b").media_type("application/dicom").document_type("18748-4").title("CT"),
        Source::bytes("c", "c").name("renamed.bin"),
    ];
    let added = ana.add_many(sources).keywords(["visit"]).await.unwrap();
    assert_eq!(added.iter().map(|added| added.transaction).collect::<BTreeSet<_>>().len(), 1);
    let [a, b, c] = &listed(&ana).await[..] else { panic!("three records") };
    assert_eq!((a.name.as_str(), a.media_type.as_str(), a.created), ("a.txt", "text/plain", Some(-86_400)));
    assert_eq!((b.media_type.as_str(), b.document_type.as_deref()), ("application/dicom", Some("18748-4")));
    assert_eq!((b.title.as_deref(), b.created), (Some("CT"), None));
    assert_eq!((c.name.as_str(), c.media_type.as_str()), ("renamed.bin", "application/octet-stream"));
    assert!([a, b, c].iter().all(|metadata| metadata.keywords == ["visit"]));
}

#[tokio::test]
async fn the_verb_has_the_last_word() {
    let (_, ana, _) = two().await;
    let source = || Source::bytes("a", "a").media_type("text/plain").name("by the source");
    ana.add(source()).media_type("text/html").await.unwrap();
    ana.add_many([source()]).media_type("text/xml").await.unwrap();
    let types: Vec<String> = listed(&ana).await.into_iter().map(|metadata| metadata.media_type).collect();
    assert_eq!(types, ["text/html", "text/xml"]);
    assert_eq!(listed(&ana).await[0].name, "by the source");
}

#[tokio::test]
async fn a_replacement_takes_what_is_given_and_keeps_the_rest_even_from_before_1970() {
    let (_, ana, _) = two().await;
    let born = UNIX_EPOCH - Duration::from_secs(10 * 365 * 86_400);
    let old = ana.add(Source::bytes("scan.txt", "1")).created(born).description("on paper").keywords(["old"]);
    let old = old.await.unwrap().record;
    let new = ana.replace(&old, Source::bytes("x", "2").media_type("text/plain"));
    let new = new.title("Scan").document_type("11502-2").keywords(["new"]).await.unwrap().record;
    let last = listed(&ana).await.pop().unwrap();
    assert_eq!((last.name.as_str(), last.media_type.as_str()), ("scan.txt", "text/plain"));
    assert_eq!((last.created, last.description.as_deref()), (Some(-315_360_000), Some("on paper")));
    assert_eq!((last.title.as_deref(), last.document_type.as_deref()), (Some("Scan"), Some("11502-2")));
    assert_eq!(last.keywords, ["new"]);
    ana.replace(&new, Source::bytes("x", "3")).created(UNIX_EPOCH).description("typed").await.unwrap();
    let last = listed(&ana).await.pop().unwrap();
    assert_eq!((last.created, last.description.as_deref()), (Some(0), Some("typed")));
}

async fn probed_two() -> (System, Probe, Client, Client) {
    let (system, probe) = probed().await;
    let (ana, lab) = (person(&system).await, person(&system).await);
    ana.grant(lab.address()).folder("blood").contribute_only().await.unwrap();
    (system, probe, ana, lab)
}

#[tokio::test]
async fn oversized_metadata_is_refused_before_anything_is_stored() {
    let (_, probe, ana, _) = probed_two().await;
    let before = probe.puts();
    let long = "x".repeat(20_000);
    let refused = ana.add(Source::bytes("x", "x")).description(&long).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid, "{refused}");
    let many = ana.add_many([Source::bytes("x", "x"), Source::bytes(&long, "x")]).await;
    assert_eq!(many.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(probe.puts(), before, "nothing was stored, not even the one that fits");
    let record = ana.add(Source::bytes("x", "x")).await.unwrap().record;
    let before = probe.puts();
    let refused = ana.replace(&record, Source::bytes("x", "y")).name(&long).await.unwrap_err();
    assert_eq!((refused.kind(), probe.puts()), (ErrorKind::Invalid, before));
}

#[tokio::test]
async fn superseded_or_erroneous_record_is_not_replaced_and_nothing_is_stored() {
    let (_, probe, ana, _) = probed_two().await;
    let old = ana.add(Source::bytes("x", "1")).await.unwrap().record;
    let new = ana.replace(&old, Source::bytes("x", "2")).await.unwrap().record;
    ana.mark_entered_in_error(&new).await.unwrap();
    let before = probe.puts();
    for record in [old, new] {
        let refused = ana.replace(&record, Source::bytes("x", "3")).await.unwrap_err();
        assert_eq!((refused.kind(), probe.puts()), (ErrorKind::Invalid, before), "{refused}");
    }
    assert_eq!(ana.mark_entered_in_error(&new).await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn contributor_without_the_right_is_refused_before_anything_is_stored() {
    let (system, probe, ana, lab) = probed_two().await;
    let own = lab.add(Source::bytes("r", "1")).patient(ana.address()).folder("blood").await.unwrap().record;
    let by_ana = ana.add(Source::bytes("x", "x")).folder("blood").await.unwrap().record;
    let soon = system.now().await.unwrap() + Duration::from_secs(100);
    ana.grant(lab.address()).folder("blood").contribute_only().until(soon).await.unwrap();
    let before = probe.puts();
    let foreign = lab.replace(&by_ana, Source::bytes("x", "y")).await.unwrap_err();
    assert_eq!(foreign.kind(), ErrorKind::Denied, "{foreign}");
    system.advance(Duration::from_secs(200)).await.unwrap();
    let add = lab.add(Source::bytes("r", "2")).patient(ana.address()).folder("blood").await.unwrap_err();
    assert!(add.kind() == ErrorKind::Denied && add.to_string().contains("has ended"), "{add}");
    assert_eq!(lab.replace(&own, Source::bytes("r", "2")).await.unwrap_err().kind(), ErrorKind::Denied);
    ana.grant(lab.address()).folder("blood").await.unwrap();
    let before = before.max(probe.puts());
    let add = lab.add(Source::bytes("r", "2")).patient(ana.address()).folder("blood").await.unwrap_err();
    assert!(add.kind() == ErrorKind::Denied && add.to_string().contains("is to read"), "{add}");
    assert_eq!(probe.puts(), before);
}

#[tokio::test]
async fn contributor_without_read_replaces_and_withdraws_its_own_record() {
    let (_, _, ana, lab) = probed_two().await;
    let adding = lab.add(Source::bytes("r.json", "1")).patient(ana.address()).folder("blood");
    let old = adding.description("of today").await.unwrap().record;
    assert_eq!(lab.open(&old).await.unwrap_err().kind(), ErrorKind::Denied);
    let new = lab.replace(&old, Source::bytes("r2.json", "2")).media_type("application/json").await.unwrap();
    assert_eq!((ana.open(&new.record).await.unwrap().bytes.as_ref(), new.folder.as_str()), (&b"2"[..], "blood"));
    let last = listed(&ana).await.pop().unwrap();
    assert_eq!((last.name.as_str(), last.media_type.as_str()), ("r2.json", "application/json"));
    assert_eq!(last.description, None, "it could not be read, so it is not taken over");
    let done = lab.mark_entered_in_error(&new.record).await.unwrap();
    assert!(done.gas > 0 && done.transaction.is_some());
    let status: Vec<Status> = ana.list().await.unwrap().iter().map(|listed| listed.status).collect();
    assert_eq!(status, [Status::EnteredInError, Status::Superseded]);
}

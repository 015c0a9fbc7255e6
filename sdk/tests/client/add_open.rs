use std::time::Duration;

use hospital_record::{Confidentiality, ErrorKind, Source, Status, record::AddMany};

use crate::{person, two};

/// Around segment borders: the first segment holds 1 MiB - 56 bytes of plaintext, the others 1 MiB - 16.
const SIZES: [usize; 9] =
    [0, 1, (1 << 20) - 57, (1 << 20) - 56, (1 << 20) - 55, (2 << 20) - 72, (2 << 20) - 71, (1 << 20), 5 << 20];

fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|place| (place * 31 % 251) as u8).collect()
}

#[tokio::test]
async fn every_size_opens_as_it_was_added() {
    let (_, ana, _) = two().await;
    for size in SIZES {
        let added = ana.add(Source::bytes("x.bin", bytes(size))).await.unwrap();
        assert_eq!(added.size, size as u64);
        let opened = ana.open(&added.record).await.unwrap();
        assert!(opened.bytes == bytes(size), "{size} bytes");
    }
}

#[tokio::test]
async fn a_range_is_that_part_of_the_plaintext() {
    let (_, ana, _) = two().await;
    let all = bytes((2 << 20) + 1000);
    let record = ana.add(Source::bytes("x.bin", all.clone())).await.unwrap().record;
    for range in [0..0, 0..1, 5..11, (1 << 20) - 57..(1 << 20) - 55, 100..(2 << 20) + 999, 0..all.len()] {
        let wanted = range.start as u64..range.end as u64;
        let opened = ana.open(&record).range(wanted).await.unwrap();
        assert!(opened.bytes == all[range.clone()], "{range:?}");
    }
    let size = all.len() as u64;
    assert!(ana.open(&record).range(1 << 20..).await.unwrap().bytes == all[1 << 20..]);
    assert!(ana.open(&record).range(..=4).await.unwrap().bytes == all[..=4]);
    assert!(ana.open(&record).range(..).await.unwrap().bytes == all);
    assert!(ana.open(&record).range(size..).await.unwrap().bytes.is_empty());
    for (start, end) in [(0, size + 1), (0, u64::MAX), (5, 4), (size + 1, size + 1)] {
        let beyond = ana.open(&record).range(start..end).await;
        assert_eq!(beyond.unwrap_err().kind(), ErrorKind::Invalid, "{start}..{end}");
    }
    assert_eq!(ana.open(&record).range(size + 1..).await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(ana.open(&record).range(0..=u64::MAX).await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn file_that_cannot_be_written_is_not_logged_as_read() {
    let (system, ana, lee) = two().await;
    let record = ana.add(Source::bytes("x", "x")).await.unwrap().record;
    ana.grant(lee.address()).await.unwrap();
    let entries = system.history(ana.address()).await.unwrap().entries.len();
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("content.tink");
    std::fs::write(&taken, "precious").unwrap();
    for path in [taken.as_path(), folder.path(), &folder.path().join("none/x")] {
        lee.open(&record).to_file(path).await.unwrap_err();
    }
    for path in [folder.path(), &taken] {
        lee.open(&record).export(path).await.unwrap_err();
    }
    assert_eq!(system.history(ana.address()).await.unwrap().entries.len(), entries);
    assert_eq!(std::fs::read(&taken).unwrap(), b"precious");
}

#[tokio::test]
async fn metadata_come_back_and_lists_are_newest_first() {
    let (_, ana, _) = two().await;
    let first = ana.add(Source::bytes("first.txt", "1")).folder(" cardiology ").media_type("text/plain").title("ECG");
    let first = first.document_type("11524-6").keywords(["heart"]).await.unwrap();
    let second = ana.add(Source::bytes("second.txt", "2")).confidentiality(Confidentiality::V).await.unwrap();
    let listed = ana.list().await.unwrap();
    assert_eq!(listed.iter().map(|l| l.record).collect::<Vec<_>>(), [second.record, first.record]);
    let metadata = listed[1].metadata().unwrap();
    assert_eq!((metadata.name.as_str(), metadata.media_type.as_str()), ("first.txt", "text/plain"));
    assert_eq!(metadata.document_type.as_deref(), Some("11524-6"));
    assert_eq!((metadata.folder_name.trim(), &metadata.keywords[..]), ("cardiology", &["heart".to_owned()][..]));
    assert_eq!(ana.list().folder("cardiology").await.unwrap().len(), 1);
}

#[tokio::test]
async fn many_files_are_one_transaction() {
    let (system, ana, _) = two().await;
    let sources = (0..5).map(|number| Source::bytes(format!("{number}.txt"), number.to_string()));
    let added = ana.add_many(sources).folder("batch").await.unwrap();
    assert!(added.iter().all(|one| one.transaction == added[0].transaction));
    assert_eq!(system.history(ana.address()).await.unwrap().entries.len(), 6, "a profile and five records");
    assert_eq!(ana.open(&added[3].record).await.unwrap().bytes, "3");
}

#[tokio::test]
async fn more_than_one_transaction_holds_are_refused_before_anything_is_stored() {
    let (system, ana, _) = two().await;
    let sources = (0..=AddMany::BATCH).map(|number| Source::bytes(number.to_string(), "x"));
    let error = ana.add_many(sources).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Invalid && error.to_string().contains("at most 100 at a time"), "{error}");
    assert_eq!(system.history(ana.address()).await.unwrap().entries.len(), 1);
}

#[tokio::test]
async fn a_replacement_supersedes_and_keeps_what_was_not_given() {
    let (_, ana, lee) = two().await;
    let old = ana.add(Source::bytes("plan.txt", "old")).media_type("text/plain").folder("plans").await.unwrap();
    ana.grant(lee.address()).folder("plans").await.unwrap();
    let new = ana.replace(&old.record, Source::bytes("other.txt", "new")).await.unwrap();
    let listed = ana.list().await.unwrap();
    assert_eq!((listed[0].status, listed[1].status), (Status::Current, Status::Superseded));
    assert_eq!(listed[0].name(), "plan.txt");
    assert_eq!(lee.open(&new.record).await.unwrap().bytes, "new");
}

#[tokio::test]
async fn reencrypting_moves_the_content_under_a_new_key() {
    let (_, ana, _) = two().await;
    let old = ana.add(Source::bytes("x.bin", bytes(3 << 20))).await.unwrap();
    let new = ana.reencrypt(&old.record).await.unwrap();
    assert_ne!(new.record.id, old.record.id);
    assert!(ana.open(&new.record).await.unwrap().bytes == bytes(3 << 20));
}

#[tokio::test]
async fn account_without_ether_is_refused_before_any_upload() {
    let (system, ..) = two().await;
    let poor = system.client(hospital_record::Identity::generate().unwrap().0);
    let error = poor.add(Source::bytes("x", "x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unfunded);
}

#[tokio::test]
async fn a_file_appears_complete_and_is_not_overwritten() {
    let (_, ana, _) = two().await;
    let record = ana.add(Source::bytes("x.bin", bytes(3 << 20))).await.unwrap().record;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.bin");
    ana.open(&record).to_file(&path).await.unwrap();
    assert!(std::fs::read(&path).unwrap() == bytes(3 << 20));
    let again = ana.open(&record).to_file(&path).await;
    assert_eq!(again.unwrap_err().kind(), ErrorKind::Invalid);
    ana.open(&record).overwrite().to_file(&path).await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
}

#[tokio::test]
async fn a_source_that_is_no_file_is_an_error_of_its_own() {
    let (_, ana, _) = two().await;
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(ana.add(folder.path()).await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(ana.add(folder.path().join("none")).await.unwrap_err().kind(), ErrorKind::File);
    assert!(ana.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_stranger_opens_nothing() {
    let (system, ana, lee) = two().await;
    let record = ana.add(Source::bytes("x", "x")).await.unwrap().record;
    assert_eq!(lee.open(&record).await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(lee.list().patient(ana.address()).await.unwrap_err().kind(), ErrorKind::Denied);
    let nobody = person(&system).await;
    let elsewhere = nobody.record(lee.address(), record.id);
    assert_eq!(ana.open(&elsewhere).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn expiry_is_by_the_clock_of_the_chain() {
    let (system, ana, lee) = two().await;
    let record = ana.add(Source::bytes("x", "x")).await.unwrap().record;
    let soon = system.now().await.unwrap() + Duration::from_secs(100);
    ana.grant(lee.address()).until(soon).await.unwrap();
    assert_eq!(lee.open(&record).await.unwrap().bytes, "x");
    system.advance(Duration::from_secs(200)).await.unwrap();
    assert_eq!(lee.open(&record).await.unwrap_err().kind(), ErrorKind::Denied);
    let past = ana.grant(lee.address()).until(soon).await;
    assert_eq!(past.unwrap_err().kind(), ErrorKind::Invalid);
}

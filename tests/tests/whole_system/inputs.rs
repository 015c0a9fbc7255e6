//! What is added may break while it is read: an error of its own kind, and nothing half done.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Cursor},
    path::Path,
    pin::Pin,
    task::{Context, Poll},
};

use hospital_record::{Client, Error, ErrorKind, Phase, Progress, RecordRef, Source};
use hospital_record_tests::{
    data::{self, MIB},
    world::World,
};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use crate::{note, refused};

/// Enough that its end is not read yet when its beginning is stored.
const LARGE: usize = 24 * MIB;

/// A disk or network that fails.
struct Broken(io::ErrorKind);

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(self.0.into()))
    }
}

/// So many bytes, then an error.
fn breaking(after: usize, kind: io::ErrorKind) -> Source {
    Source::reader("breaking.bin", Cursor::new(data::bytes("breaking", after)).chain(Broken(kind)))
}

/// Ana with one record, and what her own node pins for her.
struct Ana {
    world: World,
    client: Client,
    record: RecordRef,
    pinned: BTreeSet<String>,
}

impl Ana {
    async fn new() -> Self {
        let world = World::with_own_node().await;
        let client = world.person().await;
        let record = client.add(note("kept")).await.unwrap().record;
        let pinned = world.kubo.pinned();
        Self { world, client, record, pinned }
    }

    async fn has_nothing_new(&self) {
        assert_eq!(self.world.kubo.pinned(), self.pinned);
        let history = self.world.system.history(self.client.address()).await.unwrap();
        assert_eq!(history.entries.len(), 2, "the profile and the record");
        assert!(self.client.resume().await.unwrap().is_nothing());
        assert_eq!(self.client.open(&self.record).await.unwrap().bytes, "kept");
    }
}

/// Does this to the file once its first segment is on the way to the store.
fn meanwhile(act: impl Fn() + Send + Sync + 'static) -> impl Fn(Progress) + Send + Sync {
    let done = std::sync::Once::new();
    move |progress| {
        if progress.phase == Phase::Storing {
            done.call_once(|| {
                assert!(progress.done < LARGE as u64 / 4, "most of it is still to be read");
                act();
            });
        }
    }
}

#[tokio::test]
async fn source_that_fails_in_the_middle_is_an_error_of_its_kind_and_leaves_nothing() {
    let ana = Ana::new().await;
    for (after, kind) in [(0, io::ErrorKind::PermissionDenied), (5 * MIB + 3, io::ErrorKind::ConnectionReset)] {
        let error = refused(ana.client.add(breaking(after, kind)).await, ErrorKind::File);
        assert!(matches!(error, Error::File { kind: told, .. } if told == kind), "{error:?}");
        refused(ana.client.replace(&ana.record, breaking(after, kind)).await, ErrorKind::File);
        ana.has_nothing_new().await;
    }
    ana.client.add(note("afterwards")).await.unwrap();
}

#[tokio::test]
async fn source_that_fails_takes_back_those_that_were_stored_before_it() {
    let ana = Ana::new().await;
    let sources = [note("first"), note("second"), breaking(2 * MIB, io::ErrorKind::TimedOut)];
    refused(ana.client.add_many(sources).await, ErrorKind::File);
    ana.has_nothing_new().await;
}

#[tokio::test]
async fn file_that_vanishes_or_is_cut_while_it_is_read_leaves_nothing() {
    let ana = Ana::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scan.bin");

    fs::write(&path, data::bytes("scan", LARGE)).unwrap();
    let cut = path.clone();
    let truncate = move || File::options().write(true).open(&cut).unwrap().set_len(MIB as u64).unwrap();
    refused(ana.client.add(&path).progress(meanwhile(truncate)).await, ErrorKind::Conflict);
    ana.has_nothing_new().await;

    fs::write(&path, data::bytes("scan", LARGE)).unwrap();
    let gone = path.clone();
    let adding = ana.client.add(&path).progress(meanwhile(move || fs::remove_file(&gone).unwrap()));
    let error = refused(adding.await, ErrorKind::File);
    assert!(
        matches!(&error, Error::File { path: told, kind: io::ErrorKind::NotFound, .. } if *told == path),
        "{error:?}"
    );
    ana.has_nothing_new().await;
}

#[tokio::test]
async fn missing_or_unreadable_file_is_named_and_leaves_nothing() {
    let ana = Ana::new().await;
    let folder = tempfile::tempdir().unwrap();
    refused(ana.client.add(folder.path().join("missing.pdf")).await, ErrorKind::File);
    refused(ana.client.add(folder.path()).await, ErrorKind::Invalid);
    // A file that opens and has no byte that can be read, whoever reads.
    let unreadable = Path::new("/proc/self/mem");
    if unreadable.exists() {
        let error = refused(ana.client.add(unreadable).await, ErrorKind::File);
        assert!(matches!(&error, Error::File { path, .. } if path == unreadable), "{error:?}");
    }
    ana.has_nothing_new().await;
}

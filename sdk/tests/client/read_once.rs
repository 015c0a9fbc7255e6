//! What can be read once is read once: keys that move on meanwhile leave no empty record behind.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use hospital_record::{Client, ErrorKind, RecordRef, Result, Source, Status, record::DetectMediaType};
use tokio::io::AsyncWriteExt;

use crate::{note, person, two};

/// Larger than what a pipe holds: whoever writes waits for the reader, and who reads is in the middle of it.
const HALF: usize = 600_000;

/// Something that is named by a path, and gives its bytes once.
struct Feed {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

fn fifo() -> Feed {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    Feed { path, _folder: folder }
}

/// Writes half, moves the keys on, then writes the rest; what became of reading it.
async fn moving<T>(ana: &Client, lee: &Client, writer: &Path, adding: impl Future<Output = Result<T>>) -> Result<T> {
    let feed = async {
        let mut pipe = tokio::fs::OpenOptions::new().write(true).open(writer).await.unwrap();
        pipe.write_all(&vec![7; HALF]).await.unwrap();
        ana.revoke(lee.address()).await.unwrap();
        pipe.write_all(&vec![7; HALF]).await.unwrap();
        pipe.flush().await.unwrap();
    };
    let both = futures::future::join(adding, feed);
    tokio::time::timeout(Duration::from_secs(60), both).await.expect("nothing waits for ever").0
}

async fn shared() -> (Client, Client, RecordRef) {
    let (_, ana, lee) = two().await;
    let old = ana.add(note("good")).await.unwrap().record;
    ana.grant(lee.address()).await.unwrap();
    (ana, lee, old)
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn pipe_is_not_added_again_when_keys_move_on() {
    let (ana, lee, old) = shared().await;
    let pipe = fifo();
    let error = moving(&ana, &lee, &pipe.path, ana.add(&pipe.path).into_future()).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Conflict && error.to_string().contains("cannot be read again"), "{error}");
    assert_eq!(ana.list().await.unwrap().len(), 1, "nothing was registered beside {old}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn good_record_is_not_superseded_by_the_rest_of_a_pipe() {
    let (ana, lee, old) = shared().await;
    let pipe = fifo();
    let error = moving(&ana, &lee, &pipe.path, ana.replace(&old, &pipe.path).into_future()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    let listed = ana.list().await.unwrap();
    assert!(listed.len() == 1 && listed[0].status == Status::Current);
    assert_eq!(ana.open(&old).await.unwrap().bytes, "good");
}

/// Says that it was reached, and waits.
struct Gate(std::sync::mpsc::Sender<()>, std::sync::Arc<std::sync::Mutex<std::sync::mpsc::Receiver<()>>>);

impl DetectMediaType for Gate {
    fn see(&mut self, _: &[u8]) {
        self.0.send(()).ok();
        self.1.lock().unwrap().recv().ok();
    }

    fn media_type(&mut self) -> String {
        "x/gate".into()
    }
}

/// Reading a file twice, by the name that `named` gives it, with this in between.
#[cfg(unix)]
async fn between(named: impl Fn(&Path) -> PathBuf, act: impl FnOnce(&Path)) -> Result<hospital_record::Added> {
    let (ana, lee, _) = shared().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, "first").unwrap();
    // Stored behind the file: when it is looked at, the file has been read.
    let (reached, wait) = std::sync::mpsc::channel();
    let (go_on, held) = std::sync::mpsc::channel();
    let held = std::sync::Arc::new(std::sync::Mutex::new(held));
    let gate = Source::bytes("gate", "x").detect(move || Gate(reached.clone(), held.clone()));
    let adding = tokio::spawn(ana.add_many([Source::from(named(&path)), gate]).into_future());
    tokio::task::spawn_blocking(move || wait.recv()).await.unwrap().unwrap();
    ana.revoke(lee.address()).await.unwrap();
    act(&path);
    drop(go_on);
    let added = adding.await.unwrap();
    assert_eq!(ana.list().await.unwrap().len(), if added.is_ok() { 3 } else { 1 });
    added.map(|mut added| added.remove(0))
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn file_that_changes_between_two_readings_is_a_conflict() {
    type Act = fn(&Path);
    let acts: [(&str, Act); 6] = [
        ("longer", |path| std::fs::write(path, "longer").unwrap()),
        ("as long", |path| std::fs::write(path, "other").unwrap()),
        ("as long and as old", |path| {
            let old = path.metadata().unwrap().modified().unwrap();
            std::fs::write(path, "other").unwrap();
            std::fs::File::options().write(true).open(path).unwrap().set_modified(old).unwrap();
        }),
        ("another file", |path| {
            let other = path.with_extension("new");
            std::fs::write(&other, "first").unwrap();
            std::fs::rename(other, path).unwrap();
        }),
        ("a pipe", |path| {
            std::fs::remove_file(path).unwrap();
            assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        }),
        ("a link to another", |path| {
            let other = path.with_extension("new");
            std::fs::write(&other, "first").unwrap();
            std::fs::remove_file(path).unwrap();
            std::os::unix::fs::symlink(other, path).unwrap();
        }),
    ];
    for (what, act) in acts {
        let error = tokio::time::timeout(Duration::from_secs(60), between(Path::to_path_buf, act))
            .await
            .expect(what)
            .unwrap_err();
        assert!(error.kind() == ErrorKind::Conflict && error.to_string().contains("changed"), "{what}: {error}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn file_that_stays_is_read_twice() {
    assert_eq!(between(Path::to_path_buf, |_| {}).await.unwrap().size, 5);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn descriptors_are_read_once() {
    use std::os::fd::AsRawFd;
    for shape in ["/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/"] {
        let held = std::sync::Mutex::new(None);
        let named = |path: &Path| {
            let file = std::fs::File::open(path).unwrap();
            let name = format!("{shape}{}", file.as_raw_fd());
            *held.lock().unwrap() = Some(file);
            PathBuf::from(name)
        };
        let error = between(named, |_| {}).await.unwrap_err();
        assert!(error.kind() == ErrorKind::Conflict && error.to_string().contains("read again"), "{shape}: {error}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn file_that_holds_more_than_the_system_says_is_not_added() {
    let (_, ana, _) = two().await;
    let error = ana.add("/proc/version").await.unwrap_err();
    assert!(error.kind() == ErrorKind::Conflict && error.to_string().contains("pipe"), "{error}");
    assert!(ana.list().await.unwrap().is_empty());
}

type Acts = [(&'static str, fn(&Path)); 3];

/// Does something to the file that it is shown.
struct Meddler(PathBuf, fn(&Path));

impl DetectMediaType for Meddler {
    fn see(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            (self.1)(&self.0);
        }
    }

    fn media_type(&mut self) -> String {
        "x/y".into()
    }
}

#[tokio::test]
async fn file_that_changes_while_it_is_read_is_not_added() {
    let (_, ana, _) = two().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let acts: Acts = [
        ("other bytes", |path| std::fs::write(path, "other").unwrap()),
        ("fewer", |path| std::fs::write(path, "").unwrap()),
        ("another file", |path| {
            let other = path.with_extension("new");
            std::fs::write(&other, "first").unwrap();
            std::fs::rename(other, path).unwrap();
        }),
    ];
    for (what, act) in acts {
        std::fs::write(&path, "first").unwrap();
        let meddled = path.clone();
        let error = ana.add(Source::from(&path).detect(move || Meddler(meddled.clone(), act))).await.unwrap_err();
        assert!(error.kind() == ErrorKind::Conflict && error.to_string().contains("changed"), "{what}: {error}");
        assert!(ana.list().await.unwrap().is_empty(), "{what}");
    }
}

/// Says how many bytes it saw.
struct Counted(usize);

impl DetectMediaType for Counted {
    fn see(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }

    fn media_type(&mut self) -> String {
        format!("x/{}", self.0)
    }
}

#[tokio::test]
async fn detector_sees_every_byte_and_what_is_said_counts_more() {
    let (system, ..) = two().await;
    let ana = person(&system).await;
    let size = (2 << 20) + 17;
    let detected = || Source::reader("x", std::io::Cursor::new(vec![1; size])).detect(|| Counted(0));
    let added = ana.add(detected()).await.unwrap();
    assert_eq!(added.media_type, format!("x/{size}"));
    assert_eq!(ana.list().await.unwrap()[0].metadata().unwrap().media_type, added.media_type);
    assert_eq!(ana.add(detected().media_type("a/b")).await.unwrap().media_type, "a/b");
    assert_eq!(ana.add(detected()).media_type("a/b").await.unwrap().media_type, "a/b");
    let said = ana.add(Source::bytes("y", "y").media_type("c/d")).await.unwrap();
    assert_eq!(ana.replace(&said.record, detected()).await.unwrap().media_type, format!("x/{size}"));
}

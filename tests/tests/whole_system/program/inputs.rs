//! Files that change, vanish or cannot be read while they are added.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::Write,
    net::{TcpListener, TcpStream},
    os::fd::OwnedFd,
    path::Path,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use hospital_record_tests::{
    anvil::Anvil,
    data::{self, MIB},
    kubo::Kubo,
    program::{Computer, Ran},
};

use super::{added, anas_computer};

/// Ana with one record on a node of her own, and what it pins.
struct Ana {
    computer: Computer,
    kubo: Arc<Kubo>,
    pinned: BTreeSet<String>,
}

impl Ana {
    fn new() -> Self {
        let kubo = Arc::new(Kubo::start());
        let computer = Computer::new(&Anvil::shared(), &kubo);
        Anvil::shared().fund(computer.init("ana"));
        added(&computer, "kept.txt", "kept");
        let pinned = kubo.pinned();
        Self { computer, kubo, pinned }
    }

    /// Adds a file of 32 MiB, and does this to it while it is on its way to the node.
    fn add_and_meanwhile(&self, act: impl FnOnce(&Path)) -> Ran {
        let path = self.computer.file("large.bin", data::bytes("large", 32 * MIB));
        let before = blocks(&self.kubo);
        let child = self.computer.command(["--as", "ana", "--json", "add", "large.bin"]).spawn().unwrap();
        while blocks(&self.kubo) == before {
            thread::sleep(Duration::from_millis(1));
        }
        act(&path);
        Ran::new(child.wait_with_output().unwrap())
    }

    fn has_nothing_new(&self) {
        assert_eq!(self.kubo.pinned(), self.pinned);
        let resumed = &self.computer.json("ana", &["resume"])[0];
        assert_eq!((&resumed["finished"], &resumed["removed"]), (&0.into(), &0.into()));
        assert_eq!(self.computer.json("ana", &["list"]).len(), 1);
        assert_eq!(self.computer.json("ana", &["verify"])[0]["entries"], 2, "the profile and the record");
    }
}

/// Blocks in the node's folder, pinned or not.
fn blocks(kubo: &Kubo) -> usize {
    let shards = fs::read_dir(kubo.server().dir().join("ipfs/blocks")).unwrap();
    shards.filter_map(|shard| fs::read_dir(shard.unwrap().path()).ok()).map(Iterator::count).sum()
}

#[test]
fn file_that_is_cut_while_it_is_read_is_1() {
    let ana = Ana::new();
    let cut = |path: &Path| File::options().write(true).open(path).unwrap().set_len(MIB as u64).unwrap();
    let ran = ana.add_and_meanwhile(cut);
    ran.refused(1, "conflict");
    assert!(ran.stderr.contains("large.bin"), "{}", ran.stderr);
    ana.has_nothing_new();
}

#[test]
fn file_that_vanishes_while_it_is_read_is_3() {
    let ana = Ana::new();
    let ran = ana.add_and_meanwhile(|path| fs::remove_file(path).unwrap());
    ran.refused(3, "not-found");
    assert!(ran.stderr.contains("large.bin"), "{}", ran.stderr);
    ana.has_nothing_new();
}

#[test]
fn file_that_grows_while_it_is_read_is_not_added() {
    let computer = anas_computer();
    let path = computer.file("growing.bin", data::bytes("growing", 32 * MIB));
    let done = AtomicBool::new(false);
    let ran = thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = OpenOptions::new().append(true).open(&path).unwrap();
            while !done.load(Ordering::Relaxed) {
                file.write_all(b"more").unwrap();
                thread::sleep(Duration::from_millis(5));
            }
        });
        let ran = computer.run_json("ana", &["add", "growing.bin"]);
        done.store(true, Ordering::Relaxed);
        ran
    });
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(computer.json("ana", &["list"]).is_empty());
}

#[test]
fn stdin_that_breaks_off_with_an_error_is_1() {
    let ana = Ana::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut ours, _) = listener.accept().unwrap();
    // A connection that is closed before everything that came was read is reset.
    theirs.write_all(b"x").unwrap();
    let mut add = ana.computer.command(["--as", "ana", "--json", "add", "-", "--name", "broken.bin"]);
    let child = add.stdin(Stdio::from(OwnedFd::from(theirs))).spawn().unwrap();
    drop(add);
    ours.write_all(&data::bytes("broken", 20 * MIB)).unwrap();
    drop(ours);
    Ran::new(child.wait_with_output().unwrap()).refused(1, "file");
    ana.has_nothing_new();
}

#[test]
fn file_that_opens_and_cannot_be_read_is_1() {
    let unreadable = "/proc/self/mem";
    if Path::new(unreadable).exists() {
        let computer = anas_computer();
        let good = computer.file("good.txt", "good");
        let ran = computer.run_json("ana", &["add", good.to_str().unwrap(), unreadable]);
        ran.refused(1, "file");
        assert!(ran.stderr.contains(unreadable), "{}", ran.stderr);
        assert!(computer.json("ana", &["list"]).is_empty(), "all are looked at before the first is added");
    }
}

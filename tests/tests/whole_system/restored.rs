//! A node whose machine is lost: what its keeper copied is enough to go on elsewhere.

use std::{
    fs,
    path::{Path, PathBuf},
};

use futures::{StreamExt, stream};
use hospital_record::{
    Client, Identity, Source, System,
    store::{Block, StoreError},
};
use hospital_record_tests::{anvil::Anvil, data, node::Node};
use tempfile::TempDir;

use crate::{
    joined::{blocks_at, pin},
    relay::ask,
};

/// A machine with a place for the node's state and one for its blocks.
pub(crate) struct Machine(TempDir);

impl Machine {
    pub(crate) fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        fs::create_dir(machine.blocks()).unwrap();
        machine
    }

    fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }

    fn blocks(&self) -> PathBuf {
        self.0.path().join("blocks")
    }

    fn options(&self) -> Vec<String> {
        let store = format!("file://{}", self.blocks().display());
        ["--chain-reads", "--open-blocks", "--blocks", &store].map(str::to_owned).into()
    }

    fn starts(&self) -> Node {
        self.starts_on(&Anvil::shared())
    }

    pub(crate) fn starts_on(&self, anvil: &Anvil) -> Node {
        let options = self.options();
        Node::start(anvil, &options.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn takes_over(&self, node: &mut Node) {
        self.goes_on(node, self.state(), &[]);
    }

    /// Starts the node anew, with more options.
    pub(crate) fn goes_on(&self, node: &mut Node, state: PathBuf, more: &[&str]) {
        let mut options = self.options();
        options.extend(more.iter().map(ToString::to_string));
        node.move_to(state, &options.iter().map(String::as_str).collect::<Vec<_>>());
        node.run();
    }
}

/// A folder with all that is in it, as `cp -a` copies it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => fs::copy(entry.path(), target).map(drop).unwrap(),
        }
    }
}

/// What the node counts: accounts, blocks, and their bytes held and pinned.
pub(crate) fn books(node: &Node) -> Vec<String> {
    let counts = |line: &&str| {
        line.starts_with("hospital_record_blocks_") && !line.contains("_total") && !line.contains("refused")
    };
    let (status, text) = ask(node, "GET", "/metrics", b"");
    let books: Vec<_> = text.lines().filter(counts).map(str::to_owned).collect();
    assert_eq!((status, books.len()), (200, 4), "{text}");
    books
}

pub(crate) async fn person(node: &Node, machine: &TempDir, identity: Identity) -> Client {
    let system = System::builder().join(node.url()).state_dir(machine.path()).connect().await.unwrap();
    system.client(identity)
}

#[tokio::test]
async fn node_restored_on_another_machine_has_all_blocks_pins_and_quotas() {
    let (lost, backup, new) = (Machine::new(), Machine::new(), Machine::new());
    let mut node = lost.starts();
    let [at_home, in_town] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let (identity, phrase) = Identity::generate().unwrap();
    let ana = person(&node, &at_home, identity).await;
    let scan = data::bytes("a scan", 3 * data::MIB + 5);
    let record = ana.add(Source::bytes("scan.dcm", scan.clone())).await.unwrap().record;
    let books_before = books(&node);

    node.stop();
    copy(node.state(), &backup.state());
    copy(&lost.blocks(), &backup.blocks());
    fs::remove_dir_all(node.state()).unwrap();
    drop(lost);
    copy(&backup.state(), &new.state());
    copy(&backup.blocks(), &new.blocks());
    new.takes_over(&mut node);

    assert_eq!(books(&node), books_before);
    let checked = node.check();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let letter = ana.add(Source::bytes("letter.txt", "Dear Dr Lee")).await.unwrap().record;
    let elsewhere = person(&node, &in_town, Identity::from_phrase(&phrase, 0).unwrap()).await;
    assert_eq!(elsewhere.open(&record).await.unwrap().bytes, scan);
    assert_eq!(elsewhere.open(&letter).await.unwrap().bytes, "Dear Dr Lee");
    node.stop();
    assert_eq!(node.check().status.code(), Some(1), "nobody is there");
}

pub(crate) async fn put(node: &Node, block: &Block) -> std::sync::Arc<dyn hospital_record::store::Store> {
    let store = blocks_at(node, None).await;
    assert_eq!(store.put(stream::iter([Ok(block.clone())]).boxed()).await.unwrap(), 1);
    pin(&store, block).await;
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_of_a_running_node_restores_its_past_and_people_put_later_blocks_again() {
    let (machine, new, kept) = (Machine::new(), Machine::new(), tempfile::tempdir().unwrap());
    let mut node = machine.starts();
    let early = Block::new(0x55, data::bytes("early", 300_000));
    let of_ana = put(&node, &early).await;
    let of_bea = blocks_at(&node, None).await;
    let busy = tokio::spawn(async move {
        for number in 0.. {
            let block = Block::new(0x55, data::bytes(&format!("meanwhile {number}"), 10_000));
            of_bea.put(stream::iter([Ok(block)]).boxed()).await.unwrap();
        }
    });
    let file = kept.path().join("node.sqlite");
    let ran = node.backup(&file);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let backup = fs::read(&file).unwrap();
    let again = node.backup(&file);
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("exists already"), "{again:?}");
    assert_eq!(fs::read(&file).unwrap(), backup);
    busy.abort();
    let _ = busy.await;
    let later = Block::new(0x55, data::bytes("later", 300_000));
    of_ana.put(stream::iter([Ok(later.clone())]).boxed()).await.unwrap();
    pin(&of_ana, &later).await;

    node.kill();
    fs::remove_dir_all(node.state()).unwrap();
    copy(kept.path(), &new.state());
    copy(&machine.blocks(), &new.blocks());
    new.takes_over(&mut node);
    assert_eq!(of_ana.get(&early.cid).await.unwrap(), early.bytes);
    assert!(matches!(of_ana.get(&later.cid).await.unwrap_err(), StoreError::NotFound { .. }));
    of_ana.put(stream::iter([Ok(later.clone())]).boxed()).await.unwrap();
    for block in [&early, &later] {
        pin(&of_ana, block).await;
        assert_eq!(of_ana.get(&block.cid).await.unwrap(), block.bytes);
    }
}

//! A store with faults.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use cid::Cid;
use futures::StreamExt;
use hospital_record_core::id::DAG_CBOR;

use crate::{
    base::error::kind::ErrorKind,
    people::identity::Identity,
    store::{Blocks, Store, StoreError, StoreOptions, open},
    system::System,
};

/// A fault of a store.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    None,
    /// It takes this many more puts, and is full then.
    FullAfter(usize),
    /// It does not pin this block, and does not sweep.
    Refuses(Cid),
    /// It does not answer.
    Silent,
    /// It looks for every block and has none.
    Lacks,
}

impl Fault {
    fn is_full(&mut self) -> bool {
        match self {
            Self::FullAfter(0) => true,
            Self::FullAfter(puts) => {
                *puts -= 1;
                false
            }
            _ => false,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Faulty {
    store: Arc<dyn Store>,
    fault: Arc<Mutex<Fault>>,
    pub(super) waited: Arc<AtomicUsize>,
    looking: Arc<AtomicUsize>,
    /// The most blocks that were looked for at the same time.
    pub(super) most_abreast: Arc<AtomicUsize>,
    /// Calls of `put` with signed blocks.
    pub(super) puts: Arc<AtomicUsize>,
    pub(super) pinned: Arc<Mutex<BTreeSet<Cid>>>,
}

impl Faulty {
    pub(super) fn new() -> Self {
        let store = open("memory:", &StoreOptions::default()).unwrap();
        let fault = Arc::new(Mutex::new(Fault::None));
        let (waited, looking, most_abreast, puts, pinned) = Default::default();
        Self { store, fault, waited, looking, most_abreast, puts, pinned }
    }

    pub(super) fn becomes(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    fn on(&self, cid: Option<&Cid>) -> Result<&dyn Store, StoreError> {
        let url = String::from("faulty:");
        match *self.fault.lock().unwrap() {
            Fault::Silent => {
                self.waited.fetch_add(1, Relaxed);
                Err(StoreError::TimedOut { url, after: Duration::from_secs(30) })
            }
            Fault::Refuses(one) if cid.is_none_or(|cid| *cid == one) => {
                Err(StoreError::Failed { url, reason: "the disk is sad".into(), source: None })
            }
            _ => Ok(&*self.store),
        }
    }
}

#[async_trait::async_trait]
impl Store for Faulty {
    fn url(&self) -> &str {
        "faulty:"
    }

    async fn put(&self, blocks: Blocks<'_>) -> Result<u64, StoreError> {
        let mut blocks = blocks.peekable();
        let first = std::pin::Pin::new(&mut blocks).peek().await;
        let signed = first.is_some_and(|first| first.as_ref().is_ok_and(|block| block.cid.codec() == DAG_CBOR));
        self.puts.fetch_add(usize::from(signed), Relaxed);
        if self.fault.lock().unwrap().is_full() {
            return Err(StoreError::Full { url: "faulty:".into() });
        }
        self.store.put(blocks.boxed()).await
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        if *self.fault.lock().unwrap() != Fault::Lacks {
            return self.store.get(cid).await;
        }
        let abreast = self.looking.fetch_add(1, Relaxed) + 1;
        self.most_abreast.fetch_max(abreast, Relaxed);
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.looking.fetch_sub(1, Relaxed);
        Err(StoreError::NotFound { cid: *cid })
    }

    async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        self.store.has(cid).await
    }

    async fn pin(&self, root: &Cid) -> Result<(), StoreError> {
        self.on(Some(root))?.pin(root).await?;
        self.pinned.lock().unwrap().insert(*root);
        Ok(())
    }

    async fn unpin(&self, root: &Cid) -> Result<(), StoreError> {
        self.on(Some(root))?.unpin(root).await?;
        self.pinned.lock().unwrap().remove(root);
        Ok(())
    }

    async fn sweep(&self, older_than: Duration) -> Result<u64, StoreError> {
        self.on(None)?.sweep(older_than).await
    }
}

#[tokio::test]
async fn blocks_that_nobody_has_are_waited_for_side_by_side() {
    let faulty = Faulty::new();
    let system = System::in_memory_with(faulty.clone()).await.unwrap();
    let (ana, _) = Identity::generate().unwrap();
    system.fund(ana.address()).await.unwrap();
    let first = system.client(ana.clone());
    let lee = crate::client::tests::person(&system).await;
    for folder in ["blood", "heart", "lungs"] {
        first.grant(lee.address()).folder(folder).await.unwrap();
    }
    faulty.becomes(Fault::Lacks);
    let grants = system.forgetful().unwrap();
    let folders = system.forgetful().unwrap();
    for grant in grants.client(ana.clone()).grants().list().await.unwrap() {
        assert_eq!(grant.unavailable, Some(ErrorKind::NotAvailable));
    }
    assert!(faulty.most_abreast.swap(0, Relaxed) >= 3);
    assert_eq!(folders.client(ana).folders().list().await.unwrap().len(), 3);
    assert!(faulty.most_abreast.load(Relaxed) >= 3);
}

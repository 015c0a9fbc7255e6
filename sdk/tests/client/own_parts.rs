//! A system of parts that an app brings: chain, store, relay, outbox.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use alloy::{
    primitives::{Address, B256, U256, utils::Unit},
    signers::local::PrivateKeySigner,
};
use hospital_record::{
    BoxFuture, Config, ErrorKind, Identity, Memory, System,
    browser::memory_conformance,
    ledger::{LedgerError, MemoryLedger, MemoryOutbox, Outbox, OutboxGuard, Pending, Sent},
    store::{Store, StoreOptions, open},
};

use super::note;

fn store() -> Arc<dyn Store> {
    open("memory:", &StoreOptions::default()).unwrap()
}

async fn chain() -> MemoryLedger {
    MemoryLedger::with_contract().await.unwrap()
}

#[tokio::test]
async fn app_with_its_own_chain_store_and_relay_works_and_remembers() {
    let (ledger, store, disk) = (chain().await, store(), tempfile::tempdir().unwrap());
    let parts = || System::builder().own_ledger(Arc::new(ledger.clone())).own_store(store.clone());
    let payer = PrivateKeySigner::random();
    ledger.fund(payer.address(), Unit::ETHER.wei());
    let carrier = Arc::new(parts().connect().await.unwrap().carrier(payer));
    let config = || parts().own_relay(carrier.clone()).state_dir(disk.path());

    // She has no ether: that the record is on chain, the relay did.
    let ana = Identity::generate().unwrap().0;
    let client = config().connect().await.unwrap().client(ana.clone());
    let added = client.add(note("mine")).await.unwrap();
    assert_eq!(client.balance().await.unwrap(), U256::ZERO);
    assert_eq!(client.acts().missing().await.unwrap(), Vec::new());
    drop(client);

    let client = config().connect().await.unwrap().client(ana);
    assert_eq!(client.open(&added.record).await.unwrap().bytes, "mine");
}

#[tokio::test]
async fn outbox_of_the_app_is_the_one_that_is_used() {
    let (ledger, outbox) = (chain().await, Arc::new(MemoryOutbox::default()));
    let config = System::builder().own_ledger(Arc::new(ledger.clone())).own_store(store()).own_outbox(outbox.clone());
    let ana = Identity::generate().unwrap().0;
    ledger.fund(ana.address(), Unit::ETHER.wei());
    let client = config.connect().await.unwrap().client(ana);
    client.add(note("mine")).await.unwrap();
    let kept = hospital_record::ledger::Outbox::sent(&*outbox, client.address()).await.unwrap();
    assert_eq!(kept.len(), 2, "the profile and the record may have to be sent again");
}

/// Reports that a save failed, though it may be kept: as a full disk, or a browser's database, may do once.
#[derive(Debug, Default)]
struct Torn(MemoryOutbox, AtomicBool);

#[async_trait::async_trait]
impl Outbox for Torn {
    async fn lock(&self, account: Address) -> Result<OutboxGuard, LedgerError> {
        self.0.lock(account).await
    }

    async fn load(&self, account: Address) -> Result<Option<Pending>, LedgerError> {
        self.0.load(account).await
    }

    async fn save(&self, pending: &Pending) -> Result<(), LedgerError> {
        self.0.save(pending).await?;
        match self.1.swap(false, Ordering::Relaxed) {
            true => Err(LedgerError::Outbox { reason: "the disk is full".into(), source: None }),
            false => Ok(()),
        }
    }

    async fn clear(&self, account: Address) -> Result<(), LedgerError> {
        self.0.clear(account).await
    }

    async fn keep(&self, sent: &Sent) -> Result<(), LedgerError> {
        self.0.keep(sent).await
    }

    async fn sent(&self, account: Address) -> Result<Vec<Sent>, LedgerError> {
        self.0.sent(account).await
    }

    async fn release(&self, account: Address, id: B256) -> Result<(), LedgerError> {
        self.0.release(account, id).await
    }
}

#[tokio::test]
async fn act_that_could_not_be_written_down_is_not_sent_later() {
    let (ledger, outbox) = (chain().await, Arc::new(Torn::default()));
    let config = System::builder().own_ledger(Arc::new(ledger.clone())).own_store(store()).own_outbox(outbox.clone());
    let system = config.connect().await.unwrap();
    let [ana, lee] = [(); 2].map(|()| Identity::generate().unwrap().0);
    for person in [&ana, &lee] {
        ledger.fund(person.address(), Unit::ETHER.wei());
    }
    let (ana, lee) = (system.client(ana), system.client(lee));
    let card = lee.card().await.unwrap();
    ana.add(note("mine")).await.unwrap();
    outbox.1.store(true, Ordering::Relaxed);
    let failed = ana.grant(&card).await.unwrap_err();
    assert!(failed.to_string().contains("the disk is full") && !failed.may_have_happened(), "{failed}");
    ana.resume().await.unwrap();
    ana.add(note("mine too")).await.unwrap();
    assert!(ana.grants().list().await.unwrap().is_empty(), "what was reported as not sent took effect later");
}

/// Bytes that outlive a system, as a browser's storage does.
#[derive(Debug, Default)]
struct Bytes(Mutex<Vec<u8>>);

impl Memory for Bytes {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let (bytes, start) = (self.0.lock().unwrap(), offset as usize);
        out.copy_from_slice(bytes.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn resize(&self, size: u64) -> io::Result<()> {
        self.0.lock().unwrap().resize(size as usize, 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let start = offset as usize;
        self.0.lock().unwrap()[start..start + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

/// Saves only when it is asked to, as a browser's database does. A killed tab leaves what was saved.
#[derive(Debug, Default)]
struct Late {
    now: Bytes,
    saved: Arc<Mutex<Vec<u8>>>,
    /// Saves that fail, as on a full disk.
    failures: Mutex<usize>,
}

impl Late {
    fn open(saved: &Arc<Mutex<Vec<u8>>>) -> Arc<Self> {
        let now = Bytes(Mutex::new(saved.lock().unwrap().clone()));
        Arc::new(Self { now, saved: saved.clone(), ..Self::default() })
    }
}

impl Memory for Late {
    fn size(&self) -> io::Result<u64> {
        self.now.size()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.now.read(offset, out)
    }

    fn resize(&self, size: u64) -> io::Result<()> {
        self.now.resize(size)
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.now.write(offset, bytes)
    }

    fn saved(&self) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(async {
            tokio::task::yield_now().await;
            let mut failures = self.failures.lock().unwrap();
            if *failures > 0 {
                *failures -= 1;
                return Err(io::ErrorKind::StorageFull.into());
            }
            *self.saved.lock().unwrap() = self.now.0.lock().unwrap().clone();
            Ok(())
        })
    }
}

#[tokio::test]
async fn memories_pass_the_conformance_suite() {
    let saved = Arc::default();
    let open = || -> Arc<dyn Memory> { Late::open(&saved) };
    memory_conformance(open(), async || open()).await;
}

#[tokio::test]
async fn what_could_not_be_saved_is_reported_and_saved_later() {
    let (ledger, saved) = (chain().await, Arc::default());
    let config = |memory: Arc<Late>| {
        System::builder().own_ledger(Arc::new(ledger.clone())).own_store(store()).own_memory(memory)
    };
    let (ana, lee) = (Identity::generate().unwrap().0, Identity::generate().unwrap().0);
    ledger.fund(lee.address(), Unit::ETHER.wei());
    let memory = Late::open(&saved);
    let system = config(memory.clone()).connect().await.unwrap();
    let card = system.client(lee).card().await.unwrap();
    let client = system.client(ana.clone());
    *memory.failures.lock().unwrap() = 1;
    let full = client.contacts().add("Dr Lee", &card).await.unwrap_err();
    assert_eq!(full.kind(), ErrorKind::File, "{full}");
    assert!(full.to_string().contains("make room"), "{full}");
    client.contacts().add("Dr Lee", &card).await.unwrap();
    // The tab is killed: what is in memory alone is gone.
    drop((system, memory));
    let again = config(Late::open(&saved)).connect().await.unwrap().client(ana);
    assert_eq!(again.contacts().added_here().await.unwrap()[0].name, "Dr Lee");
}

#[tokio::test]
async fn memory_of_the_app_outlives_the_system() {
    let (ledger, store, memory) = (chain().await, store(), Arc::new(Bytes::default()));
    let config = || {
        let parts = System::builder().own_ledger(Arc::new(ledger.clone())).own_store(store.clone());
        parts.own_memory(memory.clone())
    };
    let (ana, lee) = (Identity::generate().unwrap().0, Identity::generate().unwrap().0);
    for person in [&ana, &lee] {
        ledger.fund(person.address(), Unit::ETHER.wei());
    }
    let system = config().connect().await.unwrap();
    let card = system.client(lee).card().await.unwrap();
    let client = system.client(ana.clone());
    client.contacts().add("Dr Lee", &card).await.unwrap();
    client.add(note("mine")).await.unwrap();
    assert_eq!(client.resume().await.unwrap().watching, 2, "what may have to be sent again is kept");
    drop((client, system));

    let client = config().connect().await.unwrap().client(ana);
    assert_eq!(client.contacts().added_here().await.unwrap()[0].name, "Dr Lee");
    assert_eq!(client.resume().await.unwrap().watching, 2, "also over a restart");

    memory.0.lock().unwrap()[..64].fill(7);
    let damaged = config().connect().await.unwrap_err();
    assert_eq!(damaged.kind(), ErrorKind::Refused, "{damaged}");
    let both = config().state_dir(tempfile::tempdir().unwrap().path()).connect().await.unwrap_err();
    assert_eq!(both.kind(), ErrorKind::Invalid, "{both}");
}

#[tokio::test]
async fn parts_that_are_missing_are_named() {
    let ledger = chain().await;
    let cases: [(Config, &str); 4] = [
        (System::builder().own_store(store()), "no chain is named"),
        (System::builder().own_ledger(Arc::new(ledger.clone())), "store"),
        (System::builder().own_ledger(Arc::new(ledger.clone())).own_store(store()).chain_id(7), "chain 7"),
        (
            System::builder()
                .own_ledger(Arc::new(ledger.clone()))
                .own_store(store())
                .own_witness(Arc::new(ledger.clone())),
            "cannot be its own witness",
        ),
    ];
    for (config, words) in cases {
        let error = config.connect().await.unwrap_err();
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
}

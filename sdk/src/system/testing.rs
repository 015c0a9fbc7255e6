//! Systems for tests: the real contract in an in-process EVM, with a clock that tests set. Only with the feature
//! `testing`.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use alloy::primitives::{Address, U256, utils::Unit};

use crate::{
    acts::services::{Parts, kept_in},
    base::{
        error::{Error, Result},
        time::instant,
    },
    ledger::{
        Contract, Ledger, MemoryLedger, MemoryOutbox, SenderOptions,
        clock::{Clock, TOLERANCE},
    },
    platform::cache::Cache,
    relay::Relay,
    store::{self, Store, StoreOptions},
    system::System,
};

/// How long a test waits for an idle relay, or for a transaction that a provider hides.
const PATIENCE: Duration = Duration::from_secs(10);
/// All services are in one process, so an answer that is not there by then never comes.
const TIMEOUT: Duration = Duration::from_secs(3);

impl System {
    /// The real contract in an in-process EVM, and a store in memory. It starts and asks no other program.
    pub async fn in_memory() -> Result<Self> {
        Self::in_memory_on(store::open("memory:", &StoreOptions::default())?).await
    }

    /// The same with your own store.
    pub async fn in_memory_with(store: impl Store + 'static) -> Result<Self> {
        Self::in_memory_on(store::checked(Arc::new(store))).await
    }

    async fn in_memory_on(store: Arc<dyn Store>) -> Result<Self> {
        let memory = MemoryLedger::with_contract().await?;
        let chain = memory.contract().chain();
        let parts = Self::parts(Arc::new(memory.clone()), chain, Contract::ADDRESS, vec![store])?;
        Ok(Self { memory: Some(memory), ..Self::from_parts(parts)? })
    }

    /// The parts of a process with an empty cache. Tests set the chain's clock far from this machine's.
    fn parts(ledger: Arc<dyn Ledger>, chain: u64, contract: Address, stores: Vec<Arc<dyn Store>>) -> Result<Parts> {
        Ok(Parts {
            ledger,
            witness: None,
            chain,
            contract,
            stores,
            cache: Cache::in_memory()?,
            outbox: Arc::new(MemoryOutbox::default()),
            sending: SenderOptions { deadline: PATIENCE, ..SenderOptions::default() },
            relays: Vec::new(),
            node: None,
            timeout: TIMEOUT,
            clock: Clock::Compare,
            tolerance: Duration::MAX,
        })
    }

    /// The parts of another process on the same chain and stores.
    fn same_parts(&self) -> Result<Parts> {
        let chain = self.deployment().chain;
        Self::parts(self.ledger().clone(), chain, self.contract().address(), self.services.stores.all())
    }

    fn same_parts_in(&self, folder: &Path) -> Result<Parts> {
        let (cache, outbox) = kept_in(Cache::in_folder(folder)?, Some(folder), self.deployment().chain);
        Ok(Parts { cache, outbox, ..self.same_parts()? })
    }

    fn with_parts(&self, parts: Parts) -> Result<Self> {
        Ok(Self { memory: self.memory.clone(), ..Self::from_parts(parts)? })
    }

    /// A system of any ledger and stores. Every block of the stores is checked, and the cache is in memory.
    pub async fn of(ledger: Arc<dyn Ledger>, contract: Address, stores: Vec<Arc<dyn Store>>) -> Result<Self> {
        let stores = stores.into_iter().map(store::checked).collect();
        let chain = ledger.chain_id().await?;
        Self::from_parts(Self::parts(ledger, chain, contract, stores)?)
    }

    /// The same chain and stores on another machine, with an empty cache.
    pub fn forgetful(&self) -> Result<Self> {
        self.relayed_by(Vec::new())
    }

    /// The same, but chain and machine must agree on the time unless `clock` decides.
    pub fn minding(&self, clock: Clock) -> Result<Self> {
        self.with_parts(Parts { clock, tolerance: TOLERANCE, ..self.same_parts()? })
    }

    /// The same chain and stores in another program, which keeps its cache in this folder.
    pub fn remembering(&self, folder: &Path) -> Result<Self> {
        self.with_parts(self.same_parts_in(folder)?)
    }

    /// Closes the file of the cache after each use, or not, in this whole process: for a benchmark.
    pub fn close_after_each_use(on: bool) {
        crate::platform::cache::EACH_TIME.store(on, std::sync::atomic::Ordering::Relaxed);
    }

    /// The same, but it compares every history with a second provider.
    pub fn remembering_with(&self, folder: &Path, witness: &MemoryLedger) -> Result<Self> {
        self.with_parts(Parts { witness: Some(witness.contract()), ..self.same_parts_in(folder)? })
    }

    /// The same chain and stores on another machine, with relays that pay for its people.
    pub fn relayed_by(&self, relays: Vec<Arc<dyn Relay>>) -> Result<Self> {
        self.with_parts(Parts { relays, ..self.same_parts()? })
    }

    /// The same chain and stores on another machine, with a second chain as witness.
    pub fn witnessed_by(&self, witness: &MemoryLedger) -> Result<Self> {
        self.with_parts(Parts { witness: Some(witness.contract()), ..self.same_parts()? })
    }

    /// Gives an account 100 ether on the chain in memory.
    pub async fn fund(&self, account: Address) -> Result<()> {
        self.memory()?.fund(account, Unit::ETHER.wei() * U256::from(100));
        Ok(())
    }

    /// Moves the clock of the chain in memory forward.
    pub async fn advance(&self, duration: Duration) -> Result<()> {
        self.memory()?.advance(duration);
        Ok(())
    }

    /// The time of the chain's newest block.
    pub async fn now(&self) -> Result<SystemTime> {
        Ok(instant(self.services.clocks.chain_time().await?))
    }

    /// The chain in memory, to inject faults and set time.
    pub fn memory(&self) -> Result<&MemoryLedger> {
        self.memory.as_ref().ok_or_else(|| Error::Invalid("this system's chain is not in memory".into()))
    }
}

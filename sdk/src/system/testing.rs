//! Systems for tests: the real contract in an in-process EVM, a clock that can be turned. Only with the feature `testing`.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use alloy::primitives::{Address, U256, utils::Unit};

use crate::{
    acts::services::{Parts, Services, on_disk},
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

/// How long a test waits for a relay that does nothing, or for a transaction that a provider hides.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is not seen by then is not seen: all of this is one process.
const TIMEOUT: Duration = Duration::from_secs(3);

impl System {
    /// The real contract in an in-process EVM, and a store in memory: nothing else is started or asked.
    pub async fn in_memory() -> Result<Self> {
        Self::in_memory_on(store::open("memory:", &StoreOptions::default())?).await
    }

    /// The same with a store of one's own.
    pub async fn in_memory_with(store: impl Store + 'static) -> Result<Self> {
        Self::in_memory_on(store::checked(Arc::new(store))).await
    }

    async fn in_memory_on(store: Arc<dyn Store>) -> Result<Self> {
        Self::with_memory(MemoryLedger::with_contract().await?, vec![store])
    }

    fn with_memory(memory: MemoryLedger, stores: Vec<Arc<dyn Store>>) -> Result<Self> {
        let chain = memory.contract().chain();
        let contract = Contract::ADDRESS;
        Self::with_parts(Self::parts(Arc::new(memory.clone()), chain, contract, stores)?, Some(memory))
    }

    fn with_parts(parts: Parts, memory: Option<MemoryLedger>) -> Result<Self> {
        Ok(Self { services: Services::new(parts)?, memory })
    }

    /// Of a process that remembers nothing.
    fn parts(ledger: Arc<dyn Ledger>, chain: u64, contract: Address, stores: Vec<Arc<dyn Store>>) -> Result<Parts> {
        let cache = Cache::in_memory()?;
        let outbox = Arc::new(MemoryOutbox::default());
        let sending = SenderOptions { deadline: PATIENCE, ..SenderOptions::default() };
        let witness = None;
        let relays = Vec::new();
        // Tests turn the chain's clock.
        let timeout = TIMEOUT;
        let clock = Clock::Compare;
        let tolerance = Duration::MAX;
        Ok(Parts {
            ledger,
            witness,
            chain,
            contract,
            stores,
            cache,
            outbox,
            sending,
            relays,
            timeout,
            clock,
            tolerance,
        })
    }

    /// A system of any ledger and stores, which are wrapped in the check of every block; nothing is remembered on
    /// disk.
    pub async fn of(ledger: Arc<dyn Ledger>, contract: Address, stores: Vec<Arc<dyn Store>>) -> Result<Self> {
        let stores = stores.into_iter().map(store::checked).collect();
        let chain = ledger.chain_id().await?;
        Self::from_parts(Self::parts(ledger, chain, contract, stores)?)
    }

    /// The same chain and stores as on another machine: nothing is remembered.
    pub fn forgetful(&self) -> Result<Self> {
        self.relayed_by(Vec::new())
    }

    /// The same, whose chain and machine must agree on the time unless `clock` decides.
    pub fn minding(&self, clock: Clock) -> Result<Self> {
        let chain = self.deployment().chain;
        let contract = self.contract().address();
        let parts = Self::parts(self.ledger().clone(), chain, contract, self.services.stores().all())?;
        Self::with_parts(Parts { clock, tolerance: TOLERANCE, ..parts }, self.memory.clone())
    }

    /// The same chain and stores as a program of its own, which keeps what it remembers in this folder.
    pub fn remembering(&self, folder: &std::path::Path) -> Result<Self> {
        let chain = self.deployment().chain;
        let contract = self.contract().address();
        let parts = Self::parts(self.ledger().clone(), chain, contract, self.services.stores().all())?;
        let (cache, outbox) = on_disk(folder, chain)?;
        Self::with_parts(Parts { cache, outbox, ..parts }, self.memory.clone())
    }

    /// Whether the file of what is remembered is closed after each use, in all of this process: for a benchmark.
    pub fn close_after_each_use(on: bool) {
        crate::platform::cache::EACH_TIME.store(on, std::sync::atomic::Ordering::Relaxed);
    }

    /// The same, which compares what it is told with another provider.
    pub fn remembering_with(&self, folder: &std::path::Path, witness: &MemoryLedger) -> Result<Self> {
        let chain = self.deployment().chain;
        let contract = self.contract().address();
        let parts = Self::parts(self.ledger().clone(), chain, contract, self.services.stores().all())?;
        let (cache, outbox) = on_disk(folder, chain)?;
        Self::with_parts(Parts { cache, outbox, witness: Some(witness.contract()), ..parts }, self.memory.clone())
    }

    /// The same chain and stores as on another machine, whose people let these relays pay.
    pub fn relayed_by(&self, relays: Vec<Arc<dyn Relay>>) -> Result<Self> {
        let chain = self.deployment().chain;
        let contract = self.contract().address();
        let parts = Self::parts(self.ledger().clone(), chain, contract, self.services.stores().all())?;
        Self::with_parts(Parts { relays, ..parts }, self.memory.clone())
    }

    /// The same chain and stores as on another machine, which compares what it is told with a second chain.
    pub fn witnessed_by(&self, witness: &MemoryLedger) -> Result<Self> {
        let chain = self.deployment().chain;
        let contract = self.contract().address();
        let parts = Self::parts(self.ledger().clone(), chain, contract, self.services.stores().all())?;
        Self::with_parts(Parts { witness: Some(witness.contract()), ..parts }, self.memory.clone())
    }

    /// Gives an account 100 ether of the chain in memory.
    pub async fn fund(&self, account: Address) -> Result<()> {
        self.memory()?.fund(account, Unit::ETHER.wei() * U256::from(100));
        Ok(())
    }

    /// Turns the clock of the chain in memory forward.
    pub async fn advance(&self, duration: Duration) -> Result<()> {
        self.memory()?.advance(duration);
        Ok(())
    }

    /// The time of the chain's newest block.
    pub async fn now(&self) -> Result<SystemTime> {
        Ok(instant(self.services.clocks().chain_time().await?))
    }

    /// The chain in memory, for faults and time.
    pub fn memory(&self) -> Result<&MemoryLedger> {
        self.memory.as_ref().ok_or_else(|| Error::Invalid("this system's chain is not in memory".into()))
    }
}

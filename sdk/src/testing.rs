//! Systems for tests: the real contract in an in-process EVM, a clock that can be turned. Only with the feature `testing`.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use alloy::primitives::{Address, U256, utils::Unit};

use crate::{
    Error, Result,
    cache::Cache,
    ledger::{Contract, Ledger, MemoryLedger, MemoryOutbox, SenderOptions},
    store::{self, Store, StoreOptions},
    system::{Parts, System},
};

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
        let (ledger, cache): (Arc<dyn Ledger>, _) = (Arc::new(memory.clone()), Cache::in_memory()?);
        let (outbox, sending) = (Arc::new(MemoryOutbox::default()), SenderOptions::default());
        let (chain, contract) = (memory.contract().chain(), Contract::ADDRESS);
        let mut system = Self::from_parts(Parts {
            ledger,
            witness: None,
            chain,
            contract,
            stores,
            cache,
            outbox,
            sending,
            timeout: TIMEOUT,
        })?;
        if let Some(inner) = Arc::get_mut(&mut system.0) {
            inner.memory = Some(memory);
        }
        Ok(system)
    }

    /// A system of any ledger and stores, which are wrapped in the check of every block; nothing is remembered on
    /// disk.
    pub async fn of(ledger: Arc<dyn Ledger>, contract: Address, stores: Vec<Arc<dyn Store>>) -> Result<Self> {
        let stores = stores.into_iter().map(store::checked).collect();
        let (cache, outbox) = (Cache::in_memory()?, Arc::new(MemoryOutbox::default()));
        let (chain, sending) = (ledger.chain_id().await?, SenderOptions::default());
        Self::from_parts(Parts {
            ledger,
            witness: None,
            chain,
            contract,
            stores,
            cache,
            outbox,
            sending,
            timeout: TIMEOUT,
        })
    }

    /// The same chain and stores as on another machine: nothing is remembered.
    pub fn forgetful(&self) -> Result<Self> {
        let stores = self.stores().all();
        match &self.0.memory {
            Some(memory) => Self::with_memory(memory.clone(), stores),
            None => Self::from_parts(Parts {
                ledger: self.ledger().clone(),
                witness: None,
                chain: self.deployment().chain,
                contract: self.contract().address(),
                stores,
                cache: Cache::in_memory()?,
                outbox: Arc::new(MemoryOutbox::default()),
                sending: SenderOptions::default(),
                timeout: TIMEOUT,
            }),
        }
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
        Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(self.chain_time().await?))
    }

    /// The chain in memory, for faults and time.
    pub fn memory(&self) -> Result<&MemoryLedger> {
        self.0.memory.as_ref().ok_or_else(|| Error::Invalid("this system's chain is not in memory".into()))
    }
}

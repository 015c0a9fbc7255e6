//! One chain, one contract, the stores and what is remembered: shared by all people of a process.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use alloy::primitives::Address;
use bytes::Bytes;
use hospital_record_core::{
    block::{self, Block, Body, Unverified, Verified},
    id::{Account, Deployment, Digest},
    identity::PublicKeys,
};
use zeroize::Zeroizing;

use crate::{
    Client, Error, Identity, Result,
    cache::{BLOCKS, Cache},
    journal::Known,
    ledger::{Contract, EthereumLedger, EthereumOptions, Journal, Ledger, MemoryOutbox, Outbox, Sender, SenderOptions},
    outbox::DiskOutbox,
    store::{self, Store, StoreOptions},
    stores::Stores,
};

/// Where the chain and the stores are, and how long to wait for them. Shows no secrets when printed.
#[derive(Clone)]
pub struct Config {
    rpc_url: String,
    contract: Address,
    stores: Vec<String>,
    store_token: Option<Zeroizing<String>>,
    state_dir: Option<PathBuf>,
    timeout: Duration,
    confirmations: u64,
}

impl Config {
    /// An Ethereum RPC, and the contract at the address that it has on every chain. At least one
    /// [`store`](Config::store) must follow.
    pub fn new(rpc_url: impl Into<String>) -> Self {
        Self {
            rpc_url: rpc_url.into(),
            contract: Contract::ADDRESS,
            stores: Vec::new(),
            store_token: None,
            state_dir: None,
            timeout: Duration::from_secs(30),
            confirmations: 1,
        }
    }

    /// Another contract than the one at the well-known address. Its code must be the same.
    pub fn contract(mut self, address: Address) -> Self {
        self.contract = address;
        self
    }

    /// A store by its URL (see [`store::open`]). The first is written to; the others are asked for what it lacks.
    pub fn store(mut self, url: impl Into<String>) -> Self {
        self.stores.push(url.into());
        self
    }

    /// A bearer token for the first store.
    pub fn store_token(mut self, token: impl Into<String>) -> Self {
        self.store_token = Some(Zeroizing::new(token.into()));
        self
    }

    /// Where caches and unfinished work are kept; nothing is written elsewhere. Without it they are in memory, and
    /// what is interrupted cannot be resumed.
    pub fn state_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.state_dir = Some(folder.as_ref().into());
        self
    }

    /// How long one answer of a service may take; 30 s unless told. Sending a transaction may take four times as long.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Blocks after which a transaction counts as confirmed, its own included; 1 unless told.
    pub fn confirmations(mut self, blocks: u64) -> Self {
        self.confirmations = blocks.max(1);
        self
    }

    fn open_stores(&self) -> Result<Vec<Arc<dyn Store>>> {
        let options = StoreOptions::default().timeout(self.timeout);
        let token = |index: usize| self.store_token.as_ref().filter(|_| index == 0);
        let opened = self.stores.iter().enumerate().map(|(index, url)| {
            let options = match token(index) {
                Some(token) => options.clone().token(token.as_str()),
                None => options.clone(),
            };
            Ok(store::open(url, &options)?)
        });
        opened.collect()
    }
}

/// Shows neither URLs, which may hold API keys, nor the token.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("contract", &self.contract)
            .field("stores", &self.stores.len())
            .field("state_dir", &self.state_dir)
            .finish_non_exhaustive()
    }
}

/// A chain, a contract and stores. One a process; cheap to clone.
#[derive(Clone)]
pub struct System(Arc<Inner>);

struct Inner {
    contract: Contract,
    deployment: Deployment,
    journal: Journal,
    sender: Sender,
    stores: Stores,
    cache: Cache,
    journals: Mutex<Slots>,
    signers: Mutex<HashMap<(Address, Digest), PublicKeys>>,
    #[cfg(feature = "testing")]
    memory: Option<crate::ledger::MemoryLedger>,
}

type Slot = Arc<tokio::sync::Mutex<Option<Arc<Known>>>>;
type Slots = HashMap<Address, Slot>;

/// Histories and profiles that are kept in memory; those on disk are not bounded.
const KEPT: usize = 1024;

/// What a system is made of.
pub(crate) struct Parts {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) chain: u64,
    pub(crate) contract: Address,
    pub(crate) stores: Vec<Arc<dyn Store>>,
    pub(crate) cache: Cache,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) sending: SenderOptions,
}

impl System {
    /// Connects: checks that the RPC answers and that the contract is there, with this version's code.
    ///
    /// # Errors
    /// [`Error::WrongContract`], [`Error::Unreachable`], [`Error::Invalid`] for URLs that cannot be used.
    pub async fn connect(config: Config) -> Result<Self> {
        let options = EthereumOptions { timeout: config.timeout };
        let ledger: Arc<dyn Ledger> = Arc::new(EthereumLedger::connect(&config.rpc_url, options)?);
        let sending = SenderOptions { deadline: config.timeout * 4, confirmations: config.confirmations };
        let stores = config.open_stores()?;
        let chain = ledger.chain_id().await?;
        let (cache, outbox) = match &config.state_dir {
            Some(folder) => on_disk(folder, chain)?,
            None => (Cache::in_memory()?, Arc::new(MemoryOutbox::default()) as Arc<dyn Outbox>),
        };
        let system = Self::from_parts(Parts { ledger, chain, contract: config.contract, stores, cache, outbox, sending })?;
        system.contract().check().await?;
        Ok(system)
    }

    pub(crate) fn from_parts(parts: Parts) -> Result<Self> {
        let contract = Contract::new(parts.ledger, parts.chain, parts.contract);
        let deployment = Deployment { chain: parts.chain, contract: Account(parts.contract.into()) };
        Ok(Self(Arc::new(Inner {
            journal: Journal::new(contract.clone()),
            sender: Sender::new(contract.ledger().clone(), parts.chain, parts.outbox, parts.sending),
            contract,
            deployment,
            stores: Stores::new(parts.stores)?,
            cache: parts.cache,
            journals: Mutex::default(),
            signers: Mutex::default(),
            #[cfg(feature = "testing")]
            memory: None,
        })))
    }

    /// A person at this system.
    pub fn client(&self, identity: Identity) -> Client {
        Client::new(self.clone(), identity)
    }

    /// Chain and contract.
    pub fn deployment(&self) -> Deployment {
        self.0.deployment
    }

    /// The contract, for questions of one's own.
    pub fn contract(&self) -> &Contract {
        &self.0.contract
    }

    /// The chain, for questions of one's own.
    pub fn ledger(&self) -> &Arc<dyn Ledger> {
        self.0.contract.ledger()
    }

    pub(crate) fn reader(&self) -> &Journal {
        &self.0.journal
    }

    pub(crate) fn sender(&self) -> &Sender {
        &self.0.sender
    }

    pub(crate) fn stores(&self) -> &Stores {
        &self.0.stores
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.0.cache
    }

    /// Distinguishes what is remembered of several deployments: 28 bytes.
    pub(crate) fn deployment_key(&self) -> Vec<u8> {
        [&self.0.deployment.chain.to_be_bytes()[..], &self.0.deployment.contract.0].concat()
    }

    /// One lock a patient: the same history is not read twice at the same time.
    pub(crate) fn journal_slot(&self, patient: Address) -> Slot {
        let mut slots = self.0.journals.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if slots.len() >= KEPT && !slots.contains_key(&patient) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        slots.entry(patient).or_default().clone()
    }

    /// A small block, from what is remembered or from a store.
    pub(crate) async fn block(&self, digest: Digest) -> Result<Bytes> {
        if let Some(bytes) = self.cache().get(BLOCKS, digest.0.to_vec()).await? {
            return Ok(bytes.into());
        }
        let bytes = self.stores().get(&digest.dag_cbor_cid()).await?;
        self.cache().put(BLOCKS, digest.0.to_vec(), bytes.to_vec()).await?;
        Ok(bytes)
    }

    /// Stores a signed block for good.
    pub(crate) async fn publish(&self, block: Block) -> Result<Digest> {
        let digest = block.digest();
        self.stores().keep(block).await?;
        Ok(digest)
    }

    /// Fetches a signed block and verifies it with the profile that it names, which its issuer's account signed.
    pub(crate) async fn signed<T: Body>(&self, digest: Digest) -> Result<Verified<T>> {
        let bytes = self.block(digest).await?;
        self.verified(block::parse(&bytes, self.deployment()).map_err(hospital_record_core::error::CoreError::from)?).await
    }

    pub(crate) async fn verified<T: Body>(&self, block: Unverified<T>) -> Result<Verified<T>> {
        let (issuer, profile) = (Address::from(block.issuer().0), block.profile_digest());
        let keys = match self.signer(issuer, profile) {
            Some(keys) => keys,
            None => {
                let keys = self.profile_block(issuer, profile, None).await?.keys;
                self.keep_signer(issuer, profile, keys.clone());
                keys
            }
        };
        Ok(block.verify(&keys).map_err(hospital_record_core::error::CoreError::from)?)
    }

    fn signer(&self, issuer: Address, profile: Digest) -> Option<PublicKeys> {
        self.0.signers.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).get(&(issuer, profile)).cloned()
    }

    fn keep_signer(&self, issuer: Address, profile: Digest, keys: PublicKeys) {
        let mut signers = self.0.signers.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if signers.len() >= KEPT {
            signers.clear();
        }
        signers.insert((issuer, profile), keys);
    }
}

/// A folder that only its owner can read.
fn on_disk(folder: &Path, chain: u64) -> Result<(Cache, Arc<dyn Outbox>)> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| Error::file(folder, &error))?;
    let cache = Cache::in_folder(folder)?;
    let outbox = DiskOutbox::new(cache.clone(), folder, chain);
    Ok((cache, Arc::new(outbox)))
}

/// Shows chain and contract.
impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("System").field(&self.0.deployment).finish()
    }
}

#[cfg(feature = "testing")]
mod testing {
    use super::*;
    use crate::ledger::MemoryLedger;
    use std::time::SystemTime;

    /// Only with the feature `testing`.
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
            let mut system = Self::from_parts(Parts { ledger, chain, contract, stores, cache, outbox, sending })?;
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
            Self::from_parts(Parts { ledger, chain, contract, stores, cache, outbox, sending })
        }

        /// The same chain and stores as on another machine: nothing is remembered.
        pub fn forgetful(&self) -> Result<Self> {
            let stores = self.stores().all();
            match &self.0.memory {
                Some(memory) => Self::with_memory(memory.clone(), stores),
                None => Self::from_parts(Parts {
                    ledger: self.ledger().clone(),
                    chain: self.0.deployment.chain,
                    contract: self.contract().address(),
                    stores,
                    cache: Cache::in_memory()?,
                    outbox: Arc::new(MemoryOutbox::default()),
                    sending: SenderOptions::default(),
                }),
            }
        }

        /// Gives an account 100 ether of the chain in memory.
        pub async fn fund(&self, account: Address) -> Result<()> {
            self.memory()?.fund(account, alloy::primitives::utils::Unit::ETHER.wei() * alloy::primitives::U256::from(100));
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
}

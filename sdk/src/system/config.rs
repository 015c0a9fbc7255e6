//! Which services to use, and how long to wait for them.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use alloy::primitives::{Address, U256};
use url::Url;
use zeroize::Zeroizing;

use crate::{
    base::{
        bounds::{self, MaxFee, Timeout},
        error::{Error, Result, fail},
    },
    ledger::{Contract, EthereumLedger, EthereumOptions, Ledger, LedgerError, Outbox, SenderOptions, clock::Clock},
    node::{
        ask,
        join::{Joined, join},
    },
    platform::cache::own::Memory,
    relay::{HttpRelay, Relay},
    store::{self, Store, StoreOptions},
};

/// A service: by its URL, or the app's own implementation.
enum Service<T: ?Sized> {
    Url(String),
    Own(Arc<T>),
}

impl<T: ?Sized> Clone for Service<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Url(url) => Self::Url(url.clone()),
            Self::Own(own) => Self::Own(own.clone()),
        }
    }
}

/// Which chain and stores to use, and how long to wait for them; made by [`System::builder`](crate::System::builder). Its `Debug` output shows no secrets.
///
/// Name each service by its URL, or pass your own implementation: [`own_ledger`](Config::own_ledger),
/// [`own_store`](Config::own_store), [`own_relay`](Config::own_relay), [`own_witness`](Config::own_witness),
/// [`own_outbox`](Config::own_outbox), [`own_memory`](Config::own_memory).
///
/// ```
/// # use std::time::Duration;
/// # use hospital_record::{Result, System};
/// # async fn app() -> Result<System> {
/// System::builder()
///     .rpc("https://rpc.example")
///     .store("kubo+http://127.0.0.1:5001")
///     .state_dir("state")
///     .witness("https://other-rpc.example")
///     .relay("https://relay.example")
///     .timeout(Duration::from_secs(10))
///     .connect()
///     .await
/// # }
/// ```
#[derive(Clone)]
pub struct Config {
    ledger: Option<Service<dyn Ledger>>,
    pub(crate) contract: Option<Address>,
    node: Option<String>,
    chain: Option<u64>,
    stores: Vec<Service<dyn Store>>,
    store_token: Option<Zeroizing<String>>,
    #[cfg(feature = "s3")]
    s3: Option<store::S3Access>,
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) timeout: Duration,
    pub(crate) confirmations: u64,
    pub(crate) most_per_transaction: U256,
    pub(crate) clock: Clock,
    witness: Option<Service<dyn Ledger>>,
    relays: Vec<Service<dyn Relay>>,
    pub(crate) outbox: Option<Arc<dyn Outbox>>,
    pub(crate) memory: Option<Arc<dyn Memory>>,
}

impl Config {
    pub(crate) fn empty() -> Self {
        Self {
            ledger: None,
            contract: None,
            node: None,
            chain: None,
            stores: Vec::new(),
            store_token: None,
            #[cfg(feature = "s3")]
            s3: None,
            state_dir: None,
            timeout: Duration::from_secs(30),
            confirmations: 1,
            most_per_transaction: SenderOptions::default().most,
            clock: Clock::default(),
            witness: None,
            relays: Vec::new(),
            outbox: None,
            memory: None,
        }
    }

    /// A hospital's node, by its address (`https://clinic.example`): it names the chain and the contract, and is the RPC,
    /// the store and the relay where you name none yourself. See the [guide](crate::node).
    pub fn join(mut self, address: impl Into<String>) -> Self {
        self.node = Some(address.into());
        self
    }

    /// The chain, by the URL of an Ethereum RPC.
    pub fn rpc(mut self, url: impl Into<String>) -> Self {
        self.ledger = Some(Service::Url(url.into()));
        self
    }

    /// The chain, through your own implementation.
    pub fn own_ledger(mut self, ledger: Arc<dyn Ledger>) -> Self {
        self.ledger = Some(Service::Own(ledger));
        self
    }

    /// Uses a contract at another address than the well-known one. Its code must be the same.
    pub fn contract(mut self, address: Address) -> Self {
        self.contract = Some(address);
        self
    }

    /// The chain's id (EIP-155). An RPC of another chain is refused. Without it, the first connection with a
    /// [`state_dir`](Config::state_dir) sets the id for all later ones. Without either, the RPC's answer counts.
    pub fn chain_id(mut self, id: u64) -> Self {
        self.chain = Some(id);
        self
    }

    /// Adds a store by its URL (see [`store::open`]). The client writes to the first store, and reads from the others
    /// what it lacks.
    pub fn store(mut self, url: impl Into<String>) -> Self {
        self.stores.push(Service::Url(url.into()));
        self
    }

    /// Adds your own store, in the same order. The client checks every block against its CID.
    pub fn own_store(mut self, store: Arc<dyn Store>) -> Self {
        self.stores.push(Service::Own(store::checked(store)));
        self
    }

    /// A bearer token for the first store.
    pub fn store_token(mut self, token: impl Into<String>) -> Self {
        self.store_token = Some(Zeroizing::new(token.into()));
        self
    }

    /// The key of the stores that are buckets (`s3://bucket/prefix`).
    #[cfg(feature = "s3")]
    pub fn s3(mut self, access: store::S3Access) -> Self {
        self.s3 = Some(access);
        self
    }

    /// The directory for the cache and for unfinished work. Nothing is written elsewhere.
    ///
    /// Without it they are in memory only. Then a restart forgets the accepted keys of others and the histories that
    /// were seen. With them goes the protection against swapped keys, and against a node that shows an older history.
    /// Interrupted work cannot be resumed.
    ///
    /// The directory belongs to one chain and one contract, those of the first connection, and to the user of this
    /// process.
    #[cfg(not(target_family = "wasm"))]
    pub fn state_dir(mut self, folder: impl AsRef<std::path::Path>) -> Self {
        self.state_dir = Some(folder.as_ref().into());
        self
    }

    /// The timeout of one answer of a service. Default 30 s, at most a day ([`Timeout`](crate::Timeout)). Sending a
    /// transaction can take four times as long.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The number of blocks, its own included, that confirm a transaction. Default 1, at most 10,000.
    pub fn confirmations(mut self, blocks: u64) -> Self {
        self.confirmations = blocks;
        self
    }

    /// The most that one transaction may cost, in wei. Default 0.02 ether ([`MaxFee`](crate::MaxFee)). The RPC decides
    /// what fees are, so this is the limit of what it can make you pay.
    pub fn most_per_transaction(mut self, wei: U256) -> Self {
        self.most_per_transaction = wei;
        self
    }

    /// Which clock counts if the chain's clock and this machine's clock differ by more than ten minutes.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// A second RPC, run by somebody else. The client compares every history with the head that the witness reports,
    /// before it shows, uses or writes anything. Then no single provider can hide a revocation from this machine.
    pub fn witness(mut self, rpc_url: impl Into<String>) -> Self {
        self.witness = Some(Service::Url(rpc_url.into()));
        self
    }

    /// A witness, through your own implementation.
    pub fn own_witness(mut self, ledger: Arc<dyn Ledger>) -> Self {
        self.witness = Some(Service::Own(ledger));
        self
    }

    /// Adds a relay, which carries signed requests to the chain and pays: the people need no ether. If one relay
    /// refuses or does not answer, the client asks the next one.
    pub fn relay(mut self, url: impl Into<String>) -> Self {
        self.relays.push(Service::Url(url.into()));
        self
    }

    /// Adds your own relay, in the same order.
    pub fn own_relay(mut self, relay: Arc<dyn Relay>) -> Self {
        self.relays.push(Service::Own(relay));
        self
    }

    /// Where pending transactions are kept, instead of in the [`state_dir`](Config::state_dir) or in memory. It must
    /// outlive the process. All processes of an account must share it; otherwise two of them use the same nonce.
    pub fn own_outbox(mut self, outbox: Arc<dyn Outbox>) -> Self {
        self.outbox = Some(outbox);
        self
    }

    /// The app's own memory for the cache and for unfinished work, in the place of the
    /// [`state_dir`](Config::state_dir): for an app without a folder. No other program may use it meanwhile. It does not
    /// pin the chain and the contract that it belongs to: name the [`chain_id`](Config::chain_id).
    pub fn own_memory(mut self, memory: Arc<dyn Memory>) -> Self {
        self.memory = Some(memory);
        self
    }

    /// Asks the node, if one is joined, for what is not configured. With everything configured it is not needed.
    pub(crate) async fn joined(mut self) -> Result<Self> {
        let Some(node) = self.node_address()? else { return Ok(self) };
        let is_named = self.ledger.is_some() && !self.stores.is_empty() && !self.relays.is_empty();
        if is_named && self.chain.is_some() && self.contract.is_some() {
            return Ok(self);
        }
        let name = node.origin().ascii_serialization();
        let Joined { chain, contract, rpc, store, relay } = join(&node, self.timeout).await?;
        if let Some(expected) = self.chain.filter(|expected| *expected != chain) {
            return Err(LedgerError::WrongChain { host: name, expected, found: chain }.into());
        }
        // The well-known address tells the code of a contract on every chain; another one is only the node's word.
        let expected = self.contract_address();
        if contract != expected {
            return fail!(
                WrongContract,
                "{name} serves the contract {contract}, and not {expected}: do not go on before its operator explains \
                 why; if you trust the other one, name it as the contract"
            );
        }
        if self.ledger.is_none() {
            let lacks = format!("{name} does not answer questions to the chain: name an RPC too");
            self = self.rpc(rpc.ok_or_else(|| Error::Invalid(lacks.into()))?);
        }
        if self.stores.is_empty() {
            let lacks = format!("{name} holds no blocks: name a store too");
            self = self.store(store.ok_or_else(|| Error::Invalid(lacks.into()))?);
        }
        if let Some(relay) = relay.filter(|_| self.relays.is_empty()) {
            self = self.relay(relay);
        }
        Ok(self.chain_id(chain).contract(contract))
    }

    /// The joined node, if there is one.
    pub(crate) fn node_address(&self) -> Result<Option<Url>> {
        self.node.as_deref().map(ask::parse).transpose()
    }

    /// The contract's address, well-known unless it is configured.
    pub(crate) fn contract_address(&self) -> Address {
        self.contract.unwrap_or(Contract::ADDRESS)
    }

    /// Checks all values before it opens or asks anything.
    pub(crate) fn check(&self) -> Result<()> {
        Timeout::try_from(self.timeout)?;
        MaxFee::try_from(self.most_per_transaction)?;
        bounds::confirmations(self.confirmations)?;
        if self.memory.is_some() && self.state_dir.is_some() {
            return fail!(Invalid, "name a state directory or a memory of the app's own, not both");
        }
        self.chain.map_or(Ok(()), |id| bounds::chain_id(id).map(drop))
    }

    pub(crate) fn open_relays(&self) -> Result<Vec<Arc<dyn Relay>>> {
        let open = |relay: &Service<dyn Relay>| match relay {
            Service::Url(url) => Ok(Arc::new(HttpRelay::connect(url, self.timeout)?) as Arc<dyn Relay>),
            Service::Own(own) => Ok(own.clone()),
        };
        self.relays.iter().map(open).collect()
    }

    pub(crate) fn open_ledger(&self) -> Result<Arc<dyn Ledger>> {
        let ledger = self.ledger.as_ref();
        self.reach(ledger.ok_or_else(|| Error::Invalid("no chain is named: give the address of an RPC".into()))?)
    }

    fn reach(&self, service: &Service<dyn Ledger>) -> Result<Arc<dyn Ledger>> {
        let options = EthereumOptions { timeout: self.timeout, ..EthereumOptions::default() };
        match service {
            Service::Url(url) => Ok(Arc::new(EthereumLedger::connect(url, options)?)),
            Service::Own(own) => Ok(own.clone()),
        }
    }

    /// The chain of the ledger, which must be the one that was named.
    pub(crate) async fn chain_of(&self, ledger: &dyn Ledger) -> Result<u64> {
        let chain = ledger.chain_id().await?;
        match self.chain {
            Some(expected) if expected != chain => {
                Err(LedgerError::WrongChain { host: ledger.name(), expected, found: chain }.into())
            }
            _ => Ok(chain),
        }
    }

    pub(crate) async fn open_witness(&self, provider: &str, chain: u64) -> Result<Option<Contract>> {
        let Some(witness) = &self.witness else { return Ok(None) };
        let ledger = self.reach(witness)?;
        if ledger.name() == provider {
            return fail!(
                Invalid,
                "{provider} cannot be its own witness: name a node that somebody else runs, or none"
            );
        }
        let contract = Contract::new(ledger, chain, self.contract_address());
        contract.check().await?;
        Ok(Some(contract))
    }

    pub(crate) fn open_stores(&self) -> Result<Vec<Arc<dyn Store>>> {
        let options = StoreOptions::default().timeout(self.timeout);
        #[cfg(feature = "s3")]
        let options = match &self.s3 {
            Some(access) => options.s3(access.clone()),
            None => options,
        };
        let token = |index: usize| self.store_token.as_ref().filter(|_| index == 0);
        let stores = self.stores.iter().enumerate().map(|(index, service)| {
            let url = match service {
                Service::Url(url) => url,
                Service::Own(own) => return Ok(own.clone()),
            };
            let options = match token(index) {
                Some(token) => options.clone().token(token.as_str()),
                None => options.clone(),
            };
            Ok(store::open(url, &options)?)
        });
        stores.collect()
    }
}

/// Shows neither URLs, which may hold API keys, nor the token.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("contract", &self.contract_address())
            .field("stores", &self.stores.len())
            .field("state_dir", &self.state_dir)
            .finish_non_exhaustive()
    }
}

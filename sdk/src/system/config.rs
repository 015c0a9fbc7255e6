//! Where things are, and how long to wait for them.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use alloy::primitives::{Address, U256};
use zeroize::Zeroizing;

use crate::{
    base::{
        bounds::{self, MaxFee, Timeout},
        error::{Error, Result},
    },
    ledger::{Contract, EthereumLedger, EthereumOptions, Ledger, LedgerError, Outbox, SenderOptions, clock::Clock},
    platform::cache::own::Memory,
    relay::{HttpRelay, Relay},
    store::{self, Store, StoreOptions},
};

/// By its URL, or an implementation of the app's own.
enum Place<T: ?Sized> {
    Url(String),
    Own(Arc<T>),
}

impl<T: ?Sized> Clone for Place<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Url(url) => Self::Url(url.clone()),
            Self::Own(own) => Self::Own(own.clone()),
        }
    }
}

/// Where the chain and the stores are, and how long to wait for them. Shows no secrets when printed.
///
/// Each service is named by its URL, or is an implementation of one's own: [`own_ledger`](Config::own_ledger),
/// [`own_store`](Config::own_store), [`own_relay`](Config::own_relay), [`own_witness`](Config::own_witness),
/// [`own_outbox`](Config::own_outbox), [`own_memory`](Config::own_memory).
///
/// ```
/// # use std::time::Duration;
/// # use hospital_record::{Config, Result, System};
/// # async fn app() -> Result<System> {
/// let config = Config::new("https://rpc.example").store("kubo+http://127.0.0.1:5001").state_dir("state");
/// let config = config.witness("https://other-rpc.example").relay("https://relay.example");
/// System::connect(config.timeout(Duration::from_secs(10))).await
/// # }
/// ```
#[derive(Clone)]
pub struct Config {
    ledger: Option<Place<dyn Ledger>>,
    pub(crate) contract: Address,
    chain: Option<u64>,
    stores: Vec<Place<dyn Store>>,
    store_token: Option<Zeroizing<String>>,
    #[cfg(feature = "s3")]
    s3: Option<store::S3Access>,
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) timeout: Duration,
    pub(crate) confirmations: u64,
    pub(crate) most_per_transaction: U256,
    pub(crate) clock: Clock,
    witness: Option<Place<dyn Ledger>>,
    relays: Vec<Place<dyn Relay>>,
    pub(crate) outbox: Option<Arc<dyn Outbox>>,
    pub(crate) memory: Option<Arc<dyn Memory>>,
}

impl Config {
    /// An Ethereum RPC, and the contract at the address that it has on every chain. At least one
    /// [`store`](Config::store) must follow.
    pub fn new(rpc_url: impl Into<String>) -> Self {
        Self::empty().rpc(rpc_url)
    }

    pub(crate) fn empty() -> Self {
        Self {
            ledger: None,
            contract: Contract::ADDRESS,
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

    /// The chain, behind an Ethereum RPC.
    pub fn rpc(mut self, url: impl Into<String>) -> Self {
        self.ledger = Some(Place::Url(url.into()));
        self
    }

    /// The chain, as an implementation of one's own reaches it.
    pub fn own_ledger(mut self, ledger: Arc<dyn Ledger>) -> Self {
        self.ledger = Some(Place::Own(ledger));
        self
    }

    /// Another contract than the one at the well-known address. Its code must be the same.
    pub fn contract(mut self, address: Address) -> Self {
        self.contract = address;
        self
    }

    /// The chain's id (EIP-155): an RPC of another chain is refused. Unless told, the first connection with a
    /// [`state_dir`](Config::state_dir) decides, and later ones are held to it; without either the RPC's word counts.
    pub fn chain_id(mut self, id: u64) -> Self {
        self.chain = Some(id);
        self
    }

    /// A store by its URL (see [`store::open`]). The first is written to; the others are asked for what it lacks.
    pub fn store(mut self, url: impl Into<String>) -> Self {
        self.stores.push(Place::Url(url.into()));
        self
    }

    /// A store of one's own, in the same order. Every block is checked against its CID around it.
    pub fn own_store(mut self, store: Arc<dyn Store>) -> Self {
        self.stores.push(Place::Own(store::checked(store)));
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

    /// Where caches and unfinished work are kept; nothing is written elsewhere.
    ///
    /// Without it they are in memory, and every restart is a first meeting: the keys of others that were accepted and the
    /// histories that were seen are forgotten, and with them the protection against swapped keys and against a node that
    /// shows an older history; what is interrupted cannot be resumed.
    ///
    /// It belongs to one chain and contract, those of the first connection, and to the user whose process this is.
    pub fn state_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.state_dir = Some(folder.as_ref().into());
        self
    }

    /// How long one answer of a service may take; 30 s unless told, at most a day ([`Timeout`](crate::Timeout)). Sending a
    /// transaction may take four times as long.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Blocks after which a transaction counts as confirmed, its own included; 1 unless told, at most 10,000.
    pub fn confirmations(mut self, blocks: u64) -> Self {
        self.confirmations = blocks;
        self
    }

    /// The most that one transaction may cost, in wei; 0.02 ether unless told ([`MaxFee`](crate::MaxFee)). What fees are is
    /// the RPC's word.
    pub fn most_per_transaction(mut self, wei: U256) -> Self {
        self.most_per_transaction = wei;
        self
    }

    /// Whose clock counts where the chain's and this machine's differ by more than ten minutes.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// A second RPC, run by somebody else. Every history is compared with the head that it tells, before anything is
    /// believed, shown or written: then no single provider can keep a revocation from this machine.
    pub fn witness(mut self, rpc_url: impl Into<String>) -> Self {
        self.witness = Some(Place::Url(rpc_url.into()));
        self
    }

    /// The same, as an implementation of one's own reaches it.
    pub fn own_witness(mut self, ledger: Arc<dyn Ledger>) -> Self {
        self.witness = Some(Place::Own(ledger));
        self
    }

    /// A relay, which carries what people sign to the chain and pays for it: they need no ether. With several, the next
    /// one is asked when one refuses or gives no answer.
    pub fn relay(mut self, url: impl Into<String>) -> Self {
        self.relays.push(Place::Url(url.into()));
        self
    }

    /// A relay of one's own, in the same order.
    pub fn own_relay(mut self, relay: Arc<dyn Relay>) -> Self {
        self.relays.push(Place::Own(relay));
        self
    }

    /// Where transactions under way are kept, in the place of the [`state_dir`](Config::state_dir) or of memory. It must
    /// outlive the process, and be one for all processes of an account: else two of them use one nonce.
    pub fn own_outbox(mut self, outbox: Arc<dyn Outbox>) -> Self {
        self.outbox = Some(outbox);
        self
    }

    /// Where caches and unfinished work are kept where there is no folder, in the place of the
    /// [`state_dir`](Config::state_dir). No other program may use it meanwhile. Which chain and contract it belongs to is not
    /// pinned in it: name the [`chain_id`](Config::chain_id).
    pub fn own_memory(mut self, memory: Arc<dyn Memory>) -> Self {
        self.memory = Some(memory);
        self
    }

    /// Before anything is opened or asked.
    pub(crate) fn check(&self) -> Result<()> {
        Timeout::try_from(self.timeout)?;
        MaxFee::try_from(self.most_per_transaction)?;
        bounds::confirmations(self.confirmations)?;
        if self.memory.is_some() && self.state_dir.is_some() {
            return Err(Error::Invalid("name a state directory or a memory of the app's own, not both".into()));
        }
        self.chain.map_or(Ok(()), |id| bounds::chain_id(id).map(drop))
    }

    pub(crate) fn open_relays(&self) -> Result<Vec<Arc<dyn Relay>>> {
        let open = |relay: &Place<dyn Relay>| match relay {
            Place::Url(url) => Ok(Arc::new(HttpRelay::connect(url, self.timeout)?) as Arc<dyn Relay>),
            Place::Own(own) => Ok(own.clone()),
        };
        self.relays.iter().map(open).collect()
    }

    pub(crate) fn open_ledger(&self) -> Result<Arc<dyn Ledger>> {
        let named = self.ledger.as_ref();
        self.reach(named.ok_or_else(|| Error::Invalid("no chain is named: give the address of an RPC".into()))?)
    }

    fn reach(&self, ledger: &Place<dyn Ledger>) -> Result<Arc<dyn Ledger>> {
        let options = EthereumOptions { timeout: self.timeout, ..EthereumOptions::default() };
        match ledger {
            Place::Url(url) => Ok(Arc::new(EthereumLedger::connect(url, options)?)),
            Place::Own(own) => Ok(own.clone()),
        }
    }

    /// The chain that the ledger is on, which is the one that was named.
    pub(crate) async fn chain_of(&self, ledger: &dyn Ledger) -> Result<u64> {
        let found = ledger.chain_id().await?;
        match self.chain {
            Some(expected) if expected != found => {
                Err(LedgerError::WrongChain { host: ledger.name(), expected, found }.into())
            }
            _ => Ok(found),
        }
    }

    pub(crate) async fn open_witness(&self, provider: &str, chain: u64) -> Result<Option<Contract>> {
        let Some(witness) = &self.witness else { return Ok(None) };
        let ledger = self.reach(witness)?;
        if ledger.name() == provider {
            return Err(Error::Invalid(
                format!("{provider} cannot be its own witness: name a node that somebody else runs, or none").into(),
            ));
        }
        let contract = Contract::new(ledger, chain, self.contract);
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
        let opened = self.stores.iter().enumerate().map(|(index, place)| {
            let url = match place {
                Place::Url(url) => url,
                Place::Own(own) => return Ok(own.clone()),
            };
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

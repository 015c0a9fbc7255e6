//! One chain, one contract, the stores and what is remembered: shared by all people of a process.

pub(crate) mod config;
#[cfg(feature = "testing")]
pub(crate) mod testing;

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use alloy::primitives::{Address, B256};
use hospital_record_core::id::{Account, Deployment};

use crate::{
    base::error::Result,
    boards::seen::Seen,
    client::Client,
    journal::{history::ReadHistory, journals::Journals, missing::MissingEntry},
    ledger::{
        Beside, Besides, Completeness, Contract, EthereumLedger, EthereumOptions, Ledger, MemoryOutbox, Outbox, Sender,
        SenderOptions,
        clock::{Clock, Clocks, TOLERANCE},
        outbox::disk::DiskOutbox,
    },
    people::{
        identity::{AccountSigner, Identity},
        known::{People, Shared},
        vouching::trust::Trust,
    },
    platform::cache::{Cache, deployment_key},
    relay::{Carrier, Relay},
    store::{Store, stores::Stores},
    system::config::Config,
};

/// A chain, a contract and stores. One a process; cheap to clone.
#[derive(Clone)]
pub struct System(pub(crate) Arc<Inner>, Stores);

pub(crate) struct Inner {
    contract: Contract,
    witness: Option<Contract>,
    besides: Besides,
    besides_witness: Option<Besides>,
    boards_seen: Mutex<Seen>,
    deployment: Deployment,
    sender: Sender,
    relays: Vec<Arc<dyn Relay>>,
    /// How long an act may take.
    patience: Duration,
    timeout: Duration,
    clocks: Clocks,
    cache: Cache,
    journals: Journals,
    people: Arc<Shared>,
    #[cfg(feature = "testing")]
    pub(crate) memory: Option<crate::ledger::MemoryLedger>,
}

/// What a system is made of.
pub(crate) struct Parts {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) witness: Option<Contract>,
    pub(crate) chain: u64,
    pub(crate) contract: Address,
    pub(crate) stores: Vec<Arc<dyn Store>>,
    pub(crate) cache: Cache,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) sending: SenderOptions,
    pub(crate) relays: Vec<Arc<dyn Relay>>,
    pub(crate) timeout: Duration,
    pub(crate) clock: Clock,
    pub(crate) tolerance: Duration,
}

impl System {
    /// Connects: checks that the RPC answers and that the contract is there, with this version's code. The first
    /// connection with a state directory pins chain and contract there.
    ///
    /// # Errors
    /// [`WrongContract`](crate::Error::WrongContract), [`OtherDeployment`](crate::Error::OtherDeployment),
    /// [`Unreachable`](crate::Error::Unreachable), [`Invalid`](crate::Error::Invalid) for URLs that cannot be used,
    /// [`File`](crate::Error::File) for a state directory of another user.
    pub async fn connect(config: Config) -> Result<Self> {
        config.check()?;
        let options = EthereumOptions { timeout: config.timeout, ..EthereumOptions::default() };
        let ledger: Arc<dyn Ledger> = Arc::new(EthereumLedger::connect(&config.rpc_url, options)?);
        let (deadline, confirmations) = (config.timeout * 4, config.confirmations);
        let sending = SenderOptions { deadline, confirmations, most: config.most_per_transaction };
        let stores = config.open_stores()?;
        let state_dir = config.state_dir.as_deref();
        state_dir.map(crate::platform::state_dir::prepare).transpose()?;
        let chain = config.chain_of(&*ledger).await?;
        state_dir.map(|folder| crate::platform::state_dir::check(folder, chain, config.contract)).transpose()?;
        let (cache, outbox) = match state_dir {
            Some(folder) => on_disk(folder, chain)?,
            None => (Cache::in_memory()?, Arc::new(MemoryOutbox::default()) as Arc<dyn Outbox>),
        };
        let (contract, witness, relays) =
            (config.contract, config.open_witness(&ledger.name(), chain).await?, config.open_relays()?);
        let (timeout, clock, tolerance) = (config.timeout, config.clock, TOLERANCE);
        let parts = Parts {
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
        };
        let system = Self::from_parts(parts)?;
        system.contract().check().await?;
        state_dir.map(|folder| crate::platform::state_dir::pin(folder, chain, config.contract)).transpose()?;
        Ok(system)
    }

    pub(crate) fn from_parts(parts: Parts) -> Result<Self> {
        let contract = Contract::new(parts.ledger, parts.chain, parts.contract);
        let besides_of = |contract: &Contract| Besides::new(contract.ledger(), parts.chain);
        let (besides, besides_witness) = (besides_of(&contract), parts.witness.as_ref().map(besides_of));
        let deployment = Deployment { chain: parts.chain, contract: Account(parts.contract.into()) };
        let stores = Stores::new(parts.stores)?;
        let clocks = Clocks { ledger: contract.ledger().clone(), whose: parts.clock, tolerance: parts.tolerance };
        let people = Shared {
            contract: contract.clone(),
            deployment,
            clocks: clocks.clone(),
            vouching: besides.vouching.clone(),
            vouching_witness: besides_witness.as_ref().map(|besides| besides.vouching.clone()),
            cache: parts.cache.clone(),
            signers: Mutex::default(),
        };
        let journals = Journals::new(contract.clone(), parts.witness.clone(), deployment, parts.cache.clone());
        let inner = Inner {
            sender: Sender::new(contract.ledger().clone(), parts.chain, parts.outbox, parts.sending),
            relays: parts.relays,
            patience: parts.sending.deadline,
            timeout: parts.timeout,
            clocks,
            besides,
            besides_witness,
            boards_seen: Mutex::default(),
            contract,
            witness: parts.witness,
            deployment,
            cache: parts.cache,
            journals,
            people: Arc::new(people),
            #[cfg(feature = "testing")]
            memory: None,
        };
        Ok(Self(Arc::new(inner), stores))
    }

    /// The same for one call of an app: a store that was silent once is not waited for again, and blocks that nobody has
    /// only `vain` times.
    pub(crate) fn for_one_call(&self, vain: usize) -> Self {
        Self(self.0.clone(), self.1.for_one_call(vain))
    }

    /// A person at this system.
    pub fn client(&self, identity: Identity) -> Client {
        Client::new(self.clone(), identity)
    }

    /// Carries what people have signed to the chain of this system, paid by this account: what a relay does.
    pub fn carrier(&self, payer: impl AccountSigner + 'static) -> Carrier {
        Carrier::new(self.contract().clone(), self.sender().clone(), Arc::new(payer))
    }

    /// A patient's whole history, every link of it checked.
    ///
    /// # Errors
    /// [`Error::Integrity`](crate::Error::Integrity) when the node hides, changes, re-orders or re-dates anything.
    pub fn history(&self, patient: Address) -> ReadHistory {
        ReadHistory::new(self.journals().clone(), patient)
    }

    /// Only the statement: how far the history that the node tells is complete.
    ///
    /// # Errors
    /// As [`history`](System::history).
    pub async fn verify(&self, patient: Address, trusted: Option<B256>) -> Result<Completeness> {
        Ok(self.journals().proven_to(patient, trusted).await?.completeness.clone())
    }

    /// Takes a history that provider and witness both tell in the place of the one that was seen, by a person's word: both
    /// deny a head that was final here. How many entries are given up; this machine's own acts among them are sent again.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) without a witness, [`Error::Integrity`](crate::Error::Integrity) where the two do not agree.
    pub async fn accept_chain(&self, patient: Address) -> Result<usize> {
        self.journals().accept_chain(patient).await
    }

    /// Entries that were shown here as confirmed, are gone, and were not told yet: each is told once.
    ///
    /// # Errors
    /// Where the state directory cannot be read or written.
    pub async fn news(&self) -> Result<Vec<MissingEntry>> {
        self.journals().news().await
    }

    /// Why an account is trusted by somebody who trusts these authorities; nothing when it is not.
    ///
    /// It looks for the shortest chain of at most four vouches, each live by the later of the chain's clock and this
    /// machine's, that begins with an authority and ends with the account. Every account in it may vouch for the next
    /// one whatever its own role is: look at the roles.
    ///
    /// What strangers say of the account is looked at too, up to a bound, so many strangers can hide a chain of three or
    /// four vouches, but none of one or two (as long as the authority vouches for no more than 256 accounts).
    ///
    /// # Errors
    /// [`Error::WrongContract`](crate::Error::WrongContract) where this chain has no `Vouching`, [`Error::Invalid`](crate::Error::Invalid) for more than 16 authorities.
    pub async fn why_trusted(&self, account: Address, authorities: &[Address]) -> Result<Option<Trust>> {
        self.people().why_trusted(account, authorities).await
    }

    /// The same, where an account that is not trusted is an error that says why.
    ///
    /// # Errors
    /// [`Error::Untrusted`](crate::Error::Untrusted), and as [`why_trusted`](System::why_trusted).
    pub async fn require_trusted(&self, account: Address, authorities: &[Address]) -> Result<Trust> {
        self.people().require_trusted(account, authorities).await
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

    pub(crate) fn relays(&self) -> &[Arc<dyn Relay>] {
        &self.0.relays
    }

    pub(crate) fn patience(&self) -> Duration {
        self.0.patience
    }

    pub(crate) fn witness(&self) -> Option<&Contract> {
        self.0.witness.as_ref()
    }

    /// The contracts beside `HospitalRecord`.
    pub(crate) fn besides(&self) -> &Besides {
        &self.0.besides
    }

    pub(crate) fn vouching(&self) -> &Beside {
        &self.0.besides.vouching
    }

    /// What is known of other people.
    pub(crate) fn people(&self) -> People {
        People { shared: self.0.people.clone(), stores: self.stores().clone() }
    }

    pub(crate) fn access_requests(&self) -> &Beside {
        &self.0.besides.access_requests
    }

    pub(crate) fn on_boards(&self) -> &Beside {
        &self.0.besides.boards
    }

    pub(crate) fn boards_witness(&self) -> Option<&Beside> {
        self.0.besides_witness.as_ref().map(|besides| &besides.boards)
    }

    pub(crate) fn boards_seen(&self) -> MutexGuard<'_, Seen> {
        self.0.boards_seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn sender(&self) -> &Sender {
        &self.0.sender
    }

    /// How long one answer may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.0.timeout
    }

    pub(crate) fn clocks(&self) -> &Clocks {
        &self.0.clocks
    }

    /// What "from now on" means: by the clock that counts, or by both where they agree.
    ///
    /// # Errors
    /// [`Error::ClockSkew`](crate::Error::ClockSkew) where neither was chosen ([`Config::clock`](crate::Config::clock)) and the chain's clock and this
    /// machine's differ by more than ten minutes: an end that is told as "12 hours" would be another one.
    pub async fn agreed_time(&self) -> Result<SystemTime> {
        self.clocks().agreed_time().await
    }

    pub(crate) fn stores(&self) -> &Stores {
        &self.1
    }

    pub(crate) fn journals(&self) -> &Journals {
        &self.0.journals
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.0.cache
    }

    /// Distinguishes what is remembered of several deployments: 28 bytes.
    pub(crate) fn deployment_key(&self) -> Vec<u8> {
        deployment_key(self.0.deployment)
    }
}

pub(crate) fn on_disk(folder: &Path, chain: u64) -> Result<(Cache, Arc<dyn Outbox>)> {
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

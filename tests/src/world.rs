//! A chain, an IPFS node, and people with machines of their own.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use hospital_record::{Client, Clock, Config, Identity, Phrase, System};
use tempfile::TempDir;

use crate::{anvil::Anvil, kubo::Kubo, proxy::Proxy};

/// Where a test happens. Its machines forget everything when it ends.
pub struct World {
    pub anvil: Arc<Anvil>,
    pub kubo: Arc<Kubo>,
    /// A machine that people of this test share, where it does not matter whose it is.
    pub system: System,
    disks: Mutex<Vec<TempDir>>,
    clock: Clock,
}

impl World {
    /// On the chain and node that tests share.
    pub async fn shared() -> Self {
        Self::of(Anvil::shared(), Kubo::shared(), Clock::Compare).await
    }

    /// On a chain of its own, whose clock can be moved, and the node that tests share.
    pub async fn with_own_chain() -> Self {
        Self::of(Arc::new(Anvil::start()), Kubo::shared(), Clock::Chain).await
    }

    /// On a chain with this id, and the node that tests share.
    pub async fn on_chain(id: u64) -> Self {
        Self::of(Arc::new(Anvil::of_chain(id)), Kubo::shared(), Clock::Compare).await
    }

    /// On this chain, and the node that tests share.
    pub async fn on(anvil: Anvil) -> Self {
        Self::of(Arc::new(anvil), Kubo::shared(), Clock::Compare).await
    }

    /// On the chain that tests share, and a node of its own.
    pub async fn with_own_node() -> Self {
        Self::of(Anvil::shared(), Arc::new(Kubo::start()), Clock::Compare).await
    }

    async fn of(anvil: Arc<Anvil>, kubo: Arc<Kubo>, clock: Clock) -> Self {
        let disks = Mutex::default();
        let system =
            config(&disks, &anvil.url(), &kubo.url()).clock(clock).connect().await.expect("the world is ready");
        Self { anvil, kubo, system, disks, clock }
    }

    /// A new machine: it remembers nothing.
    pub async fn machine(&self) -> System {
        self.config().connect().await.expect("the world is ready")
    }

    /// A new machine whose RPC provider is the proxy.
    pub async fn machine_behind(&self, proxy: &Proxy) -> System {
        self.config_of(&proxy.url(), &self.kubo.url()).connect().await.expect("the proxy is honest so far")
    }

    /// How a new machine connects.
    pub fn config(&self) -> Config {
        self.config_of(&self.anvil.url(), &self.kubo.url())
    }

    /// How a new machine connects to other services.
    pub fn config_of(&self, rpc: &str, store: &str) -> Config {
        config(&self.disks, rpc, store).clock(self.clock)
    }

    /// A proxy before this world's chain.
    pub fn proxy(&self) -> Proxy {
        Proxy::before(self.anvil.address())
    }

    /// Somebody new who can pay for transactions.
    pub async fn person(&self) -> Client {
        self.system.client(self.funded().0)
    }

    /// The same, with published keys.
    pub async fn registered(&self) -> Client {
        let person = self.person().await;
        person.register().await.expect("a funded account can register");
        person
    }

    /// Somebody new with money and a phrase.
    pub fn funded(&self) -> (Identity, Phrase) {
        let (identity, phrase) = Identity::generate().expect("the system has random numbers");
        self.anvil.fund(identity.address());
        (identity, phrase)
    }

    /// The chain's time.
    pub fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.anvil.now())
    }

    /// Time passes on the chain, which must be this world's own.
    pub fn advance(&self, by: Duration) {
        self.anvil.advance(by);
    }
}

fn config(disks: &Mutex<Vec<TempDir>>, rpc: &str, store: &str) -> Config {
    let disk = tempfile::tempdir().expect("a temporary folder");
    let config = System::builder().rpc(rpc).store(store).state_dir(disk.path());
    disks.lock().unwrap_or_else(PoisonError::into_inner).push(disk);
    config
}

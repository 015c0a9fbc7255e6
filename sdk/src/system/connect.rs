//! Connects a configuration to a system.

use std::{path::Path, sync::Arc};

#[cfg(not(target_family = "wasm"))]
use crate::platform::state_dir;
use crate::{
    acts::services::{Parts, kept_in},
    base::error::Result,
    ledger::{MemoryOutbox, Outbox, SenderOptions, clock::TOLERANCE},
    platform::cache::Cache,
    system::{System, config::Config},
};

impl Config {
    /// Connects: checks that the RPC answers, and that the contract is there with the code of this version. The first
    /// connection with a state directory binds that directory to chain and contract.
    ///
    /// # Errors
    /// - [`WrongContract`](crate::Error::WrongContract), [`OtherDeployment`](crate::Error::OtherDeployment),
    ///   [`Unreachable`](crate::Error::Unreachable).
    /// - [`Invalid`](crate::Error::Invalid) if a URL cannot be used.
    /// - [`File`](crate::Error::File) if the state directory belongs to another user.
    pub async fn connect(self) -> Result<System> {
        self.check()?;
        self.joined().await?.connect_to_all().await
    }

    async fn connect_to_all(self) -> Result<System> {
        let contract = self.contract_address();
        let ledger = self.open_ledger()?;
        let stores = self.open_stores()?;
        let folder = self.state_dir.as_deref();
        #[cfg(not(target_family = "wasm"))]
        folder.map(state_dir::prepare).transpose()?;
        let chain = self.chain_of(&*ledger).await?;
        #[cfg(not(target_family = "wasm"))]
        folder.map(|folder| state_dir::check(folder, chain, contract)).transpose()?;
        let witness = self.open_witness(&ledger.name(), chain).await?;
        let (cache, outbox) = self.memory(folder, chain)?;
        let parts = Parts {
            ledger,
            witness,
            chain,
            contract,
            stores,
            cache,
            outbox,
            sending: SenderOptions {
                deadline: self.timeout * 4,
                confirmations: self.confirmations,
                most: self.most_per_transaction,
            },
            relays: self.open_relays()?,
            node: self.node_address()?,
            timeout: self.timeout,
            clock: self.clock,
            tolerance: TOLERANCE,
        };
        let system = System::from_parts(parts)?;
        system.contract().check().await?;
        #[cfg(not(target_family = "wasm"))]
        folder.map(|folder| state_dir::pin(folder, chain, contract)).transpose()?;
        Ok(system)
    }

    fn memory(&self, folder: Option<&Path>, chain: u64) -> Result<(Cache, Arc<dyn Outbox>)> {
        let (cache, outbox) = match (&self.memory, folder) {
            (Some(memory), _) => kept_in(Cache::in_own(memory.clone())?, None, chain),
            #[cfg(not(target_family = "wasm"))]
            (None, Some(path)) => kept_in(Cache::in_folder(path)?, folder, chain),
            (None, _) => (Cache::in_memory()?, Arc::new(MemoryOutbox::default()) as Arc<dyn Outbox>),
        };
        Ok((cache, self.outbox.clone().unwrap_or(outbox)))
    }
}

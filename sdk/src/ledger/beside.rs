//! The contracts beside `HospitalRecord`: vouches, access requests and the factory of boards.
//!
//! None of them has a head to check against, so the provider's answers about them are not verified.

use std::sync::Arc;

use alloy::{
    primitives::{Address, B256},
    sol_types::SolCall,
};
use hospital_record_contracts::{
    Artifact, IHospitalRecord, access_requests, boards,
    vouching::{self, IVouching},
};
use tokio::sync::OnceCell;

use crate::ledger::{
    contracts::each_beside,
    error::LedgerError,
    seam::Ledger,
    types::{self, Call, LogFilter, call},
};

/// One such contract, at its fixed address.
#[derive(Debug, Clone)]
pub(crate) struct Beside {
    ledger: Arc<dyn Ledger>,
    chain: u64,
    artifact: &'static Artifact,
    deployed_at: Arc<OnceCell<u64>>,
}

macro_rules! besides {
    ($($(#[$doc:meta])* $kind:ident = $module:ident, $domain:literal;)*) => {
        /// The contracts beside `HospitalRecord` on one chain, read from one provider.
        #[derive(Debug, Clone)]
        pub(crate) struct Besides {
            $(pub(crate) $module: Beside,)*
        }

        impl Besides {
            pub(crate) fn new(ledger: &Arc<dyn Ledger>, chain: u64) -> Self {
                Self { $($module: Beside::new(ledger.clone(), chain, &$module::ARTIFACT),)* }
            }

            /// All of them.
            pub(crate) fn all(&self) -> impl Iterator<Item = &Beside> {
                [$(&self.$module),*].into_iter()
            }
        }
    };
}
each_beside!(besides);

impl Beside {
    pub(crate) fn new(ledger: Arc<dyn Ledger>, chain: u64, artifact: &'static Artifact) -> Self {
        Self { ledger, chain, artifact, deployed_at: Arc::default() }
    }

    pub(crate) fn ledger(&self) -> &dyn Ledger {
        &*self.ledger
    }

    pub(crate) fn address(&self) -> Address {
        self.artifact.address
    }

    /// The block of its deployment, after a check that its code is exactly of this version.
    pub(crate) async fn deployed_at(&self) -> Result<u64, LedgerError> {
        self.deployed_at.get_or_try_init(|| self.check()).await.copied()
    }

    async fn check(&self) -> Result<u64, LedgerError> {
        let code = self.ledger.code(self.address()).await?;
        if !self.artifact.is_deployed_code(&code) {
            let (name, contract) = (self.artifact.name, self.address());
            return Err(LedgerError::NotDeployed { name, contract, chain: self.chain });
        }
        // This function is the same in every contract.
        let block = self.ask(&IHospitalRecord::deployedAtCall {}).await?;
        u64::try_from(block).map_err(|_| self.malformed("deployedAt"))
    }

    /// A filter for its events with these topics, from its deployment to the newest block.
    pub(crate) async fn events(&self, topics: [Option<B256>; 4]) -> Result<LogFilter, LedgerError> {
        self.events_of(self.address(), topics).await
    }

    /// The same for a contract that it created.
    pub(crate) async fn events_of(
        &self,
        contract: Address,
        topics: [Option<B256>; 4],
    ) -> Result<LogFilter, LedgerError> {
        let (from, to) = (self.deployed_at().await?, self.ledger.newest().await?.number);
        Ok(LogFilter { contract, topics, from, to })
    }

    /// Zero if `voucher` has never vouched for it, or does not any more.
    pub(crate) async fn vouched_until(
        &self,
        voucher: Address,
        account: Address,
        role: B256,
    ) -> Result<u64, LedgerError> {
        self.deployed_at().await?;
        Ok(self.ask(&IVouching::vouchedUntilCall { voucher, account, role }).await?.to())
    }

    pub(crate) fn to_send(&self, call: &impl SolCall) -> Call {
        types::call(self.address(), call)
    }

    async fn ask<C: SolCall>(&self, question: &C) -> Result<C::Return, LedgerError> {
        self.ask_at(self.address(), question).await
    }

    /// Calls a contract that it created.
    pub(crate) async fn ask_at<C: SolCall>(&self, contract: Address, question: &C) -> Result<C::Return, LedgerError> {
        let answer = self.ledger.call(&call(contract, question), None).await?;
        C::abi_decode_returns_validate(&answer).map_err(|error| self.malformed(&error.to_string()))
    }

    fn malformed(&self, reason: &str) -> LedgerError {
        LedgerError::Malformed { host: self.ledger.name(), reason: crate::platform::http::one_line(reason) }
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use hospital_record_contracts::ALL;

    use super::*;
    use crate::ledger::memory::MemoryLedger;

    #[tokio::test]
    async fn every_contract_beside_the_record_is_in_the_table_and_has_its_deployment_block() {
        let ledger = MemoryLedger::with_contract().await.unwrap();
        let (chain, ledger): (u64, Arc<dyn Ledger>) = (ledger.chain(), Arc::new(ledger));
        let besides = Besides::new(&ledger, chain);
        let addresses: Vec<Address> = besides.all().map(Beside::address).collect();
        let deployed: Vec<Address> = ALL[1..].iter().map(|contract| contract.address).collect();
        assert_eq!(addresses, deployed, "the table lacks a contract, or names one twice");
        for (beside, block) in besides.all().zip(2..) {
            assert_eq!(beside.deployed_at().await.unwrap(), block);
        }
    }
}

//! The contracts beside `HospitalRecord`: who vouches for whom, who asks whom for access, and where boards come from.
//!
//! None has a head that could be checked: what a provider tells of them is its word.

use std::sync::Arc;

use alloy::{
    primitives::{Address, B256},
    sol_types::SolCall,
};
use hospital_record_contracts::{
    access_requests::{self, IAccessRequests},
    boards::{self, IBoards},
    vouching::{self, IVouching},
};
use tokio::sync::OnceCell;

use crate::ledger::{
    error::LedgerError,
    seam::Ledger,
    types::{self, Call, LogFilter, call, u40},
};

/// One of them, at its one address.
#[derive(Debug, Clone)]
pub(crate) struct Beside {
    ledger: Arc<dyn Ledger>,
    chain: u64,
    which: Which,
    deployed_at: Arc<OnceCell<u64>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Vouching,
    AccessRequests,
    Boards,
}

impl Beside {
    pub(crate) fn vouching(ledger: Arc<dyn Ledger>, chain: u64) -> Self {
        Self { ledger, chain, which: Which::Vouching, deployed_at: Arc::default() }
    }

    pub(crate) fn access_requests(ledger: Arc<dyn Ledger>, chain: u64) -> Self {
        Self { ledger, chain, which: Which::AccessRequests, deployed_at: Arc::default() }
    }

    pub(crate) fn boards(ledger: Arc<dyn Ledger>, chain: u64) -> Self {
        Self { ledger, chain, which: Which::Boards, deployed_at: Arc::default() }
    }

    pub(crate) fn ledger(&self) -> &dyn Ledger {
        &*self.ledger
    }

    /// What to send, by anybody, to bring them to their addresses.
    #[cfg(feature = "testing")]
    pub(crate) fn deployments() -> [Call; 3] {
        let to = hospital_record_contracts::DEPLOYER;
        [vouching::deploy_calldata(), access_requests::deploy_calldata(), boards::deploy_calldata()].map(|data| Call {
            from: None,
            to,
            data,
        })
    }

    pub(crate) fn address(&self) -> Address {
        match self.which {
            Which::Vouching => vouching::ADDRESS,
            Which::AccessRequests => access_requests::ADDRESS,
            Which::Boards => boards::ADDRESS,
        }
    }

    /// The block of its deployment, once its code was seen to be exactly this version's.
    pub(crate) async fn deployed_at(&self) -> Result<u64, LedgerError> {
        self.deployed_at.get_or_try_init(|| self.check()).await.copied()
    }

    async fn check(&self) -> Result<u64, LedgerError> {
        let code = self.ledger.code(self.address()).await?;
        let (name, is_there) = match self.which {
            Which::Vouching => ("Vouching", vouching::is_deployed_code(&code)),
            Which::AccessRequests => ("AccessRequests", access_requests::is_deployed_code(&code)),
            Which::Boards => ("Boards", boards::is_deployed_code(&code)),
        };
        if !is_there {
            return Err(LedgerError::NotDeployed { name, contract: self.address(), chain: self.chain });
        }
        let block = match self.which {
            Which::Vouching => self.ask(&IVouching::deployedAtCall {}).await?,
            Which::AccessRequests => self.ask(&IAccessRequests::deployedAtCall {}).await?,
            Which::Boards => self.ask(&IBoards::deployedAtCall {}).await?,
        };
        u64::try_from(block).map_err(|_| self.malformed("deployedAt"))
    }

    /// Its events with these topics, from its beginning to the newest block.
    pub(crate) async fn events(&self, topics: [Option<B256>; 4]) -> Result<LogFilter, LedgerError> {
        self.events_of(self.address(), topics).await
    }

    /// The same of an account that it made.
    pub(crate) async fn events_of(
        &self,
        contract: Address,
        topics: [Option<B256>; 4],
    ) -> Result<LogFilter, LedgerError> {
        let (from, to) = (self.deployed_at().await?, self.ledger.newest().await?.number);
        Ok(LogFilter { contract, topics, from, to })
    }

    /// Zero when `voucher` has never said so, or says so no longer.
    pub(crate) async fn vouched_until(
        &self,
        voucher: Address,
        account: Address,
        role: B256,
    ) -> Result<u64, LedgerError> {
        self.deployed_at().await?;
        Ok(self.ask(&IVouching::vouchedUntilCall { voucher, account, role }).await?.to())
    }

    pub(crate) fn vouch(&self, account: Address, role: B256, until: u64) -> Call {
        self.to_send(&IVouching::vouchCall { account, role, until: u40(until) })
    }

    pub(crate) fn withdraw_vouch(&self, account: Address, role: B256) -> Call {
        self.to_send(&IVouching::withdrawCall { account, role })
    }

    pub(crate) fn withdraw_request(&self, patient: Address, reason: B256) -> Call {
        self.to_send(&IAccessRequests::withdrawCall { patient, reason })
    }

    pub(crate) fn to_send(&self, call: &impl SolCall) -> Call {
        types::call(self.address(), call)
    }

    async fn ask<C: SolCall>(&self, question: &C) -> Result<C::Return, LedgerError> {
        self.ask_at(self.address(), question).await
    }

    /// Asks an account that it made.
    pub(crate) async fn ask_at<C: SolCall>(&self, contract: Address, question: &C) -> Result<C::Return, LedgerError> {
        let answer = self.ledger.call(&call(contract, question), None).await?;
        C::abi_decode_returns_validate(&answer).map_err(|error| self.malformed(&error.to_string()))
    }

    fn malformed(&self, reason: &str) -> LedgerError {
        LedgerError::Malformed { host: self.ledger.name(), reason: crate::platform::http::one_line(reason) }
    }
}

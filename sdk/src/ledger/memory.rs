//! A chain in this process, for tests and first steps: the real bytecode on a real EVM, without a node.
//!
//! It mines one block for each transaction at once. Tests move its clock and switch on its faults.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use alloy::primitives::{Address, B256, Bytes, U256, bytes};
use async_trait::async_trait;
use hospital_record_contracts::{self as artifact, DEPLOYER};
use revm::{bytecode::Bytecode, context::result::ExecutionResult, state::AccountInfo};

use crate::{
    ledger::{
        contract::Contract,
        error::{LedgerError, SubmitError},
        memory::{
            chain::{BASE_FEE, CHAIN, Chain},
            faults::{Faults, STALLED, Submission, pause},
        },
        seam::Ledger,
        types::{BlockInfo, Call, Fees, Log, LogFilter, Receipt},
    },
    platform::clock::{self, sleep},
};

mod chain;
mod faults;
mod switches;
mod world;

const NAME: &str = "memory";
/// Code of Arachnid's deterministic deployment proxy.
static DEPLOYER_CODE: Bytes = bytes!(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
);

/// A [`Ledger`] without a node. Clones share one chain.
#[derive(Debug, Clone)]
pub struct MemoryLedger {
    chain: Arc<Mutex<Chain>>,
    faults: Arc<Mutex<Faults>>,
}

impl Default for MemoryLedger {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryLedger {
    /// A chain with only the CREATE2 deployer. Its clock starts at the present time.
    #[must_use]
    pub fn new() -> Self {
        let now = clock::now();
        let mut chain = Chain::new(now);
        let code = Bytecode::new_raw(DEPLOYER_CODE.clone());
        chain.world.set_account(DEPLOYER, AccountInfo::from_bytecode(code).with_nonce(1), 0);
        Self { chain: Arc::new(Mutex::new(chain)), faults: Arc::default() }
    }

    /// A chain with the contract deployed at [`Contract::ADDRESS`], and those beside it at theirs.
    ///
    /// # Errors
    /// None in practice. The contract is deployed as on any chain, and checked.
    pub async fn with_contract() -> Result<Self, LedgerError> {
        let ledger = Self::new();
        for contract in artifact::ALL {
            ledger.locked().run_for_free(&Call { from: None, to: DEPLOYER, data: contract.deploy_calldata() });
        }
        ledger.contract().check().await?;
        Ok(ledger)
    }

    /// Its chain id, the usual one of development chains.
    #[must_use]
    pub fn chain(&self) -> u64 {
        CHAIN
    }

    /// The contract of [`MemoryLedger::with_contract`].
    #[must_use]
    pub fn contract(&self) -> Contract {
        Contract::new(Arc::new(self.clone()), CHAIN, artifact::ADDRESS)
    }

    /// Adds wei to an account, without a transaction.
    pub fn fund(&self, account: Address, wei: U256) {
        let mut chain = self.locked();
        let newest = chain.newest().number;
        let mut info = chain.world.at(newest).account(account);
        info.balance = info.balance.saturating_add(wei);
        chain.world.set_account(account, info, newest);
    }

    /// The chain's time, seconds since 1970.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.locked().newest().time
    }

    /// Advances the clock and mines an empty block at the new time.
    pub fn advance(&self, by: Duration) {
        let to = self.now() + by.as_secs();
        self.set_time(to);
    }

    /// Sets the clock, seconds since 1970, and mines an empty block. Blocks never go back in time.
    pub fn set_time(&self, time: u64) {
        let mut chain = self.locked();
        chain.clock = time;
        chain.mine_empty();
    }

    /// Mines a call without signature and fee. Returns whether it took effect.
    pub fn act(&self, by: Address, call: Call) -> bool {
        self.locked().run_for_free(&call.by(by))
    }

    fn locked(&self) -> MutexGuard<'_, Chain> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chain, or the error of a fault that is switched on.
    async fn reach(&self) -> Result<MutexGuard<'_, Chain>, LedgerError> {
        pause().await;
        while self.faults().stall {
            sleep(STALLED).await;
        }
        {
            let mut faults = self.faults();
            faults.hides_in = faults.hides_in.saturating_sub(1);
        }
        if self.faults().is_refused() {
            return Err(LedgerError::Refused { host: NAME.into(), code: -32000, reason: "enough for today".into() });
        }
        match self.faults().refuse {
            true => {
                Err(LedgerError::Unreachable { host: NAME.into(), reason: "connection refused".into(), source: None })
            }
            false => Ok(self.locked()),
        }
    }

    async fn simulate(&self, call: &Call, at: Option<u64>) -> Result<ExecutionResult, LedgerError> {
        let chain = self.reach().await?;
        let number = at.unwrap_or_else(|| chain.newest().number);
        let block = usize::try_from(number).ok().and_then(|number| chain.blocks.get(number)).copied();
        let failed = |reason: String| LedgerError::Refused { host: NAME.into(), code: -32000, reason };
        let block = block.ok_or_else(|| failed("header not found".into()))?;
        let state = self.visible(block.number);
        let result = chain.simulate(call, block, state).map_err(failed)?;
        match result {
            ExecutionResult::Success { .. } => Ok(result),
            ExecutionResult::Revert { output, .. } => Err(LedgerError::reverted(output)),
            ExecutionResult::Halt { reason, .. } => Err(failed(format!("{reason:?}"))),
        }
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Ledger for MemoryLedger {
    fn name(&self) -> String {
        NAME.into()
    }

    async fn chain_id(&self) -> Result<u64, LedgerError> {
        self.reach().await.map(|_| CHAIN)
    }

    async fn newest(&self) -> Result<BlockInfo, LedgerError> {
        Ok(self.reach().await?.newest())
    }

    async fn finalized(&self) -> Result<Option<u64>, LedgerError> {
        drop(self.reach().await?);
        Ok(self.faults().finalized)
    }

    async fn block(&self, number: u64) -> Result<Option<BlockInfo>, LedgerError> {
        let chain = self.reach().await?;
        Ok(usize::try_from(number).ok().and_then(|number| chain.blocks.get(number)).copied())
    }

    async fn code(&self, account: Address) -> Result<Bytes, LedgerError> {
        let chain = self.reach().await?;
        let code = chain.world.at(self.visible(chain.newest().number)).code(account);
        Ok(code.original_bytes())
    }

    async fn balance(&self, account: Address) -> Result<U256, LedgerError> {
        let chain = self.reach().await?;
        Ok(chain.world.at(self.visible(chain.newest().number)).account(account).balance)
    }

    async fn nonce(&self, account: Address) -> Result<u64, LedgerError> {
        let chain = self.reach().await?;
        Ok(chain.world.at(self.visible(chain.newest().number)).account(account).nonce)
    }

    async fn fees(&self) -> Result<Fees, LedgerError> {
        drop(self.reach().await?);
        Ok(self.faults().fees.unwrap_or(Fees { max_fee: 3 * BASE_FEE, priority_fee: BASE_FEE }))
    }

    async fn gas_price(&self) -> Result<u128, LedgerError> {
        drop(self.reach().await?);
        Ok(2 * BASE_FEE)
    }

    async fn block_gas(&self) -> Result<Option<u64>, LedgerError> {
        drop(self.reach().await?);
        Ok(self.faults().block_gas)
    }

    async fn call(&self, call: &Call, at: Option<u64>) -> Result<Bytes, LedgerError> {
        Ok(self.simulate(call, at).await?.into_output().unwrap_or_default())
    }

    async fn estimate(&self, call: &Call) -> Result<u64, LedgerError> {
        let gas = *self.simulate(call, None).await?.gas();
        // Every inner call keeps back one 64th.
        Ok((gas.total_gas_spent() * 64 / 63).max(gas.floor_gas()))
    }

    async fn logs(&self, filter: &LogFilter) -> Result<Vec<Log>, LedgerError> {
        let chain = self.reach().await?;
        if self.faults().most_blocks_per_logs.is_some_and(|most| filter.to.saturating_sub(filter.from) >= most) {
            return Err(LedgerError::TooManyLogs { host: NAME.into(), reason: "block range too large".into() });
        }
        let wanted = |log: &&Log| {
            let mut topics = filter.topics.iter().zip(0..);
            log.contract == filter.contract
                && topics.all(|(topic, place)| topic.is_none_or(|topic| log.topics.get::<usize>(place) == Some(&topic)))
        };
        Ok(chain.logs(filter.from, self.visible(filter.to)).filter(wanted).cloned().collect())
    }

    async fn submit(&self, raw: Bytes) -> Result<(), SubmitError> {
        let mut chain = self.reach().await.map_err(SubmitError::Unknown)?;
        let (fault, hold, block_gas) = {
            let mut faults = self.faults();
            (faults.submissions.pop_front(), faults.hold, faults.block_gas)
        };
        let lost = || LedgerError::Unreachable { host: NAME.into(), reason: "connection reset".into(), source: None };
        match fault {
            Some(Submission::Lost) => return Err(SubmitError::Unknown(lost())),
            Some(Submission::Refused(answer)) => return Err(answer),
            Some(Submission::AnswerLost) | None => {}
        }
        let answer = chain.accept(&raw, block_gas.unwrap_or(u64::MAX));
        if let Some(later) = &mut self.faults().later {
            later.submitted = true;
        }
        if !hold {
            chain.mine_waiting();
        }
        match fault {
            Some(_) => Err(SubmitError::Unknown(lost())),
            None => answer,
        }
    }

    async fn knows(&self, transaction: B256) -> Result<bool, LedgerError> {
        Ok(self.reach().await?.knows(transaction))
    }

    async fn receipt(&self, transaction: B256) -> Result<Option<Receipt>, LedgerError> {
        let receipt = self.reach().await?.receipts.get(&transaction).cloned();
        let shown = |block| self.faults().shows_receipts || self.visible(block) == block;
        Ok(receipt.filter(|receipt| shown(receipt.block)))
    }
}

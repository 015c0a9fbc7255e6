//! Blocks, waiting transactions, and the EVM that runs them.

use std::collections::{BTreeMap, HashMap};

use alloy::{
    consensus::{Transaction, TxEip1559, TxEnvelope, TxLegacy, transaction::SignerRecoverable},
    eips::eip2718::Decodable2718,
    primitives::{Address, B256, Bytes, TxKind, U256, keccak256},
};
use revm::{
    Context, ExecuteEvm, MainBuilder, MainContext,
    context::{
        BlockEnv, CfgEnv, TxEnv,
        result::{ExecutionResult, ResultAndState},
    },
    database_interface::WrapDatabaseRef,
    primitives::hardfork::SpecId,
};

use crate::ledger::{
    error::SubmitError,
    memory::world::World,
    types::{BlockInfo, Call, Log, Receipt},
};

pub(super) const CHAIN: u64 = 31_337;
/// Wei per gas, always.
pub(super) const BASE_FEE: u128 = 1_000_000_000;
const GAS_LIMIT: u64 = 16_000_000;
/// The fee that geth requires of a replacement, in percent of the first fee.
const REPLACEMENT: u128 = 110;

#[derive(Debug)]
struct Waiting {
    hash: B256,
    transaction: TxEip1559,
}

#[derive(Debug)]
pub(super) struct Chain {
    pub(super) world: World,
    pub(super) blocks: Vec<BlockInfo>,
    pub(super) receipts: HashMap<B256, Receipt>,
    logs: Vec<Log>,
    waiting: BTreeMap<(Address, u64), Waiting>,
    /// Seconds since 1970; the next block is at this time, or just after the one before.
    pub(super) clock: u64,
}

impl Chain {
    pub(super) fn new(clock: u64) -> Self {
        let genesis = BlockInfo { number: 0, hash: keccak256("genesis"), time: clock };
        Self {
            world: World::default(),
            blocks: vec![genesis],
            receipts: HashMap::new(),
            logs: Vec::new(),
            waiting: BTreeMap::new(),
            clock,
        }
    }

    pub(super) fn newest(&self) -> BlockInfo {
        self.blocks.last().copied().unwrap_or(BlockInfo { number: 0, hash: B256::ZERO, time: 0 })
    }

    pub(super) fn logs(&self, from: u64, to: u64) -> impl Iterator<Item = &Log> {
        let first = self.logs.partition_point(|log| log.block < from);
        self.logs[first..].iter().take_while(move |log| log.block <= to)
    }

    pub(super) fn knows(&self, hash: B256) -> bool {
        self.receipts.contains_key(&hash) || self.waiting.values().any(|waiting| waiting.hash == hash)
    }

    /// Accepts a signed transaction as a node does.
    pub(super) fn accept(&mut self, raw: &Bytes, block_gas: u64) -> Result<(), SubmitError> {
        let rejected = |reason: &str| SubmitError::Rejected(reason.to_owned());
        let envelope = TxEnvelope::decode_2718(&mut raw.as_ref()).map_err(|_| rejected("typed transaction invalid"))?;
        let hash = *envelope.tx_hash();
        let account = envelope.recover_signer().map_err(|_| rejected("invalid sender"))?;
        let Some(transaction) = offered(envelope) else { return Err(rejected("transaction type not supported")) };
        if transaction.chain_id != CHAIN {
            return Err(rejected("invalid chain id"));
        }
        if transaction.gas_limit > block_gas {
            return Err(rejected("exceeds block gas limit"));
        }
        // Like geth: for a mined transaction it only reports that the nonce is used.
        match self.waiting.get(&(account, transaction.nonce)).is_some_and(|waiting| waiting.hash == hash) {
            true => Ok(()),
            false => self.queue(account, Waiting { hash, transaction }),
        }
    }

    fn queue(&mut self, account: Address, new: Waiting) -> Result<(), SubmitError> {
        let transaction = &new.transaction;
        let state = self.world.at(self.newest().number).account(account);
        if transaction.nonce < state.nonce {
            return Err(SubmitError::NonceTooLow);
        }
        let most = U256::from(transaction.gas_limit) * U256::from(transaction.max_fee_per_gas) + transaction.value;
        if state.balance < most {
            return Err(SubmitError::Unfunded);
        }
        if transaction.max_fee_per_gas < BASE_FEE {
            return Err(SubmitError::Underpriced);
        }
        let place = (account, transaction.nonce);
        let occupant = self.waiting.get(&place).map(|waiting| waiting.transaction.max_fee_per_gas);
        if occupant.is_some_and(|fee| transaction.max_fee_per_gas * 100 < fee * REPLACEMENT) {
            return Err(SubmitError::Occupied);
        }
        self.waiting.insert(place, new);
        Ok(())
    }

    /// Mines one block for each transaction that is next for its account.
    pub(super) fn mine_waiting(&mut self) {
        while let Some(place) = self.next_in_turn() {
            if let Some(waiting) = self.waiting.remove(&place) {
                self.mine(place.0, waiting);
            }
        }
    }

    fn next_in_turn(&self) -> Option<(Address, u64)> {
        let state = self.world.at(self.newest().number);
        self.waiting.keys().find(|(account, nonce)| state.account(*account).nonce == *nonce).copied()
    }

    /// Drops every waiting transaction, as nodes do when they restart.
    pub(super) fn forget_waiting(&mut self) {
        self.waiting.clear();
    }

    /// Removes the newest blocks and their transactions, as Anvil does on a reorg.
    pub(super) fn rewind(&mut self, blocks: usize) {
        self.blocks.truncate(self.blocks.len().saturating_sub(blocks).max(1));
        let newest = self.newest().number;
        self.world.rewind(newest);
        self.logs.retain(|log| log.block <= newest);
        self.receipts.retain(|_, receipt| receipt.block <= newest);
    }

    fn mine(&mut self, from: Address, waiting: Waiting) {
        let transaction = &waiting.transaction;
        let block = self.next_block(waiting.hash);
        let environment = TxEnv::builder()
            .caller(from)
            .nonce(transaction.nonce)
            .kind(transaction.kind())
            .data(transaction.input.clone())
            .value(transaction.value)
            .gas_limit(transaction.gas_limit)
            .chain_id(Some(CHAIN))
            .gas_price(transaction.max_fee_per_gas)
            .gas_priority_fee(Some(transaction.max_priority_fee_per_gas))
            .build_fill();
        // A transaction that cannot be executed at all is dropped, as nodes do. It was checked when it was accepted.
        let Ok(ResultAndState { result, state }) = self.run(environment, block, true) else { return };
        self.world.commit(state, block.number);
        self.blocks.push(block);
        let priority = transaction.max_priority_fee_per_gas.min(transaction.max_fee_per_gas - BASE_FEE);
        self.file(waiting.hash, block, &result, BASE_FEE + priority);
    }

    fn file(&mut self, transaction: B256, block: BlockInfo, result: &ExecutionResult, gas_price: u128) {
        let emitted = if result.is_success() { result.logs() } else { &[] };
        let logs = emitted.iter().zip(0..).map(|(log, index)| Log {
            contract: log.address,
            topics: log.data.topics().to_vec(),
            data: log.data.data.clone(),
            block: block.number,
            time: Some(block.time),
            transaction,
            index,
        });
        let logs: Vec<_> = logs.collect();
        self.logs.extend(logs.iter().cloned());
        let (succeeded, gas_used) = (result.is_success(), result.tx_gas_used());
        let (block, l1_fee) = (block.number, U256::ZERO);
        let receipt = Receipt { transaction, block, succeeded, gas_used, gas_price, l1_fee, logs };
        self.receipts.insert(transaction, receipt);
    }

    /// A block without transactions.
    pub(super) fn mine_empty(&mut self) {
        let block = self.next_block(B256::ZERO);
        self.blocks.push(block);
    }

    fn next_block(&mut self, content: B256) -> BlockInfo {
        let parent = self.newest();
        let (number, time) = (parent.number + 1, self.clock.max(parent.time + 1));
        let text = [parent.hash.as_slice(), &number.to_be_bytes(), &time.to_be_bytes(), content.as_slice()].concat();
        BlockInfo { number, hash: keccak256(text), time }
    }

    /// Mines a call without signature and fee. Returns whether it took effect.
    pub(super) fn run_for_free(&mut self, call: &Call) -> bool {
        let block = self.next_block(keccak256(&call.data));
        let Ok(ResultAndState { result, state }) = self.run(free(call), block, false) else { return false };
        self.world.commit(state, block.number);
        self.blocks.push(block);
        self.file(block.hash, block, &result, 0);
        result.is_success()
    }

    /// Runs a call in the block `at`, on the state after the block `state`, without fees.
    pub(super) fn simulate(&self, call: &Call, at: BlockInfo, state: u64) -> Result<ExecutionResult, String> {
        Ok(self.run_on(state, free(call), at, false)?.result)
    }

    fn run(&self, transaction: TxEnv, block: BlockInfo, pays: bool) -> Result<ResultAndState, String> {
        self.run_on(if pays { block.number - 1 } else { block.number }, transaction, block, pays)
    }

    fn run_on(&self, state: u64, transaction: TxEnv, block: BlockInfo, pays: bool) -> Result<ResultAndState, String> {
        let mut settings = CfgEnv::new_with_spec(SpecId::PRAGUE).with_chain_id(CHAIN);
        settings.disable_nonce_check = !pays;
        settings.tx_chain_id_check = pays;
        let state = self.world.at(state);
        let environment = BlockEnv {
            number: U256::from(block.number),
            timestamp: U256::from(block.time),
            gas_limit: GAS_LIMIT * 2,
            basefee: if pays { u64::try_from(BASE_FEE).unwrap_or(u64::MAX) } else { 0 },
            ..BlockEnv::default()
        };
        let mut evm = Context::mainnet()
            .with_db(WrapDatabaseRef(state))
            .with_block(environment)
            .with_cfg(settings)
            .build_mainnet();
        evm.transact(transaction).map_err(|error| format!("{error:?}"))
    }
}

fn free(call: &Call) -> TxEnv {
    TxEnv::builder()
        .caller(call.from.unwrap_or_default())
        .kind(TxKind::Call(call.to))
        .data(call.data.clone())
        .gas_limit(GAS_LIMIT)
        .gas_price(0)
        .build_fill()
}

/// A legacy transaction gives its whole price to the block's builder.
fn offered(envelope: TxEnvelope) -> Option<TxEip1559> {
    match envelope {
        TxEnvelope::Eip1559(signed) => Some(signed.strip_signature()),
        TxEnvelope::Legacy(signed) => {
            let TxLegacy { chain_id, nonce, gas_price: price, gas_limit, to, value, input } = signed.strip_signature();
            let (max_fee_per_gas, max_priority_fee_per_gas, access_list) = (price, price, Default::default());
            let chain_id = chain_id?;
            Some(TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to,
                value,
                access_list,
                input,
            })
        }
        _ => None,
    }
}

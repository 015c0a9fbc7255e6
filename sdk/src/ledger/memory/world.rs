//! Accounts and storage with all their past values, so that the state after any block can be read.

use std::{collections::HashMap, convert::Infallible};

use alloy::primitives::{Address, B256, U256};
use revm::{
    DatabaseRef,
    bytecode::Bytecode,
    state::{AccountInfo, EvmState},
};

/// Values, each with the block from which it holds, oldest first.
type Versions<T> = Vec<(u64, T)>;

#[derive(Debug, Default)]
pub(super) struct World {
    accounts: HashMap<Address, Versions<AccountInfo>>,
    storage: HashMap<(Address, U256), Versions<U256>>,
    codes: HashMap<B256, Bytecode>,
}

/// The state after one block.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    world: &'a World,
    block: u64,
}

impl World {
    pub(super) fn at(&self, block: u64) -> View<'_> {
        View { world: self, block }
    }

    pub(super) fn commit(&mut self, changes: EvmState, block: u64) {
        for (address, account) in changes.into_iter().filter(|(_, account)| account.is_touched()) {
            for (slot, value) in account.changed_storage_slots() {
                set(self.storage.entry((address, *slot)).or_default(), block, value.present_value());
            }
            self.set_account(address, account.info, block);
        }
    }

    pub(super) fn set_account(&mut self, address: Address, info: AccountInfo, block: u64) {
        if let Some(code) = &info.code {
            self.codes.entry(info.code_hash).or_insert_with(|| code.clone());
        }
        set(self.accounts.entry(address).or_default(), block, info);
    }

    /// Removes everything after a block.
    pub(super) fn rewind(&mut self, block: u64) {
        self.accounts.values_mut().for_each(|versions| versions.retain(|(at, _)| *at <= block));
        self.storage.values_mut().for_each(|versions| versions.retain(|(at, _)| *at <= block));
    }
}

impl View<'_> {
    pub(super) fn account(self, address: Address) -> AccountInfo {
        self.world.accounts.get(&address).and_then(|versions| find(versions, self.block)).cloned().unwrap_or_default()
    }

    pub(super) fn code(self, address: Address) -> Bytecode {
        self.world.codes.get(&self.account(address).code_hash).cloned().unwrap_or_default()
    }
}

impl DatabaseRef for View<'_> {
    type Error = Infallible;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.world.accounts.get(&address).and_then(|versions| find(versions, self.block)).cloned())
    }

    fn code_by_hash_ref(&self, hash: B256) -> Result<Bytecode, Infallible> {
        Ok(self.world.codes.get(&hash).cloned().unwrap_or_default())
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, Infallible> {
        let versions = self.world.storage.get(&(address, slot));
        Ok(versions.and_then(|versions| find(versions, self.block)).copied().unwrap_or_default())
    }

    fn block_hash_ref(&self, _number: u64) -> Result<B256, Infallible> {
        Ok(B256::ZERO)
    }
}

fn find<T>(versions: &Versions<T>, block: u64) -> Option<&T> {
    let after = versions.partition_point(|(at, _)| *at <= block);
    versions.get(after.checked_sub(1)?).map(|(_, value)| value)
}

fn set<T>(versions: &mut Versions<T>, block: u64, value: T) {
    match versions.last_mut() {
        Some((at, last)) if *at == block => *last = value,
        _ => versions.push((block, value)),
    }
}

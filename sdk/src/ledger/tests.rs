//! Tests of reads: histories from honest and lying providers, and the resulting state.

#![allow(clippy::unwrap_used)]

mod clear_signing;
mod folders;
mod honest;
mod liar;
mod rpc;
mod signed;
mod story;
mod vectors;

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex},
};

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use async_trait::async_trait;

use crate::ledger::*;

const PATIENT: Address = Address::repeat_byte(0xaa);
const DOCTOR: Address = Address::repeat_byte(0xdd);
const LAB: Address = Address::repeat_byte(0x1a);
const FOLDER: u64 = 7;

fn id(n: u64) -> B256 {
    keccak256(n.to_be_bytes())
}

fn permission(grantee: Address, scope: B256, rights: Rights) -> Permission {
    let (purpose, expires_at) = (Purpose::TREAT, NO_END);
    Permission { grantee, scope, rights, purpose, expires_at, epoch: 0, envelope: id(1000) }
}

/// One event of every kind, in separate blocks and several in one block.
async fn chart() -> MemoryLedger {
    let memory = MemoryLedger::with_contract().await.unwrap();
    let (contract, scope) = (memory.contract(), folder_scope(FOLDER));
    let key = record_key(PATIENT, id(1));
    let does = |by, call| assert!(memory.act(by, call));
    does(PATIENT, contract.set_profile(id(0)));
    does(PATIENT, contract.add_records(PATIENT, FOLDER, &[id(1), id(2), id(3)], 0));
    does(
        PATIENT,
        contract.grant(&[permission(DOCTOR, scope, Rights::READ), permission(LAB, scope, Rights::CONTRIBUTE)], 0),
    );
    does(LAB, contract.add_records(PATIENT, FOLDER, &[id(4)], 0));
    does(DOCTOR, contract.log_access(PATIENT, &[key, record_key(LAB, id(4))], Purpose::TREAT, B256::ZERO));
    does(PATIENT, contract.replace(PATIENT, key, id(5), 0));
    does(LAB, contract.set_status(PATIENT, record_key(LAB, id(4)), Status::EnteredInError));
    does(LAB, contract.renounce(PATIENT, scope));
    let keyring = Some((1, id(6)));
    does(PATIENT, contract.revoke(&[Revocation { grantee: DOCTOR, scope, keyring, barred: false }], 0));
    does(PATIENT, contract.rotate(FOLDER, 2, id(7), 1));
    memory
}

const ENTRIES: usize = 15;

type Twist<T> = Box<dyn Fn(T) -> T + Send + Sync>;

/// A provider that changes answers before it returns them.
struct Twisted {
    inner: MemoryLedger,
    logs: Twist<Vec<Log>>,
    head: Twist<B256>,
    block: Twist<BlockInfo>,
    asked: Mutex<Vec<(u64, u64)>>,
}

impl Twisted {
    fn honest(inner: &MemoryLedger) -> Self {
        Self {
            inner: inner.clone(),
            logs: Box::new(|logs| logs),
            head: Box::new(|head| head),
            block: Box::new(|block| block),
            asked: Mutex::default(),
        }
    }

    fn logs(inner: &MemoryLedger, twist: impl Fn(Vec<Log>) -> Vec<Log> + Send + Sync + 'static) -> Journal {
        Self { logs: Box::new(twist), ..Self::honest(inner) }.journal()
    }

    fn head(inner: &MemoryLedger, twist: impl Fn(B256) -> B256 + Send + Sync + 'static) -> Journal {
        Self { head: Box::new(twist), ..Self::honest(inner) }.journal()
    }

    fn journal(self) -> Journal {
        Arc::new(self).shared()
    }

    fn shared(self: Arc<Self>) -> Journal {
        let chain = self.inner.chain();
        Journal::new(Contract::new(self, chain, Contract::ADDRESS))
    }
}

impl fmt::Debug for Twisted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Twisted")
    }
}

#[async_trait]
impl Ledger for Twisted {
    fn name(&self) -> String {
        "liar:8545".into()
    }

    async fn chain_id(&self) -> Result<u64, LedgerError> {
        self.inner.chain_id().await
    }

    async fn newest(&self) -> Result<BlockInfo, LedgerError> {
        Ok((self.block)(self.inner.newest().await?))
    }

    async fn finalized(&self) -> Result<Option<u64>, LedgerError> {
        self.inner.finalized().await
    }

    async fn block(&self, number: u64) -> Result<Option<BlockInfo>, LedgerError> {
        Ok(self.inner.block(number).await?.map(&self.block))
    }

    async fn code(&self, account: Address) -> Result<Bytes, LedgerError> {
        self.inner.code(account).await
    }

    async fn balance(&self, account: Address) -> Result<U256, LedgerError> {
        self.inner.balance(account).await
    }

    async fn nonce(&self, account: Address) -> Result<u64, LedgerError> {
        self.inner.nonce(account).await
    }

    async fn fees(&self) -> Result<Fees, LedgerError> {
        self.inner.fees().await
    }

    async fn call(&self, call: &Call, at: Option<u64>) -> Result<Bytes, LedgerError> {
        let answer = self.inner.call(call, at).await?;
        // In a read of a journal, only the view of the head takes one argument and returns one word.
        Ok(match (call.data.len(), answer.len()) {
            (36, 32) => (self.head)(B256::from_slice(&answer)).0.into(),
            _ => answer,
        })
    }

    async fn estimate(&self, call: &Call) -> Result<u64, LedgerError> {
        self.inner.estimate(call).await
    }

    async fn logs(&self, filter: &LogFilter) -> Result<Vec<Log>, LedgerError> {
        self.asked.lock().unwrap().push((filter.from, filter.to));
        Ok((self.logs)(self.inner.logs(filter).await?))
    }

    async fn submit(&self, raw: Bytes) -> Result<(), SubmitError> {
        self.inner.submit(raw).await
    }

    async fn knows(&self, transaction: B256) -> Result<bool, LedgerError> {
        self.inner.knows(transaction).await
    }

    async fn receipt(&self, transaction: B256) -> Result<Option<Receipt>, LedgerError> {
        self.inner.receipt(transaction).await
    }
}

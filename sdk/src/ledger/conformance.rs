//! The conformance suite of [`Ledger`], for the chain in memory and for real nodes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure of the suite is a panic")]

use std::sync::Arc;

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::eip2718::Encodable2718,
    network::TxSigner,
    primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256},
    signers::local::PrivateKeySigner,
};
use hospital_record_contracts::{self as artifact, IHospitalRecord::IHospitalRecordErrors as Refusal};

use crate::{
    ledger::{
        calls::{Permission, Revocation},
        contract::Contract,
        error::{LedgerError, SubmitError},
        event::{Event, Purpose, Rights, Status, folder_scope, record_key},
        journal::Journal,
        logs::all_logs,
        outbox::MemoryOutbox,
        seam::Ledger,
        sender::parts::{Sender, SenderOptions, Signer},
        types::{Call, LogFilter, Receipt},
    },
    platform::clock::sleep,
};

const FOLDER: u64 = 7;

type Account = dyn TxSigner<Signature> + Send + Sync;

/// Runs the suite. `signer` is an account without entries and with an ether or more. Almost all of it is left at the
/// end.
///
/// # Panics
/// If the ledger fails a check.
pub async fn conformance(ledger: Arc<dyn Ledger>, signer: Signer) {
    let chain = ledger.chain_id().await.unwrap();
    let outbox = Arc::new(MemoryOutbox::default());
    let sender = Sender::new(ledger.clone(), chain, outbox, SenderOptions::default());
    let contract = Contract::new(ledger.clone(), chain, Contract::ADDRESS);
    let suite = Suite { ledger, signer, sender, contract };

    suite.reports_absence().await;
    suite.deploys_the_contract().await;
    suite.mines_and_reports_everything().await;
    suite.keeps_the_past().await;
    suite.refuses_in_types().await;
    suite.reports_unfunded_accounts().await;
    suite.accepts_the_same_bytes_twice().await;
    suite.history_equals_the_views().await;
}

struct Suite {
    ledger: Arc<dyn Ledger>,
    signer: Signer,
    sender: Sender,
    contract: Contract,
}

impl Suite {
    fn me(&self) -> Address {
        self.signer.address()
    }

    async fn send(&self, call: Call) -> Receipt {
        self.sender.send(&self.signer, call).await.unwrap()
    }

    async fn reports_absence(&self) {
        let nobody = Address::repeat_byte(0x77);
        assert!(self.ledger.code(nobody).await.unwrap().is_empty());
        assert_eq!(self.ledger.nonce(nobody).await.unwrap(), 0);
        assert_eq!(self.ledger.balance(nobody).await.unwrap(), U256::ZERO);
        assert_eq!(self.ledger.receipt(B256::repeat_byte(0x77)).await.unwrap(), None);
        assert!(!self.ledger.knows(B256::repeat_byte(0x77)).await.unwrap());
        assert_eq!(self.ledger.block(u32::MAX.into()).await.unwrap(), None);
        let elsewhere = Contract::new(self.ledger.clone(), self.contract.chain(), nobody);
        let (contract, chain) = (nobody, self.contract.chain());
        assert_eq!(elsewhere.check().await, Err(LedgerError::NoContract { contract, chain }));
        assert_eq!(elsewhere.profile_of(nobody).await, Err(LedgerError::NoContract { contract, chain }));
        let (host, found) = (self.ledger.name(), chain);
        let wrong = Contract::new(self.ledger.clone(), chain + 1, nobody);
        assert_eq!(wrong.check().await, Err(LedgerError::WrongChain { host, expected: chain + 1, found }));
    }

    async fn deploys_the_contract(&self) {
        if self.ledger.code(Contract::ADDRESS).await.unwrap().is_empty() {
            let receipt = self.send(Contract::deployment()).await;
            assert_eq!(self.contract.deployed_at().await.unwrap(), receipt.block);
        }
        self.contract.check().await.unwrap();
        let (contract, chain) = (artifact::DEPLOYER, self.contract.chain());
        let other = Contract::new(self.ledger.clone(), chain, contract);
        assert_eq!(other.check().await, Err(LedgerError::OtherCode { contract, chain }));
    }

    async fn mines_and_reports_everything(&self) {
        let before = (self.ledger.nonce(self.me()).await.unwrap(), self.ledger.balance(self.me()).await.unwrap());
        let receipt = self.send(self.contract.set_profile(keccak256("profile"))).await;
        assert!(receipt.succeeded && receipt.gas_used > 21_000);
        assert_eq!(self.ledger.receipt(receipt.transaction).await.unwrap().as_ref(), Some(&receipt));
        assert!(self.ledger.knows(receipt.transaction).await.unwrap());
        assert_eq!(self.ledger.nonce(self.me()).await.unwrap(), before.0 + 1);
        assert_eq!(self.ledger.balance(self.me()).await.unwrap(), before.1 - receipt.cost());

        let block = self.ledger.block(receipt.block).await.unwrap().unwrap();
        let newest = self.ledger.newest().await.unwrap();
        assert!(block.number == receipt.block && newest.number >= block.number && newest.time >= block.time);
        let mine = [None, Some(self.me().into_word()), None, None];
        let filter = LogFilter { contract: Contract::ADDRESS, topics: mine, from: receipt.block, to: receipt.block };
        let logs = all_logs(&*self.ledger, filter).await.unwrap();
        assert_eq!(logs.len(), 1);
        assert_eq!((logs[0].transaction, logs[0].block), (receipt.transaction, receipt.block));
        assert!(logs[0].time.is_none_or(|time| time == block.time));
        let others = LogFilter { topics: [None, Some(B256::repeat_byte(1)), None, None], ..filter };
        assert!(self.ledger.logs(&others).await.unwrap().is_empty());
        assert_eq!(self.contract.profile_of(self.me()).await.unwrap(), Some(keccak256("profile")));
    }

    async fn keeps_the_past(&self) {
        let then = self.ledger.newest().await.unwrap();
        let head = self.contract.journal_head_of(self.me(), None).await.unwrap();
        self.send(self.contract.add_records(self.me(), FOLDER, &[keccak256("past")], 0)).await;
        assert_eq!(self.contract.journal_head_of(self.me(), Some(then.number)).await.unwrap(), head);
        assert_ne!(self.contract.journal_head_of(self.me(), None).await.unwrap(), head);
    }

    async fn refuses_in_types(&self) {
        let call = self.contract.add_records(self.me(), FOLDER, &[keccak256("stale")], 9);
        let error = self.sender.send(&self.signer, call).await.unwrap_err();
        assert!(
            matches!(error.refusal(), Some(Refusal::StaleKeys(stale)) if stale.current.to::<u32>() == 0),
            "{error}"
        );
        let twice = self.contract.add_records(self.me(), FOLDER, &[keccak256("past")], 0).by(self.me());
        let error = self.ledger.call(&twice, None).await.unwrap_err();
        assert!(matches!(error.refusal(), Some(Refusal::RecordExists(_))), "{error}");
        assert_eq!(self.ledger.estimate(&twice).await.unwrap_err(), error);
    }

    async fn reports_unfunded_accounts(&self) {
        let poor = PrivateKeySigner::random();
        let account = poor.address();
        let call = self.contract.set_profile(B256::repeat_byte(1));
        let error = self.sender.send(&(Arc::new(poor.clone()) as Signer), call).await.unwrap_err();
        let LedgerError::Unfunded { account: who, needed } = error else { panic!("{error}") };
        assert!(who == account && needed > U256::ZERO);
        let raw = self.transfer(&poor, 0).await;
        assert_eq!(self.ledger.submit(raw).await, Err(SubmitError::Unfunded));
    }

    async fn accepts_the_same_bytes_twice(&self) {
        let friend = PrivateKeySigner::random();
        let price = U256::from(50_000) * U256::from(self.ledger.fees().await.unwrap().max_fee) * U256::from(4);
        self.pay(friend.address(), price).await;
        let raw = self.transfer(&friend, 0).await;
        self.ledger.submit(raw.clone()).await.unwrap();
        let again = self.ledger.submit(raw).await;
        assert!(matches!(again, Ok(()) | Err(SubmitError::NonceTooLow)), "{again:?}");
        self.wait_for_nonce(friend.address(), 1).await;
        let other = self.transfer(&friend, 0).await;
        assert_eq!(self.ledger.submit(other).await, Err(SubmitError::NonceTooLow));
    }

    async fn history_equals_the_views(&self) {
        let (me, doctor, scope) = (self.me(), Address::repeat_byte(0xd0), folder_scope(FOLDER));
        let permission = Permission {
            grantee: doctor,
            scope,
            rights: Rights::READ,
            purpose: Purpose::TREAT,
            expires_at: crate::base::time::NO_END,
            epoch: 0,
            envelope: keccak256("envelope"),
        };
        let key = record_key(me, keccak256("past"));
        self.send(self.contract.grant(&[permission, Permission { scope: key, ..permission }], 0)).await;
        assert!(self.contract.can_access(me, key, doctor).await.unwrap());
        let keyring = Some((1, keccak256("keyring")));
        self.send(self.contract.revoke(&[Revocation { grantee: doctor, scope, keyring, barred: false }], 0)).await;
        self.send(self.contract.set_status(me, key, Status::EnteredInError)).await;

        let (history, update) = Journal::new(self.contract.clone()).read(me, None).await.unwrap();
        let head = self.contract.journal_head_of(me, None).await.unwrap();
        assert_eq!((history.head(), update.strays, update.completeness.entries), (head, 0, history.entries().len()));
        assert!(matches!(history.entries()[0].event, Event::ProfileSet { .. }));
        let state = history.state();
        assert_eq!(state.records.get(&key).map(|r| r.state), self.contract.record_of(me, key).await.unwrap());
        for scope in [scope, key] {
            let known = state.grants.get(&(scope, doctor)).map(|grant| grant.state);
            assert_eq!(known, self.contract.grant_of(me, scope, doctor).await.unwrap());
        }
        assert_eq!((state.key_changes, state.folder(FOLDER).epoch), (1, 1));
        assert!(!state.is_dirty(FOLDER, u64::MAX - 1));
    }

    /// A transaction that moves nothing.
    async fn transfer(&self, from: &Account, nonce: u64) -> Bytes {
        self.payment(from, nonce, PrivateKeySigner::random().address(), U256::ZERO).await
    }

    async fn payment(&self, from: &Account, nonce: u64, to: Address, value: U256) -> Bytes {
        let fees = self.ledger.fees().await.unwrap();
        let mut transaction = TxEip1559 {
            chain_id: self.contract.chain(),
            nonce,
            gas_limit: 50_000,
            max_fee_per_gas: fees.max_fee,
            max_priority_fee_per_gas: fees.priority_fee,
            to: TxKind::Call(to),
            value,
            ..TxEip1559::default()
        };
        let signature = from.sign_transaction(&mut transaction).await.unwrap();
        TxEnvelope::from(transaction.into_signed(signature)).encoded_2718().into()
    }

    async fn pay(&self, to: Address, value: U256) {
        let nonce = self.ledger.nonce(self.me()).await.unwrap();
        let raw = self.payment(&*self.signer, nonce, to, value).await;
        self.ledger.submit(raw).await.unwrap();
        self.wait_for_nonce(self.me(), nonce + 1).await;
    }

    async fn wait_for_nonce(&self, account: Address, nonce: u64) {
        for _ in 0..500 {
            if self.ledger.nonce(account).await.unwrap() >= nonce {
                return;
            }
            sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{account} never came to nonce {nonce}");
    }
}

//! What every [`Ledger`] must do, shown by doing it: on the chain in memory, and on real nodes.

use std::sync::Arc;

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    signers::local::PrivateKeySigner,
};
use hospital_record_contracts::{self as artifact, IHospitalRecord::IHospitalRecordErrors as Refusal};

use super::{
    Call, Contract, Event, Journal, Ledger, LedgerError, LogFilter, MemoryOutbox, Permission, Purpose, Revocation,
    Rights, Sender, SenderOptions, Settled, Signer, Status, SubmitError, all_logs, folder_scope, record_key,
};

const FOLDER: u64 = 7;

/// Runs the suite. `signer` is an account with an ether or more, of which almost all is left; its journal may have entries.
///
/// # Panics
/// When the ledger does not do what it must.
#[allow(clippy::expect_used, reason = "it is a test")]
pub async fn conformance(ledger: Arc<dyn Ledger>, signer: Signer) {
    let chain = ledger.chain_id().await.expect("chain id");
    let outbox = Arc::new(MemoryOutbox::default());
    let sender = Sender::new(ledger.clone(), chain, outbox, SenderOptions::default());
    let contract = Contract::new(ledger.clone(), chain, Contract::ADDRESS);
    let suite = Suite { ledger, signer, sender, contract };

    suite.says_what_is_not_there().await;
    suite.deploys_the_contract_once().await;
    suite.mines_and_tells_everything().await;
    suite.keeps_the_past().await;
    suite.refuses_in_types().await;
    suite.tells_who_cannot_pay().await;
    suite.takes_the_same_bytes_twice().await;
    suite.history_equals_the_views().await;
}

struct Suite {
    ledger: Arc<dyn Ledger>,
    signer: Signer,
    sender: Sender,
    contract: Contract,
}

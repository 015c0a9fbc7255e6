//! A provider whose nodes are not equally far: one returns a receipt, another has not seen its block.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use alloy::primitives::{Address, B256, Bytes, U256};
use async_trait::async_trait;

use crate::{
    base::{
        error::{Error, Result, kind::ErrorKind},
        scope_id::ScopeId,
    },
    client::{Client, tests::person},
    ledger::{
        BlockInfo, Call, Contract, Fees, Ledger, LedgerError, Log, LogFilter, MemoryLedger, Receipt, SubmitError,
    },
    people::identity::Identity,
    relay::{Fate, Relay, SignedRequest},
    system::System,
};

/// While it lags, its newest block is the one before, or the question is refused. All other answers are right.
#[derive(Debug)]
struct LaggingLedger {
    inner: Arc<dyn Ledger>,
    lags: AtomicBool,
    refuses: AtomicBool,
}

#[async_trait]
impl Ledger for LaggingLedger {
    fn name(&self) -> String {
        self.inner.name()
    }

    async fn chain_id(&self) -> Result<u64, LedgerError> {
        self.inner.chain_id().await
    }

    async fn newest(&self) -> Result<BlockInfo, LedgerError> {
        let newest = self.inner.newest().await?;
        if self.lags.load(Ordering::SeqCst) && self.refuses.load(Ordering::SeqCst) {
            return Err(LedgerError::Refused { host: self.name(), code: -32000, reason: "not now".into() });
        }
        match self.lags.load(Ordering::SeqCst) {
            true => Ok(self.inner.block(newest.number - 1).await?.unwrap_or(newest)),
            false => Ok(newest),
        }
    }

    async fn finalized(&self) -> Result<Option<u64>, LedgerError> {
        self.inner.finalized().await
    }

    async fn block(&self, number: u64) -> Result<Option<BlockInfo>, LedgerError> {
        self.inner.block(number).await
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
        self.inner.call(call, at).await
    }

    async fn estimate(&self, call: &Call) -> Result<u64, LedgerError> {
        self.inner.estimate(call).await
    }

    async fn logs(&self, filter: &LogFilter) -> Result<Vec<Log>, LedgerError> {
        self.inner.logs(filter).await
    }

    async fn submit(&self, raw: Bytes) -> Result<(), SubmitError> {
        let answer = self.inner.submit(raw).await;
        self.lags.store(true, Ordering::SeqCst);
        answer
    }

    async fn knows(&self, transaction: B256) -> Result<bool, LedgerError> {
        self.inner.knows(transaction).await
    }

    async fn receipt(&self, transaction: B256) -> Result<Option<Receipt>, LedgerError> {
        self.inner.receipt(transaction).await
    }
}

/// Ana admits the hospital, which admits Lee. One provider lags after something was sent.
struct LaggingWard {
    ana: Client,
    hospital: Client,
    lee: Client,
    scope: ScopeId,
    ledger: Arc<LaggingLedger>,
    lagging: System,
}

async fn ward() -> LaggingWard {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    let hospital = person(&system).await;
    let lee = person(&system).await;
    ana.grant(hospital.address()).folder("ward").delegate().await.unwrap();
    hospital.grant(lee.address()).patient(ana.address()).folder("ward").await.unwrap();
    let scope = lee.grants().received().await.unwrap().grants[0].scope_id;
    let ledger =
        Arc::new(LaggingLedger { inner: system.ledger().clone(), lags: AtomicBool::new(false), refuses: false.into() });
    let lagging = System::of(ledger.clone(), Contract::ADDRESS, system.services.stores.all()).await.unwrap();
    LaggingWard { ana, hospital, lee, scope, ledger, lagging }
}

impl LaggingWard {
    /// The same person at the provider that lags and catches up after a while.
    async fn with_lag<T>(&self, who: &Client, act: impl AsyncFnOnce(Client) -> Result<T>) -> Result<T> {
        let client = self.lagging.client(who.person().identity().clone());
        let catches_up = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            self.ledger.lags.store(false, Ordering::SeqCst);
        };
        tokio::join!(act(client), catches_up).0
    }
}

#[tokio::test]
async fn renounced_access_is_confirmed_although_the_node_lags() {
    let ward = ward().await;
    let patient = ward.ana.address();
    ward.with_lag(&ward.lee, async |lee| lee.grants().renounce(patient, ward.scope).await).await.unwrap();
    assert!(ward.lee.grants().received().await.unwrap().grants.iter().all(|grant| !grant.live));
}

#[tokio::test]
async fn withdrawn_access_is_confirmed_although_the_node_lags() {
    let ward = ward().await;
    let patient = ward.ana.address();
    let lee = ward.lee.address();
    ward.with_lag(&ward.hospital, async |hospital| hospital.grants().withdraw(patient, ward.scope, lee).await)
        .await
        .unwrap();
    assert!(ward.lee.grants().received().await.unwrap().grants.iter().all(|grant| !grant.live));
}

#[tokio::test]
async fn act_on_chain_is_confirmed_although_the_node_refuses_to_show_it() {
    let ward = ward().await;
    let patient = ward.ana.address();
    ward.ledger.refuses.store(true, Ordering::SeqCst);
    ward.with_lag(&ward.lee, async |lee| lee.grants().renounce(patient, ward.scope).await).await.unwrap();
    assert!(ward.lee.grants().received().await.unwrap().grants.iter().all(|grant| !grant.live));
}

#[tokio::test]
async fn access_that_the_journal_still_shows_is_not_called_ended() {
    let ward = ward().await;
    let ana = ward.ana.address();
    let lee = ward.lee.address();
    // An earlier end of the same access is not that of this act.
    ward.hospital.grants().withdraw(ana, ward.scope, lee).await.unwrap();
    ward.hospital.grant(lee).patient(ana).folder("ward").await.unwrap();
    let hospital = ward.lagging.client(ward.hospital.person().identity().clone());
    let error = hospital.grants().withdraw(ana, ward.scope, lee).await.unwrap_err();
    assert!(matches!(error, Error::Unconfirmed { .. }), "{error}");
}

/// A relay that refuses, and after which the provider answers nothing.
#[derive(Debug)]
struct SilencingRelay(MemoryLedger);

#[async_trait]
impl Relay for SilencingRelay {
    fn name(&self) -> String {
        "silences".into()
    }

    async fn carry(&self, _: &SignedRequest) -> Result<Fate> {
        self.0.refuse(true);
        Ok(Fate::Refused { reason: "no".into() })
    }
}

#[tokio::test]
async fn request_with_unknown_effect_is_not_refused_whatever_a_relay_says() {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    let lee = person(&system).await;
    ana.grant(lee.address()).await.unwrap();
    let scope = lee.grants().received().await.unwrap().grants[0].scope_id;
    let request = ana.acts().sign_revocation(lee.address(), scope).await.unwrap();
    let relay = Arc::new(SilencingRelay(system.memory().unwrap().clone()));
    let carrying = system.relayed_by(vec![relay]).unwrap().client(Identity::generate().unwrap().0);
    assert_eq!(carrying.acts().carry(&request).await.unwrap_err().kind(), ErrorKind::TimedOut);
}

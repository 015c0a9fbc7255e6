//! Relays that lie, deny and come too late.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use hospital_record::{
    B256, Error, ErrorKind, Identity, Outcome, Source, System,
    alloy::{
        primitives::Bytes,
        signers::{SignerSync, local::PrivateKeySigner},
    },
    ledger::{Act, Call},
    relay::{Carrier, Fate, Relay, SignedRequest},
};

use crate::refused;

use crate::{
    person,
    relayed::{Bad, Withholds, carrier},
};

/// A relay that names a transaction which has taken effect, but is another one.
fn boasts(transaction: B256) -> Arc<dyn Relay> {
    Arc::new(Bad(Fate::Done { transaction: Some(transaction) }))
}

#[tokio::test]
async fn a_transaction_that_a_relay_names_is_not_taken_for_the_request() {
    let rich = System::in_memory().await.unwrap();
    let (ana, lee) = (person(&rich).await, person(&rich).await);
    let added = ana.add(Source::bytes("x", "mine")).await.unwrap();
    ana.grant(lee.address()).await.unwrap();
    let request =
        ana.acts().sign_revocation(lee.address(), ana.grants().list().await.unwrap()[0].scope_id).await.unwrap();

    let by = |relays| rich.relayed_by(relays).unwrap().client(Identity::generate().unwrap().0);
    refused(by(vec![boasts(added.transaction.unwrap())]).acts().carry(&request).await, ErrorKind::TimedOut);
    assert_eq!(lee.open(&added.record).await.unwrap().bytes, "mine");

    let honest: Arc<dyn Relay> = Arc::new(carrier(&rich).await);
    let receipt = by(vec![boasts(added.transaction.unwrap()), honest]).acts().carry(&request).await.unwrap();
    assert_ne!(receipt.transaction, added.transaction);
    refused(lee.open(&added.record).await, ErrorKind::Denied);
}

/// Carries, and says that it did not.
#[derive(Debug)]
struct Denies(Carrier);

#[async_trait::async_trait]
impl Relay for Denies {
    fn name(&self) -> String {
        "denies".into()
    }

    async fn carry(&self, request: &SignedRequest) -> hospital_record::Result<Fate> {
        self.0.carry(request).await?;
        Ok(Fate::Refused { reason: "no".into() })
    }
}

#[tokio::test]
async fn request_that_a_relay_carried_but_denies_takes_effect() {
    let rich = System::in_memory().await.unwrap();
    let system = rich.relayed_by(vec![Arc::new(Denies(carrier(&rich).await))]).unwrap();
    let (ana, lee) = (system.client(Identity::generate().unwrap().0), person(&rich).await);
    let record = ana.add(Source::bytes("x", "mine")).await.unwrap().record;
    let granted = ana.grant(lee.address()).await.unwrap();
    assert_eq!(granted.transaction, None, "the relay does not name it");
    assert_eq!(lee.open(&record).await.unwrap().bytes, "mine");
    ana.revoke(lee.address()).await.unwrap();
    refused(lee.open(&record).await, ErrorKind::Denied);
}

/// Keeps requests while the test demands it; otherwise carries them.
#[derive(Debug)]
struct Keeps(Carrier, Mutex<Option<Vec<SignedRequest>>>);

#[async_trait::async_trait]
impl Relay for Keeps {
    fn name(&self) -> String {
        "keeps".into()
    }

    async fn carry(&self, request: &SignedRequest) -> hospital_record::Result<Fate> {
        if let Some(kept) = &mut *self.1.lock().unwrap() {
            kept.push(request.clone());
            return Ok(Fate::Waiting);
        }
        self.0.carry(request).await
    }
}

#[tokio::test]
async fn resume_says_that_a_grant_may_still_come_and_stores_its_keys_when_it_came() {
    let rich = System::in_memory().await.unwrap();
    let keeps = Arc::new(Keeps(carrier(&rich).await, Mutex::default()));
    let ana = rich.relayed_by(vec![keeps.clone()]).unwrap().client(Identity::generate().unwrap().0);
    let lee = person(&rich).await;
    let record = ana.add(Source::bytes("x", "mine")).await.unwrap().record;
    *keeps.1.lock().unwrap() = Some(Vec::new());
    let granting = tokio::time::timeout(Duration::from_secs(2), ana.grant(lee.address()).into_future());
    assert!(granting.await.is_err(), "the program ends while it waits");
    let kept = keeps.1.lock().unwrap().take().unwrap();
    let resumed = ana.resume().await.unwrap();
    assert_eq!((resumed.waiting, resumed.keys, resumed.is_nothing()), (1, 0, false), "{resumed:?}");
    assert!(matches!(carrier(&rich).await.carry(&kept[0]).await.unwrap(), Fate::Done { .. }));
    refused(lee.open(&record).await, ErrorKind::NotAvailable);
    let synced = ana.sync().await.unwrap();
    assert_eq!(synced.keys, 1, "{synced:?}");
    assert_eq!(lee.open(&record).await.unwrap().bytes, "mine");
    assert!(ana.resume().await.unwrap().is_nothing());
}

#[tokio::test]
async fn of_several_relays_that_fail_each_is_named() {
    let rich = System::in_memory().await.unwrap();
    let fails = |name| Arc::new(Fails(name)) as Arc<dyn Relay>;
    let ana = rich.relayed_by(vec![fails("one"), fails("two"), fails("three")]).unwrap();
    let ana = ana.client(Identity::generate().unwrap().0);
    let error = ana.add(Source::bytes("x", "mine")).await.unwrap_err();
    for name in ["one", "two", "three"] {
        assert!(error.to_string().contains(&format!("{name} refused")), "{error}");
    }
}

/// Refuses all.
#[derive(Debug)]
struct Fails(&'static str);

#[async_trait::async_trait]
impl Relay for Fails {
    fn name(&self) -> String {
        self.0.into()
    }

    async fn carry(&self, _: &SignedRequest) -> hospital_record::Result<Fate> {
        Ok(Fate::Refused { reason: format!("{} refused", self.0) })
    }
}

/// Keeps the first revocation back.
#[derive(Debug)]
struct Late(Carrier, Mutex<Option<SignedRequest>>);

#[async_trait::async_trait]
impl Relay for Late {
    fn name(&self) -> String {
        "late".into()
    }

    async fn carry(&self, request: &SignedRequest) -> hospital_record::Result<Fate> {
        if matches!(request.act(), Some(Act::Revocation { .. })) && self.1.lock().unwrap().is_none() {
            *self.1.lock().unwrap() = Some(request.clone());
            return Ok(Fate::Refused { reason: "no".into() });
        }
        self.0.carry(request).await
    }
}

#[tokio::test]
async fn a_revocation_that_a_relay_carries_late_leaves_nobody_out() {
    let rich = System::in_memory().await.unwrap();
    let late = Arc::new(Late(carrier(&rich).await, Mutex::default()));
    let ana = rich.relayed_by(vec![late.clone()]).unwrap().client(Identity::generate().unwrap().0);
    let (lee, kim) = (person(&rich).await, person(&rich).await);
    for reader in [&lee, &kim] {
        ana.grant(reader.address()).await.unwrap();
    }
    refused(ana.revoke(lee.address()).await, ErrorKind::Refused);
    let withheld = late.1.lock().unwrap().clone().unwrap();
    assert!(matches!(carrier(&rich).await.carry(&withheld).await.unwrap(), Fate::Done { .. }));

    // No store has the keyring that it names, but it was kept here.
    let synced = ana.sync().await.unwrap();
    assert_eq!((synced.keys, synced.rotated, synced.left_out), (1, 0, vec![]));
    let later = ana.add(Source::bytes("x", "later")).await.unwrap().record;
    assert_eq!(kim.open(&later).await.unwrap().bytes, "later");
    refused(lee.open(&later).await, ErrorKind::Denied);
}

#[tokio::test]
async fn relay_refuses_request_with_appended_bytes() {
    let rich = System::in_memory().await.unwrap();
    let (contract, signer) = (rich.contract(), PrivateKeySigner::random());
    let carrier = carrier(&rich).await;
    let request = |verb: Vec<u8>| {
        let call = Call { from: None, to: contract.address(), data: verb.into() };
        let act = contract.once(&call, signer.address(), Default::default(), u64::MAX).unwrap();
        let signature = signer.sign_hash_sync(&contract.digest_of(&act).unwrap()).unwrap();
        let data = contract.signed(&act, Bytes::from(signature.as_bytes().to_vec())).data;
        SignedRequest { chain_id: contract.chain(), contract: contract.address(), data }
    };
    let verb = contract.set_profile(B256::repeat_byte(1)).data.to_vec();
    let padded = request([verb.as_slice(), &[7; 4096]].concat());
    assert!(padded.act().is_none());
    assert!(matches!(carrier.carry(&padded).await.unwrap(), Fate::Refused { .. }));
    assert!(matches!(carrier.carry(&request(verb)).await.unwrap(), Fate::Done { .. }));
}

#[tokio::test]
async fn withheld_request_can_be_voided() {
    let rich = System::in_memory().await.unwrap();
    let (identity, _) = Identity::generate().unwrap();
    rich.fund(identity.address()).await.unwrap();
    let (withholds, ana, lee) = (Arc::new(Withholds::default()), rich.client(identity.clone()), person(&rich).await);
    ana.register().await.unwrap();
    let captive = rich.relayed_by(vec![withholds.clone()]).unwrap().client(identity);
    refused(captive.grant(lee.address()).await, ErrorKind::Refused);
    let withheld = withholds.0.lock().unwrap().pop().unwrap();
    ana.acts().void().await.unwrap();
    let carried = carrier(&rich).await.carry(&withheld).await.unwrap();
    assert!(matches!(&carried, Fate::Refused { reason } if reason.contains("used or void")), "{carried:?}");
    assert!(ana.grants().list().await.unwrap().is_empty());

    // And by signature too; what is signed after it counts.
    let relayed = rich.relayed_by(vec![Arc::new(carrier(&rich).await)]).unwrap();
    let poor = relayed.client(Identity::generate().unwrap().0);
    poor.acts().void().await.unwrap();
    poor.grant(lee.address()).await.unwrap();
    assert_eq!(poor.grants().list().await.unwrap().len(), 1);
}

/// Carries so many requests, and no more.
#[derive(Debug)]
struct Stops(Carrier, AtomicUsize);

#[async_trait::async_trait]
impl Relay for Stops {
    fn name(&self) -> String {
        "stops".into()
    }

    async fn carry(&self, request: &SignedRequest) -> hospital_record::Result<Fate> {
        match self.1.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)) {
            Ok(_) => self.0.carry(request).await,
            Err(_) => Ok(Fate::Refused { reason: "enough".into() }),
        }
    }
}

#[tokio::test]
async fn partly_carried_act_reports_that_it_is_partly_done() {
    let rich = System::in_memory().await.unwrap();
    let (identity, _) = Identity::generate().unwrap();
    rich.fund(identity.address()).await.unwrap();
    let (ana, lee) = (rich.client(identity.clone()), person(&rich).await);
    for folder in ["one", "two"] {
        ana.grant(lee.address()).folder(folder).await.unwrap();
    }
    let stopping = Stops(carrier(&rich).await, AtomicUsize::new(1));
    let relayed = rich.relayed_by(vec![Arc::new(stopping)]).unwrap().client(identity.clone());
    let revoked = relayed.revoke(lee.address()).in_a_hurry().await.unwrap_err();
    let stopping = Stops(carrier(&rich).await, AtomicUsize::new(1));
    let relayed = rich.relayed_by(vec![Arc::new(stopping)]).unwrap().client(identity);
    let voided = relayed.acts().void().await.unwrap_err();
    for error in [revoked, voided] {
        assert!(matches!(error, Error::Halfway { outcome: Outcome::PartlyDone { .. }, .. }), "{error}");
    }
    assert_eq!(ana.revoke(lee.address()).await.unwrap().ended, 1);
}

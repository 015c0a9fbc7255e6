//! Acting without ether: a relay carries what people sign, and can do nothing else.

use std::sync::Arc;

use hospital_record::{
    Client, Confidentiality, ErrorKind, Identity, Purpose, System,
    alloy::{
        primitives::{B256, U256},
        signers::local::PrivateKeySigner,
    },
    ledger::Contract,
    relay::{Carrier, Fate, Relay, SignedRequest},
};

use crate::{note, person, refused};

/// People without ether, and the one who pays for them.
struct Poor {
    system: System,
}

impl Poor {
    async fn new() -> Self {
        let rich = System::in_memory().await.unwrap();
        let relay = Arc::new(carrier(&rich).await);
        let system = rich.relayed_by(vec![relay]).unwrap();
        Self { system }
    }

    async fn person(&self) -> Client {
        let client = self.system.client(Identity::generate().unwrap().0);
        client.register().await.unwrap();
        client
    }
}

pub(crate) async fn carrier(system: &System) -> Carrier {
    let payer = PrivateKeySigner::random();
    system.fund(payer.address()).await.unwrap();
    system.carrier(payer)
}

#[tokio::test]
async fn every_verb_works_for_people_who_hold_no_ether() {
    let poor = Poor::new().await;
    let (ana, lee, ward) = (poor.person().await, poor.person().await, poor.person().await);
    let record = ana.add(note("one")).await.unwrap().record;
    let many = ana.add_many([note("two"), note("three")]).await.unwrap();
    assert_eq!(many.len(), 2);
    ana.grant(ward.address()).contribute().delegate().attest().await.unwrap();
    assert_eq!(ward.open(&record).await.unwrap().bytes, "one");
    ward.grant(lee.address()).patient(ana.address()).await.unwrap();
    assert_eq!(lee.open(&record).await.unwrap().bytes, "one");
    ward.attest(&record).await.unwrap();
    ward.add(note("result")).patient(ana.address()).await.unwrap();
    ana.replace(&record, note("one, mended")).await.unwrap();
    let scope = lee.grants().received().await.unwrap().grants[0].scope_id;
    ward.grants().withdraw(ana.address(), scope, lee.address()).await.unwrap();
    refused(lee.open(&record).await, ErrorKind::Denied);
    ana.folders().rotate("personal", Confidentiality::N).await.unwrap();
    ana.reencrypt(&many[0].record).await.unwrap();
    ana.revoke(ward.address()).await.unwrap();
    refused(ward.open(&record).await, ErrorKind::Denied);
    ana.grant(ward.address()).await.unwrap();
    ward.grants().renounce(ana.address(), scope).await.unwrap();
    for client in [&ana, &lee, &ward] {
        assert_eq!(client.balance().await.unwrap(), U256::ZERO);
    }
    let history = poor.system.history(ana.address()).await.unwrap();
    let readings = history.entries.iter().filter(|entry| entry.event.topic() == reading().topic()).count();
    assert_eq!(readings, 2, "who reads is in the journal under their own name, not the relay's");
}

fn reading() -> hospital_record::Event {
    let (key, note, reader, purpose) = (B256::ZERO, B256::ZERO, Default::default(), Purpose::TREAT);
    hospital_record::Event::RecordAccessed { key, reader, purpose, note }
}

#[tokio::test]
async fn a_signed_revocation_is_carried_by_anybody_whatever_happened_since() {
    let poor = Poor::new().await;
    let (ana, lee) = (poor.person().await, poor.person().await);
    let record = ana.add(note("mine")).await.unwrap().record;
    ana.grant(lee.address()).await.unwrap();
    let scope = lee.grants().received().await.unwrap().grants[0].scope_id;
    let text = ana.acts().sign_revocation(lee.address(), scope).await.unwrap().to_string();

    // Keys move on and nonces are used: an ordinary request would be void.
    ana.folders().rotate("personal", Confidentiality::N).await.unwrap();
    ana.add(note("later")).await.unwrap();
    assert_eq!(lee.open(&record).await.unwrap().bytes, "mine");

    let request: SignedRequest = text.parse().unwrap();
    let stranger = poor.person().await;
    stranger.acts().carry(&request).await.unwrap();
    refused(lee.open(&record).await, ErrorKind::Denied);

    // It ends what was granted before it was signed, and nothing after.
    refused(stranger.acts().carry(&request).await, ErrorKind::AlreadyDone);
    ana.grant(lee.address()).await.unwrap();
    refused(stranger.acts().carry(&request).await, ErrorKind::AlreadyDone);
    assert_eq!(lee.open(&record).await.unwrap().bytes, "mine");
}

/// Answers as the test demands, and carries nothing.
#[derive(Debug)]
pub(crate) struct Bad(pub(crate) Fate);

#[async_trait::async_trait]
impl Relay for Bad {
    fn name(&self) -> String {
        "bad".into()
    }

    async fn carry(&self, _: &SignedRequest) -> hospital_record::Result<Fate> {
        Ok(self.0.clone())
    }
}

#[tokio::test]
async fn a_relay_that_refuses_or_only_promises_is_passed_over() {
    let rich = System::in_memory().await.unwrap();
    let good: Arc<dyn Relay> = Arc::new(carrier(&rich).await);
    for fate in [Fate::Refused { reason: "no".into() }, Fate::Waiting, Fate::Done { transaction: None }] {
        let system = rich.relayed_by(vec![Arc::new(Bad(fate)), good.clone()]).unwrap();
        let ana = system.client(Identity::generate().unwrap().0);
        ana.add(note("mine")).await.unwrap();
        assert_eq!(ana.list().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn unproven_answer_of_a_relay_is_not_believed() {
    let rich = System::in_memory().await.unwrap();
    let registers = |fate: Fate| {
        let system = rich.relayed_by(vec![Arc::new(Bad(fate))]).unwrap();
        async move { system.client(Identity::generate().unwrap().0).register().await }
    };
    let (fake, nothing, waiting, no) = tokio::join!(
        registers(Fate::Done { transaction: Some(B256::repeat_byte(7)) }),
        registers(Fate::Done { transaction: None }),
        registers(Fate::Waiting),
        registers(Fate::Refused { reason: "no".into() }),
    );
    for waited in [fake, nothing, waiting] {
        refused(waited, ErrorKind::TimedOut);
    }
    refused(no, ErrorKind::Refused);
}

#[tokio::test]
async fn refusal_of_the_contract_keeps_its_kind_through_a_relay() {
    let poor = Poor::new().await;
    let (ana, lee) = (poor.person().await, poor.person().await);
    let record = ana.add(note("mine")).await.unwrap().record;
    refused(lee.open(&record).await, ErrorKind::Denied);
    refused(lee.attest(&record).await, ErrorKind::Denied);
    refused(lee.grants().renounce(ana.address(), B256::with_last_byte(1).into()).await, ErrorKind::NotFound);
}

/// Signed requests, kept back by the relay.
#[derive(Debug, Default)]
pub(crate) struct Withholds(pub(crate) std::sync::Mutex<Vec<SignedRequest>>);

#[async_trait::async_trait]
impl Relay for Withholds {
    fn name(&self) -> String {
        "withholds".into()
    }

    async fn carry(&self, request: &SignedRequest) -> hospital_record::Result<Fate> {
        self.0.lock().unwrap().push(request.clone());
        Ok(Fate::Refused { reason: "no".into() })
    }
}

#[tokio::test]
async fn a_withheld_request_blocks_nothing_and_dies_with_the_next_revocation() {
    let rich = System::in_memory().await.unwrap();
    let (withholds, good) = (Arc::new(Withholds::default()), Arc::new(carrier(&rich).await));
    let system = rich.relayed_by(vec![withholds.clone(), good]).unwrap();
    let identity = Identity::generate().unwrap().0;
    let (ana, lee) = (system.client(identity.clone()), person(&rich).await);
    ana.register().await.unwrap();
    let captive = rich.relayed_by(vec![withholds.clone()]).unwrap().client(identity);
    refused(captive.grant(lee.address()).await, ErrorKind::Refused);
    let withheld = withholds.0.lock().unwrap().pop().unwrap();

    ana.add(note("mine")).await.unwrap();
    ana.grant(lee.address()).folder("other").await.unwrap();
    ana.revoke(lee.address()).await.unwrap();
    let carried = carrier(&rich).await.carry(&withheld).await.unwrap();
    assert!(matches!(&carried, Fate::Refused { reason } if reason.contains("keys have rotated")), "{carried:?}");
    assert!(lee.grants().received().await.unwrap().grants.is_empty());
}

#[tokio::test]
async fn a_carrier_takes_nothing_that_is_not_for_its_contract_or_was_changed() {
    let rich = System::in_memory().await.unwrap();
    let withholds = Arc::new(Withholds::default());
    let ana = rich.relayed_by(vec![withholds.clone()]).unwrap().client(Identity::generate().unwrap().0);
    refused(ana.register().await, ErrorKind::Refused);
    let good = withholds.0.lock().unwrap().pop().unwrap();
    let carrier = carrier(&rich).await;

    let mut bad = vec![
        SignedRequest { chain_id: good.chain_id + 1, ..good.clone() },
        SignedRequest { contract: ana.address(), ..good.clone() },
        SignedRequest { data: good.data[..good.data.len() - 1].to_vec().into(), ..good.clone() },
        // A transaction that the relay's own account would be the author of.
        SignedRequest { data: rich.contract().set_profile(B256::repeat_byte(1)).data, ..good.clone() },
    ];
    // Every word that says who does what: the profile, the nonce, the deadline.
    for place in 0..good.data.len() {
        let mut data = good.data.to_vec();
        data[place] ^= 1;
        bad.push(SignedRequest { data: data.into(), ..good.clone() });
    }
    for request in bad {
        let fate = carrier.carry(&request).await.unwrap();
        assert!(matches!(fate, Fate::Refused { .. }), "{request} {fate:?}");
    }
    assert_eq!(rich.contract().profile_of(ana.address()).await.unwrap(), None);
    assert!(matches!(carrier.carry(&good).await.unwrap(), Fate::Done { transaction: Some(_) }));
    assert_eq!(
        carrier.carry(&good).await.unwrap(),
        Fate::Done { transaction: None },
        "once, and no harm in asking again"
    );
}

#[test]
fn a_request_is_the_same_after_it_was_text_or_json() {
    let request = SignedRequest { chain_id: 31337, contract: Contract::ADDRESS, data: vec![1, 2, 3].into() };
    assert_eq!(request.to_string().parse::<SignedRequest>().unwrap(), request);
    let json = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<SignedRequest>(&json).unwrap(), request);
    assert_eq!(json, format!(r#"{{"chainId":31337,"contract":"{:#x}","data":"0x010203"}}"#, Contract::ADDRESS));
    for text in
        ["", "hospital-record-request", "hospital-record-request:1:2:3", "hospital-record-request:1:0x:zz", "x:1:2"]
    {
        assert_eq!(text.parse::<SignedRequest>().unwrap_err().kind(), ErrorKind::Invalid, "{text}");
    }
}

#[tokio::test]
async fn without_a_relay_the_carrier_pays_and_only_for_this_contract() {
    let system = System::in_memory().await.unwrap();
    let (ana, lee, friend) = (person(&system).await, person(&system).await, person(&system).await);
    let record = ana.add(note("mine")).await.unwrap().record;
    ana.grant(lee.address()).await.unwrap();
    let request =
        ana.acts().sign_revocation(lee.address(), ana.grants().list().await.unwrap()[0].scope_id).await.unwrap();
    assert!(!friend.acts().was_carried(&request).await.unwrap());

    let before = friend.balance().await.unwrap();
    let elsewhere = SignedRequest { contract: lee.address(), ..request.clone() };
    refused(friend.acts().carry(&elsewhere).await, ErrorKind::Invalid);
    refused(friend.acts().carry(&SignedRequest { chain_id: 1, ..request.clone() }).await, ErrorKind::Invalid);
    assert_eq!(friend.balance().await.unwrap(), before, "nothing is paid for what would do nothing");

    friend.acts().carry(&request).await.unwrap();
    assert!(friend.acts().was_carried(&request).await.unwrap() && friend.balance().await.unwrap() < before);
    refused(lee.open(&record).await, ErrorKind::Denied);
}

#[tokio::test]
async fn a_reading_that_the_journal_does_not_show_opens_nothing() {
    let system = System::in_memory().await.unwrap();
    let (identity, _) = Identity::generate().unwrap();
    system.fund(identity.address()).await.unwrap();
    let (ana, lee) = (person(&system).await, system.client(identity.clone()));
    lee.register().await.unwrap();
    let added = ana.add(note("one")).await.unwrap();
    ana.grant(lee.address()).await.unwrap();
    // An earlier reading is not this one.
    lee.open(&added.record).await.unwrap();
    let boasts = Bad(Fate::Done { transaction: added.transaction });
    let boasted = system.relayed_by(vec![Arc::new(boasts)]).unwrap().client(identity);
    refused(boasted.open(&added.record).await, ErrorKind::TimedOut);
}

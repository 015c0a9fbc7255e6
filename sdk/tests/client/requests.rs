//! Asking for access: it costs the patient nothing, gives nothing, and hides nothing.

use std::time::Duration;

use hospital_record::{
    Address, Client, ErrorKind, Identity, Purpose, Rights, Source, System,
    alloy::{
        primitives::{B256, aliases::U40},
        sol_types::SolCall,
    },
    ledger::Call,
    request::AccessRequest,
};
use hospital_record_contracts::access_requests::{ADDRESS, IAccessRequests};

use crate::{person, refused, two};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn only(ana: &Client) -> AccessRequest {
    let mut requests = ana.requests().list().await.unwrap().requests;
    assert_eq!(requests.len(), 1, "{requests:?}");
    requests.remove(0)
}

fn ask_call(patient: Address, reason: B256) -> Call {
    let ask =
        IAccessRequests::askCall { patient, rights: 1, purpose: 0, grantUntil: U40::MAX, answerBy: U40::MAX, reason };
    Call { from: None, to: ADDRESS, data: ask.abi_encode().into() }
}

#[tokio::test]
async fn a_request_is_listed_with_its_reason_and_answered_exactly() {
    let (system, ana, lee) = two().await;
    let record = ana.add(Source::bytes("ecg.txt", "sinus")).folder("cardiology").await.unwrap().record;
    let until = system.now().await.unwrap() + 90 * DAY;
    let asked =
        lee.requests().ask(ana.address()).contribute().purpose(Purpose::TREAT).until(until).reason("Your ECG").await;
    let asked = asked.unwrap();
    let (head, balance) = (system.history(ana.address()).await.unwrap().head(), ana.balance().await.unwrap());

    let request = only(&ana).await;
    assert_eq!((request.id, request.asker), (asked.id, lee.address()));
    assert_eq!(request.reason.as_deref(), Ok("Your ECG"));
    assert_eq!((request.rights, request.purpose), (Rights::READ_AND_CONTRIBUTE, Purpose::TREAT));
    assert_eq!(request.until, Some(until));
    assert_eq!(request.fingerprint, Some(lee.card().await.unwrap().fingerprint()));
    assert!(!format!("{request:?}").contains("ECG"), "what is wrong with whom is not for logs");
    assert_eq!(system.history(ana.address()).await.unwrap().head(), head, "asking is in no journal");
    assert_eq!(ana.balance().await.unwrap(), balance, "reading it costs nothing");
    refused(lee.open(&record).await, ErrorKind::Denied);

    let granted = ana.requests().answer(&request).folder("cardiology").await.unwrap();
    assert_eq!(granted.expires, Some(until));
    let grants = ana.grants().list().await.unwrap();
    assert_eq!((grants[0].rights, grants[0].purpose), (Rights::READ_AND_CONTRIBUTE, Purpose::TREAT));
    assert_eq!(lee.open(&record).await.unwrap().bytes, "sinus");
    assert!(ana.requests().list().await.unwrap().requests.is_empty(), "answered requests leave the list");
    refused(ana.requests().answer(&request).folder("cardiology").await, ErrorKind::Conflict);
}

#[tokio::test]
async fn an_answer_gives_less_and_never_more() {
    let (system, ana, lee) = two().await;
    let record = ana.add(Source::bytes("x", "x")).await.unwrap().record;
    let until = system.now().await.unwrap() + 90 * DAY;
    lee.requests().ask(ana.address()).contribute().until(until).reason("please").await.unwrap();
    let request = only(&ana).await;
    refused(ana.requests().answer(&request).attest().await, ErrorKind::Invalid);
    refused(ana.requests().answer(&request).delegate().await, ErrorKind::Invalid);
    refused(ana.requests().answer(&request).purpose(Purpose::HRESCH).await, ErrorKind::Invalid);
    refused(ana.requests().answer(&request).no_end().await, ErrorKind::Invalid);
    refused(ana.requests().answer(&request).until(until + DAY).await, ErrorKind::Invalid);
    let bob = person(&system).await;
    refused(ana.requests().answer(&request).patient(bob.address()).await, ErrorKind::Invalid);
    assert!(ana.grants().list().await.unwrap().is_empty(), "nothing was granted");
    let granted = ana.requests().answer(&request).record(&record).read_only().until(until - DAY).await.unwrap();
    assert_eq!(granted.expires, Some(until - DAY));
    let grants = ana.grants().list().await.unwrap();
    assert_eq!((grants.len(), grants[0].rights), (1, Rights::READ));
}

#[tokio::test]
async fn requests_that_ended_leave_the_list_and_cannot_be_answered() {
    let (system, ana, lee) = two().await;
    let now = system.now().await.unwrap();
    lee.requests().ask(ana.address()).answer_by(now + DAY).reason("soon").await.unwrap();
    let expired = only(&ana).await;
    system.advance(DAY).await.unwrap();
    assert!(ana.requests().list().await.unwrap().requests.is_empty());
    refused(ana.requests().answer(&expired).await, ErrorKind::Conflict);

    let asked = lee.requests().ask(ana.address()).until(now + 3 * DAY).reason("later").await.unwrap();
    let withdrawn = only(&ana).await;
    refused(ana.requests().withdraw(ana.address(), asked.id).await, ErrorKind::NotFound);
    lee.requests().withdraw(ana.address(), asked.id).await.unwrap();
    assert!(ana.requests().list().await.unwrap().requests.is_empty());
    refused(ana.requests().answer(&withdrawn).await, ErrorKind::Conflict);
    refused(lee.requests().withdraw(ana.address(), asked.id).await, ErrorKind::NotFound);

    lee.requests().ask(ana.address()).until(now + 3 * DAY).reason("again").await.unwrap();
    assert_eq!(ana.requests().list().await.unwrap().requests.len(), 1);
    system.advance(3 * DAY).await.unwrap();
    assert!(
        ana.requests().list().await.unwrap().requests.is_empty(),
        "what shall last no longer than till now needs no answer"
    );
    assert!(ana.grants().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_reason_that_another_asker_copies_is_not_read_as_theirs_and_grants_nothing() {
    let (system, ana, lee) = two().await;
    let asked = lee.requests().ask(ana.address()).no_end().reason("Biopsy").await.unwrap();
    let thief = person(&system).await;
    assert!(system.memory().unwrap().act(thief.address(), ask_call(ana.address(), asked.id)));
    // Even the asker's own reason says nothing of terms it was not written for.
    assert!(system.memory().unwrap().act(lee.address(), ask_call(ana.address(), B256::repeat_byte(9))));
    let requests = ana.requests().list().await.unwrap().requests;
    let of = |asker: &Client| requests.iter().filter(|request| request.asker == asker.address()).collect::<Vec<_>>();
    assert_eq!(of(&thief)[0].reason, Err(ErrorKind::Integrity));
    assert_eq!(of(&lee)[0].reason, Err(ErrorKind::NotAvailable));
    assert_eq!(of(&lee)[1].reason.as_deref(), Ok("Biopsy"));
    refused(ana.requests().answer(of(&thief)[0]).await, ErrorKind::Invalid);
    refused(ana.requests().answer(of(&lee)[0]).await, ErrorKind::Invalid);
    assert!(ana.grants().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn request_with_terms_that_the_asker_did_not_sign_is_not_believed() {
    let (system, ana, lee) = two().await;
    let asked = lee.requests().ask(ana.address()).reason("Your ECG").await.unwrap();
    lee.requests().withdraw(ana.address(), asked.id).await.unwrap();
    // As if the node reported the same request without an end.
    assert!(system.memory().unwrap().act(lee.address(), ask_call(ana.address(), asked.id)));
    let request = only(&ana).await;
    assert_eq!((request.until, request.reason.clone()), (None, Err(ErrorKind::Integrity)));
    refused(ana.requests().answer(&request).await, ErrorKind::Invalid);
}

/// Ana, whom Dr Lee asks, whom she knows, and a clinic that the authority vouches for.
struct Asked {
    system: System,
    ana: Client,
    lee: Client,
    authority: Client,
    clinic: Client,
}

async fn asked_by_known_and_vouched_for() -> Asked {
    let (system, ana, lee) = two().await;
    let (authority, clinic) = (person(&system).await, person(&system).await);
    authority.vouches().give(clinic.address(), "hospital").await.unwrap();
    ana.contacts().add("Dr Lee", &lee.card().await.unwrap()).await.unwrap();
    lee.requests().ask(ana.address()).reason("known").await.unwrap();
    clinic.requests().ask(ana.address()).reason("vouched for").await.unwrap();
    Asked { system, ana, lee, authority, clinic }
}

#[tokio::test]
async fn askers_who_flood_the_list_hide_nobody_who_is_known_or_vouched_for() {
    let Asked { system, ana, authority, clinic, .. } = asked_by_known_and_vouched_for().await;
    let memory = system.memory().unwrap();
    for number in 1..=100u64 {
        let stranger = Address::left_padding_from(&(number << 16).to_be_bytes());
        assert!(memory.act(stranger, ask_call(ana.address(), B256::from(hospital_record::U256::from(number)))));
    }
    for number in 1..=10u8 {
        assert!(memory.act(Address::repeat_byte(7), ask_call(ana.address(), B256::repeat_byte(number))));
    }
    let requests = ana.requests().list().trusted_by(&[authority.address()]).await.unwrap().requests;
    assert_eq!(requests.len(), 64);
    assert_eq!((requests[0].name.as_deref(), requests[0].reason.as_deref()), (Some("Dr Lee"), Ok("known")));
    assert_eq!(requests[1].reason.as_deref(), Ok("vouched for"));
    assert_eq!(requests[1].trust.as_ref().unwrap().role(), Some("hospital"));
    assert!(requests[2..].iter().all(|request| request.trust.is_none()));
    let insistent = requests.iter().filter(|request| request.asker == Address::repeat_byte(7)).count();
    assert_eq!(insistent, 3);
    let by = ana.requests().list().by(clinic.address()).await.unwrap().requests;
    assert_eq!((by.len(), by[0].asker), (1, clinic.address()));
}

#[tokio::test]
async fn more_askers_than_are_read_hide_nobody_who_is_known_or_vouched_for() {
    let Asked { system, ana, lee, authority, clinic } = asked_by_known_and_vouched_for().await;
    let memory = system.memory().unwrap();
    for number in 1..=4100u64 {
        let stranger = Address::left_padding_from(&(number << 16).to_be_bytes());
        assert!(memory.act(stranger, ask_call(ana.address(), B256::repeat_byte(1))));
    }
    let requests = ana.requests().list().trusted_by(&[authority.address()]).await.unwrap().requests;
    assert_eq!((requests[0].asker, requests[0].reason.as_deref()), (lee.address(), Ok("known")));
    assert_eq!((requests[1].asker, requests[1].reason.as_deref()), (clinic.address(), Ok("vouched for")));
}

#[tokio::test]
async fn a_request_that_cannot_be_is_refused_before_it_costs_anything() {
    let (system, ana, lee) = two().await;
    let before = lee.balance().await.unwrap();
    let nobody = Identity::generate().unwrap().0.address();
    refused(lee.requests().ask(nobody).reason("hello").await, ErrorKind::NotFound);
    refused(lee.requests().ask(lee.address()).reason("hello").await, ErrorKind::Invalid);
    refused(lee.requests().ask(Address::ZERO).reason("hello").await, ErrorKind::Invalid);
    refused(lee.requests().ask(ana.address()).await, ErrorKind::Invalid);
    refused(lee.requests().ask(ana.address()).reason("x".repeat(2045)).await, ErrorKind::Invalid);
    refused(lee.requests().ask(ana.address()).reason("\u{1b}[2J").await, ErrorKind::Invalid);
    let now = system.now().await.unwrap();
    refused(lee.requests().ask(ana.address()).reason("hello").until(now).await, ErrorKind::Invalid);
    refused(lee.requests().ask(ana.address()).reason("hello").answer_by(now).await, ErrorKind::Invalid);
    assert_eq!(lee.balance().await.unwrap(), before);
    assert!(ana.requests().list().await.unwrap().requests.is_empty());
    let poor = system.client(Identity::generate().unwrap().0);
    refused(poor.requests().ask(ana.address()).reason("hello").await, ErrorKind::Unfunded);
}

#[tokio::test]
async fn a_laboratory_asks_to_deliver_and_a_patient_without_ether_reads_it() {
    let system = System::in_memory().await.unwrap();
    let payer = hospital_record::alloy::signers::local::PrivateKeySigner::random();
    system.fund(payer.address()).await.unwrap();
    let relayed = system.relayed_by(vec![std::sync::Arc::new(system.carrier(payer))]).unwrap();
    let ana = relayed.client(Identity::generate().unwrap().0);
    ana.register().await.unwrap();
    let lab = person(&relayed).await;
    lab.requests().ask(&ana.card().await.unwrap()).contribute_only().reason("Blood count of 3 May").await.unwrap();
    let request = only(&ana).await;
    assert_eq!(request.rights, Rights::CONTRIBUTE);
    ana.requests().answer(&request).folder("blood tests").await.unwrap();
    let result = lab.add(Source::bytes("result.txt", "Hb 14")).patient(ana.address()).folder("blood tests");
    let record = result.await.unwrap().record;
    assert_eq!(ana.open(&record).await.unwrap().bytes, "Hb 14");
    assert_eq!(ana.balance().await.unwrap(), hospital_record::U256::ZERO);
}

#[tokio::test]
async fn only_the_patient_who_was_asked_can_answer() {
    let (system, ana, lee) = two().await;
    lee.requests().ask(ana.address()).reason("please").await.unwrap();
    let request = only(&ana).await;
    let bob = person(&system).await;
    assert!(bob.requests().list().await.unwrap().requests.is_empty());
    refused(bob.requests().answer(&request).await, ErrorKind::Conflict);
    refused(lee.requests().answer(&request).await, ErrorKind::Invalid);
    assert!(bob.grants().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn requests_left_out_of_the_list_are_counted() {
    let (_, ana, lee) = two().await;
    for reason in ["one", "two", "three", "four", "five"] {
        lee.requests().ask(ana.address()).no_end().reason(reason).await.unwrap();
    }
    let inbox = ana.requests().list().await.unwrap();
    assert_eq!((inbox.requests.len(), inbox.cut.count, inbox.cut.older), (3, 2, false));
}

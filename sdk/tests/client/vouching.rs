//! Who is a hospital: nobody decides it for everybody, and strangers decide nothing.

use std::time::Duration;

use hospital_record::{
    Address, Client, Error, ErrorKind, Identity, System, Untrusted,
    alloy::{
        primitives::{B256, aliases::U40},
        sol_types::SolCall,
    },
    ledger::{Call, MemoryLedger},
};
use hospital_record_contracts::vouching::{ADDRESS, IVouching};

use crate::refused;

/// Somebody who has ether and nothing else.
async fn account(system: &System) -> Client {
    let identity = Identity::generate().unwrap().0;
    system.fund(identity.address()).await.unwrap();
    system.client(identity)
}

struct Health {
    system: System,
    authority: Client,
    hospital: Client,
    lee: Client,
}

/// An authority vouches for a hospital, which vouches for a practitioner.
async fn health() -> Health {
    let system = System::in_memory().await.unwrap();
    let [authority, hospital, lee] = [account(&system).await, account(&system).await, account(&system).await];
    authority.vouches().give(hospital.address(), "snomed:22232009").await.unwrap();
    hospital.vouches().give(lee.address(), "practitioner").await.unwrap();
    Health { system, authority, hospital, lee }
}

impl Health {
    async fn why(&self, account: &Client) -> Option<hospital_record::vouch::Trust> {
        self.system.why_trusted(account.address(), &[self.authority.address()]).await.unwrap()
    }

    async fn why_not(&self, account: &Client) -> Untrusted {
        match self.system.require_trusted(account.address(), &[self.authority.address()]).await {
            Err(Error::Untrusted { why, .. }) => why,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_chain_of_vouches_says_why_a_practitioner_is_trusted() {
    let health = health().await;
    let trust = health.why(&health.lee).await.unwrap();
    assert_eq!(trust.authority, health.authority.address());
    let told: Vec<_> = trust.links.iter().map(|link| (link.voucher, link.account, link.role.as_str())).collect();
    let [authority, hospital, lee] = [&health.authority, &health.hospital, &health.lee].map(Client::address);
    assert_eq!(told, [(authority, hospital, "snomed:22232009"), (hospital, lee, "practitioner")]);
    assert_eq!(trust.role(), Some("practitioner"));
    let year = health.system.now().await.unwrap() + Duration::from_secs(364 * 24 * 3600);
    assert!(trust.until().unwrap() > year);
    assert!(trust.to_string().ends_with("as practitioner"), "{trust}");
    assert!(health.why(&health.authority).await.unwrap().links.is_empty());
}

#[tokio::test]
async fn account_without_a_trusted_voucher_is_not_trusted() {
    let health = health().await;
    let stranger = account(&health.system).await;
    assert_eq!(health.why(&stranger).await, None);
    assert_eq!(health.why_not(&stranger).await, Untrusted::NoChain);
    account(&health.system).await.vouches().give(stranger.address(), "hospital").await.unwrap();
    assert_eq!(health.why_not(&stranger).await, Untrusted::NoChain);
    // Whose word counts is the verifier's choice alone.
    let others = health.system.why_trusted(health.lee.address(), &[stranger.address()]).await.unwrap();
    assert_eq!(others, None);
    assert_eq!(health.system.why_trusted(health.lee.address(), &[]).await.unwrap(), None);
    refused(health.system.why_trusted(stranger.address(), &[Address::ZERO; 17]).await, ErrorKind::Invalid);
}

#[tokio::test]
async fn withdrawn_or_expired_vouch_does_not_count() {
    let health = health().await;
    health.authority.vouches().withdraw(health.hospital.address(), "snomed:22232009").await.unwrap();
    assert_eq!(health.why(&health.lee).await, None);
    let again = health.authority.vouches().withdraw(health.hospital.address(), "snomed:22232009").await;
    refused(again, ErrorKind::NotFound);
    let soon = health.system.now().await.unwrap() + Duration::from_secs(60);
    health.authority.vouches().give(health.hospital.address(), "hospital").until(soon).await.unwrap();
    assert_eq!(health.why(&health.lee).await.unwrap().until(), Some(soon));
    health.system.advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!(health.why(&health.lee).await, None);
}

#[tokio::test]
async fn vouches_in_a_circle_end_the_walk_and_trust_nobody() {
    let health = health().await;
    let [one, two, three] =
        [account(&health.system).await, account(&health.system).await, account(&health.system).await];
    for (voucher, of) in [(&one, &two), (&two, &three), (&three, &one)] {
        voucher.vouches().give(of.address(), "hospital").await.unwrap();
    }
    for member in [&one, &two, &three] {
        assert_eq!(health.why_not(member).await, Untrusted::Cycle);
    }
    // One way in is enough.
    health.hospital.vouches().give(one.address(), "ward").await.unwrap();
    assert_eq!(health.why(&three).await.unwrap().links.len(), 4);
}

#[tokio::test]
async fn a_chain_of_four_is_followed_and_one_of_five_is_not() {
    let health = health().await;
    let (ward, nurse, friend) =
        (account(&health.system).await, account(&health.system).await, account(&health.system).await);
    health.lee.vouches().give(ward.address(), "ward").await.unwrap();
    ward.vouches().give(nurse.address(), "practitioner").await.unwrap();
    nurse.vouches().give(friend.address(), "practitioner").await.unwrap();
    assert_eq!(health.why(&nurse).await.unwrap().links.len(), 4);
    assert_eq!(health.why(&friend).await, None);
    assert_eq!(health.why_not(&friend).await, Untrusted::TooLong);
}

#[tokio::test]
async fn strangers_who_vouch_for_somebody_by_the_hundred_hide_neither_authority_nor_hospital() {
    let health = health().await;
    let memory = health.system.memory().unwrap();
    let until = U40::MAX;
    for number in 1..=300u64 {
        let stranger = Address::left_padding_from(&(number << 16).to_be_bytes());
        for account in [health.lee.address(), health.hospital.address()] {
            let vouch = IVouching::vouchCall { account, role: B256::right_padding_from(b"hospital"), until };
            let call = Call { from: None, to: ADDRESS, data: vouch.abi_encode().into() };
            assert!(memory.act(stranger, call));
        }
    }
    assert_eq!(health.why(&health.lee).await.unwrap().links.len(), 2);
    assert_eq!(health.why(&health.hospital).await.unwrap().links.len(), 1);
}

#[tokio::test]
async fn vouch_invented_by_one_node_does_not_convince_a_client_with_a_witness() {
    let health = health().await;
    let (lee, authority) = (health.lee.address(), [health.authority.address()]);
    let other = MemoryLedger::with_contract().await.unwrap();
    let witnessed = health.system.witnessed_by(&other).unwrap();
    assert!(health.system.why_trusted(lee, &authority).await.unwrap().is_some());
    assert_eq!(witnessed.why_trusted(lee, &authority).await.unwrap(), None);
    let same = health.system.witnessed_by(health.system.memory().unwrap()).unwrap();
    assert!(same.why_trusted(lee, &authority).await.unwrap().is_some());
}

#[tokio::test]
async fn a_vouch_that_cannot_be_is_refused_before_it_costs_anything() {
    let health = health().await;
    let (lee, hospital) = (health.lee.address(), &health.hospital);
    let before = hospital.balance().await.unwrap();
    for role in ["", "two words", "praktik\u{e4}r", "x\n", &"x".repeat(33)] {
        refused(hospital.vouches().give(lee, role).await, ErrorKind::Invalid);
    }
    refused(hospital.vouches().give(hospital.address(), "hospital").await, ErrorKind::Invalid);
    refused(hospital.vouches().give(Address::ZERO, "hospital").await, ErrorKind::Invalid);
    let past = health.system.now().await.unwrap();
    refused(hospital.vouches().give(lee, "practitioner").until(past).await, ErrorKind::Invalid);
    assert_eq!(hospital.balance().await.unwrap(), before);
    let poor = health.system.client(Identity::generate().unwrap().0);
    refused(poor.vouches().give(lee, "practitioner").await, ErrorKind::Unfunded);
}

#[tokio::test]
async fn a_chain_without_the_contract_says_so() {
    let memory = MemoryLedger::new();
    memory.act(Address::repeat_byte(1), hospital_record::ledger::Contract::deployment());
    let contract = hospital_record::ledger::Contract::ADDRESS;
    let store = hospital_record::store::open("memory:", &Default::default()).unwrap();
    let system = System::of(std::sync::Arc::new(memory), contract, vec![store]).await.unwrap();
    let error = system.why_trusted(Address::ZERO, &[Address::repeat_byte(2)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongContract);
    assert!(error.to_string().contains("deploy it"), "{error}");
    let client = system.client(Identity::generate().unwrap().0);
    refused(client.vouches().give(Address::repeat_byte(2), "hospital").await, ErrorKind::WrongContract);
}

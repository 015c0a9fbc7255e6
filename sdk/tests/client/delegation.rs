//! Delegated access: never wider than the delegate's own grant, and never longer.

use std::time::Duration;

use hospital_record::{Client, ErrorKind, Purpose, RecordRef, Source, System};

use crate::{note, person, refused};

const WARD: &str = "ward";

struct Ward {
    system: System,
    ana: Client,
    hospital: Client,
    lee: Client,
    record: RecordRef,
}

/// Ana lets a hospital read a folder and delegate it.
async fn ward() -> Ward {
    let system = System::in_memory().await.unwrap();
    let (ana, hospital, lee) = (person(&system).await, person(&system).await, person(&system).await);
    let record = ana.add(note("before")).folder(WARD).await.unwrap().record;
    ana.grant(hospital.address()).folder(WARD).contribute().delegate().attest().await.unwrap();
    Ward { system, ana, hospital, lee, record }
}

impl Ward {
    async fn delegate_to(&self, to: &Client) {
        self.hospital.grant(to.address()).patient(self.ana.address()).folder(WARD).await.unwrap();
    }

    async fn new_record(&self) -> RecordRef {
        self.ana.add(note("after")).folder(WARD).await.unwrap().record
    }

    fn scope(&self, shared: &hospital_record::grant::Shared) -> hospital_record::grant::ScopeId {
        shared.grants.iter().find(|grant| grant.patient == self.ana.address()).unwrap().scope_id
    }
}

#[tokio::test]
async fn practitioner_opens_old_and_new_records_of_a_delegated_folder() {
    let ward = ward().await;
    refused(ward.lee.open(&ward.record).await, ErrorKind::Denied);
    ward.delegate_to(&ward.lee).await;
    assert_eq!(ward.lee.open(&ward.record).await.unwrap().bytes, "before");
    let later = ward.new_record().await;
    assert_eq!(ward.lee.open(&later).await.unwrap().bytes, "after");
    let grants = ward.ana.grants().list().await.unwrap();
    let lee = grants.iter().find(|grant| grant.grantee == ward.lee.address()).unwrap();
    assert_eq!((lee.given_by, lee.live), (Some(ward.hospital.address()), true));
    let shared = ward.lee.grants().received().await.unwrap();
    assert_eq!(shared.grants[0].given_by, Some(ward.hospital.address()));
}

#[tokio::test]
async fn delegate_cannot_exceed_its_own_grant() {
    let ward = ward().await;
    let (ana, lee) = (ward.ana.address(), ward.lee.address());
    let delegation = || ward.hospital.grant(lee).patient(ana).folder(WARD);
    refused(delegation().purpose(Purpose::HRESCH).await, ErrorKind::Denied);
    refused(delegation().no_end().await, ErrorKind::Denied);
    ward.delegate_to(&ward.lee).await;
    let friend = person(&ward.system).await;
    refused(ward.lee.grant(friend.address()).patient(ana).folder(WARD).await, ErrorKind::Denied);
    refused(ward.lee.grant(friend.address()).record(&ward.record).await, ErrorKind::Denied);
    refused(ward.hospital.grant(ana).patient(ana).folder(WARD).await, ErrorKind::Invalid);
}

#[tokio::test]
async fn revocation_ends_delegated_access_and_withholds_the_new_keys() {
    let ward = ward().await;
    ward.delegate_to(&ward.lee).await;
    let other = person(&ward.system).await;
    ward.ana.grant(other.address()).folder(WARD).await.unwrap();
    let revoked = ward.ana.revoke(ward.hospital.address()).await.unwrap();
    assert!(revoked.keys_moved);
    let later = ward.new_record().await;
    refused(ward.lee.open(&ward.record).await, ErrorKind::Denied);
    refused(ward.lee.open(&later).unlogged().await, ErrorKind::Denied);
    assert_eq!(other.open(&later).await.unwrap().bytes, "after");
}

#[tokio::test]
async fn withdrawn_grant_ends_and_the_delegate_keeps_access() {
    let ward = ward().await;
    ward.delegate_to(&ward.lee).await;
    let scope = ward.scope(&ward.lee.grants().received().await.unwrap());
    ward.hospital.grants().withdraw(ward.ana.address(), scope, ward.lee.address()).await.unwrap();
    refused(ward.lee.open(&ward.record).await, ErrorKind::Denied);
    assert_eq!(ward.hospital.open(&ward.record).await.unwrap().bytes, "before");
    let later = ward.new_record().await;
    assert_eq!(ward.hospital.open(&later).await.unwrap().bytes, "after");
    refused(ward.ana.grants().withdraw(ward.ana.address(), scope, ward.lee.address()).await, ErrorKind::NotFound);
}

#[tokio::test]
async fn delegate_cannot_readmit_account_that_the_patient_revoked() {
    let ward = ward().await;
    ward.delegate_to(&ward.lee).await;
    ward.ana.revoke(ward.lee.address()).await.unwrap();
    let again = ward.hospital.grant(ward.lee.address()).patient(ward.ana.address()).folder(WARD).await;
    refused(again, ErrorKind::Denied);
    let one = ward.hospital.grant(ward.lee.address()).record(&ward.record).await;
    refused(one, ErrorKind::Denied);
    refused(ward.ana.revoke(ward.lee.address()).await, ErrorKind::NotFound);
    ward.ana.grant(ward.lee.address()).folder(WARD).await.unwrap();
    assert_eq!(ward.lee.open(&ward.record).await.unwrap().bytes, "before");
}

#[tokio::test]
async fn single_record_of_a_folder_can_be_delegated() {
    let ward = ward().await;
    let other = ward.new_record().await;
    ward.hospital.grant(ward.lee.address()).record(&ward.record).delegate().await.unwrap();
    assert_eq!(ward.lee.open(&ward.record).await.unwrap().bytes, "before");
    refused(ward.lee.open(&other).await, ErrorKind::Denied);
    let second = person(&ward.system).await;
    ward.lee.grant(second.address()).record(&ward.record).await.unwrap();
    assert_eq!(second.open(&ward.record).await.unwrap().bytes, "before");
    ward.ana.revoke(ward.hospital.address()).await.unwrap();
    refused(second.open(&ward.record).await, ErrorKind::Denied);
}

#[tokio::test]
async fn expired_grant_ends_the_grants_below_it() {
    let ward = ward().await;
    let soon = ward.system.now().await.unwrap() + Duration::from_secs(3600);
    let ana = ward.ana.address();
    ward.ana.grant(ward.hospital.address()).folder(WARD).delegate().until(soon).await.unwrap();
    ward.delegate_to(&ward.lee).await;
    assert_eq!(ward.lee.open(&ward.record).await.unwrap().bytes, "before");
    ward.system.advance(Duration::from_secs(3601)).await.unwrap();
    refused(ward.lee.open(&ward.record).await, ErrorKind::Denied);
    assert!(ward.lee.grants().received().await.unwrap().grants.iter().all(|grant| grant.patient == ana && !grant.live));
}

#[tokio::test]
async fn a_document_is_preliminary_until_a_professional_attests_it() {
    use hospital_record::record::DocStatus::{Amended, EnteredInError, Final, Preliminary};
    let ward = ward().await;
    let ana = ward.ana.address();
    ward.delegate_to(&ward.lee).await;
    let status = async || ward.ana.list().await.unwrap().iter().map(|listed| listed.doc_status).collect::<Vec<_>>();
    assert_eq!(status().await, [Preliminary]);
    refused(ward.lee.open(&ward.record).attested_only().await, ErrorKind::Denied);
    assert!(ward.lee.list().patient(ana).attested_only().await.unwrap().is_empty());
    refused(ward.lee.attest(&ward.record).await, ErrorKind::Denied);
    refused(ward.ana.attest(&ward.record).await, ErrorKind::Denied);

    ward.hospital.attest(&ward.record).await.unwrap();
    refused(ward.hospital.attest(&ward.record).await, ErrorKind::AlreadyDone);
    assert_eq!(status().await, [Final]);
    assert_eq!(ward.lee.open(&ward.record).attested_only().await.unwrap().bytes, "before");
    let listed = ward.lee.list().patient(ana).attested_only().await.unwrap();
    assert_eq!(listed[0].attestations[0].account, ward.hospital.address());

    let new = ward.ana.replace(&ward.record, Source::bytes("note.txt", "corrected")).await.unwrap().record;
    assert_eq!(status().await, [Preliminary, Final]);
    ward.hospital.attest(&new).await.unwrap();
    assert_eq!(status().await, [Amended, Final]);
    ward.ana.mark_entered_in_error(&new).await.unwrap();
    assert_eq!(status().await, [EnteredInError, Final]);
    refused(ward.lee.open(&new).attested_only().await, ErrorKind::Denied);
}

/// Somebody to whom the hospital delegated the right to attest.
async fn attester_of_the_hospital(ward: &Ward) -> Client {
    let attester = person(&ward.system).await;
    let delegation = ward.hospital.grant(attester.address()).patient(ward.ana.address()).folder(WARD);
    delegation.attest().await.unwrap();
    attester.attest(&ward.record).await.unwrap();
    attester
}

#[tokio::test]
async fn attestation_by_an_account_that_a_delegate_chose_does_not_count_by_itself() {
    use hospital_record::record::DocStatus::{Final, Preliminary};
    let ward = ward().await;
    let puppet = attester_of_the_hospital(&ward).await;
    let listed = ward.ana.list().await.unwrap().remove(0);
    assert_eq!(listed.doc_status, Preliminary);
    let told: Vec<_> =
        listed.attestations.iter().map(|word| (word.account, word.chosen_by_patient, word.counts)).collect();
    assert_eq!(told, [(puppet.address(), false, false)]);
    refused(ward.ana.open(&ward.record).attested_only().await, ErrorKind::Denied);
    assert!(ward.ana.list().attested_only().await.unwrap().is_empty());

    // The puppet occupies nothing: others attest, too.
    ward.hospital.attest(&ward.record).await.unwrap();
    let listed = ward.ana.list().attested_only().await.unwrap().remove(0);
    assert_eq!((listed.doc_status, listed.attestations.len()), (Final, 2));
    assert_eq!(ward.ana.open(&ward.record).attested_only().await.unwrap().bytes, "before");
}

#[tokio::test]
async fn authorities_decide_whose_attestation_counts_whoever_gave_the_right() {
    use hospital_record::record::DocStatus::{Final, Preliminary};
    let ward = ward().await;
    let (professional, council) = (attester_of_the_hospital(&ward).await, person(&ward.system).await);
    ward.hospital.attest(&ward.record).await.unwrap();
    let authorities = [council.address()];
    let by_council = async || {
        let all = ward.ana.list().trusted_by(&authorities).await.unwrap().remove(0);
        let only = ward.ana.list().attested_only().trusted_by(&authorities).await.unwrap().len();
        let opened = ward.ana.open(&ward.record).attested_only().trusted_by(&authorities).await;
        (all.doc_status, only, opened.map(|opened| opened.bytes).map_err(|error| error.kind()))
    };
    assert_eq!(
        by_council().await,
        (Preliminary, 0, Err(ErrorKind::Denied)),
        "the patient's own choice is no authority's"
    );
    council.vouches().give(professional.address(), "practitioner").await.unwrap();
    assert_eq!(by_council().await, (Final, 1, Ok("before".into())));
    council.vouches().withdraw(professional.address(), "practitioner").await.unwrap();
    assert_eq!(by_council().await.0, Preliminary);
}

#[tokio::test]
async fn delegate_lists_its_grants_with_the_scope_of_its_own() {
    let ward = ward().await;
    ward.delegate_to(&ward.lee).await;
    ward.hospital.grant(ward.lee.address()).record(&ward.record).await.unwrap();
    ward.ana.grant(ward.lee.address()).folder("other").await.unwrap();
    let given = ward.hospital.grants().delegated(ward.ana.address()).await.unwrap();
    let folder = ward.scope(&ward.hospital.grants().received().await.unwrap());
    assert_eq!(given.len(), 2, "and nothing that the patient gave");
    assert_eq!(given[1].scope_name(), format!("folder {WARD}"));
    for grant in given {
        assert_eq!((grant.grantee, grant.given_by), (ward.lee.address(), Some(ward.hospital.address())));
        assert_eq!(grant.above, Some(folder), "{}", grant.scope_name());
    }
    assert!(
        ward.ana
            .grants()
            .list()
            .await
            .unwrap()
            .iter()
            .filter(|grant| grant.given_by.is_none())
            .all(|g| g.above.is_none())
    );
}

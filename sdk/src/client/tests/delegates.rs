//! A delegate who does not follow the rules.

use std::collections::BTreeMap;

use crate::{
    base::{error::kind::ErrorKind, time::NO_END},
    client::{Client, tests::person},
    keys::{
        folder_keys,
        readers::{self, MOST_TRIED},
        rotate::own_first,
    },
    ledger::{Permission, Purpose, Rights, folder_scope, record_key},
    records::source::Source,
    system::System,
};

use alloy::primitives::{Address, B256};
use hospital_record_core::{
    block::Block,
    id::{Account, Confidentiality, Folder, Scope},
    seal::envelope::{EnvelopeContext, EnvelopeKeys, EnvelopePayload, seal_envelope},
};

/// Ana, who makes a hospital the delegate of some folders, and Lee.
async fn stage(folders: &[&str]) -> (System, Client, Client, Client) {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    let hospital = person(&system).await;
    let lee = person(&system).await;
    for folder in folders {
        ana.grant(hospital.address()).folder(*folder).contribute().delegate().no_end().await.unwrap();
    }
    (system, ana, hospital, lee)
}

fn folder(ana: &Client, name: &str) -> Folder {
    ana.person().keys().folder(name, Confidentiality::N)
}

impl Client {
    /// Delegates with any envelope, as the contract allows.
    async fn names(&self, ana: &Client, scope: B256, grantee: Address, (epoch, envelope): (u16, B256)) {
        let changes = self.system().services.journals.of(ana.address()).await.unwrap().state().key_changes;
        let rights = Rights::READ_AND_CONTRIBUTE;
        let purpose = Purpose::TREAT;
        let expires_at = NO_END;
        let permission = Permission { grantee, scope, rights, purpose, expires_at, epoch, envelope };
        self.person().send(self.system().contract().pass_on(ana.address(), &permission, changes)).await.unwrap();
    }

    /// Seals the keys of a folder to somebody under another name.
    async fn misnames(&self, ana: &Client, name: &str, as_if: &str, to: &Client) -> (u16, Block) {
        let journal = self.system().services.journals.of(ana.address()).await.unwrap();
        let folder = folder(ana, name);
        let me = self.person().published().await.unwrap();
        let received = folder_keys::received(self.person(), &journal, folder).await.unwrap();
        let keys = EnvelopeKeys::Folder { state: received.state, statement: received.statement };
        let folder_name = as_if.into();
        let confidentiality = Confidentiality::N;
        let payload = EnvelopePayload { keys, folder_name, confidentiality, sources: Vec::new() };
        let context = EnvelopeContext {
            deployment: self.person().deployment,
            patient: Account(ana.address().into()),
            issuer: self.person().account(),
            grantee: to.person().account(),
            scope: Scope::Folder(folder),
            epoch: received.epoch,
        };
        let key = self.system().services.people().profile_of(to.address(), None).await.unwrap().1.keys.hpke;
        (received.epoch, seal_envelope(&context, &key, &payload, None, me.digest, &me.keys).unwrap())
    }
}

#[tokio::test]
async fn delegate_who_names_foreign_envelopes_keeps_nobody_from_new_keys() {
    let (system, ana, hospital, lee) = stage(&["elsewhere"]).await;
    let kim = person(&system).await;
    for reader in [&lee, &kim] {
        ana.grant(reader.address()).folder("ward").await.unwrap();
    }
    let journal = system.services.journals.of(ana.address()).await.unwrap();
    let of_lee = journal.folder_grant(folder(&ana, "ward"), lee.address()).unwrap().envelope;
    let elsewhere = folder_scope(folder(&ana, "elsewhere").number());
    for grantee in [lee.address(), Address::repeat_byte(9)] {
        hospital.names(&ana, elsewhere, grantee, (0, of_lee)).await;
    }
    let revoked = ana.revoke(kim.address()).await.unwrap();
    assert!(revoked.keys_moved && revoked.left_out.is_empty(), "{revoked:?}");
    let later = ana.add(Source::bytes("later", "later")).folder("ward").await.unwrap().record;
    assert_eq!(lee.open(&later).await.unwrap().bytes, "later");
}

#[tokio::test]
async fn a_reader_whose_envelope_nobody_has_moves_keys_once_and_not_with_every_sync() {
    let (system, ana, hospital, _) = stage(&["ward"]).await;
    let tom = person(&system).await;
    ana.folders().rotate("ward", Confidentiality::N).await.unwrap();
    let ward = folder_scope(folder(&ana, "ward").number());
    hospital.names(&ana, ward, tom.address(), (0, B256::repeat_byte(7))).await;
    for _ in 0..3 {
        assert_eq!(ana.sync().await.unwrap().rotated, 0);
    }
}

#[tokio::test]
async fn readers_of_the_patient_come_before_readers_of_a_delegate() {
    let (system, ana, hospital, lee) = stage(&["ward"]).await;
    let strangers: Vec<Address> = (1..=9).map(Address::repeat_byte).collect();
    let scope = folder_scope(folder(&ana, "ward").number());
    for stranger in &strangers {
        hospital.names(&ana, scope, *stranger, (0, B256::repeat_byte(7))).await;
    }
    ana.grant(lee.address()).folder("ward").await.unwrap();
    let journal = system.services.journals.of(ana.address()).await.unwrap();
    let readers = journal.state().folder_readers(folder(&ana, "ward").number(), 0);
    assert_eq!(readers.len(), 11);
    let first = own_first(&journal, folder(&ana, "ward"), readers);
    assert!(first[..2].contains(&lee.address()) && first[..2].contains(&hospital.address()), "{first:?}");
    assert_eq!(first[2..], strangers);
}

#[tokio::test]
async fn a_folder_that_a_delegate_misnames_gets_nothing_that_is_for_another() {
    // The one with the lower number is looked at first.
    let (_, ana, ..) = stage(&[]).await;
    let numbers = ["one", "two"].map(|name| (folder(&ana, name).number(), name));
    let by_number = BTreeMap::from(numbers).into_values().collect::<Vec<_>>();
    let low = by_number[0];
    let high = by_number[1];
    let system = ana.system().clone();
    let hospital = person(&system).await;
    let lee = person(&system).await;
    ana.grant(hospital.address()).folder(low).contribute().delegate().no_end().await.unwrap();
    ana.grant(lee.address()).folder(high).contribute().await.unwrap();

    let (epoch, lie) = hospital.misnames(&ana, low, high, &lee).await;
    let scope = folder_scope(folder(&ana, low).number());
    hospital.names(&ana, scope, lee.address(), (epoch, lie.digest().0.into())).await;
    system.services.people().publish(lie).await.unwrap();

    let added = lee.add(Source::bytes("x", "for ana")).patient(ana.address()).folder(high).await.unwrap().record;
    assert_eq!(ana.open(&added).await.unwrap().bytes, "for ana");
    assert_eq!(hospital.open(&added).await.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn folder_name_that_two_delegates_claim_is_refused_with_advice() {
    let (system, ana, hospital, lee) = stage(&["one", "two"]).await;
    let other = person(&system).await;
    ana.grant(other.address()).folder("one").contribute().delegate().no_end().await.unwrap();
    other.grant(lee.address()).patient(ana.address()).folder("one").contribute().await.unwrap();
    let (epoch, lie) = hospital.misnames(&ana, "two", "one", &lee).await;
    let scope = folder_scope(folder(&ana, "two").number());
    hospital.names(&ana, scope, lee.address(), (epoch, lie.digest().0.into())).await;
    system.services.people().publish(lie).await.unwrap();

    let add = || lee.add(Source::bytes("x", "for ana")).patient(ana.address()).folder("one");
    let error = add().await.unwrap_err();
    assert!(error.kind() == ErrorKind::Integrity && error.to_string().contains("renounce"), "{error}");
    lee.grants().renounce(ana.address(), scope.into()).await.unwrap();
    assert_eq!(ana.open(&add().await.unwrap().record).await.unwrap().bytes, "for ana");
}

#[tokio::test]
async fn grantee_of_every_record_is_revoked_however_many_records_there_are() {
    let (system, ana, hospital, lee) = stage(&["ward"]).await;
    let contract = system.contract();
    let memory = system.memory().unwrap();
    let ids: Vec<B256> = (1..=230u64).map(|number| B256::left_padding_from(&number.to_be_bytes())).collect();
    let number = folder(&ana, "ward").number();
    assert!(memory.act(hospital.address(), contract.add_records(ana.address(), number, &ids, 0)));
    for id in &ids {
        let rights = Rights::READ;
        let purpose = Purpose::TREAT;
        let expires_at = NO_END;
        let scope = record_key(hospital.address(), *id);
        let grantee = lee.address();
        let permission = Permission { grantee, scope, rights, purpose, expires_at, epoch: 0, envelope: *id };
        assert!(memory.act(hospital.address(), contract.pass_on(ana.address(), &permission, 0)));
    }
    hospital.grant(lee.address()).patient(ana.address()).folder("ward").await.unwrap();
    let revoked = ana.revoke(lee.address()).await.unwrap();
    assert_eq!(revoked.ended, 231);
    let history = system.history(ana.address()).await.unwrap();
    let mut ended = BTreeMap::<B256, usize>::new();
    for entry in &history.entries {
        if matches!(entry.event, crate::ledger::Event::AccessRevoked { .. }) {
            *ended.entry(entry.entry.transaction).or_default() += 1;
        }
    }
    assert_eq!(ended.len(), 3, "no transaction grows with the number of grants by others");
    assert!(ended.values().all(|count| *count <= 100));
    assert!(revoked.keys_moved && ended.contains_key(&revoked.transaction.unwrap()));
}

#[tokio::test]
async fn number_of_tried_accounts_without_envelopes_is_limited() {
    let (system, ana, hospital, _) = stage(&["ward"]).await;
    let folder = folder(&ana, "ward");
    let journal = system.services.journals.of(ana.address()).await.unwrap();
    let nobody = |number: u64| Address::left_padding_from(&number.to_be_bytes());
    for (junk, gets_keys) in [(MOST_TRIED - 1, true), (MOST_TRIED, false)] {
        let accounts = (1..=junk as u64).map(nobody).chain([hospital.address()]).collect();
        let readers = readers::entitled(ana.person(), &journal, folder, accounts).await.unwrap();
        assert_eq!(
            (readers.keys.len(), readers.left_out.len()),
            (usize::from(gets_keys), junk + usize::from(!gets_keys))
        );
    }
}

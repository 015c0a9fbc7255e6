//! A provider that adds invented entries to a history: nobody gets keys by them.

use alloy::primitives::{Address, B256};
use hospital_record_core::id::{Confidentiality, Folder};

use crate::{
    client::{Client, tests::person},
    journal::verified::VerifiedJournal,
    keys::readers,
    ledger::{Entry, EntryChain, Event, folder_scope},
    system::System,
};

const WARD: &str = "ward";

struct Ward {
    ana: Client,
    folder: Folder,
    lee: Client,
    kim: Client,
}

/// Lee may read Ana's folder. Kim could, and was revoked.
async fn ward() -> Ward {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    let lee = person(&system).await;
    let kim = person(&system).await;
    for doctor in [&lee, &kim] {
        ana.grant(doctor.address()).folder(WARD).await.unwrap();
    }
    ana.revoke(kim.address()).await.unwrap();
    let folder = ana.person().keys().folder(WARD, Confidentiality::N);
    Ward { ana, folder, lee, kim }
}

impl Ward {
    async fn journal(&self) -> VerifiedJournal {
        (*self.ana.system().services.journals.of(self.ana.address()).await.unwrap()).clone()
    }

    /// The journal with one more entry. Its link is as correct as the contract would make it.
    async fn with(&self, event: Event) -> VerifiedJournal {
        let mut journal = self.journal().await;
        let mut entries = journal.history.entries().to_vec();
        let last = *entries.last().unwrap();
        let block = last.block + 1;
        let time = last.time + 1;
        let mut head = B256::ZERO;
        head[..24].copy_from_slice(&event.link(last.head, time, journal.patient));
        head[24..29].copy_from_slice(&block.to_be_bytes()[3..]);
        let key_changes = last.key_changes() + u32::from(matches!(event, Event::KeysRotated { .. }));
        head[29..].copy_from_slice(&key_changes.to_be_bytes()[1..]);
        entries.push(Entry { block, time, log_index: 0, previous: last.head, head, event, ..last });
        journal.history = EntryChain::from_cache(journal.patient, entries).unwrap();
        journal
    }

    fn granted(&self, grantee: Address, envelope: B256) -> Event {
        let scope = folder_scope(self.folder.number());
        let rights = crate::ledger::Rights::READ;
        let purpose = crate::ledger::Purpose::TREAT;
        let expires_at = crate::base::time::NO_END;
        Event::AccessGranted { scope, grantee, rights, purpose, expires_at, epoch: 0, envelope }
    }

    /// The accounts that get keys, and those left out.
    async fn keys(&self, journal: &VerifiedJournal) -> (Vec<Address>, Vec<Address>) {
        let accounts =
            journal.state().folder_readers(self.folder.number(), journal.history.entries().last().unwrap().time);
        let readers = readers::entitled(self.ana.person(), journal, self.folder, accounts).await.unwrap();
        (readers.keys.into_iter().map(|(account, _)| Address::from(account.0)).collect(), readers.left_out)
    }
}

/// The envelope that the grantee once got.
fn envelope_of(journal: &VerifiedJournal, grantee: Address) -> B256 {
    let of = |entry: &Entry| match entry.event {
        Event::AccessGranted { grantee: to, envelope, .. } if to == grantee => Some(envelope),
        _ => None,
    };
    journal.history.entries().iter().find_map(of).unwrap()
}

#[tokio::test]
async fn an_invented_grant_gets_no_keys() {
    let ward = ward().await;
    let lee = ward.lee.address();
    let kim = ward.kim.address();
    let journal = ward.journal().await;
    let of_lee = envelope_of(&journal, lee);
    let of_kim = envelope_of(&journal, kim);
    let keyring = journal.folder(ward.folder).keyring().unwrap().digest;
    // An envelope that Ana's journal does not name: Lee, who is a patient too, grants to Kim.
    ward.lee.grant(kim).await.unwrap();
    let of_another = envelope_of(&ward.ana.system().services.journals.of(lee).await.unwrap(), kim);
    // Nothing, the envelope of the ended grant, that of another grantee, another block of the patient, and a foreign one.
    for envelope in [B256::repeat_byte(7), of_kim, of_lee, keyring, of_another] {
        let forged = ward.with(ward.granted(kim, envelope)).await;
        let (keys, left_out) = ward.keys(&forged).await;
        assert!(!keys.contains(&kim) && left_out.contains(&kim), "{envelope}");
    }
    assert_eq!(ward.keys(&journal).await, (vec![lee], vec![]));
}

#[tokio::test]
async fn an_invented_rotation_opens_no_later_epoch() {
    let ward = ward().await;
    assert!(readers::is_epoch_sure(ward.ana.person(), &ward.journal().await, ward.folder).await.unwrap());
    let epoch = ward.journal().await.folder(ward.folder).epoch + 1;
    let folder = ward.folder.number();
    let forged = ward.with(Event::KeysRotated { folder, epoch, keyring: B256::repeat_byte(7) }).await;
    assert!(!readers::is_epoch_sure(ward.ana.person(), &forged, ward.folder).await.unwrap());
}

#[tokio::test]
async fn an_old_keyring_that_is_named_for_a_later_epoch_opens_none() {
    let ward = ward().await;
    let journal = ward.journal().await;
    let folder = ward.folder.number();
    let newest = *journal.folder(ward.folder).keyring().unwrap();
    let forged = ward.with(Event::KeysRotated { folder, epoch: newest.epoch + 1, keyring: newest.digest }).await;
    assert_eq!(forged.folder(ward.folder).epoch, newest.epoch + 1);
    assert!(!readers::is_epoch_sure(ward.ana.person(), &forged, ward.folder).await.unwrap());
}

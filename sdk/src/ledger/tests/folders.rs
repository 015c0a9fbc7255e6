use std::time::Duration;

use crate::ledger::tests::*;

const OTHER: Address = Address::repeat_byte(0x0e);

struct Ward {
    memory: MemoryLedger,
    contract: Contract,
}

impl Ward {
    async fn new() -> Self {
        let memory = MemoryLedger::with_contract().await.unwrap();
        let contract = memory.contract();
        let ward = Self { memory, contract };
        ward.does(ward.contract.add_records(PATIENT, FOLDER, &[id(1)], 0));
        ward
    }

    fn does(&self, call: Call) {
        assert!(self.memory.act(PATIENT, call));
    }

    async fn lets_read(&self, grantee: Address, expires_at: u64) {
        let changes = self.state().await.key_changes;
        let permission = permission(grantee, folder_scope(FOLDER), Rights::READ);
        self.does(self.contract.grant(&[Permission { expires_at, ..permission }], changes));
    }

    async fn rotates(&self, epoch: u16) {
        let changes = self.state().await.key_changes;
        self.does(self.contract.rotate(FOLDER, epoch, id(u64::from(epoch)), changes));
    }

    async fn revokes(&self, grantee: Address, keyring: Option<(u16, B256)>) {
        let changes = self.state().await.key_changes;
        let revocation = Revocation { grantee, scope: folder_scope(FOLDER), keyring, barred: false };
        self.does(self.contract.revoke(&[revocation], changes));
    }

    async fn state(&self) -> PatientState {
        Journal::new(self.contract.clone()).read(PATIENT, None).await.unwrap().0.state().clone()
    }

    async fn former(&self) -> Vec<Address> {
        self.state().await.former_readers(FOLDER, self.memory.now())
    }
}

#[tokio::test]
async fn folder_begins_clean_at_epoch_zero() {
    let ward = Ward::new().await;
    ward.lets_read(DOCTOR, NO_END).await;
    let state = ward.state().await;
    assert_eq!((state.folder(FOLDER).epoch, state.folder(FOLDER).keyring()), (0, None));
    assert!(!state.is_dirty(FOLDER, ward.memory.now()));
    assert_eq!(state.folder_readers(FOLDER, ward.memory.now()), [DOCTOR]);
    assert_eq!(state.folder(99), FolderKeys::default());
}

#[tokio::test]
async fn revocation_with_a_keyring_leaves_the_folder_clean() {
    let ward = Ward::new().await;
    ward.lets_read(DOCTOR, NO_END).await;
    ward.lets_read(OTHER, NO_END).await;
    ward.revokes(DOCTOR, Some((1, id(9)))).await;
    let (state, now) = (ward.state().await, ward.memory.now());
    assert_eq!((state.folder(FOLDER).epoch, state.folder(FOLDER).keyring().unwrap().digest), (1, id(9)));
    assert_eq!((state.former_readers(FOLDER, now), state.folder_readers(FOLDER, now)), (vec![], vec![OTHER]));
}

#[tokio::test]
async fn folder_is_dirty_after_a_revocation_without_a_keyring_until_the_rotation() {
    let ward = Ward::new().await;
    ward.lets_read(DOCTOR, NO_END).await;
    ward.revokes(DOCTOR, None).await;
    assert_eq!(ward.former().await, [DOCTOR]);
    ward.rotates(1).await;
    assert!(ward.former().await.is_empty());
}

#[tokio::test]
async fn expired_reader_is_former_from_that_second_on() {
    let ward = Ward::new().await;
    let end = ward.memory.now() + 1000;
    ward.lets_read(DOCTOR, end).await;
    let state = ward.state().await;
    assert!(!state.is_dirty(FOLDER, end - 1) && state.is_dirty(FOLDER, end));
    ward.memory.advance(Duration::from_secs(2000));
    assert_eq!(ward.former().await, [DOCTOR]);
    ward.rotates(1).await;
    assert!(ward.former().await.is_empty());
}

#[tokio::test]
async fn expired_reader_with_a_new_grant_is_not_former() {
    let ward = Ward::new().await;
    ward.lets_read(DOCTOR, ward.memory.now() + 100).await;
    ward.memory.advance(Duration::from_secs(200));
    assert_eq!(ward.former().await, [DOCTOR]);
    ward.lets_read(DOCTOR, NO_END).await;
    assert!(ward.former().await.is_empty());
}

#[tokio::test]
async fn renounced_and_lowered_readers_are_former() {
    let ward = Ward::new().await;
    ward.lets_read(DOCTOR, NO_END).await;
    ward.lets_read(OTHER, NO_END).await;
    assert!(ward.memory.act(DOCTOR, ward.contract.renounce(PATIENT, folder_scope(FOLDER))));
    assert_eq!(ward.former().await, [DOCTOR]);
    ward.does(ward.contract.grant(&[permission(OTHER, folder_scope(FOLDER), Rights::CONTRIBUTE)], 0));
    assert_eq!(ward.former().await, [OTHER, DOCTOR]);
    assert_eq!(ward.state().await.key_changes, 1, "a lowered grant counts, a renounced one does not");
    ward.rotates(1).await;
    assert!(ward.former().await.is_empty());
}

#[tokio::test]
async fn only_a_later_epoch_counts() {
    let ward = Ward::new().await;
    ward.lets_read(DOCTOR, NO_END).await;
    ward.rotates(3).await;
    ward.revokes(DOCTOR, Some((2, id(9)))).await;
    ward.rotates(0).await;
    ward.rotates(3).await;
    let state = ward.state().await;
    assert_eq!((state.folder(FOLDER).epoch, state.key_changes), (3, 4));
    assert_eq!(ward.former().await, [DOCTOR]);
    // A skipped epoch is not used again.
    ward.rotates(5).await;
    let keyrings = ward.state().await.folder(FOLDER).keyrings;
    assert_eq!(keyrings.iter().map(|k| (k.epoch, k.digest)).collect::<Vec<_>>(), [(3, id(3)), (5, id(5))]);
}

#[tokio::test]
async fn contributors_and_readers_of_one_record_hold_no_folder_keys() {
    let ward = Ward::new().await;
    let key = record_key(PATIENT, id(1));
    ward.does(
        ward.contract.grant(
            &[permission(LAB, folder_scope(FOLDER), Rights::CONTRIBUTE), permission(DOCTOR, key, Rights::READ)],
            0,
        ),
    );
    ward.lets_read(OTHER, NO_END).await;
    let (state, now) = (ward.state().await, ward.memory.now());
    assert_eq!(state.folder_readers(FOLDER, now), [OTHER]);
    assert_eq!(state.record_readers(key, now), [OTHER, DOCTOR]);
    assert!(state.record_readers(id(5), now).is_empty());
    ward.revokes(LAB, None).await;
    assert!(ward.former().await.is_empty());
}

//! Entries that a provider invents and drops again, and epochs that are used twice.

use crate::{
    base::time::NO_END,
    client::tests::vanished::*,
    keys::folder_keys,
    ledger::{Permission, Purpose, Revocation, Rights, folder_scope},
};

impl Stage {
    /// An entry that a provider shows as if Ana had made it. Nobody signed it.
    async fn invent(&self, call: impl FnOnce(&System, u32) -> crate::ledger::Call) {
        let system = self.ana.system();
        let count = system.services.journals.of(self.ana.address()).await.unwrap().state().key_changes;
        assert!(self.memory().act(self.ana.address(), call(system, count)));
        system.history(self.ana.address()).await.unwrap();
    }

    /// A grant to Lee whose envelope nobody has.
    async fn invent_grant(&self) {
        let permission = Permission {
            grantee: self.lee.address(),
            scope: self.scope(),
            rights: Rights::READ,
            purpose: Purpose::TREAT,
            expires_at: NO_END,
            epoch: 0,
            envelope: B256::repeat_byte(7),
        };
        self.invent(|system, count| system.contract().grant(&[permission], count)).await;
    }

    fn scope(&self) -> B256 {
        folder_scope(personal(&self.ana).number())
    }

    async fn lock_of(&self, record: &RecordRef) -> Vec<u16> {
        let bytes = self.shared.services.people().block(RecordId(record.id.0).into(), Manifest::MAX).await.unwrap();
        let manifest = self.shared.services.people().verified_bytes::<Manifest>(&bytes).await.unwrap();
        manifest.locks.iter().map(Lock::epoch).collect()
    }
}

#[tokio::test]
async fn an_invented_revocation_makes_nobody_sign_a_real_one() {
    let stage = Stage::new().await;
    let kim = stage.kim.address();
    let scope = stage.scope();
    let revocation = Revocation { grantee: kim, scope, keyring: None, barred: true };
    stage.invent(|system, count| system.contract().revoke(&[revocation], count)).await;
    stage.reorganise(1);
    let error = stage.ana.add(note()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Vanished, "{error}");
    stage.ana.grant(person(&stage.shared).await.address()).await.unwrap();
    stage.ana.resume().await.unwrap();
    let journal = stage.shared.services.journals.of(stage.ana.address()).await.unwrap();
    assert!(journal.grant(scope, kim).is_some(), "nothing was signed on the provider's word");

    let missing = stage.ana.acts().missing().await.unwrap();
    stage.ana.acts().give_up(missing[0].head).await.unwrap();
    let record = stage.ana.add(note()).await.unwrap().record;
    assert_eq!(stage.kim.open(&record).await.unwrap().bytes, "private");
}

#[tokio::test]
async fn invented_grant_supersedes_no_revocation() {
    for blocks in [1, 2] {
        let stage = Stage::new().await;
        stage.ana.revoke(stage.lee.address()).in_a_hurry().await.unwrap();
        stage.invent_grant().await;
        stage.restarted().resume().await.unwrap();
        stage.reorganise(blocks);
        let record = stage.restarted().add(note()).await.unwrap().record;
        assert!(!stage.lee_holds_a_key(&record).await, "{blocks}");
        assert!(stage.is_revoked().await, "{blocks}");
    }
}

#[tokio::test]
async fn unsigned_grant_supersedes_no_vanished_revocation() {
    let stage = Stage::new().await;
    stage.ana.revoke(stage.lee.address()).in_a_hurry().await.unwrap();
    stage.reorganise(1);
    stage.invent_grant().await;
    assert_eq!(stage.ana.add(note()).await.unwrap_err().kind(), ErrorKind::Vanished);
}

#[tokio::test]
async fn series_of_invented_rotations_moves_a_folder_no_further_than_one_of_them() {
    let stage = Stage::new().await;
    let folder = personal(&stage.ana).number();
    for step in 1..=9u16 {
        let keyring = B256::repeat_byte(step as u8);
        stage.invent(|system, count| system.contract().rotate(folder, step * 64, keyring, count)).await;
    }
    stage.reorganise(9);
    let record = stage.ana.add(note()).await.unwrap().record;
    let epochs = stage.lock_of(&record).await;
    assert!(epochs.iter().all(|epoch| *epoch <= 65), "{epochs:?}");
}

#[tokio::test]
async fn epoch_that_another_device_uses_again_is_skipped() {
    let stage = Stage::new().await;
    // Its keyring is stored: Lee has the keys of epoch 1.
    stage.ana.folders().rotate("personal", Confidentiality::N).await.unwrap();
    let journal = stage.lee.system().services.journals.of(stage.ana.address()).await.unwrap();
    let of_lee =
        folder_keys::received(stage.lee.person(), &journal, personal(&stage.ana)).await.unwrap().state.unwrap();
    assert_eq!(of_lee.epoch(), 1);
    stage.reorganise(1);
    // Another device, which never saw that, revokes Lee with other keys of the same epoch.
    let folder = tempfile::tempdir().unwrap();
    stage.device(folder.path()).revoke(stage.lee.address()).await.unwrap();

    let record = stage.ana.add(note()).await.unwrap().record;
    let epochs = stage.lock_of(&record).await;
    assert!(epochs.iter().all(|epoch| of_lee.at(*epoch).is_err()), "{epochs:?}");
    assert_eq!(stage.kim.open(&record).await.unwrap().bytes, "private");
}

//! Somebody who has an account and keys like everybody else, and does not use our client.

use hospital_record::{
    Client, Identity, RecordRef, System,
    alloy::{
        primitives::{Address, B256},
        signers::local::PrivateKeySigner,
    },
    ledger::{Call, EntryChain, Event, Journal},
    store::{Store, StoreError},
};
use hospital_record_core::{
    block::{Body, Unverified, Verified, parse},
    id::{Account, Digest, RecordId, Scope},
    identity::{Keys, ProfileKeys, PublicKeys, Seed},
    profile,
    record::manifest::Manifest,
    seal::{
        envelope::{Envelope, EnvelopeContext, EnvelopeKeys, open_envelope},
        keyring::{Keyring, open_keyring},
        lock::Lock,
        ratchet::FolderState,
        stream::ContentKey,
    },
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::anvil::Anvil;

/// An account whose secrets the test knows.
pub struct Insider {
    identity: Identity,
    seed: [u8; 32],
}

impl Insider {
    /// Somebody new.
    pub fn new() -> Self {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).expect("random numbers");
        let identity = Identity::new(PrivateKeySigner::random(), Zeroizing::new(seed));
        Self { identity, seed }
    }

    pub fn address(&self) -> Address {
        self.identity.address()
    }

    /// The same person using our client.
    pub fn client(&self, system: &System) -> Client {
        system.client(self.identity.clone())
    }

    /// The keys of the first profile.
    pub fn keys(&self, system: &System) -> ProfileKeys {
        let account = Account(self.address().into());
        Keys::derive(&Seed::from_bytes(self.seed), system.deployment(), account).profile_keys(0)
    }

    /// Tries everything this account was ever given on every lock of a record, whatever the chain permits.
    pub async fn crack(&self, system: &System, store: &dyn Store, record: &RecordRef) -> Option<ContentKey> {
        let manifest: Verified<Manifest> = signed(system, store, record.id.into()).await;
        let (keys, author) = (self.keys(system), manifest.issuer());
        let states = self.states(system, store, record.patient).await;
        manifest.locks.iter().find_map(|lock| {
            let context = manifest.lock_context(system.deployment(), author, lock.epoch());
            match lock {
                Lock::Account { .. } => lock.open_account(&context, &keys).ok(),
                Lock::Folder { .. } => states.iter().find_map(|state| lock.open_folder(&context, state).ok()),
            }
        })
    }

    /// Every folder state that an envelope or keyring of `patient` ever held for this account.
    async fn states(&self, system: &System, store: &dyn Store, patient: Address) -> Vec<FolderState> {
        let mut history = EntryChain::new(patient);
        Journal::new(system.contract().clone()).update(&mut history, None).await.expect("the chain is honest");
        let keys = self.keys(system);
        let mut states = Vec::new();
        for entry in history.entries() {
            match entry.event {
                Event::AccessGranted { grantee, scope, epoch, envelope, .. } if grantee == self.address() => {
                    let sealed: Verified<Envelope> = signed(system, store, Digest(envelope.0)).await;
                    let context = EnvelopeContext {
                        deployment: system.deployment(),
                        patient: Account(patient.into()),
                        issuer: Account(patient.into()),
                        grantee: Account(grantee.into()),
                        scope: Scope::from_bytes(scope.0).expect("a scope"),
                        epoch,
                    };
                    match open_envelope(&sealed, &context, &keys).expect("its grantee opens it").keys {
                        EnvelopeKeys::Folder { state, .. } => states.extend(state),
                        EnvelopeKeys::Record { .. } => {}
                    }
                }
                Event::AccessRevoked { keyring, .. } | Event::KeysRotated { keyring, .. } if !keyring.is_zero() => {
                    let digest = Digest(keyring.0);
                    // One that could not be stored when it was on chain: nobody has it.
                    if let Err(StoreError::NotFound { .. }) = store.get(&digest.dag_cbor_cid()).await {
                        continue;
                    }
                    let ring: Verified<Keyring> = signed(system, store, digest).await;
                    states.extend(open_keyring(&ring, system.deployment(), ring.folder, &keys));
                }
                _ => {}
            }
        }
        states
    }

    /// Sends a transaction as this account, past our client. `None` when the contract reverts.
    pub fn send(&self, anvil: &Anvil, call: &Call) -> Option<Value> {
        let from = self.address().to_string();
        anvil.rpc("anvil_impersonateAccount", json!([from]));
        anvil.try_send(json!({ "from": from, "to": call.to, "data": call.data, "gas": "0x7a120" }))
    }
}

impl Default for Insider {
    fn default() -> Self {
        Self::new()
    }
}

/// A signed block from a store, verified with the profile it names.
pub async fn signed<T: Body>(system: &System, store: &dyn Store, digest: Digest) -> Verified<T> {
    let bytes = store.get(&digest.dag_cbor_cid()).await.expect("the store has it");
    let block: Unverified<T> = parse(&bytes, system.deployment()).expect("a signed block");
    let keys = public_keys(system, store, block.profile_digest()).await;
    block.verify(&keys).expect("its issuer signed it")
}

async fn public_keys(system: &System, store: &dyn Store, profile: Digest) -> PublicKeys {
    let bytes = store.get(&profile.dag_cbor_cid()).await.expect("the store has it");
    profile::decode(&bytes, system.deployment()).expect("a profile").0.keys
}

/// The id of a record as the contract knows it.
pub fn word(id: RecordId) -> B256 {
    B256::from(id.0)
}

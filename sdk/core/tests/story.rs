//! From a seed to an opened record and back through a grant, a revocation and a keyring, with blocks as only storage.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use hospital_record_core::block::{self, Block, Body};
use hospital_record_core::error::{BlockError, CoreError, SealError};
use hospital_record_core::id::{Account, Confidentiality, Deployment, Digest, Folder, Scope};
use hospital_record_core::identity::{Keys, ProfileKeys, Seed};
use hospital_record_core::profile::{self, Profile};
use hospital_record_core::record::dag::DagBuilder;
use hospital_record_core::record::manifest::Manifest;
use hospital_record_core::record::metadata::Metadata;
use hospital_record_core::seal::envelope::{
    Envelope, EnvelopeContext, EnvelopeKeys, EnvelopePayload, FolderKeyStatement, open_envelope, seal_envelope,
};
use hospital_record_core::seal::keyring::{Keyring, open_keyring, seal_keyring};
use hospital_record_core::seal::lock::{Lock, LockContext};
use hospital_record_core::seal::ratchet::FolderState;
use hospital_record_core::seal::stream::{self, ContentKey, StreamHeader};

const HERE: Deployment = Deployment { chain: 31337, contract: Account([0xcc; 20]) };

struct Person {
    keys: Keys,
    profile_keys: ProfileKeys,
    profile: Digest,
}

impl Person {
    fn new(byte: u8) -> Self {
        let keys = Keys::derive(&Seed::from_bytes([byte; 32]), HERE, Account([byte; 20]));
        let profile_keys = keys.profile_keys(0);
        let profile = Profile {
            deployment: HERE,
            account: keys.account(),
            sequence: 0,
            previous: None,
            keys: profile_keys.public().clone(),
        };
        let block = profile::encode(&profile, vec![7; 65]).unwrap();
        let (read, signature) = profile::decode(&block.bytes, HERE).unwrap();
        assert_eq!((read, signature), (profile, vec![7; 65]));
        Self { keys, profile_keys, profile: block.digest() }
    }

    fn account(&self) -> Account {
        self.keys.account()
    }

    fn envelope_to(
        &self,
        grantee: &Person,
        folder: Folder,
        keys: EnvelopeKeys,
        epoch: u16,
    ) -> (EnvelopeContext, Block) {
        let context = EnvelopeContext {
            deployment: HERE,
            patient: self.account(),
            issuer: self.account(),
            grantee: grantee.account(),
            scope: Scope::Folder(folder),
            epoch,
        };
        let payload = EnvelopePayload {
            keys,
            folder_name: "cardiology".into(),
            confidentiality: Confidentiality::N,
            sources: vec!["https://example.org".into()],
        };
        let note = self.keys.note_seal(b"grantee", "Dr Lee").unwrap();
        let to = &grantee.profile_keys.public().hpke;
        let block = seal_envelope(&context, to, &payload, Some(note), self.profile, &self.profile_keys);
        (context, block.unwrap())
    }
}

struct Record {
    manifest: Block,
    ciphertext: Vec<u8>,
}

fn add(
    author: &Person,
    patient: Account,
    folder: Folder,
    lock: impl Fn(&LockContext, &ContentKey) -> Lock,
    epoch: u16,
) -> Record {
    let key = ContentKey::random().unwrap();
    let ciphertext = stream::seal(&key, b"sinus rhythm").unwrap();
    let header = StreamHeader::from_bytes(&ciphertext[..stream::HEADER]).unwrap();
    let leaf = Block::leaf(ciphertext.clone());
    let mut dag = DagBuilder::new();
    dag.push_leaf(leaf.cid, ciphertext.len() as u64).unwrap();
    let context = LockContext {
        deployment: HERE,
        patient,
        author: author.account(),
        folder,
        epoch,
        commitment: key.commitment(),
    };
    let metadata = Metadata { name: "ecg.txt".into(), added: 1, ..Metadata::default() };
    let manifest = Manifest {
        patient,
        folder,
        content: dag.finish().unwrap().root,
        size: 12,
        header,
        commitment: key.commitment(),
        metadata: metadata.seal(&key, &header).unwrap(),
        locks: vec![lock(&context, &key)],
    };
    Record { manifest: manifest.sign(HERE, author.profile, &author.profile_keys).unwrap(), ciphertext }
}

fn open(record: &Record, author: &Person, state: &FolderState, epoch: u16) -> Result<Vec<u8>, CoreError> {
    let manifest = Manifest::parse(&record.manifest.bytes, HERE)?.verify(author.profile_keys.public())?;
    let context = manifest.lock_context(HERE, manifest.issuer(), epoch);
    let key = manifest.locks[0].open_folder(&context, state)?;
    assert_eq!(manifest.open_metadata(&key)?.name, "ecg.txt");
    Ok(stream::open(&key, &record.ciphertext)?)
}

#[test]
fn reader_opens_a_contributors_record_and_nothing_after_the_revocation() {
    let (ana, lee, lab) = (Person::new(1), Person::new(2), Person::new(3));
    let folder = ana.keys.folder("cardiology", Confidentiality::N);
    let state = ana.keys.folder_state(folder, 0);
    let statement =
        FolderKeyStatement::sign(folder, &state, HERE, ana.profile, &ana.profile_keys).unwrap().bytes.to_vec();

    let read = EnvelopeKeys::Folder { state: Some(state.clone()), statement: statement.clone() };
    let (context, block) = ana.envelope_to(&lee, folder, read, 0);
    let envelope = Envelope::parse(&block.bytes, HERE).unwrap().verify(ana.profile_keys.public()).unwrap();
    assert_eq!(ana.keys.note_open(b"grantee", envelope.note.as_ref().unwrap()).unwrap(), "Dr Lee");
    let opened = open_envelope(&envelope, &context, &lee.profile_keys).unwrap();
    let EnvelopeKeys::Folder { state: Some(held), .. } = opened.keys else { panic!("a folder's keys") };
    assert_eq!(opened.folder_name, "cardiology");

    let contribute = EnvelopeKeys::Folder { state: None, statement };
    let (context, block) = ana.envelope_to(&lab, folder, contribute, 0);
    let envelope = Envelope::parse(&block.bytes, HERE).unwrap().verify(ana.profile_keys.public()).unwrap();
    let opened = open_envelope(&envelope, &context, &lab.profile_keys).unwrap();
    let EnvelopeKeys::Folder { state: None, statement } = opened.keys else { panic!("a public key only") };
    let statement = FolderKeyStatement::parse(&statement, HERE).unwrap().verify(ana.profile_keys.public()).unwrap();
    let lock = |context: &LockContext, key: &ContentKey| Lock::folder(context, &statement.public_key, key).unwrap();
    let record = add(&lab, ana.account(), folder, lock, 0);
    assert_eq!(open(&record, &lab, &held, 0).unwrap(), b"sinus rhythm");

    let next = ana.keys.folder_state(folder, 1);
    let readers = [(lab.account(), lab.profile_keys.public().hpke.clone())];
    let keyring = seal_keyring(HERE, folder, &next, &readers, Vec::new(), ana.profile, &ana.profile_keys).unwrap();
    let keyring = Keyring::parse(&keyring.bytes, HERE).unwrap().verify(ana.profile_keys.public()).unwrap();
    let got = open_keyring(&keyring, HERE, folder, &lab.profile_keys).unwrap();
    assert!(got.continues(&held));
    let refused = open_keyring(&keyring, HERE, folder, &lee.profile_keys).err();
    assert_eq!(refused, Some(CoreError::Seal(SealError::NoEntry)));

    let key = next.public_key();
    let later = add(&ana, ana.account(), folder, |context, content| Lock::folder(context, &key, content).unwrap(), 1);
    assert_eq!(open(&later, &ana, &got, 1).unwrap(), b"sinus rhythm");
    assert_eq!(open(&record, &lab, &got, 0).unwrap(), b"sinus rhythm");
    let refused = open(&later, &ana, &held, 1).err();
    assert_eq!(refused, Some(CoreError::Seal(SealError::EpochAhead { wanted: 1, held: 0 })));
}

#[test]
fn account_lock_opens_for_its_account_only() {
    let (ana, lee) = (Person::new(1), Person::new(2));
    let folder = ana.keys.folder("personal", Confidentiality::R);
    let to = ana.profile_keys.public().hpke.clone();
    let lock = |context: &LockContext, key: &ContentKey| Lock::account(context, ana.account(), &to, key).unwrap();
    let record = add(&lee, ana.account(), folder, lock, 3);
    let manifest = Manifest::parse(&record.manifest.bytes, HERE).unwrap().verify(lee.profile_keys.public()).unwrap();
    let context = manifest.lock_context(HERE, lee.account(), 3);
    let key = manifest.locks[0].open_account(&context, &ana.profile_keys).unwrap();
    assert_eq!(stream::open(&key, &record.ciphertext).unwrap(), b"sinus rhythm");
    assert!(manifest.locks[0].open_account(&context, &lee.profile_keys).is_err());
    assert!(
        manifest.locks[0].open_account(&LockContext { patient: lee.account(), ..context }, &ana.profile_keys).is_err()
    );
}

#[test]
fn block_of_another_signer_kind_or_deployment_is_refused() {
    let (ana, lee) = (Person::new(1), Person::new(2));
    let folder = ana.keys.folder("personal", Confidentiality::N);
    let state = ana.keys.folder_state(folder, 0);
    let block = FolderKeyStatement::sign(folder, &state, HERE, ana.profile, &ana.profile_keys).unwrap();
    let parsed = FolderKeyStatement::parse(&block.bytes, HERE).unwrap();
    assert_eq!(parsed.verify(lee.profile_keys.public()).err(), Some(BlockError::Signature { kind: "folder-key" }));
    let kind = block::parse::<Manifest>(&block.bytes, HERE).err();
    assert_eq!(kind, Some(BlockError::Kind { expected: "manifest", found: "folder-key".into() }));
    let elsewhere = Deployment { chain: 1, ..HERE };
    let deployment = FolderKeyStatement::parse(&block.bytes, elsewhere).err();
    assert_eq!(deployment, Some(BlockError::Deployment { kind: "folder-key" }));
}

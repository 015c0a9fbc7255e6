//! The verbs of this crate.
//!
//! The everyday verbs are methods of [`Client`]. The others are in groups by subject.

pub(crate) mod acts;
pub(crate) mod boards;
pub(crate) mod contacts;
pub(crate) mod directory;
pub(crate) mod folders;
pub(crate) mod grants;
pub(crate) mod requests;
pub(crate) mod resume;
pub(crate) mod sync;
#[cfg(all(test, feature = "testing"))]
pub(crate) mod tests;
pub(crate) mod vouches;

use std::fmt;

use alloy::primitives::Address;
use alloy::primitives::U256;
use hospital_record_core::id::RecordId;

use crate::{
    access::{
        grant::{self, Grant},
        revoke::{self, Revoke},
    },
    acts::{confirm::Confirmed, person::Person},
    base::{error::Result, record_ref::RecordRef},
    client::{
        acts::Acts, boards::Boards, contacts::Contacts, directory::Directory, folders::Folders, grants::Grants,
        requests::Requests, resume::Resumed, sync::Syncing, vouches::Vouches,
    },
    journal::history::ReadHistory,
    people::{card::Card, grantee::Grantee, identity::Identity},
    records::{
        add::{self, Add, AddMany, Added},
        attest,
        list::{self, List},
        open::{self, Open},
        replace::{self, MarkInError, Replace},
        source::Source,
    },
    system::System,
};

/// One person at one [`System`]. It is cheap to clone, and a server can hold thousands.
///
/// Verbs are builders: set what differs from the defaults, then await them. You can drop their futures safely:
/// [`resume`](Client::resume) finishes what was already signed.
///
/// ```
/// # use hospital_record::{Result, Source, System};
/// # #[tokio::main]
/// # async fn main() -> Result<()> {
/// # let system = System::in_memory().await?;
/// # let (ana, lee) = (system.person().await?, system.person().await?);
/// let resumed = ana.resume().await?; // when the app starts
/// for left in &resumed.failed {
///     println!("{}: {}", left.what, left.reason);
/// }
/// let ecg = ana.add(Source::bytes("ecg.txt", "...")).folder("cardiology").await?.record;
/// ana.grant(lee.address()).folder("cardiology").await?;
/// assert_eq!(lee.open(&ecg).await?.bytes, "..."); // checked and logged on chain, then decrypted
/// assert_eq!(lee.list().patient(ana.address()).await?[0].name(), "ecg.txt");
///
/// let ecg = ana.replace(&ecg, Source::bytes("ecg.txt", "62/min")).await?.record;
/// let revoked = ana.revoke(lee.address()).await?;
/// assert!(revoked.keys_moved && lee.open(&ecg).await.is_err());
/// ana.sync().await?; // now and then: moves keys on, copies what others contributed
/// # Ok(())
/// # }
/// ```
///
/// The guides have an example a noun: [`record`](crate::record), [`grant`](crate::grant), [`folder`](crate::folder),
/// [`contact`](crate::contact), [`directory`](crate::directory), [`request`](crate::request), [`board`](crate::board), [`vouch`](crate::vouch),
/// [`act`](crate::act).
#[derive(Clone)]
pub struct Client {
    person: Person,
    system: System,
}

impl System {
    /// A person at this system.
    pub fn client(&self, identity: Identity) -> Client {
        Client { person: Person::new(self.services.clone(), identity), system: self.clone() }
    }

    /// A new person for a test: the account has 100 ether of the chain in memory, and its keys are published.
    #[cfg(feature = "testing")]
    pub async fn person(&self) -> Result<Client> {
        let (identity, _phrase) = Identity::generate()?;
        self.fund(identity.address()).await?;
        let client = self.client(identity);
        client.register().await?;
        Ok(client)
    }
}

/// Everyday verbs.
impl Client {
    /// This person's account.
    pub fn address(&self) -> Address {
        self.person.address()
    }

    /// The system that this person uses.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// The balance of the account, in wei.
    pub async fn balance(&self) -> Result<U256> {
        self.person.balance().await
    }

    /// Publishes this account's public keys, so that others can grant to it. It does nothing if they are already
    /// published. Every verb that writes calls it first.
    pub async fn register(&self) -> Result<()> {
        self.person.published().await.map(drop)
    }

    /// This person's history, every link of it checked. [`System::history`] reads anybody's.
    pub fn history(&self) -> ReadHistory {
        self.system.history(self.address())
    }

    /// The handle of a record of `patient` at this system.
    pub fn record(&self, patient: Address, id: RecordId) -> RecordRef {
        self.person.record(patient, id)
    }

    /// Encrypts a source, stores it, and registers it as a record of this person. With [`patient`](Add::patient) it is
    /// a record of a patient who lets this person contribute.
    ///
    /// It returns when the record is pinned in the store, was read back, and is confirmed on chain. Defaults: the
    /// folder "personal" of confidentiality N, the source's own name, `application/octet-stream`.
    /// See the [guide](crate::record).
    pub fn add(&self, source: impl Into<Source>) -> Add {
        add::add(&self.person, source)
    }

    /// Like [`add`](Client::add) for several sources, at most [`AddMany::BATCH`], in one transaction: all of them or
    /// none. If a block of the chain is too small, it takes several transactions. An error then says how many sources
    /// were added. Settings of this builder apply to all sources; each [`Source`] can have its own.
    /// See the [guide](crate::record).
    pub fn add_many(&self, sources: impl IntoIterator<Item = impl Into<Source>>) -> AddMany {
        add::add_many(&self.person, sources)
    }

    /// Attests a record, as an account with the right to attest on its folder. Several accounts can attest one record.
    /// An attestation cannot be taken back.
    /// See the [guide](crate::record).
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) without that right. [`Error::AlreadyDone`](crate::Error::AlreadyDone) if
    /// this account has attested the record before. [`Error::Invalid`](crate::Error::Invalid) if the record has the
    /// maximum of attestations.
    pub async fn attest(&self, record: &RecordRef) -> Result<Confirmed> {
        attest::attest(&self.person, record).await
    }

    /// This person's records, newest first; or those of another [`patient`](List::patient) that this person may read.
    /// See the [guide](crate::record).
    pub fn list(&self) -> List {
        list::list(&self.person)
    }

    /// Opens a record of this person, or one that was shared. Await it for the bytes in memory. For large records, end
    /// it with [`to_file`](Open::to_file) or [`to_writer`](Open::to_writer).
    ///
    /// For a reader who is not the patient, access is checked on chain first. The reading is then logged on chain
    /// before anything is decrypted, unless it is [`unlogged`](Open::unlogged).
    /// See the [guide](crate::record).
    pub fn open(&self, record: &RecordRef) -> Open {
        open::open(&self.person, record)
    }

    /// Encrypts a record's content again under a new key, for the current readers of its folder, and supersedes the old
    /// record. Copies of the old ciphertext still open for everybody who has its key.
    /// See the [guide](crate::record).
    pub async fn reencrypt(&self, record: &RecordRef) -> Result<Added> {
        replace::reencrypt(&self.person, record).await
    }

    /// Adds a new version of a record to the same folder and marks the old one as superseded. It takes name, media type
    /// and other details from the old version unless you set them.
    ///
    /// The author can do this as well as the patient, as long as the author may contribute. An author without the right
    /// to read takes over no details: those not set have the defaults of [`add`](Client::add).
    /// See the [guide](crate::record).
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) if several authors added this id and none is [named](Replace::author).
    pub fn replace(&self, record: &RecordRef, source: impl Into<Source>) -> Replace {
        replace::replace(&self.person, record, source)
    }

    /// Marks a record as entered in error. This cannot be undone, and the record stays in the history.
    /// See the [guide](crate::record).
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) if several authors added this id and none is
    /// [named](MarkInError::author).
    pub fn mark_entered_in_error(&self, record: &RecordRef) -> MarkInError {
        replace::mark_entered_in_error(&self.person, record)
    }

    /// This person's card, for people who will grant to this person. It publishes the profile if there is none.
    /// See the [guide](crate::contact).
    pub async fn card(&self) -> Result<Card> {
        self.person.card().await
    }

    /// Gives somebody access to a folder or to one record. It replaces an earlier grant to that person on the same
    /// scope.
    ///
    /// Defaults: to read the folder "personal" of confidentiality N, for treatment, for one year.
    /// See the [guide](crate::grant).
    pub fn grant(&self, to: impl Into<Grantee>) -> Grant {
        grant::grant(&self.person, to)
    }

    /// Ends all access of an account, or its access to one scope. It takes effect on chain at once, and the affected
    /// folders get new keys. Records added later do not open for that account, whoever helps it.
    /// See the [guide](crate::grant).
    pub fn revoke(&self, grantee: Address) -> Revoke {
        revoke::revoke(&self.person, grantee)
    }

    /// Finishes the work of an interrupted call or program:
    ///
    /// - It follows a signed transaction to its end, but never signs it again. If another device used the nonce first,
    ///   a person decides whether the act is still wanted.
    /// - It registers a stored record, or removes one that can no longer be registered.
    ///
    /// Failures are listed in [`failed`](Resumed::failed) and do not stop the rest. See the [guide](crate::act).
    ///
    /// # Errors
    /// If the transaction is still pending, or the state directory cannot be read.
    pub async fn resume(&self) -> Result<Resumed> {
        resume::resume(&self.person).await
    }

    /// First gives new keys to folders that somebody left, or whose current keys a live reader lacks. Then copies and
    /// pins what others contributed. So a contribution never delays a key rotation.
    ///
    /// Copies are limited, so that contributors cannot fill this person's store: by default 1 GiB of one author and 10
    /// GiB in all, the smallest records first. [`Synced::too_large`](crate::Synced::too_large) lists what was left out.
    /// See the [guide](crate::folder).
    pub fn sync(&self) -> Syncing {
        sync::sync(&self.person)
    }
}

/// Groups of verbs, by subject.
impl Client {
    /// This person's folders: list them, and rotate their keys.
    /// See the [guide](crate::folder).
    pub fn folders(&self) -> Folders<'_> {
        Folders(&self.person)
    }

    /// Who has access to this person's records, and to whose records this person has access.
    /// See the [guide](crate::grant).
    pub fn grants(&self) -> Grants<'_> {
        Grants(&self.person)
    }

    /// People whose keys this person compared, under names that this person chose.
    /// See the [guide](crate::contact).
    pub fn contacts(&self) -> Contacts<'_> {
        Contacts(&self.person)
    }

    /// Practitioners in the directory of the joined node.
    /// See the [guide](crate::directory).
    pub fn directory(&self) -> Directory<'_> {
        Directory(&self.person)
    }

    /// Requests for access: ask for it, and answer.
    /// See the [guide](crate::request).
    pub fn requests(&self) -> Requests<'_> {
        Requests(&self.person)
    }

    /// Boards of k of n people, and their cases.
    /// See the [guide](crate::board).
    pub fn boards(&self) -> Boards<'_> {
        Boards(&self.person)
    }

    /// Public statements that an account is a hospital or a practitioner.
    /// See the [guide](crate::vouch).
    pub fn vouches(&self) -> Vouches<'_> {
        Vouches(&self.person)
    }

    /// Acts that others carry, and acts that the chain dropped.
    /// See the [guide](crate::act).
    pub fn acts(&self) -> Acts<'_> {
        Acts(&self.person)
    }

    #[cfg(all(test, feature = "testing"))]
    pub(crate) fn person(&self) -> &Person {
        &self.person
    }
}

/// Shows the address alone.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.address()).finish()
    }
}

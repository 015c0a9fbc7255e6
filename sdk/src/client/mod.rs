//! What a person can do: the verbs of this crate.
//!
//! Those of every day are methods of [`Client`]; the others are grouped by what they are about.

pub(crate) mod acts;
pub(crate) mod boards;
pub(crate) mod contacts;
pub(crate) mod folders;
pub(crate) mod grants;
pub(crate) mod requests;
pub(crate) mod resume;
pub(crate) mod sync;
#[cfg(all(test, feature = "testing"))]
pub(crate) mod tests;
pub(crate) mod vouches;

use std::fmt;

use crate::{
    access::{
        grant::{self, Grant},
        revoke::{self, Revoke},
    },
    acts::{confirm::Confirmed, person::Person},
    base::{error::Result, record_ref::RecordRef},
    client::{
        acts::Acts, boards::Boards, contacts::Contacts, folders::Folders, grants::Grants, requests::Requests,
        resume::Resumed, sync::Syncing, vouches::Vouches,
    },
    journal::history::ReadHistory,
    people::{card::Card, grantee::Grantee, identity::Identity},
    records::{
        add::{self, Add, AddMany, Added},
        attest,
        list::{self, List},
        open::{self, Open},
        reencrypt,
        replace::{self, MarkInError, Replace},
        source::Source,
    },
    system::System,
};
use alloy::primitives::Address;
use alloy::primitives::U256;
use hospital_record_core::id::RecordId;

/// One person at one [`System`]. Cheap to clone; a server holds thousands.
///
/// Verbs are builders: set what differs from the defaults, then await them. Dropping one of their futures is safe: what
/// was signed before is finished by [`resume`](Client::resume).
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
/// [`contact`](crate::contact), [`request`](crate::request), [`board`](crate::board), [`vouch`](crate::vouch),
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

/// Every day.
impl Client {
    /// This person's account.
    pub fn address(&self) -> Address {
        self.person.address()
    }

    /// Where this person is.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// What the account owns, in wei.
    pub async fn balance(&self) -> Result<U256> {
        self.person.balance().await
    }

    /// Publishes this account's public keys, so that others can grant to it. Does nothing when they are published;
    /// every verb that writes calls it first.
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

    /// Encrypts a source, stores it, and registers it as a record of this person, or of
    /// [`patient`](Add::patient) where this person may contribute.
    ///
    /// Returns when the record is pinned in the store, was read back, and is confirmed on chain. Defaults: the folder
    /// "personal" of confidentiality N, the source's own name, `application/octet-stream`.
    /// See the [guide](crate::record).
    pub fn add(&self, source: impl Into<Source>) -> Add {
        add::add(&self.person, source)
    }

    /// Like [`add`](Client::add) for several sources, at most [`AddMany::BATCH`]: one transaction, all of them or none.
    /// Where a block of the chain does not take as many, they go in several; an error says how many are added by then.
    /// What is said here holds for all of them; what differs is said of each [`Source`].
    /// See the [guide](crate::record).
    pub fn add_many(&self, sources: impl IntoIterator<Item = impl Into<Source>>) -> AddMany {
        add::add_many(&self.person, sources)
    }

    /// Attests a record as a professional: by an account that has the right to attest on its folder. Others may have
    /// attested it before. Once, and for good.
    /// See the [guide](crate::record).
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) without that right, [`Error::Conflict`](crate::Error::Conflict) when this account has attested it already, or the record
    /// has as many attestations as it takes.
    pub async fn attest(&self, record: &RecordRef) -> Result<Confirmed> {
        attest::attest(&self.person, record).await
    }

    /// This person's records, newest first; or those of another [`patient`](List::patient) that this person may read.
    /// See the [guide](crate::record).
    pub fn list(&self) -> List {
        list::list(&self.person)
    }

    /// Opens a record of this person, or one that was shared. Await it for the bytes in memory, or end it with
    /// [`to_file`](Open::to_file) or [`to_writer`](Open::to_writer) for what is large.
    ///
    /// Who is not the patient is checked on chain first, and the reading is logged on chain before anything is
    /// decrypted, unless [`unlogged`](Open::unlogged).
    /// See the [guide](crate::record).
    pub fn open(&self, record: &RecordRef) -> Open {
        open::open(&self.person, record)
    }

    /// Encrypts a record's content again under a new key, for those who may read its folder now, and supersedes the
    /// old record. The old ciphertext stays where others keep it, and opens for whoever has its key.
    /// See the [guide](crate::record).
    pub async fn reencrypt(&self, record: &RecordRef) -> Result<Added> {
        reencrypt::reencrypt(&self.person, record).await
    }

    /// Adds a new version of a record to the same folder and marks the old one superseded. Name, media type and the
    /// rest are taken over from the old version unless they are given.
    ///
    /// Its author may do so as well as the patient, while the right to contribute lasts. An author who may not read
    /// what was contributed takes nothing over: what is not given has the defaults of [`add`](Client::add).
    /// See the [guide](crate::record).
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) when several authors added this id and none is [named](Replace::author).
    pub fn replace(&self, record: &RecordRef, source: impl Into<Source>) -> Replace {
        replace::replace(&self.person, record, source)
    }

    /// Marks a record as entered in error, for good. It stays in the history.
    /// See the [guide](crate::record).
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) when several authors added this id and none is [named](MarkInError::author).
    pub fn mark_entered_in_error(&self, record: &RecordRef) -> MarkInError {
        replace::mark_entered_in_error(&self.person, record)
    }

    /// This person's card, to be handed to those who will grant to it. Publishes the profile when there is none.
    /// See the [guide](crate::contact).
    pub async fn card(&self) -> Result<Card> {
        self.person.card().await
    }

    /// Gives somebody access to a folder, or to one record. It takes the place of what that person had there.
    ///
    /// Defaults: to read the folder "personal" of confidentiality N, for treatment, for one year.
    /// See the [guide](crate::grant).
    pub fn grant(&self, to: impl Into<Grantee>) -> Grant {
        grant::grant(&self.person, to)
    }

    /// Ends everything that somebody has, or one scope of it. It takes effect on chain at once, and the keys of the
    /// folders concerned move on: what is added later does not open for that person, whoever helps.
    /// See the [guide](crate::grant).
    pub fn revoke(&self, grantee: Address) -> Revoke {
        revoke::revoke(&self.person, grantee)
    }

    /// Finishes what an earlier call or program left behind. It follows a signed transaction to its end, registers a stored
    /// record, and lets go of what can no longer be registered. It signs nothing anew: where another device was first, a
    /// person says whether the act is still wanted. What fails is in [`failed`](Resumed::failed), and keeps nothing else from
    /// being finished.
    /// See the [guide](crate::act).
    ///
    /// # Errors
    /// Where the transaction is still under way, or the state directory cannot be read.
    pub async fn resume(&self) -> Result<Resumed> {
        resume::resume(&self.person).await
    }

    /// Moves on the keys of folders that somebody left or that a live reader has no current key of; then copies and pins
    /// what others contributed. In this order: what somebody contributed delays no keys.
    ///
    /// What is copied is bounded, so that nobody who may contribute fills this person's store: by default 1 GiB of one
    /// author and 10 GiB in all, the smallest records first. What is left out is in [`Synced::too_large`](crate::Synced::too_large).
    /// See the [guide](crate::folder).
    pub fn sync(&self) -> Syncing {
        sync::sync(&self.person)
    }
}

/// By what they are about.
impl Client {
    /// This person's folders: list them, move their keys on.
    /// See the [guide](crate::folder).
    pub fn folders(&self) -> Folders<'_> {
        Folders(&self.person)
    }

    /// Who has access, and to whose records this person has.
    /// See the [guide](crate::grant).
    pub fn grants(&self) -> Grants<'_> {
        Grants(&self.person)
    }

    /// People whose keys were compared, under names of one's own.
    /// See the [guide](crate::contact).
    pub fn contacts(&self) -> Contacts<'_> {
        Contacts(&self.person)
    }

    /// Asking for access, and answering.
    /// See the [guide](crate::request).
    pub fn requests(&self) -> Requests<'_> {
        Requests(&self.person)
    }

    /// Boards of k of n people, and their cases.
    /// See the [guide](crate::board).
    pub fn boards(&self) -> Boards<'_> {
        Boards(&self.person)
    }

    /// Saying who a hospital or practitioner is.
    /// See the [guide](crate::vouch).
    pub fn vouches(&self) -> Vouches<'_> {
        Vouches(&self.person)
    }

    /// Acts that others carry, and what became of those on chain.
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

//! Ending access.

use std::{sync::Arc, time::Duration};

use alloy::primitives::{Address, B256};
use hospital_record_core::id::{Confidentiality, Folder};
use tokio::time::{Instant, timeout_at};

use crate::{
    acts::{batch::Price, confirm::Confirmed, person::Person},
    base::{
        builder::awaitable,
        error::{Error, Result, kind::ErrorKind, outcome::Outcome},
        record_ref::RecordRef,
    },
    journal::verified::VerifiedJournal,
    keys::{
        owed,
        rotate::{self, Ring},
    },
    ledger::{Call, Event, History, PatientState, Revocation, folder_of, folder_scope},
    platform::clock,
    records::registered,
};

/// How long the keys of those who remain may be fetched before a revocation is sent without new keys for them.
const PATIENCE: Duration = Duration::from_secs(5);
/// Gas that the end of grants takes at most.
const PRICE: Price = Price { base: 100_000, each: 45_000, most: 100 };

/// Ends access; made by [`Client::revoke`](crate::Client::revoke).
///
/// The [guide](crate::grant) has an example.
#[must_use = "nothing happens until it is awaited"]
pub struct Revoke {
    person: Person,
    grantee: Address,
    scope: Which,
    hurry: bool,
    bar: bool,
}

enum Which {
    Everything,
    Folder(String, Confidentiality),
    Record(RecordRef),
}

/// What was ended.
///
/// See the [guide](crate::grant).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Revoked {
    /// Grants that were ended.
    pub ended: usize,
    /// Whether the keys of every folder concerned have moved on. Where not, the next [`add`](crate::Client::add) or
    /// [`sync`](crate::Client::sync) does it before anything else.
    pub keys_moved: bool,
    /// Readers who remain but whose keys could not be had or are not to be trusted: grant to them again.
    pub left_out: Vec<Address>,
    /// An earlier act of this person that was left behind and has not taken effect, in words. It kept nothing from being ended.
    pub earlier_failed: Option<String>,
    /// Hash of the transaction; of the last one, where there was too much to end for one. `None` where a relay carried it and
    /// nobody says which one it was.
    pub transaction: Option<B256>,
    /// Gas of it, or of all of them.
    pub gas: u64,
}

pub(crate) fn revoke(person: &Person, grantee: Address) -> Revoke {
    // The first silence of the store is the last that is waited for: no keyring is worth a second one.
    Revoke { person: person.for_one_call(), grantee, scope: Which::Everything, hurry: false, bar: false }
}

pub(crate) async fn renounce(person: &Person, patient: Address, scope: B256) -> Result<Confirmed> {
    end_one(person, patient, scope, person.address(), person.contract().renounce(patient, scope)).await
}

pub(crate) async fn withdraw(person: &Person, patient: Address, scope: B256, grantee: Address) -> Result<Confirmed> {
    end_one(person, patient, scope, grantee, person.contract().withdraw(patient, scope, grantee)).await
}

async fn end_one(person: &Person, patient: Address, scope: B256, grantee: Address, call: Call) -> Result<Confirmed> {
    let not_ended = |error| not_ended(error, grantee);
    let before = person.journals().of(patient).await.map_err(not_ended)?.history.entries().len();
    let receipt = person.send(call).await.map_err(not_ended)?;
    // The entry itself, not what is live at some time: a node that is behind tells a time at which it still was.
    let ended = |history: &History| {
        let new =
            history.entries().iter().skip(before).filter(|entry| entry.block >= receipt.block.unwrap_or_default());
        new.map(|entry| entry.event).any(|event| match event {
            Event::AccessRenounced { scope: of, grantee: who } => (of, who) == (scope, grantee),
            Event::AccessWithdrawn { scope: of, grantee: who, giver } => {
                (of, who, giver) == (scope, grantee, person.address())
            }
            _ => false,
        })
    };
    person.confirm_in(patient, receipt.transaction, ended).await?;
    Ok(receipt)
}

impl Revoke {
    /// Only on this folder.
    pub fn folder(mut self, name: impl Into<String>, confidentiality: Confidentiality) -> Self {
        self.scope = Which::Folder(name.into(), confidentiality);
        self
    }

    /// Only on this record.
    pub fn record(mut self, record: &RecordRef) -> Self {
        self.scope = Which::Record(*record);
        self
    }

    /// Bars the person too: nobody whom the patient let pass on can give these scopes to that person again. It is done
    /// anyway where there is somebody who could.
    pub fn bar(mut self) -> Self {
        self.bar = true;
        self
    }

    /// Ends the grants at once, without making new keys for those who remain: that follows with the next write.
    pub fn in_a_hurry(mut self) -> Self {
        self.hurry = true;
        self
    }

    async fn run(self) -> Result<Revoked> {
        // A grant that is on its way would not be seen yet.
        let earlier = self.person.settle_earlier().await?;
        match self.end().await {
            Ok(revoked) => Ok(Revoked { earlier_failed: earlier.or(revoked.earlier_failed), ..revoked }),
            Err(error) => Err(not_ended(error, self.grantee).and_earlier(earlier)),
        }
    }

    async fn end(&self) -> Result<Revoked> {
        let person = &self.person;
        let journal = person.journals().of(person.address()).await?;
        let scopes = match self.scopes(&journal) {
            Ok(scopes) => scopes,
            Err(error) => return Err(error.and_earlier(person.still_open().await?)),
        };
        let (revocations, rings) = self.revocations(&journal, &scopes).await;
        for ring in &rings {
            owed::owe(person, &ring.owed).await?;
        }
        let (receipt, earlier_failed) = self.send_all(&revocations, journal.state().key_changes).await?;
        let transaction = receipt.transaction;
        let ended = |state: &PatientState| {
            let gone = |scope: &B256| state.grants.get(&(*scope, self.grantee)).is_none_or(|g| g.state.is_bar());
            scopes.iter().all(gone)
        };
        let seen = person.confirm(person.address(), transaction, ended).await;
        seen.map_err(|error| error.and_earlier(earlier_failed.clone()))?;
        let ended = revocations.len();
        let gas = receipt.gas;
        // The access has ended; what is left to do is no reason to say otherwise.
        let (keys_moved, left_out) = self.move_keys(&scopes, rings, transaction).await;
        Ok(Revoked { ended, keys_moved, left_out, earlier_failed, transaction, gas })
    }

    /// As many in one transaction as a block takes for sure, folders first: whoever may pass on can give one account
    /// a grant on every record.
    async fn send_all(&self, revocations: &[Revocation], changes: u32) -> Result<(Confirmed, Option<String>)> {
        let contract = self.person.contract();
        let mut gas = 0;
        let mut earlier = None;
        let mut changes = changes;
        let mut last = None::<Confirmed>;
        // It is tried all the same where the node does not say what a block takes.
        let at_once = self.person.at_once(&PRICE).await.unwrap_or(1);
        for part in revocations.chunks(at_once) {
            let sent = self.person.send_at_once(contract.revoke(part, changes)).await;
            let before = last.as_ref().map(|before| before.transaction);
            let sent = sent.map_err(|error| error.after_part(before).and_earlier(earlier.clone()));
            let (receipt, told) = sent?;
            // Each of them is a key change.
            changes = changes.wrapping_add(part.len() as u32);
            (gas, earlier) = (gas + receipt.gas, earlier.or(told));
            last = Some(receipt);
        }
        let last = last.ok_or_else(|| Error::Invalid("there is nothing to end".into()))?;
        Ok((Confirmed { gas, ..last }, earlier))
    }

    /// Stores the new keys, and makes others where those do not count. Whom that left out is told in either case.
    async fn move_keys(&self, scopes: &[B256], rings: Vec<Ring>, transaction: Option<B256>) -> (bool, Vec<Address>) {
        let mut left_out = Vec::new();
        match rotate::publish_keyrings(&self.person, rings, transaction).await {
            Ok(without) => left_out.extend(without),
            Err(error) => {
                tracing::warn!(%error, "the new keys could not be stored: the next write makes others");
                return (false, left_out);
            }
        }
        let moved = self.hurry_on(scopes, &mut left_out).await.unwrap_or(false);
        (moved, left_out)
    }

    fn scopes(&self, journal: &Arc<VerifiedJournal>) -> Result<Vec<B256>> {
        let person = &self.person;
        if let Which::Record(record) = &self.scope {
            registered::owns(person, record)?;
        }
        let held = journal.state().grants.iter();
        let held = held.filter(|((_, grantee), held)| *grantee == self.grantee && !held.state.is_bar());
        let held = held.map(|((scope, _), _)| *scope);
        let wanted = |scope: &B256| match &self.scope {
            Which::Everything => true,
            Which::Folder(name, level) => *scope == folder_scope(person.keys().folder(name, *level).number()),
            Which::Record(record) => journal.state().records.get(scope).is_some_and(|known| known.id.0 == record.id.0),
        };
        let scopes: Vec<B256> = held.filter(wanted).collect();
        if scopes.is_empty() {
            return Err(Error::NotFound(format!("{} has no such grant: there is nothing to end", self.grantee).into()));
        }
        Ok(scopes)
    }

    async fn revocations(&self, journal: &VerifiedJournal, scopes: &[B256]) -> (Vec<Revocation>, Vec<Ring>) {
        let mut revocations = Vec::new();
        let mut rings = Vec::new();
        let until = Instant::now() + PATIENCE;
        let now = self.person.clocks().latest_time().await.ok();
        for scope in scopes {
            // By either clock: a node that dates its blocks far ahead hides nobody who could give again.
            let delegates = |now| journal.state().has_delegates(*scope, self.grantee, now);
            let barred = self.bar || now.is_none_or(delegates) || delegates(clock::now());
            let reads = journal.grant(*scope, self.grantee).is_some_and(|grant| grant.state.rights.reads());
            let folder = folder_of(*scope).filter(|_| reads && !self.hurry);
            let ring = match folder.and_then(|number| Folder::new(number).ok()) {
                Some(folder) => self.keyring(journal, folder, until).await,
                None => None,
            };
            let keyring = ring.as_ref().map(|ring| (ring.epoch, ring.digest));
            revocations.push(Revocation { grantee: self.grantee, scope: *scope, keyring, barred });
            rings.extend(ring);
        }
        (revocations, rings)
    }

    /// What a keyring is made of may have to be fetched first: without one a revocation takes effect as well, and new
    /// keys follow.
    async fn keyring(&self, journal: &VerifiedJournal, folder: Folder, until: Instant) -> Option<Ring> {
        let making = rotate::make_keyring(&self.person, journal, folder, Some(self.grantee));
        match timeout_at(until, making).await {
            Ok(Ok(ring)) => return Some(ring),
            Ok(Err(error)) => tracing::warn!(%error, "revoking without a keyring"),
            Err(_) => tracing::warn!("the store is slow: revoking without a keyring"),
        }
        None
    }

    /// Where another device was faster, the keyring does not count: the folder's keys move on once more.
    async fn hurry_on(&self, scopes: &[B256], left_out: &mut Vec<Address>) -> Result<bool> {
        let person = &self.person;
        let journal = person.journals().of(person.address()).await?;
        let now = person.clocks().latest_time().await?;
        for number in scopes.iter().filter_map(|scope| folder_of(*scope)) {
            let Ok(folder) = Folder::new(number) else { continue };
            if !rotate::is_stale(person, &journal, folder, now).await? {
                continue;
            }
            if self.hurry {
                return Ok(false);
            }
            left_out.extend(rotate::rotate_folder(person, folder).await?.left_out);
        }
        Ok(true)
    }
}

/// Whoever revokes is told that it did not happen, unless something else is known.
fn not_ended(error: Error, grantee: Address) -> Error {
    use ErrorKind::{Denied, Invalid, NotFound};
    match error {
        Error::Halfway { .. } | Error::Unconfirmed { .. } => error,
        error if matches!(error.kind(), Denied | Invalid | NotFound) => error,
        error => error.with_outcome(Outcome::AccessNotEnded { grantee }),
    }
}

awaitable!(Revoke => Revoked);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_told_that_access_has_not_ended() {
        let unconfirmed =
            Error::Unconfirmed { transaction: None, service: "it".into(), after: Duration::ZERO, why: None };
        for (error, told) in [
            (Error::StaleKeys, true),
            (Error::Integrity("x".into()), true),
            (Error::TimedOut { service: "it".into(), after: Duration::ZERO }, true),
            (Error::Denied("x".into()), false),
            (Error::Invalid("x".into()), false),
            (Error::NotFound("x".into()), false),
            (Error::StaleKeys.after_part(Some(None)), false),
            (unconfirmed, false),
        ] {
            let before = error.to_string();
            let after = not_ended(error, Address::ZERO);
            let ended = matches!(after, Error::Halfway { outcome: Outcome::AccessNotEnded { .. }, .. });
            assert_eq!(ended, told, "{before}");
            assert!(told || after.to_string() == before, "{after}");
        }
    }
}

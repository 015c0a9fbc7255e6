//! Ends access.

use std::{sync::Arc, time::Duration};

use alloy::primitives::{Address, B256};
use hospital_record_core::id::{Confidentiality, Folder};

use crate::{
    acts::{batch::Price, confirm::Confirmed, person::Person},
    base::{
        builder::awaitable,
        error::{Error, Result, fail, kind::ErrorKind, outcome::Outcome},
        record_ref::RecordRef,
    },
    journal::verified::VerifiedJournal,
    keys::{
        owed,
        rotate::{self, Ring},
    },
    ledger::{Call, EntryChain, Event, PatientState, Revocation, folder_of, folder_scope},
    platform::clock::{self, Instant, timeout_at},
    records::registered,
};

/// The most time to fetch the keys of the remaining readers. After it, the revocation is sent without a keyring.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most gas of a revocation.
const PRICE: Price = Price { base: 100_000, each: 45_000, most: 100 };

/// Ends access; made by [`Client::revoke`](crate::Client::revoke).
///
/// The [guide](crate::grant) has an example.
#[must_use = "nothing happens until it is awaited"]
pub struct Revoke {
    person: Person,
    grantee: Address,
    scope: GrantFilter,
    hurry: bool,
    bar: bool,
}

/// The grants to end.
enum GrantFilter {
    Everything,
    Folder(String, Confidentiality),
    Record(RecordRef),
}

/// The result of a revocation.
///
/// See the [guide](crate::grant).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Revoked {
    /// Number of grants that were ended.
    pub ended: usize,
    /// Whether the keys of every affected folder were rotated. If not, the next [`add`](crate::Client::add) or
    /// [`sync`](crate::Client::sync) rotates them first.
    pub keys_moved: bool,
    /// Remaining readers who did not get the new keys, because theirs are not available or not trusted. Grant to them again.
    pub left_out: Vec<Address>,
    /// An earlier act of this person that has not taken effect, in words. It did not prevent this revocation.
    pub earlier_failed: Option<String>,
    /// Hash of the transaction, or of the last one if there were several. `None` if a relay carried it and no transaction is known.
    pub transaction: Option<B256>,
    /// Gas of all transactions.
    pub gas: u64,
}

pub(crate) fn revoke(person: &Person, grantee: Address) -> Revoke {
    // After the first timeout of a store it does not wait again: the revocation matters more than the keyring.
    Revoke { person: person.for_one_call(), grantee, scope: GrantFilter::Everything, hurry: false, bar: false }
}

pub(crate) async fn renounce(person: &Person, patient: Address, scope: B256) -> Result<Confirmed> {
    end_one(person, patient, scope, person.address(), person.contract.renounce(patient, scope)).await
}

pub(crate) async fn withdraw(person: &Person, patient: Address, scope: B256, grantee: Address) -> Result<Confirmed> {
    end_one(person, patient, scope, grantee, person.contract.withdraw(patient, scope, grantee)).await
}

async fn end_one(person: &Person, patient: Address, scope: B256, grantee: Address, call: Call) -> Result<Confirmed> {
    let not_ended = |error| not_ended(error, grantee);
    let entries = person.journals.of(patient).await.map_err(not_ended)?.history.entries().len();
    let receipt = person.send(call).await.map_err(not_ended)?;
    // It looks for the entry itself. A node that lags can report a time at which the grant was still live.
    let ended = |history: &EntryChain| {
        let new =
            history.entries().iter().skip(entries).filter(|entry| entry.block >= receipt.block.unwrap_or_default());
        new.map(|entry| entry.event).any(|event| match event {
            Event::AccessRenounced { scope: of, grantee: from } => (of, from) == (scope, grantee),
            Event::AccessWithdrawn { scope: of, grantee: from, giver } => {
                (of, from, giver) == (scope, grantee, person.address())
            }
            _ => false,
        })
    };
    person.confirm_in(patient, receipt.transaction, ended).await?;
    Ok(receipt)
}

impl Revoke {
    /// Ends only grants on this folder.
    pub fn folder(mut self, name: impl Into<String>, confidentiality: Confidentiality) -> Self {
        self.scope = GrantFilter::Folder(name.into(), confidentiality);
        self
    }

    /// Ends only grants on this record.
    pub fn record(mut self, record: &RecordRef) -> Self {
        self.scope = GrantFilter::Record(*record);
        self
    }

    /// Bars the account too: no delegate can give it access to these scopes again. If a delegate could, the account is barred
    /// without this call.
    pub fn bar(mut self) -> Self {
        self.bar = true;
        self
    }

    /// Ends the grants at once and leaves the key rotation to the next write.
    pub fn in_a_hurry(mut self) -> Self {
        self.hurry = true;
        self
    }

    async fn run(self) -> Result<Revoked> {
        // An earlier grant that is not mined yet would be missed.
        let earlier = self.person.settle_earlier().await?;
        match self.end().await {
            Ok(revoked) => Ok(Revoked { earlier_failed: earlier.or(revoked.earlier_failed), ..revoked }),
            Err(error) => Err(not_ended(error, self.grantee).and_earlier(earlier)),
        }
    }

    async fn end(&self) -> Result<Revoked> {
        let person = &self.person;
        let journal = person.journals.of(person.address()).await?;
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
            let grant_of = |scope: &B256| state.grants.get(&(*scope, self.grantee));
            scopes.iter().all(|scope| grant_of(scope).is_none_or(|grant| grant.state.is_bar()))
        };
        let confirmation = person.confirm(person.address(), transaction, ended).await;
        confirmation.map_err(|error| error.and_earlier(earlier_failed.clone()))?;
        let ended = revocations.len();
        let gas = receipt.gas;
        // The access has ended, so a failed rotation is not an error of this call.
        let (keys_moved, left_out) = self.move_keys(&scopes, rings, transaction).await;
        Ok(Revoked { ended, keys_moved, left_out, earlier_failed, transaction, gas })
    }

    /// Sends as many revocations in one transaction as surely fit into a block, folders first. There can be many, because a
    /// delegate can give one account a grant on every record.
    async fn send_all(&self, revocations: &[Revocation], changes: u32) -> Result<(Confirmed, Option<String>)> {
        let contract = &self.person.contract;
        let mut gas = 0;
        let mut earlier = None;
        let mut changes = changes;
        let mut last = None::<Confirmed>;
        // A node that does not report the gas limit of a block must not stop a revocation.
        let at_once = self.person.at_once(&PRICE).await.unwrap_or(1);
        for part in revocations.chunks(at_once) {
            let result = self.person.send_at_once(contract.revoke(part, changes)).await;
            let previous = last.as_ref().map(|receipt| receipt.transaction);
            let result = result.map_err(|error| error.after_part(previous).and_earlier(earlier.clone()));
            let (receipt, failure) = result?;
            // Each revocation is a key change.
            changes = changes.wrapping_add(part.len() as u32);
            gas += receipt.gas;
            earlier = earlier.or(failure);
            last = Some(receipt);
        }
        let last = last.ok_or_else(|| Error::Invalid("there is nothing to end".into()))?;
        Ok((Confirmed { gas, ..last }, earlier))
    }

    /// Stores the new keyrings, and rotates again if they do not count. It returns the readers who were left out.
    async fn move_keys(&self, scopes: &[B256], rings: Vec<Ring>, transaction: Option<B256>) -> (bool, Vec<Address>) {
        let mut left_out = Vec::new();
        match rotate::publish_keyrings(&self.person, rings, transaction).await {
            Ok(accounts) => left_out.extend(accounts),
            Err(error) => {
                tracing::warn!(%error, "the new keys could not be stored: the next write makes others");
                return (false, left_out);
            }
        }
        let moved = self.rotate_stale(scopes, &mut left_out).await.unwrap_or(false);
        (moved, left_out)
    }

    fn scopes(&self, journal: &Arc<VerifiedJournal>) -> Result<Vec<B256>> {
        let person = &self.person;
        if let GrantFilter::Record(record) = &self.scope {
            registered::owns(person, record)?;
        }
        let grants = journal.state().grants.iter();
        let grants = grants.filter(|((_, grantee), grant)| *grantee == self.grantee && !grant.state.is_bar());
        let scopes = grants.map(|((scope, _), _)| *scope);
        let is_wanted = |scope: &B256| match &self.scope {
            GrantFilter::Everything => true,
            GrantFilter::Folder(name, level) => *scope == folder_scope(person.keys().folder(name, *level).number()),
            GrantFilter::Record(record) => {
                journal.state().records.get(scope).is_some_and(|entry| entry.id.0 == record.id.0)
            }
        };
        let scopes: Vec<B256> = scopes.filter(is_wanted).collect();
        if scopes.is_empty() {
            return fail!(NotFound, "{} has no such grant: there is nothing to end", self.grantee);
        }
        Ok(scopes)
    }

    async fn revocations(&self, journal: &VerifiedJournal, scopes: &[B256]) -> (Vec<Revocation>, Vec<Ring>) {
        let mut revocations = Vec::new();
        let mut rings = Vec::new();
        let until = Instant::now() + PATIENCE;
        let now = self.person.clocks.latest_time().await.ok();
        for scope in scopes {
            // Both clocks count: a node that dates its blocks far ahead cannot hide a live delegate.
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

    /// The keyring for the remaining readers. It can need fetches, so it has a deadline. A revocation takes effect without
    /// it too, and the keys are rotated later.
    async fn keyring(&self, journal: &VerifiedJournal, folder: Folder, until: Instant) -> Option<Ring> {
        let making = rotate::make_keyring(&self.person, journal, folder, Some(self.grantee));
        match timeout_at(until, making).await {
            Ok(Ok(ring)) => return Some(ring),
            Ok(Err(error)) => tracing::warn!(%error, "revoking without a keyring"),
            Err(_) => tracing::warn!("the store is slow: revoking without a keyring"),
        }
        None
    }

    /// Rotates folders that are still stale: if another device was faster, this revocation's keyring does not count.
    async fn rotate_stale(&self, scopes: &[B256], left_out: &mut Vec<Address>) -> Result<bool> {
        let person = &self.person;
        let journal = person.journals.of(person.address()).await?;
        let now = person.clocks.latest_time().await?;
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

/// Adds to an error that access has not ended, unless the error already says what happened.
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
    fn error_says_that_access_has_not_ended_unless_the_outcome_is_clear() {
        let unconfirmed =
            Error::Unconfirmed { transaction: None, service: "it".into(), after: Duration::ZERO, why: None };
        for (error, added) in [
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
            let says_so = matches!(after, Error::Halfway { outcome: Outcome::AccessNotEnded { .. }, .. });
            assert_eq!(says_so, added, "{before}");
            assert!(added || after.to_string() == before, "{after}");
        }
    }
}

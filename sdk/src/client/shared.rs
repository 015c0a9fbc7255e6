//! What others have shared with this person.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alloy::primitives::{Address, B256};
use alloy::sol_types::SolEvent;
use futures::{StreamExt, stream};
use hospital_record_contracts::IHospitalRecord::{AccessGranted, AccessPassedOn};

use super::{
    Client,
    grants::{GrantScope, instant},
};
use crate::{
    ErrorKind, Result,
    journal::Known,
    ledger::{Grant, LogFilter, Purpose, Rights, all_logs, folder_of},
};

/// Histories and envelopes that are fetched at the same time.
const ABREAST: usize = 16;
/// What happens when somebody gets access.
const GIVEN: [B256; 2] = [AccessGranted::SIGNATURE_HASH, AccessPassedOn::SIGNATURE_HASH];

/// What others have shared with this person. It cannot be proven complete: grants are linked in the journals of those
/// who gave them, not of those who got them, so a node can hide one. What is listed is real.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Shared {
    /// Grants to this account that are not revoked, newest first.
    pub grants: Vec<SharedGrant>,
    /// Patients whose history cannot be read, and why.
    pub unreadable: Vec<(Address, String)>,
}

/// One grant to this person.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SharedGrant {
    /// Who gave it.
    pub patient: Address,
    /// On what; the folder's name and confidentiality come from the envelope, when it opens.
    pub scope: GrantScope,
    /// What the chain calls the scope: [`renounce`](Client::renounce) takes it.
    pub scope_id: B256,
    /// Which rights.
    pub rights: Rights,
    /// What for.
    pub purpose: Purpose,
    /// Since when.
    pub granted: SystemTime,
    /// Until when; nothing for no end.
    pub expires: Option<SystemTime>,
    /// Who passed it on; nothing when the patient gave it.
    pub given_by: Option<Address>,
    /// Whether it is live now, by the chain's clock.
    pub live: bool,
    /// Why the envelope cannot be had or opened, and with it the folder's name:
    /// [`Unreachable`](ErrorKind::Unreachable) and [`TimedOut`](ErrorKind::TimedOut) are about a store that is silent now.
    pub unavailable: Option<ErrorKind>,
}

impl Client {
    /// Grants to this account, as far as the node tells. See [`Shared`] for what that means.
    pub async fn shared_with_me(&self) -> Result<Shared> {
        let client = &self.for_one_call();
        let (journals, unreadable) = client.givers().await?;
        let now = self.system().chain_time().await?;
        let held = journals.iter().flat_map(|journal| client.held(journal).map(move |held| (journal, held)));
        // What strangers named may be nowhere: it is waited for side by side.
        let opening: Vec<_> = held.map(|(journal, held)| client.one_shared(journal, held, now)).collect();
        let opened: Vec<Option<SharedGrant>> = stream::iter(opening).buffered(ABREAST).collect().await;
        let mut grants: Vec<SharedGrant> = opened.into_iter().flatten().collect();
        grants.sort_by_key(|grant: &SharedGrant| std::cmp::Reverse(grant.granted));
        Ok(Shared { grants, unreadable })
    }

    /// Patients who share something with this account, as far as the node tells. The chain alone is asked.
    pub async fn patients(&self) -> Result<BTreeSet<Address>> {
        let (journals, _) = self.givers().await?;
        Ok(journals.iter().filter(|journal| self.held(journal).next().is_some()).map(|known| known.patient).collect())
    }

    /// The histories of all who ever gave this account access, and whose cannot be read.
    async fn givers(&self) -> Result<(Vec<Arc<Known>>, Vec<(Address, String)>)> {
        let (mut journals, mut unreadable) = (Vec::new(), Vec::new());
        let patients = self.gave_access().await?.into_iter();
        let reading: Vec<_> =
            patients.map(|patient| async move { (patient, self.system().journal(patient).await) }).collect();
        let mut read = stream::iter(reading).buffered(ABREAST);
        while let Some((patient, journal)) = read.next().await {
            match journal {
                Ok(journal) => journals.push(journal),
                Err(error) if error.is_silence() => return Err(error),
                Err(error) => unreadable.push((patient, error.to_string())),
            }
        }
        Ok((journals, unreadable))
    }

    async fn gave_access(&self) -> Result<BTreeSet<Address>> {
        let (contract, ledger) = (self.system().contract(), self.system().ledger());
        let filter = LogFilter {
            contract: contract.address(),
            topics: [None, None, None, Some(self.address().into_word())],
            from: contract.deployed_at().await?,
            to: ledger.newest().await?.number,
        };
        let logs = all_logs(&**ledger, filter).await?;
        let given = logs.iter().filter(|log| log.topics.first().is_some_and(|topic| GIVEN.contains(topic)));
        Ok(given.filter_map(|log| log.topics.get(1)).map(|topic| Address::from_word(*topic)).collect())
    }

    /// What one patient has given to this account.
    pub(super) async fn shared_by(&self, patient: Address) -> Result<Vec<SharedGrant>> {
        let (journal, now) = (self.system().journal(patient).await?, self.system().chain_time().await?);
        let opening: Vec<_> = self.held(&journal).map(|held| self.one_shared(&journal, held, now)).collect();
        Ok(stream::iter(opening).buffered(ABREAST).filter_map(futures::future::ready).collect().await)
    }

    /// What this account has of a patient, live or not.
    fn held<'a>(&'a self, journal: &'a Known) -> impl Iterator<Item = (B256, &'a Grant)> {
        let grants = journal.state().grants.iter();
        let mine = grants.filter(|((_, grantee), grant)| self.is_me(*grantee) && !grant.state.is_bar());
        mine.map(|((scope, _), grant)| (*scope, grant))
    }

    /// Nothing for a grant on a record that is not there.
    async fn one_shared(&self, journal: &Known, (scope, grant): (B256, &Grant), now: u64) -> Option<SharedGrant> {
        let patient = journal.patient;
        let record = |key: &B256| journal.state().records.get(key).map(|known| self.record(patient, known.id.0.into()));
        let mut named = match folder_of(scope) {
            Some(number) => GrantScope::Folder { number, name: None, confidentiality: None },
            None => GrantScope::Record(record(&scope)?),
        };
        let payload = self.envelope_of(patient, scope, grant).await;
        let unavailable = payload.as_ref().err().map(|error| error.kind());
        if let (GrantScope::Folder { name, confidentiality, .. }, Ok(payload)) = (&mut named, payload) {
            (*name, *confidentiality) = (Some(payload.folder_name), Some(payload.confidentiality));
        }
        Some(SharedGrant {
            patient,
            scope: named,
            scope_id: scope,
            rights: grant.state.rights,
            purpose: grant.state.purpose,
            granted: UNIX_EPOCH + Duration::from_secs(grant.state.granted_at),
            expires: instant(grant.state.expires_at),
            given_by: grant.state.giver,
            live: journal.state().live(scope, self.address(), now).is_some(),
            unavailable,
        })
    }
}

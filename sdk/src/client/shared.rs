//! What others have shared with this person.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alloy::primitives::{Address, B256};
use alloy::sol_types::SolEvent;
use hospital_record_contracts::IHospitalRecord::{AccessGranted, AccessPassedOn};

use super::{
    Client,
    grants::{GrantScope, instant},
};
use crate::{
    ErrorKind, Result,
    ledger::{LogFilter, Purpose, Rights, all_logs, folder_of},
};

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
        let mut grants = Vec::new();
        let mut unreadable = Vec::new();
        let client = self.for_one_call();
        for patient in self.patients().await? {
            match client.shared_by(patient).await {
                Ok(shared) => grants.extend(shared),
                Err(error) if error.is_silence() => return Err(error),
                Err(error) => unreadable.push((patient, error.to_string())),
            }
        }
        grants.sort_by_key(|grant: &SharedGrant| std::cmp::Reverse(grant.granted));
        Ok(Shared { grants, unreadable })
    }

    async fn patients(&self) -> Result<BTreeSet<Address>> {
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

    pub(super) async fn shared_by(&self, patient: Address) -> Result<Vec<SharedGrant>> {
        let journal = self.system().journal(patient).await?;
        let now = self.system().chain_time().await?;
        let mut shared = Vec::new();
        for ((scope, grantee), grant) in &journal.state().grants {
            if !self.is_me(*grantee) || grant.state.is_bar() {
                continue;
            }
            let payload = self.envelope_of(patient, *scope, grant).await;
            let unavailable = payload.as_ref().err().map(|error| error.kind());
            let named = match folder_of(*scope) {
                Some(number) => {
                    let (name, confidentiality) = payload.ok().map(|p| (p.folder_name, p.confidentiality)).unzip();
                    GrantScope::Folder { number, name, confidentiality }
                }
                None => match journal.state().records.get(scope) {
                    Some(record) => GrantScope::Record(self.record(patient, record.id.0.into())),
                    None => continue,
                },
            };
            shared.push(SharedGrant {
                patient,
                scope: named,
                scope_id: *scope,
                rights: grant.state.rights,
                purpose: grant.state.purpose,
                granted: UNIX_EPOCH + Duration::from_secs(grant.state.granted_at),
                expires: instant(grant.state.expires_at),
                given_by: grant.state.giver,
                live: journal.state().live(*scope, *grantee, now).is_some(),
                unavailable,
            });
        }
        Ok(shared)
    }
}

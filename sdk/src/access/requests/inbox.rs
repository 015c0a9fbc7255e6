//! Lists the requests to a patient.

use std::time::Duration;

use alloy::primitives::Address;
use futures::{StreamExt, TryStreamExt, stream};
use hospital_record_core::{
    block::Body,
    id::Digest,
    identity::ProfileKeys,
    profile::fingerprint,
    seal::request::{AccessRequest as Request, open_request},
};

use crate::{
    access::{
        contacts,
        requests::{
            open,
            request::{AccessRequest, OpenRequest},
        },
    },
    acts::person::Person,
    base::{
        builder::awaitable,
        cut::Cut,
        error::{Error, Result, fail},
        task::FutureInBox,
    },
    people::{contact::Contact, vouching::walk::Walk},
    platform::clock::timeout,
};

/// Requests that are listed.
const MOST_LISTED: usize = 64;
/// Reasons that are fetched at the same time.
const ABREAST: usize = 16;
/// The most time to fetch a reason. Strangers can name blocks that no store has, and must not delay the list.
const PATIENCE: Duration = Duration::from_secs(5);

/// The open requests to a person. [`Requests::list`](crate::client::requests::Requests::list) has the limits of the list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inbox {
    /// The requests: of contacts first, then of accounts that an authority vouches for, then of others. Each part is newest
    /// first.
    pub requests: Vec<AccessRequest>,
    /// The requests that are left out. [`ListRequests::by`](crate::request::ListRequests::by) lists the requests of one account.
    pub cut: Cut,
}

/// Lists the requests to this person; made by [`Requests::list`](crate::client::requests::Requests::list).
///
/// The [guide](crate::request) has an example.
#[must_use = "nothing happens until it is awaited"]
pub struct ListRequests {
    person: Person,
    authorities: Vec<Address>,
    asker: Option<Address>,
}

pub(crate) fn requests(person: &Person) -> ListRequests {
    ListRequests { person: person.clone(), authorities: Vec::new(), asker: None }
}

impl ListRequests {
    /// Looks for vouches for each asker from these trusted authorities, and returns them in [`AccessRequest::trust`].
    pub fn trusted_by(mut self, authorities: &[Address]) -> Self {
        self.authorities = authorities.to_vec();
        self
    }

    /// Lists only the requests of this account.
    pub fn by(mut self, asker: Address) -> Self {
        self.asker = Some(asker);
        self
    }

    async fn run(self) -> Result<Inbox> {
        let person = &self.person;
        let walk = match self.authorities.is_empty() {
            true => None,
            false => Some(Walk::new(&person.people(), &self.authorities).await?),
        };
        let vouched_for = walk.as_ref().map(Walk::near).unwrap_or_default();
        let (mut open, mut cut) = open::open_requests(person, self.asker, &vouched_for).await?;
        if open.is_empty() {
            return Ok(Inbox { requests: Vec::new(), cut });
        }
        let contacts = contacts::contacts(person).await?;
        let is_contact = |request: &OpenRequest| contacts.iter().any(|contact| contact.address == request.asker());
        let is_near = |request: &OpenRequest| walk.as_ref().is_some_and(|walk| walk.is_near(request.asker()));
        open.sort_by_key(|request| (!is_contact(request), !is_near(request)));
        cut.count += open.len().saturating_sub(MOST_LISTED);
        open.truncate(MOST_LISTED);
        let keys = keys_to_open(person).await?;
        let contacts = &contacts;
        let walk = walk.as_ref();
        let keys = keys.as_deref();
        let reads: Vec<_> = open.iter().map(|request| read(person, request, contacts, walk, keys).in_box()).collect();
        let requests = stream::iter(reads).buffered(ABREAST).try_collect().await?;
        Ok(Inbox { requests, cut })
    }
}

awaitable!(ListRequests => Inbox);

/// This person's published keys. Without published keys nobody can have sealed a reason to them, so listing publishes none.
async fn keys_to_open(person: &Person) -> Result<Option<std::sync::Arc<ProfileKeys>>> {
    match person.contract.profile_of(person.address()).await? {
        Some(_) => Ok(Some(person.published().await?.keys.clone())),
        None => Ok(None),
    }
}

async fn read(
    person: &Person,
    open: &OpenRequest,
    contacts: &[Contact],
    walk: Option<&Walk>,
    keys: Option<&ProfileKeys>,
) -> Result<AccessRequest> {
    let time = match open.time {
        Some(time) => time,
        None => person.ledger().block(open.block).await?.map_or(0, |block| block.time),
    };
    let mut request = open.request(time);
    let contact = contacts.iter().find(|contact| contact.address == request.asker);
    request.name = contact.map(|contact| contact.name.clone());
    if let Some(walk) = walk {
        request.trust = walk.why(request.asker).await?.ok();
    }
    match reason(person, open, keys).await {
        Ok((reason, profile)) => {
            request.reason = Ok(reason);
            request.fingerprint = Some(fingerprint(profile));
        }
        Err(error) => request.reason = Err(error.kind()),
    }
    Ok(request)
}

/// The reason, and the digest of the profile whose key signed it.
async fn reason(person: &Person, open: &OpenRequest, keys: Option<&ProfileKeys>) -> Result<(String, Digest)> {
    let keys = keys.ok_or_else(|| Error::Integrity("this account has published no keys to seal to".into()))?;
    let reading = timeout(PATIENCE, async {
        // Not cached: anybody can make this machine fetch such a block.
        let bytes = person.stores.get(&Digest(open.id.0).dag_cbor_cid()).await?;
        if bytes.len() > Request::MAX {
            return fail!(Integrity, "a request's block is too large");
        }
        let request = person.people().verified_bytes::<Request>(&bytes).await?;
        let reason = open_request(&request, person.deployment, &open.terms, keys)?;
        Ok((reason.to_string(), request.profile_digest()))
    });
    reading.await.unwrap_or_else(|_| fail!(NotAvailable, "the block with the reason is not available"))
}

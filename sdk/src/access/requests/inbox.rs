//! The list of what a patient is asked.

use std::time::Duration;

use alloy::primitives::Address;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
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
            request::{AccessRequest, Told},
        },
    },
    acts::person::Person,
    base::{
        builder::awaitable,
        cut::Cut,
        error::{Error, Result},
    },
    people::{contact::Contact, vouching::walk::Walk},
};

/// Requests that are listed.
const MOST_LISTED: usize = 64;
/// Reasons that are fetched at the same time.
const ABREAST: usize = 16;
/// How long a reason may take to come: strangers who name blocks that nobody has are not to hold up the list.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a person is asked and can still answer; see [`Requests::list`](crate::client::requests::Requests::list) for which.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inbox {
    /// Newest first, but whom this person knows before all others, and then those whom an authority vouches for.
    pub requests: Vec<AccessRequest>,
    /// What is left out; [`ListRequests::by`](crate::request::ListRequests::by) lists what one account asks.
    pub cut: Cut,
}

/// Lists what this person is asked; made by [`Requests::list`](crate::client::requests::Requests::list).
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
    /// Tells of each asker why it is trusted by somebody who trusts these authorities ([`AccessRequest::trust`]).
    pub fn trusted_by(mut self, authorities: &[Address]) -> Self {
        self.authorities = authorities.to_vec();
        self
    }

    /// Only what this account asks.
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
        let known = |told: &Told| contacts.iter().any(|contact| contact.address == told.asker());
        let near = |told: &Told| walk.as_ref().is_some_and(|walk| walk.is_near(told.asker()));
        open.sort_by_key(|told| (!known(told), !near(told)));
        cut.count += open.len().saturating_sub(MOST_LISTED);
        open.truncate(MOST_LISTED);
        let keys = keys_to_open(person).await?;
        let contacts = &contacts;
        let walk = walk.as_ref();
        let keys = keys.as_deref();
        let requests: Vec<_> = open.iter().map(|told| look_at(person, told, contacts, walk, keys).boxed()).collect();
        let requests = stream::iter(requests).buffered(ABREAST).try_collect().await?;
        Ok(Inbox { requests, cut })
    }
}

awaitable!(ListRequests => Inbox);

/// This person's published keys. Who has published none was sealed nothing, and does not publish any to read.
async fn keys_to_open(person: &Person) -> Result<Option<std::sync::Arc<ProfileKeys>>> {
    match person.contract().profile_of(person.address()).await? {
        Some(_) => Ok(Some(person.published().await?.keys.clone())),
        None => Ok(None),
    }
}

async fn look_at(
    person: &Person,
    told: &Told,
    contacts: &[Contact],
    walk: Option<&Walk>,
    keys: Option<&ProfileKeys>,
) -> Result<AccessRequest> {
    let asked = match told.time {
        Some(time) => time,
        None => person.ledger().block(told.block).await?.map_or(0, |block| block.time),
    };
    let mut request = told.request(asked);
    request.name = contacts.iter().find(|contact| contact.address == request.asker).map(|known| known.name.clone());
    if let Some(walk) = walk {
        request.trust = walk.why(request.asker).await?.ok();
    }
    match reason(person, told, keys).await {
        Ok((reason, profile)) => {
            request.reason = Ok(reason);
            request.fingerprint = Some(fingerprint(profile));
        }
        Err(error) => request.reason = Err(error.kind()),
    }
    Ok(request)
}

/// Why the asker asks, and the profile with whose key it signed.
async fn reason(person: &Person, told: &Told, keys: Option<&ProfileKeys>) -> Result<(String, Digest)> {
    let keys = keys.ok_or_else(|| Error::Integrity("this account has published no keys to seal to".into()))?;
    let opened = tokio::time::timeout(PATIENCE, async {
        // Not kept: anybody can make this machine fetch one.
        let bytes = person.stores().get(&Digest(told.id.0).dag_cbor_cid()).await?;
        if bytes.len() > Request::MAX {
            return Err(Error::Integrity("a request's block is too large".into()));
        }
        let request = person.people().verified_bytes::<Request>(&bytes).await?;
        let reason = open_request(&request, person.deployment(), &told.terms, keys)?;
        Ok((reason.to_string(), request.profile_digest()))
    });
    opened.await.unwrap_or_else(|_| Err(Error::NotAvailable("the block with the reason cannot be had".into())))
}

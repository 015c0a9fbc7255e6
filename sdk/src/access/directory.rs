//! Publishes and finds practitioners in the directory of a hospital's node. Nothing that the node says is believed.

use std::collections::HashSet;

use alloy::primitives::Address;
use serde_json::Value;

use crate::{
    acts::person::Person,
    base::{
        builder::awaitable,
        error::{Result, fail},
    },
    node::{
        directory::NodeDirectory,
        listing::{Listing, SignedListing},
        query::Query,
        session::Session,
    },
    people::{card::Card, vouching::trust::Trust},
    platform::clock::now,
};

/// How long the session for a withdrawal is good, in seconds.
const A_WITHDRAWAL: u64 = 120;
/// The longest place of a next page that is passed on, in bytes.
const LONGEST_CURSOR: usize = 1024;

/// A practitioner in a directory. The listing was signed by its account for this node.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found {
    /// What the practitioner says. Nobody but the practitioner vouches for the name.
    pub listing: Listing,
    /// The chain of vouches from one of your authorities. `None` only if you named no authorities: then nothing but the
    /// node says that this is a practitioner.
    pub vouched: Option<Trust>,
}

/// A page of a directory.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// Practitioners by name, as the node orders them. It can leave somebody out.
    pub found: Vec<Found>,
    /// Where the next page begins, for [`Query::after`]; `None` at the end.
    pub next: Option<String>,
    /// Listings of this page that were dropped: not signed by their account, for another host, chain or contract, with a
    /// field that is not allowed, not asked for, or of somebody for whom none of your authorities vouches. A node that is
    /// well drops none but the last, if your authorities are not its own.
    pub dropped: usize,
}

/// A listing that a node took.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Published {
    /// The listing.
    pub listing: Listing,
    /// Scheme, host and port of the node.
    pub node: String,
}

/// A listing that was withdrawn.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Withdrawn {
    /// Scheme, host and port of the node.
    pub node: String,
    /// Whether the account was listed there.
    pub was_listed: bool,
}

/// Publishes this person in the directory; made by [`Directory::publish`](crate::client::directory::Directory::publish).
///
/// The [guide](crate::directory) has an example.
#[must_use = "nothing happens until it is awaited"]
pub struct Publish {
    person: Person,
    name: String,
    specialities: Vec<String>,
    languages: Vec<String>,
}

pub(crate) fn publish(person: &Person, name: impl Into<String>) -> Publish {
    Publish { person: person.clone(), name: name.into(), specialities: Vec::new(), languages: Vec::new() }
}

impl Publish {
    /// Adds a speciality, as you would say it to a patient. At most 8.
    pub fn speciality(mut self, speciality: impl Into<String>) -> Self {
        self.specialities.push(speciality.into());
        self
    }

    /// Adds a language (BCP 47: `hi`, `pt-BR`). At most 8.
    pub fn language(mut self, tag: impl Into<String>) -> Self {
        self.languages.push(tag.into());
        self
    }

    async fn run(self) -> Result<Published> {
        let Self { person, name, specialities, languages } = self;
        let listing = |card: Card| Listing::new(card, &name, &specialities, &languages, now());
        // A name that cannot be must not cost a published profile.
        let (deployment, account) = (person.deployment, person.address());
        listing(Card { deployment, account, profile: Default::default() })?;
        let node = open(&person).await?;
        let signed = listing(person.card().await?)?.sign(person.identity(), node.host()).await?;
        node.put(&signed).await?;
        Ok(Published { listing: signed.unverified().clone(), node: node.origin() })
    }
}

awaitable!(Publish => Published);

pub(crate) async fn withdraw(person: &Person) -> Result<Withdrawn> {
    let node = open(person).await?;
    let session = Session::sign(person.identity(), person.deployment, node.host(), now() + A_WITHDRAWAL).await?;
    let was_listed = node.delete(person.address(), &session.to_string()).await?;
    Ok(Withdrawn { node: node.origin(), was_listed })
}

/// Searches the directory; made by [`Directory::search`](crate::client::directory::Directory::search).
///
/// The [guide](crate::directory) has an example.
#[must_use = "nothing happens until it is awaited"]
pub struct Search {
    person: Person,
    query: Query,
    authorities: Vec<Address>,
}

pub(crate) fn search(person: &Person, query: &Query) -> Search {
    Search { person: person.clone(), query: query.clone(), authorities: Vec::new() }
}

impl Search {
    /// Shows only practitioners for whom one of these trusted authorities vouches, directly or through others, and says
    /// how.
    pub fn trusted_by(mut self, authorities: &[Address]) -> Self {
        self.authorities = authorities.to_vec();
        self
    }

    async fn run(self) -> Result<Page> {
        let Self { person, query, authorities } = self;
        query.check()?;
        let node = open(&person).await?;
        let said = node.page(&query).await?;
        let (count, mut seen) = (said.listings.len(), HashSet::new());
        let read = said.listings.into_iter().take(query.limit).filter_map(|listing| checked(&person, &node, listing));
        let asked = read.filter(|listing| query.fits(listing) && seen.insert(listing.account)).collect();
        let found = vouched(&person, asked, &authorities).await?;
        let next = said.next.filter(|next| next.len() <= LONGEST_CURSOR);
        Ok(Page { dropped: count - found.len(), found, next })
    }
}

awaitable!(Search => Page);

pub(crate) async fn find(person: &Person, account: Address, authorities: &[Address]) -> Result<Found> {
    let node = open(person).await?;
    let listing = checked(person, &node, node.listing(account).await?).filter(|listing| listing.account == account);
    let Some(listing) = listing else {
        return fail!(Integrity, "{} shows a listing that {account} did not sign for it: do not use it", node.name());
    };
    let vouched = match authorities.is_empty() {
        true => None,
        false => Some(person.people().require_trusted(account, authorities).await?),
    };
    Ok(Found { listing, vouched })
}

async fn open(person: &Person) -> Result<NodeDirectory> {
    NodeDirectory::open(person.node.as_ref(), person.timeout).await
}

/// The listing, if its account signed it for this node.
fn checked(person: &Person, node: &NodeDirectory, said: Value) -> Option<Listing> {
    let signed: SignedListing = serde_json::from_value(said).ok()?;
    signed.verify(person.deployment, node.host()).ok().cloned()
}

/// With the vouches for each, without those for whom no authority vouches.
async fn vouched(person: &Person, listings: Vec<Listing>, authorities: &[Address]) -> Result<Vec<Found>> {
    if authorities.is_empty() {
        return Ok(listings.into_iter().map(|listing| Found { listing, vouched: None }).collect());
    }
    let accounts: Vec<Address> = listings.iter().map(|listing| listing.account).collect();
    let trust = person.people().why_each_is_trusted(&accounts, authorities).await?;
    let found = listings.into_iter().zip(trust);
    Ok(found.filter_map(|(listing, trust)| Some(Found { listing, vouched: Some(trust?) })).collect())
}

//! The room: what it takes, and what it shows.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, UNIX_EPOCH},
};

use axum::http::HeaderMap;
use hospital_record::{
    Address, System,
    directory::{Query, SignedListing},
    vouch::Trust,
};
use tokio::time::timeout;

use crate::{
    browser::Browsers,
    clock::now,
    directory::{
        metrics::Metrics,
        problem::Problem,
        rows::{Answer, GOOD_FOR, Rows},
    },
    members::Members,
    places::Places,
};

/// How much a listing may be ahead of this machine's clock, and how old it may be when it arrives, in seconds.
const AHEAD: u64 = 5 * 60;
const OLD: u64 = 15 * 60;
/// Searches at a time, in all and of one network: each looks through all listings.
const SEARCHES: (usize, usize) = (16, 4);
/// Publications whose vouch is looked for at a time, in all and of one network: each asks the chain several times.
const PUBLICATIONS: (usize, usize) = (8, 2);
/// How long a request waits for its place.
const PLACE_WITHIN: Duration = Duration::from_secs(5);
/// The time that the numbers may take.
const NUMBERS_WITHIN: Duration = Duration::from_secs(3);

/// Shared by all connections.
#[derive(Clone)]
pub(crate) struct Room(pub(crate) Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) system: System,
    /// Those whose vouches count.
    pub(crate) authorities: Vec<Address>,
    pub(crate) rows: Rows,
    pub(crate) metrics: Metrics,
    browsers: Browsers,
    members: Members,
    /// The time to find out who vouches for an account.
    patience: Duration,
    searches: Places<IpAddr>,
    publications: Places<IpAddr>,
    /// The second in which all listings were up to date last.
    current_at: AtomicU64,
}

/// What the room takes from the rest of the node.
pub(crate) struct Surroundings {
    pub(crate) system: System,
    pub(crate) browsers: Browsers,
    pub(crate) authorities: Vec<Address>,
    pub(crate) patience: Duration,
}

impl Room {
    pub(crate) fn new(rows: Rows, around: Surroundings) -> Self {
        let Surroundings { system, browsers, authorities, patience } = around;
        // Whoever is listed may withdraw, also when nobody vouches any more.
        let members = Members::new(system.deployment(), None, patience);
        Self(Arc::new(Parts {
            system,
            authorities,
            rows,
            metrics: Metrics::default(),
            browsers,
            members,
            patience,
            searches: Places::new(SEARCHES.0, SEARCHES.1),
            publications: Places::new(PUBLICATIONS.0, PUBLICATIONS.1),
            current_at: AtomicU64::default(),
        }))
    }

    /// Takes a listing that its account signed for this host, if an authority vouches for the account now.
    pub(crate) async fn publish(&self, from: IpAddr, host: &str, signed: &SignedListing) -> Result<(), Problem> {
        let parts = &*self.0;
        if !parts.browsers.is_for(host) {
            return Err(Problem::Host);
        }
        let listing = signed.verify(parts.system.deployment(), host);
        let listing = listing.map_err(|error| Problem::Refused(error.to_string()))?;
        if !(now().saturating_sub(OLD)..=now().saturating_add(AHEAD)).contains(&listing.issued_at) {
            return Err(Problem::Time);
        }
        if self.is_here(host, signed).await? {
            return Ok(());
        }
        let _place = parts.publications.take(from, PLACE_WITHIN).await.ok_or(Problem::TooMany)?;
        let trust = timeout(parts.patience, parts.system.why_trusted(listing.account, &parts.authorities)).await;
        let trust = trust.map_err(|_| Problem::Unavailable)?.map_err(|error| {
            tracing::warn!(%error, "the chain did not answer");
            Problem::Unavailable
        })?;
        let until = until(&trust.ok_or(Problem::NotVouched)?);
        parts.rows.put(host, signed, until, now()).await?;
        parts.metrics.published();
        Ok(())
    }

    /// Whether exactly this listing is here: its sender may not have got the answer. A newer one is an error.
    async fn is_here(&self, host: &str, signed: &SignedListing) -> Result<bool, Problem> {
        let listing = signed.unverified();
        let Some((issued_at, before)) = self.0.rows.newest(host, listing.account).await? else { return Ok(false) };
        if i64::try_from(listing.issued_at).is_ok_and(|new| issued_at < new) {
            return Ok(false);
        }
        match serde_json::from_str::<SignedListing>(&before).is_ok_and(|before| before == *signed) {
            true => Ok(true),
            false => Err(Problem::Older),
        }
    }

    /// Withdraws the listing of the account whose session this is; returns whether it was listed.
    pub(crate) async fn withdraw(&self, host: &str, account: Address, headers: &HeaderMap) -> Result<bool, Problem> {
        match self.0.members.proven(headers)? == account {
            true => self.0.rows.withdraw(host, account, now()).await,
            false => Err(Problem::NotOwn),
        }
    }

    pub(crate) async fn search(&self, from: IpAddr, host: &str, query: &Query) -> Result<Answer, Problem> {
        let _place = self.0.searches.take(from, PLACE_WITHIN).await.ok_or(Problem::TooMany)?;
        self.require_current()?;
        let answer = self.0.rows.search(host, query, now()).await?;
        self.0.metrics.searched();
        Ok(answer)
    }

    pub(crate) async fn one(&self, host: &str, account: Address) -> Result<String, Problem> {
        self.require_current()?;
        self.0.rows.one(host, account, now()).await?.ok_or(Problem::NotListed)
    }

    /// Without the chain everybody would seem to be gone.
    fn require_current(&self) -> Result<(), Problem> {
        match self.0.current_at.load(Relaxed).saturating_add(GOOD_FOR) > now() {
            true => Ok(()),
            false => Err(Problem::Unavailable),
        }
    }

    pub(crate) fn is_current(&self, now: u64) {
        self.0.current_at.store(now, Relaxed);
    }

    /// The metrics of the room, in Prometheus' text format.
    pub(crate) async fn metrics(&self) -> String {
        let numbers = timeout(NUMBERS_WITHIN, self.0.rows.numbers(now())).await;
        let numbers = numbers.ok().and_then(Result::ok).unwrap_or_default();
        self.0.metrics.text(&numbers, self.0.current_at.load(Relaxed))
    }
}

/// The end of the chain of vouches, in seconds since 1970; `None` for no end.
pub(crate) fn until(trust: &Trust) -> Option<u64> {
    trust.until().map(|end| end.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}

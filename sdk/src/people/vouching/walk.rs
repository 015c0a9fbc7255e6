//! From an account back to an authority, in a bounded number of questions.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use alloy::primitives::Address;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};

use crate::{
    base::error::{Error, Result, untrusted::Untrusted},
    ledger::newest_logs,
    people::{
        known::People,
        vouching::trust::{Link, Trust, live_links},
    },
};

/// Vouches in a chain.
const MOST_LINKS: usize = 4;
/// Each costs a few questions.
const MOST_AUTHORITIES: usize = 16;
/// Events of one authority, which it alone can add to.
const EVENTS_OF_AUTHORITY: usize = 4096;
/// Events about one account, which anybody can add to.
const EVENTS_OF_ACCOUNT: usize = 256;
/// Accounts at the same distance whose vouchers are looked at.
const ABREAST: usize = 64;
/// Accounts an authority vouches for that are asked for by name, where strangers have flooded the list of an account.
const BY_NAME: usize = 256;
/// Accounts whose vouchers are looked at in all: those who want to hold up a list of many spend more than it costs.
const MOST_LOOKED_AT: usize = 512;
/// Questions at the same time.
const AT_ONCE: usize = 8;

/// What the authorities say; used for any number of accounts.
pub(crate) struct Walk {
    people: People,
    authorities: Vec<Address>,
    /// By account, newest first.
    by_authority: HashMap<Address, Vec<Link>>,
    /// In the order in which the authorities spoke, newest first.
    names: Vec<Address>,
    /// Those that have said more than was read.
    cut: Vec<Address>,
    looked_at: Mutex<HashMap<Address, Vec<Link>>>,
    now: u64,
}

/// An account on the way, and the links from it to where the walk began.
struct Step {
    at: Address,
    path: Vec<Link>,
}

impl Walk {
    pub(crate) async fn new(people: &People, authorities: &[Address]) -> Result<Self> {
        if authorities.len() > MOST_AUTHORITIES {
            return Err(Error::Invalid(format!("name at most {MOST_AUTHORITIES} authorities").into()));
        }
        let (mut by_authority, mut names, mut cut) = (HashMap::<_, Vec<_>>::new(), Vec::new(), Vec::new());
        let (people, now) = (people.clone(), people.clocks().latest_time().await?);
        for authority in authorities {
            let filter = people.vouching().events([None, Some(authority.into_word()), None, None]).await?;
            let (logs, more) = newest_logs(people.vouching().ledger(), filter, EVENTS_OF_AUTHORITY).await?;
            for link in live_links(&logs, now).into_iter().filter(|link| link.voucher == *authority) {
                names.push(link.account);
                by_authority.entry(link.account).or_default().push(link);
            }
            cut.extend(more.then_some(*authority));
        }
        let authorities = authorities.to_vec();
        let looked_at = Mutex::default();
        Ok(Self { people, authorities, by_authority, names, cut, looked_at, now })
    }

    /// The authorities and whom they vouch for themselves: so many as are asked for by name.
    pub(crate) fn near(&self) -> Vec<Address> {
        let mut seen = HashSet::new();
        let near = self.authorities.iter().chain(self.names.iter().take(BY_NAME));
        near.copied().filter(|account| seen.insert(*account)).collect()
    }

    /// Whether an authority itself vouches for the account, as far as events tell.
    pub(crate) fn is_near(&self, account: Address) -> bool {
        self.authorities.contains(&account) || self.by_authority.contains_key(&account)
    }

    pub(crate) async fn why(&self, account: Address) -> Result<std::result::Result<Trust, Untrusted>> {
        if self.authorities.contains(&account) {
            return Ok(Ok(Trust { authority: account, links: Vec::new() }));
        }
        let mut seen = HashSet::from([account]);
        let mut cycle = false;
        let mut level = vec![Step { at: account, path: Vec::new() }];
        for _ in 0..MOST_LINKS {
            for step in &level {
                if let Some(trust) = self.ends(step).await? {
                    return Ok(Ok(trust));
                }
            }
            level = self.back(level, &mut seen, &mut cycle).await?;
        }
        Ok(Err(match (level.is_empty(), cycle) {
            (false, _) => Untrusted::TooLong,
            (true, true) => Untrusted::Cycle,
            (true, false) => Untrusted::NoChain,
        }))
    }

    /// The whole chain, where an authority vouches for the account that was reached.
    async fn ends(&self, step: &Step) -> Result<Option<Trust>> {
        let mut first = self.by_authority.get(&step.at).cloned().unwrap_or_default();
        for authority in &self.cut {
            first.extend(self.said_of(*authority, step.at).await?);
        }
        for link in first {
            if let Some(trust) = self.confirmed(&link, &step.path).await? {
                return Ok(Some(trust));
            }
        }
        Ok(None)
    }

    /// Events tell where to look; that a link holds is asked of the contract.
    async fn confirmed(&self, first: &Link, rest: &[Link]) -> Result<Option<Trust>> {
        let mut links = Vec::new();
        for link in [first].into_iter().chain(rest) {
            let until = self.people.vouched_until(link.voucher, link.account, link.role).await?;
            if until <= self.now {
                return Ok(None);
            }
            links.push(link.vouch(until));
        }
        Ok(Some(Trust { authority: first.voucher, links }))
    }

    /// Those who vouch for the accounts of a level, whom an authority vouches for first.
    async fn back(&self, level: Vec<Step>, seen: &mut HashSet<Address>, cycle: &mut bool) -> Result<Vec<Step>> {
        // Boxed: the compiler cannot tell otherwise that what borrows `self` here may move between threads.
        let found: Vec<_> = level.iter().map(|step| self.vouchers(step.at).boxed()).collect();
        let found: Vec<Vec<Link>> = stream::iter(found).buffered(AT_ONCE).try_collect().await?;
        let mut next = Vec::new();
        for (step, links) in level.iter().zip(found) {
            for link in links {
                if link.voucher == link.account || step.path.iter().any(|before| before.account == link.voucher) {
                    *cycle = true;
                } else if seen.insert(link.voucher) {
                    let path = [link].into_iter().chain(step.path.iter().copied()).collect();
                    next.push(Step { at: link.voucher, path });
                }
            }
        }
        next.sort_by_key(|step: &Step| !self.is_near(step.at));
        next.truncate(ABREAST);
        Ok(next)
    }

    /// Who vouches for an account; asked once.
    async fn vouchers(&self, account: Address) -> Result<Vec<Link>> {
        let known = || self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(links) = known().get(&account) {
            return Ok(links.clone());
        }
        if known().len() >= MOST_LOOKED_AT {
            return Ok(Vec::new());
        }
        let links = self.ask_vouchers(account).await?;
        known().insert(account, links.clone());
        Ok(links)
    }

    async fn ask_vouchers(&self, account: Address) -> Result<Vec<Link>> {
        let vouching = self.people.vouching();
        let filter = vouching.events([None, None, Some(account.into_word()), None]).await?;
        let (logs, cut) = newest_logs(vouching.ledger(), filter, EVENTS_OF_ACCOUNT).await?;
        let mut links = live_links(&logs, self.now);
        if cut {
            let near = self.names.iter().take(BY_NAME).map(|voucher| self.said_of(*voucher, account).boxed());
            let near: Vec<_> = near.collect();
            let named: Vec<Vec<Link>> = stream::iter(near).buffered(AT_ONCE).try_collect().await?;
            links.extend(named.into_iter().flatten());
        }
        links.retain(|link| link.account == account);
        Ok(links)
    }

    /// What one account says of another: nobody else can add to it.
    async fn said_of(&self, voucher: Address, account: Address) -> Result<Vec<Link>> {
        let vouching = self.people.vouching();
        let filter = vouching.events([None, Some(voucher.into_word()), Some(account.into_word()), None]).await?;
        let (logs, _) = newest_logs(vouching.ledger(), filter, EVENTS_OF_ACCOUNT).await?;
        let said = live_links(&logs, self.now).into_iter();
        Ok(said.filter(|link| (link.voucher, link.account) == (voucher, account)).collect())
    }
}

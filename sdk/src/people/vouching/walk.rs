//! Searches from an account back to an authority, with a bounded number of calls to the node.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use alloy::primitives::Address;
use futures::{StreamExt, TryStreamExt, stream};

use crate::{
    base::{
        error::{Result, fail, untrusted::Untrusted},
        task::FutureInBox,
    },
    ledger::newest_logs,
    people::{
        directory::People,
        vouching::trust::{Link, Trust, live_links},
    },
};

/// Vouches in a chain.
const MOST_LINKS: usize = 4;
/// Authorities of one search. Each costs a few calls to the node.
const MOST_AUTHORITIES: usize = 16;
/// Events that are read of one authority. Only the authority can add to them.
const EVENTS_OF_AUTHORITY: usize = 4096;
/// Events that are read about one account. Anybody can add to them.
const EVENTS_OF_ACCOUNT: usize = 256;
/// Accounts at one distance whose vouchers are read.
const ABREAST: usize = 64;
/// Accounts under an authority whose vouches are read by name, if strangers have flooded an account's list.
const BY_NAME: usize = 256;
/// Accounts whose vouchers are read in all. To slow down a long list, an attacker spends more than the reads cost.
const MOST_READ: usize = 512;
/// Calls to the node that run at the same time.
const AT_ONCE: usize = 8;

/// The vouches of the authorities, to search for any number of accounts.
pub(crate) struct Walk {
    people: People,
    authorities: Vec<Address>,
    /// The links of the authorities by the account that they vouch for, newest first.
    by_authority: HashMap<Address, Vec<Link>>,
    /// The accounts that the authorities vouch for: of each authority, newest first.
    names: Vec<Address>,
    /// Authorities with more vouches than were read.
    cut: Vec<Address>,
    vouchers: Mutex<HashMap<Address, Vec<Link>>>,
    now: u64,
}

/// An account on the way, and the links from it to the account where the search began.
struct WalkNode {
    at: Address,
    path: Vec<Link>,
}

impl Walk {
    pub(crate) async fn new(people: &People, authorities: &[Address]) -> Result<Self> {
        if authorities.len() > MOST_AUTHORITIES {
            return fail!(Invalid, "name at most {MOST_AUTHORITIES} authorities");
        }
        let mut by_authority = HashMap::<_, Vec<_>>::new();
        let mut names = Vec::new();
        let mut cut = Vec::new();
        let people = people.clone();
        let now = people.clocks.latest_time().await?;
        for authority in authorities {
            let filter = people.vouching.events([None, Some(authority.into_word()), None, None]).await?;
            let (logs, more) = newest_logs(people.vouching.ledger(), filter, EVENTS_OF_AUTHORITY).await?;
            for link in live_links(&logs, now).into_iter().filter(|link| link.voucher == *authority) {
                names.push(link.account);
                by_authority.entry(link.account).or_default().push(link);
            }
            cut.extend(more.then_some(*authority));
        }
        let authorities = authorities.to_vec();
        let vouchers = Mutex::default();
        Ok(Self { people, authorities, by_authority, names, cut, vouchers, now })
    }

    /// The authorities and the accounts that they vouch for, up to the number that is read by name.
    pub(crate) fn near(&self) -> Vec<Address> {
        let mut seen = HashSet::new();
        let near = self.authorities.iter().chain(self.names.iter().take(BY_NAME));
        near.copied().filter(|account| seen.insert(*account)).collect()
    }

    /// Whether the account is an authority, or events show a vouch for it by one.
    pub(crate) fn is_near(&self, account: Address) -> bool {
        self.authorities.contains(&account) || self.by_authority.contains_key(&account)
    }

    pub(crate) async fn why(&self, account: Address) -> Result<std::result::Result<Trust, Untrusted>> {
        if self.authorities.contains(&account) {
            return Ok(Ok(Trust { authority: account, links: Vec::new() }));
        }
        let mut seen = HashSet::from([account]);
        let mut cycle = false;
        let mut level = vec![WalkNode { at: account, path: Vec::new() }];
        for _ in 0..MOST_LINKS {
            for node in &level {
                if let Some(trust) = self.ends(node).await? {
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

    /// The whole chain, if an authority vouches for this account.
    async fn ends(&self, node: &WalkNode) -> Result<Option<Trust>> {
        let mut first = self.by_authority.get(&node.at).cloned().unwrap_or_default();
        for authority in &self.cut {
            first.extend(self.links_between(*authority, node.at).await?);
        }
        for link in first {
            if let Some(trust) = self.confirmed(&link, &node.path).await? {
                return Ok(Some(trust));
            }
        }
        Ok(None)
    }

    /// The chain, if the contract confirms each link. Events only show where to look.
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

    /// The vouchers of the accounts of one level. Vouchers that an authority vouches for come first.
    async fn back(&self, level: Vec<WalkNode>, seen: &mut HashSet<Address>, cycle: &mut bool) -> Result<Vec<WalkNode>> {
        // Boxed, because the compiler does not see otherwise that these futures are `Send`.
        let reads: Vec<_> = level.iter().map(|node| self.vouchers(node.at).in_box()).collect();
        let vouches: Vec<Vec<Link>> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        let mut next = Vec::new();
        for (node, links) in level.iter().zip(vouches) {
            for link in links {
                if link.voucher == link.account || node.path.iter().any(|earlier| earlier.account == link.voucher) {
                    *cycle = true;
                } else if seen.insert(link.voucher) {
                    let path = [link].into_iter().chain(node.path.iter().copied()).collect();
                    next.push(WalkNode { at: link.voucher, path });
                }
            }
        }
        next.sort_by_key(|node: &WalkNode| !self.is_near(node.at));
        next.truncate(ABREAST);
        Ok(next)
    }

    /// The links to an account. They are read once.
    async fn vouchers(&self, account: Address) -> Result<Vec<Link>> {
        let cache = || self.vouchers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(links) = cache().get(&account) {
            return Ok(links.clone());
        }
        if cache().len() >= MOST_READ {
            return Ok(Vec::new());
        }
        let links = self.read_vouchers(account).await?;
        cache().insert(account, links.clone());
        Ok(links)
    }

    async fn read_vouchers(&self, account: Address) -> Result<Vec<Link>> {
        let vouching = &self.people.vouching;
        let filter = vouching.events([None, None, Some(account.into_word()), None]).await?;
        let (logs, cut) = newest_logs(vouching.ledger(), filter, EVENTS_OF_ACCOUNT).await?;
        let mut links = live_links(&logs, self.now);
        if cut {
            let near = self.names.iter().take(BY_NAME).map(|voucher| self.links_between(*voucher, account).in_box());
            let near: Vec<_> = near.collect();
            let named: Vec<Vec<Link>> = stream::iter(near).buffered(AT_ONCE).try_collect().await?;
            links.extend(named.into_iter().flatten());
        }
        links.retain(|link| link.account == account);
        Ok(links)
    }

    /// The live vouches of one account for another. Nobody else can add to these events.
    async fn links_between(&self, voucher: Address, account: Address) -> Result<Vec<Link>> {
        let vouching = &self.people.vouching;
        let filter = vouching.events([None, Some(voucher.into_word()), Some(account.into_word()), None]).await?;
        let (logs, _) = newest_logs(vouching.ledger(), filter, EVENTS_OF_ACCOUNT).await?;
        let links = live_links(&logs, self.now).into_iter();
        Ok(links.filter(|link| (link.voucher, link.account) == (voucher, account)).collect())
    }
}

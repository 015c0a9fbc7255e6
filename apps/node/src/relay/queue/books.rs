//! The waiting requests and the costs of each signer: no signer can fill the queue or exceed its daily budget.

use std::{collections::HashMap, time::Duration};

use hospital_record::{Address, U256};
use serde::{Deserialize, Serialize};

use super::Lane;

#[cfg(test)]
mod tests;

const DAY: u64 = 24 * 3600;
/// The first rest of a signer whose requests reverted. Each further one doubles it, up to a day.
const FIRST_REST: u64 = 60;
/// Reverted requests without a rest: others can make one fail now and then.
const MOST_IN_VAIN: u32 = 3;
/// The account for the sum of all costs: no signer of the contract has the zero address.
pub(super) const ALL: Address = Address::ZERO;

/// The limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Requests of a lane that may wait.
    pub(crate) queue: usize,
    /// Requests of one signer that may wait in the urgent lane.
    pub(crate) urgent: usize,
    /// The same in the ordinary lane.
    pub(crate) ordinary: usize,
    /// Wei a day in all.
    pub(crate) budget: U256,
    /// Wei a day of one signer.
    pub(crate) budget_per_account: U256,
}

/// The reason why a request is not accepted now.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the relay has {0} requests to carry already: try again later, or ask another relay")]
    Full(usize),
    #[error("{0} requests of this account wait already: come back when the relay has carried some")]
    Open(usize),
    #[error("{whose} budget for today is spent: come back in {} s, or ask another relay", .wait.as_secs())]
    Spent { whose: &'static str, wait: Duration },
    #[error(
        "the rest of {whose} budget for today is reserved for waiting requests: come back in {} s, or ask another relay",
        .wait.as_secs()
    )]
    Reserved { whose: &'static str, wait: Duration },
    #[error(
        "it costs about {cost} wei at the current fees, and {whose} budget has {most} wei a day for such requests: wait for lower fees, split it, or ask another relay"
    )]
    TooDear { whose: &'static str, cost: U256, most: U256 },
    #[error("requests of this account failed when they were mined: come back in {} s", .0.as_secs())]
    Resting(Duration),
}

/// The stored data of a signer, which survive a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Account {
    /// Days since 1970.
    day: u64,
    /// Wei spent on that day.
    spent: U256,
    urgent: Failures,
    ordinary: Failures,
}

/// A signer's reverted requests. Each lane counts its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Failures {
    count: u32,
    /// Seconds since 1970.
    rests_until: u64,
}

/// A signer's waiting requests.
#[derive(Default)]
struct Backlog {
    urgent: usize,
    ordinary: usize,
    reserved: U256,
}

/// The cost of a mined transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paid {
    pub(crate) wei: U256,
    /// Neither it nor another transaction had the effect.
    pub(crate) in_vain: bool,
}

pub(super) struct Books {
    terms: Terms,
    accounts: HashMap<Address, Account>,
    open: HashMap<Address, Backlog>,
}

impl Books {
    pub(super) fn new(terms: Terms, accounts: HashMap<Address, Account>) -> Self {
        Self { terms, accounts, open: HashMap::new() }
    }

    /// Accepts one more request of this cost, or gives the reason against it.
    pub(super) fn admit(&self, signer: Address, lane: Lane, cost: U256, now: u64) -> Result<(), Refusal> {
        let rest = self.accounts.get(&signer).map_or(0, |account| account.failures(lane).rests_until);
        if rest > now {
            return Err(Refusal::Resting(Duration::from_secs(rest - now)));
        }
        let waiting = self.waiting(ALL, lane);
        if waiting >= self.terms.queue {
            return Err(Refusal::Full(waiting));
        }
        let own = self.waiting(signer, lane);
        if own >= self.terms.of(lane) {
            return Err(Refusal::Open(own));
        }
        self.afford(signer, "this account's", share(self.terms.budget_per_account, lane), cost, now)?;
        self.afford(ALL, "this relay's", share(self.terms.budget, lane), cost, now)
    }

    fn afford(&self, account: Address, whose: &'static str, most: U256, cost: U256, now: u64) -> Result<(), Refusal> {
        if cost > most {
            return Err(Refusal::TooDear { whose, cost, most });
        }
        let spent = self.spent(account, now).saturating_add(cost);
        if spent > most {
            return Err(Refusal::Spent { whose, wait: Duration::from_secs(DAY - now % DAY) });
        }
        let reserved = self.open.get(&account).map_or(U256::ZERO, |open| open.reserved);
        match spent.saturating_add(reserved) > most {
            true => Err(Refusal::Reserved { whose, wait: Duration::from_secs(FIRST_REST) }),
            false => Ok(()),
        }
    }

    /// Counts a request that begins to wait.
    pub(super) fn open(&mut self, signer: Address, lane: Lane, cost: U256) {
        for account in [signer, ALL] {
            let open = self.open.entry(account).or_default();
            *open.count(lane) += 1;
            open.reserved = open.reserved.saturating_add(cost);
        }
    }

    /// Counts a request that waits no more.
    pub(super) fn close(&mut self, signer: Address, lane: Lane, cost: U256) {
        for account in [signer, ALL] {
            let Some(open) = self.open.get_mut(&account) else { continue };
            let count = open.count(lane);
            *count = count.saturating_sub(1);
            open.reserved = open.reserved.saturating_sub(cost);
            if open.urgent + open.ordinary == 0 {
                self.open.remove(&account);
            }
        }
    }

    /// The accounts after this payment.
    pub(super) fn charged(&self, signer: Address, lane: Lane, paid: Paid, now: u64) -> [(Address, Account); 2] {
        let [mut own, all] = [signer, ALL].map(|account| self.with(account, paid.wei, now));
        own.1.judge(lane, paid.in_vain, now);
        [own, all]
    }

    /// The same for a request that has not ended, and whose signer may be unknown.
    pub(super) fn booked(&self, signer: Option<Address>, wei: U256, now: u64) -> Vec<(Address, Account)> {
        signer.into_iter().chain([ALL]).map(|account| self.with(account, wei, now)).collect()
    }

    fn with(&self, account: Address, wei: U256, now: u64) -> (Address, Account) {
        let spent = self.spent(account, now).saturating_add(wei);
        let kept = self.accounts.get(&account).cloned().unwrap_or_default();
        (account, Account { day: now / DAY, spent, ..kept })
    }

    pub(super) fn keep(&mut self, accounts: impl IntoIterator<Item = (Address, Account)>) {
        self.accounts.extend(accounts);
    }

    /// Accounts that can be forgotten.
    pub(super) fn stale(&self, now: u64) -> Vec<Address> {
        let old = |account: &Account| account.day + 1 < now / DAY && account.rests(now) == 0;
        self.accounts.iter().filter(|(_, account)| old(account)).map(|(signer, _)| *signer).collect()
    }

    pub(super) fn forget(&mut self, account: Address) {
        self.accounts.remove(&account);
    }

    /// Wei that an account cost today; [`ALL`] is the sum.
    pub(super) fn spent(&self, account: Address, now: u64) -> U256 {
        let account = self.accounts.get(&account).filter(|account| account.day == now / DAY);
        account.map_or(U256::ZERO, |account| account.spent)
    }

    /// Waiting requests of an account; [`ALL`] is the sum.
    pub(super) fn waiting(&self, account: Address, lane: Lane) -> usize {
        self.open.get(&account).map_or(0, |open| match lane {
            Lane::Urgent => open.urgent,
            Lane::Ordinary => open.ordinary,
        })
    }
}

impl Terms {
    fn of(&self, lane: Lane) -> usize {
        match lane {
            Lane::Urgent => self.urgent,
            Lane::Ordinary => self.ordinary,
        }
    }
}

impl Account {
    fn failures(&self, lane: Lane) -> &Failures {
        match lane {
            Lane::Urgent => &self.urgent,
            Lane::Ordinary => &self.ordinary,
        }
    }

    fn rests(&self, now: u64) -> u64 {
        self.urgent.rests_until.max(self.ordinary.rests_until).saturating_sub(now)
    }

    /// One success cancels one failure, not all: otherwise every second request could fail.
    fn judge(&mut self, lane: Lane, in_vain: bool, now: u64) {
        let failures = match lane {
            Lane::Urgent => &mut self.urgent,
            Lane::Ordinary => &mut self.ordinary,
        };
        if !in_vain {
            failures.count = failures.count.saturating_sub(1);
            return;
        }
        failures.count = failures.count.saturating_add(1);
        if let Some(beyond) = failures.count.checked_sub(MOST_IN_VAIN) {
            let rest = FIRST_REST.saturating_mul(1 << beyond.min(20)).min(DAY);
            failures.rests_until = now + rest;
        }
    }
}

impl Backlog {
    fn count(&mut self, lane: Lane) -> &mut usize {
        match lane {
            Lane::Urgent => &mut self.urgent,
            Lane::Ordinary => &mut self.ordinary,
        }
    }
}

/// The last quarter of a budget is for revocations and vetoes.
fn share(budget: U256, lane: Lane) -> U256 {
    match lane {
        Lane::Urgent => budget,
        Lane::Ordinary => budget - budget / U256::from(4),
    }
}

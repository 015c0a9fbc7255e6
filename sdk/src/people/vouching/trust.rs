//! Why somebody is trusted, or why not.

use std::{collections::HashSet, fmt, time::SystemTime};

use alloy::{
    primitives::{Address, B256},
    sol_types::SolEvent,
};
use hospital_record_contracts::vouching::IVouching;

use crate::{
    base::time::{NO_END, expiry},
    ledger::Log,
};

/// One account says of another that it acts in a role.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vouch {
    /// Who says it.
    pub voucher: Address,
    /// Of whom.
    pub account: Address,
    /// In which role.
    pub role: String,
    /// Until when; nothing for no end.
    pub until: Option<SystemTime>,
}

/// Why an account is trusted: a chain of vouches from an authority to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trust {
    /// Whose word counts. It is the account itself when there are no links.
    pub authority: Address,
    /// The first is the authority's, the last is about the account.
    pub links: Vec<Vouch>,
}

impl Trust {
    /// The role in which the account acts; nothing for an authority.
    pub fn role(&self) -> Option<&str> {
        self.links.last().map(|link| &*link.role)
    }

    /// When the first of the links ends; nothing for no end.
    pub fn until(&self) -> Option<SystemTime> {
        self.links.iter().filter_map(|link| link.until).min()
    }
}

/// For people, on one line.
impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.authority)?;
        if self.links.is_empty() {
            return f.write_str(" is trusted itself");
        }
        for (index, link) in self.links.iter().enumerate() {
            let and = if index == 0 { "" } else { ", which" };
            write!(f, "{and} vouches for {} as {}", link.account, link.role)?;
        }
        Ok(())
    }
}

/// A vouch as the events tell it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) voucher: Address,
    pub(crate) account: Address,
    pub(crate) role: B256,
}

impl Link {
    /// With the end that the contract tells.
    pub(crate) fn vouch(&self, until: u64) -> Vouch {
        let voucher = self.voucher;
        let account = self.account;
        let role = self.role.iter().take_while(|byte| **byte != 0);
        // The contract takes nothing else; what a provider invents is not to move a cursor.
        let role = role.map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' }).collect();
        Vouch { voucher, account, role, until: expiry(until) }
    }
}

/// What still holds at `now`, by events newest first: the last word counts.
pub(crate) fn live_links(logs: &[Log], now: u64) -> Vec<Link> {
    let mut told = HashSet::new();
    let mut live = Vec::new();
    for log in logs {
        let [topic, voucher, account, role] = log.topics[..] else { continue };
        if !told.insert((voucher, account, role)) || topic != IVouching::Vouched::SIGNATURE_HASH {
            continue;
        }
        let until = alloy::primitives::U256::try_from_be_slice(&log.data).unwrap_or_default();
        let voucher = Address::from_word(voucher);
        let account = Address::from_word(account);
        let until = until.saturating_to::<u64>().min(NO_END);
        if until > now {
            live.push(Link { voucher, account, role });
        }
    }
    live
}

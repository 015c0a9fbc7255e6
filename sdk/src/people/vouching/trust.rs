//! Vouches, and the chains of vouches that make an account trusted.

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

/// A public statement by one account that another acts in a role.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vouch {
    /// The account that vouches.
    pub voucher: Address,
    /// The account that it vouches for.
    pub account: Address,
    /// The role.
    pub role: String,
    /// When it ends; `None` for no end.
    pub until: Option<SystemTime>,
}

/// A chain of vouches from an authority to an account: the reason why the account is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trust {
    /// The trusted authority. Without links it is the account itself.
    pub authority: Address,
    /// The vouches in order: the first is by the authority, the last is for the account.
    pub links: Vec<Vouch>,
}

impl Trust {
    /// The role in which the account acts; `None` for an authority.
    pub fn role(&self) -> Option<&str> {
        self.links.last().map(|link| &*link.role)
    }

    /// The earliest end of any link; `None` if none ends.
    pub fn until(&self) -> Option<SystemTime> {
        self.links.iter().filter_map(|link| link.until).min()
    }
}

/// One line for people.
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

/// A vouch as an event reports it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) voucher: Address,
    pub(crate) account: Address,
    pub(crate) role: B256,
}

impl Link {
    /// The vouch with the end that the contract reports.
    pub(crate) fn vouch(&self, until: u64) -> Vouch {
        let voucher = self.voucher;
        let account = self.account;
        let role = self.role.iter().take_while(|byte| **byte != 0);
        // The contract accepts only these characters. A provider's invented control characters must not reach a terminal.
        let role = role.map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '?' }).collect();
        Vouch { voucher, account, role, until: expiry(until) }
    }
}

/// The vouches that are live at `now`, from events in the order newest first. The newest event of a vouch counts.
pub(crate) fn live_links(logs: &[Log], now: u64) -> Vec<Link> {
    let mut seen = HashSet::new();
    let mut live = Vec::new();
    for log in logs {
        let [topic, voucher, account, role] = log.topics[..] else { continue };
        if !seen.insert((voucher, account, role)) || topic != IVouching::Vouched::SIGNATURE_HASH {
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

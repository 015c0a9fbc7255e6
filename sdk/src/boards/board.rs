//! Boards: k of n people who together can let somebody in, in an emergency or as a rule of four eyes.
//!
//! A patient grants to a board ([`Boards::grant`](crate::client::boards::Boards::grant)), which deals the folder's keys to its members in shares. A member
//! opens a case ([`Boards::open_case`](crate::client::boards::Boards::open_case)), others [`acknowledge`](crate::client::boards::Boards::acknowledge) it, and with the k-th the board
//! passes the right to read on, for a day at most. Then members [`release`](crate::client::boards::Boards::release) their shares to whom the case
//! lets in, whose [`open`](Client::open) puts them together. Fewer than k open nothing, on chain and in cryptography.
//!
//! What a board is follows from its address, so no node invents one. Cases are what a node tells: it can hide them, and
//! invent others. What counts is the patient's journal, and what members acknowledged themselves.

use std::collections::BTreeSet;

use alloy::primitives::Address;
use hospital_record_core::board::deal::MAX_MEMBERS;

use crate::base::error::{Error, Result};

/// A board: an account that nobody has a key of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Board {
    /// Its account.
    pub address: Address,
    /// How many members are needed.
    pub threshold: u8,
    /// All members, in the board's order. They and the threshold are what the address is made of.
    pub members: Vec<Address>,
    /// Those who left.
    pub left: Vec<Address>,
    /// Whether it opens nothing any more.
    pub closed: bool,
    /// The board that k members named to follow it.
    pub successor: Option<Address>,
}

impl Board {
    /// The members who did not leave.
    pub fn present(&self) -> impl Iterator<Item = Address> {
        self.members.iter().copied().filter(|member| !self.left.contains(member))
    }

    /// Whether enough members remain, and it was not closed.
    pub fn works(&self) -> bool {
        !self.closed && self.present().count() >= usize::from(self.threshold)
    }

    /// The one who may act is a member.
    pub(crate) fn require_member(&self, account: Address) -> Result<()> {
        match self.present().any(|member| member == account) {
            true => Ok(()),
            false => {
                Err(Error::Denied(format!("{account} is no member of the board {}, or has left", self.address).into()))
            }
        }
    }
}

/// Whether there can be such a board.
pub(crate) fn check_form(threshold: u8, members: &[Address]) -> Result<()> {
    let distinct: BTreeSet<_> = members.iter().collect();
    if members.len() > MAX_MEMBERS {
        return Err(Error::Invalid("a board has at most 16 members".into()));
    }
    if threshold == 0 || usize::from(threshold) > members.len() {
        let members = members.len();
        return Err(Error::Invalid(
            format!("of {members} members, between one and all are needed, not {threshold}").into(),
        ));
    }
    if distinct.len() != members.len() || members.iter().any(|member| member.is_zero()) {
        return Err(Error::Invalid("a member of a board is there once, and somebody".into()));
    }
    Ok(())
}

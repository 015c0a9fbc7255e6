//! Boards: k of n people who together give access, in an emergency or under a four-eyes rule.
//!
//! 1. A patient grants to a board ([`Boards::grant`](crate::client::boards::Boards::grant)). This deals the folder's keys to the members in shares.
//! 2. A member opens a case ([`Boards::open_case`](crate::client::boards::Boards::open_case)), and others [`acknowledge`](crate::client::boards::Boards::acknowledge) it.
//! 3. With the k-th acknowledgement, the board delegates the right to read, for a day at most.
//! 4. Members [`release`](crate::client::boards::Boards::release) their shares to the case's grantee, whose [`open`](Client::open) combines them.
//!
//! Fewer than k members can open nothing: neither the contract nor the cryptography allows it.
//!
//! A board's address commits to its threshold and members, so no node can invent a board. A node can hide cases or invent
//! them. Only the patient's journal, and acknowledgements made on this machine, count as proof of a case.

use std::collections::BTreeSet;

use alloy::primitives::Address;
use hospital_record_core::board::deal::MAX_MEMBERS;

use crate::base::error::{Result, fail};

/// A board: an account without a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Board {
    /// Its account.
    pub address: Address,
    /// How many members must acknowledge a case.
    pub threshold: u8,
    /// All members, in the board's order. The address commits to them and to the threshold.
    pub members: Vec<Address>,
    /// Members who have left.
    pub left: Vec<Address>,
    /// Whether the board is closed: it opens no more cases.
    pub closed: bool,
    /// The successor that k members named.
    pub successor: Option<Address>,
}

impl Board {
    /// The members who have not left.
    pub fn present(&self) -> impl Iterator<Item = Address> {
        self.members.iter().copied().filter(|member| !self.left.contains(member))
    }

    /// Whether the board is not closed and enough members remain.
    pub fn works(&self) -> bool {
        !self.closed && self.present().count() >= usize::from(self.threshold)
    }

    pub(crate) fn require_member(&self, account: Address) -> Result<()> {
        match self.present().any(|member| member == account) {
            true => Ok(()),
            false => fail!(Denied, "{account} is not a member of the board {}, or has left it", self.address),
        }
    }
}

/// Refuses a threshold and members that the contract refuses.
pub(crate) fn check_form(threshold: u8, members: &[Address]) -> Result<()> {
    let distinct: BTreeSet<_> = members.iter().collect();
    if members.len() > MAX_MEMBERS {
        return fail!(Invalid, "a board has at most 16 members");
    }
    if threshold == 0 || usize::from(threshold) > members.len() {
        let members = members.len();
        return fail!(Invalid, "the threshold {threshold} is not between 1 and {members}, the number of members");
    }
    if distinct.len() != members.len() || members.iter().any(|member| member.is_zero()) {
        return fail!(Invalid, "name each member of a board once, and not the zero address");
    }
    Ok(())
}

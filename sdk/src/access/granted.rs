//! What was granted.

use std::time::SystemTime;

use alloy::primitives::{Address, B256};

use crate::{
    ledger::{Purpose, Rights},
    people::vouching::trust::Trust,
};

/// What was granted.
///
/// See the [guide](crate::grant).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Granted {
    /// To whom.
    pub grantee: Address,
    /// The key it was sealed to, for comparing by voice; of a board one line a member.
    pub fingerprint: String,
    /// Why the grantee is trusted, where [`trusted_by`](crate::grant::Grant::trusted_by) asked for it.
    pub trust: Option<Trust>,
    /// Which rights.
    pub rights: Rights,
    /// What for.
    pub purpose: Purpose,
    /// Until when; nothing for no end.
    pub expires: Option<SystemTime>,
    /// What the grantee had there until now, where that was live.
    pub replaced: Option<Replaced>,
    /// Hash of the transaction; `None` where a relay carried it and nobody says which one it was.
    pub transaction: Option<B256>,
    /// Gas of the transaction.
    pub gas: u64,
}

/// A grant in whose place another was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replaced {
    /// Which rights it gave.
    pub rights: Rights,
    /// What for.
    pub purpose: Purpose,
    /// Until when it would have lasted; nothing for no end.
    pub expires: Option<SystemTime>,
}

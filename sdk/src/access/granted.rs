//! The result of a grant.

use std::time::SystemTime;

use alloy::primitives::{Address, B256};

use crate::{
    base::scope_id::ScopeId,
    ledger::{Purpose, Rights},
    people::vouching::trust::Trust,
};

/// A grant that was made.
///
/// See the [guide](crate::grant).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Granted {
    /// The account or board that got it.
    pub grantee: Address,
    /// The id of its scope on chain.
    pub scope_id: ScopeId,
    /// The fingerprint of the grantee's keys, to compare by voice. For a board, one line for each member.
    pub fingerprint: String,
    /// The vouches for the grantee, if [`trusted_by`](crate::grant::Grant::trusted_by) named authorities and one leads to it.
    pub trust: Option<Trust>,
    /// Its rights.
    pub rights: Rights,
    /// Its purpose.
    pub purpose: Purpose,
    /// When it ends; `None` for no end.
    pub expires: Option<SystemTime>,
    /// The live grant that it replaced.
    pub replaced: Option<Replaced>,
    /// Hash of the transaction. `None` if a relay carried it and no transaction is known.
    pub transaction: Option<B256>,
    /// Gas of the transaction.
    pub gas: u64,
}

/// A live grant that a new one replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replaced {
    /// Its rights.
    pub rights: Rights,
    /// Its purpose.
    pub purpose: Purpose,
    /// When it would have ended; `None` for no end.
    pub expires: Option<SystemTime>,
}

//! Boards: keys that open only when k of n people each release a share.
//!
//! | step | module |
//! |---|---|
//! | a secret becomes n shares, and any k of them restore it | `split` |
//! | the patient deals a folder's or record's keys to the members of a board | [`deal`] |
//! | a member explains to the patient and the other members why an account should get access | [`note`] |
//! | members release their shares to the account that needs the keys | [`release`] |
//!
//! The chain decides whether a member may release. Here, fewer than k members open nothing, whatever the chain says.

pub mod deal;
pub mod note;
pub mod release;

mod split;

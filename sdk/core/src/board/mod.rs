//! Boards: keys that open only when k of n people each give their part.
//!
//! | step | module |
//! |---|---|
//! | a secret becomes n shares, of which any k give it back | `split` |
//! | the patient deals a folder's or record's keys to the members of a board | [`deal`] |
//! | a member tells the patient and the others why somebody is to be let in | [`note`] |
//! | members release their shares to the one who needs the keys | [`release`] |
//!
//! Whether a member may release is the chain's to say; here fewer than k members open nothing, whatever the chain says.

pub mod deal;
pub mod note;
pub mod release;

mod split;

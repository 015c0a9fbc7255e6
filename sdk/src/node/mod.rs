#![doc = include_str!("../../guides/node.md")]

pub(crate) mod ask;
mod info;
pub(crate) mod join;
pub(crate) mod session;
pub(crate) mod sessions;

pub use info::{NodeInfo, WELL_KNOWN};
pub use session::{LONGEST_SESSION, Session};

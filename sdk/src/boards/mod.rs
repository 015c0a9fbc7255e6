//! Boards and their cases, as the chain tells them.

pub(crate) mod address;
pub(crate) mod board;
pub(crate) mod case;
pub(crate) mod cases;
pub(crate) mod known;
pub(crate) mod made;
pub(crate) mod seen;

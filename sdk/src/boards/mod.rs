//! Boards and their cases, as the chain reports them.

pub(crate) mod address;
pub(crate) mod board;
pub(crate) mod case;
pub(crate) mod cases;
pub(crate) mod lookup;

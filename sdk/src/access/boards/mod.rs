//! The acts of members, patients and proxies at boards.

pub(crate) mod acknowledged;
pub(crate) mod act;
pub(crate) mod create;
pub(crate) mod open;
pub(crate) mod opening;
pub(crate) mod release;
pub(crate) mod words;

//! What members, patients and proxies do about boards and their cases.

pub(crate) mod acknowledged;
pub(crate) mod act;
pub(crate) mod create;
pub(crate) mod open;
pub(crate) mod opening;
pub(crate) mod release;
pub(crate) mod words;

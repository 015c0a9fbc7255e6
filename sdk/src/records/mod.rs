//! Adds, lists, opens and replaces records.

pub(crate) mod add;
pub(crate) mod attest;
pub(crate) mod copy;
pub(crate) mod details;
pub(crate) mod detect;
pub(crate) mod download;
pub(crate) mod list;
pub(crate) mod manifests;
pub(crate) mod open;
pub(crate) mod pending;
pub(crate) mod registered;
pub(crate) mod replace;
pub(crate) mod source;
pub(crate) mod target;
pub(crate) mod upload;
pub(crate) mod write;

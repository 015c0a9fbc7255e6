//! What differs between machines: files, HTTP, and what is remembered on disk.

pub(crate) mod cache;
pub(crate) mod clock;
pub(crate) mod file;
pub(crate) mod http;
pub(crate) mod state_dir;

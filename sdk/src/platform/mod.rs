//! The parts that depend on the machine: files, HTTP, and the cache on disk.

pub(crate) mod cache;
pub(crate) mod clock;
pub(crate) mod file;
pub(crate) mod http;
pub(crate) mod state_dir;

//! The parts that depend on the machine: files, HTTP, and the cache on disk.

#[cfg(all(target_family = "wasm", feature = "browser"))]
pub(crate) mod browser;
pub(crate) mod cache;
pub(crate) mod clock;
pub(crate) mod digest;
#[cfg(not(target_family = "wasm"))]
pub(crate) mod file;
pub(crate) mod http;
pub(crate) mod segments;
#[cfg(not(target_family = "wasm"))]
pub(crate) mod state_dir;

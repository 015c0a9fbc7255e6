//! The segments of content. In a browser its own AES-256-GCM seals and opens the same bytes several times as fast.

#[cfg(not(target_family = "wasm"))]
mod own;
#[cfg(target_family = "wasm")]
#[path = "segments/web_crypto.rs"]
mod own;

pub(crate) use self::own::{Opener, Sealer};

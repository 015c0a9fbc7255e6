//! The SDK for JavaScript. Nothing is decided here: each function passes its arguments on, and its result back.
#![cfg(target_family = "wasm")]

mod client;
mod options;
mod problem;
mod signal;
mod streams;
mod system;
mod values;

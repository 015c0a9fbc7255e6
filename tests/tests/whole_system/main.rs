//! The whole system through its public API, on a real Anvil and a real Kubo.

mod harness;

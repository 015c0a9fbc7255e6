//! The room behind its guard, on a real database; the login keys are in this process.

#![allow(clippy::unwrap_used)]

mod logging_in;
mod stage;
mod vaults;

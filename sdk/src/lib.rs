//! Health records that belong to patients.

mod http;
pub mod ledger;
pub mod store;

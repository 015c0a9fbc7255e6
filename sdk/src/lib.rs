#![doc = include_str!("../../README.md")]

mod cache;
mod card;
mod client;
mod config;
mod error;
mod file;
mod history;
mod http;
mod identity;
mod journal;
pub mod ledger;
mod outbox;
mod people;
mod profile;
mod progress;
mod record_ref;
mod source;
pub mod store;
mod stores;
mod system;
#[cfg(feature = "testing")]
mod testing;

pub use alloy;
pub use alloy::primitives::{Address, B256, U256};
pub use cid::Cid;
pub use hospital_record_core::{
    id::{Confidentiality, Deployment, RecordId},
    record::metadata::Metadata,
};

pub use crate::{
    card::Card,
    client::{
        Add, AddMany, Added, BoxFuture, Client, Contact, Content, DEFAULT_FOLDER, FolderInfo, Grant, GrantInfo,
        GrantScope, Granted, Grantee, List, Listed, Open, Opened, Replace, Resumed, Revoke, Revoked, Shared,
        SharedGrant, Synced,
    },
    config::Config,
    error::{Error, ErrorKind, Result},
    history::{History, HistoryEntry, ReadHistory, status_code},
    identity::{AccountSigner, Identity, Phrase},
    ledger::{Completeness, Event, Purpose, Rights, Status},
    progress::{Phase, Progress},
    record_ref::RecordRef,
    source::Source,
    system::System,
};

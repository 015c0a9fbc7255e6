//! Health records that belong to patients: encrypt, store on IPFS, register on Ethereum, share, revoke, audit.
//!
//! - [`System`] is a chain, a contract and stores: one a process. [`System::history`] and [`System::verify`] need no key.
//! - [`Identity`] is a person: a signer and an encryption seed, both from one [`Phrase`] if you like.
//! - [`Client`] is a person at a system. Its verbs are builders: set what differs from the defaults, then await them.
//!
//! ```
//! use hospital_record::{Identity, Source, System};
//!
//! # #[tokio::main]
//! # async fn main() -> hospital_record::Result<()> {
//! // In earnest: System::connect(Config::new(rpc_url).store(store_url).state_dir(folder)).await?
//! let system = System::in_memory().await?; // feature `testing`
//! let (ana, _phrase) = Identity::generate()?;
//! system.fund(ana.address()).await?;
//! let ana = system.client(ana);
//!
//! let added = ana.add(Source::bytes("letter.txt", "Dear Dr Lee")).folder("cardiology").await?;
//! let opened = ana.open(&added.record).range(5..11).await?;
//! assert_eq!(opened.bytes, "Dr Lee");
//! # Ok(())
//! # }
//! ```
//!
//! Nothing here reads the environment, and nothing is written outside the state directory that
//! [`Config::state_dir`] names. Dropping any future is safe; [`Client::resume`] finishes what was signed.
//! [`Error::kind`] is what an app matches on.

mod boards;
mod bounds;
mod cache;
mod card;
mod client;
mod clock;
mod config;
mod cut;
mod details;
mod detect;
mod earlier;
mod epochs;
mod error;
mod file;
mod finality;
mod history;
mod http;
mod identity;
mod journal;
pub mod ledger;
pub mod names;
mod outbox;
mod people;
mod phrase;
mod profile;
mod progress;
mod record_ref;
pub mod relay;
mod requests;
mod source;
pub mod store;
mod stores;
mod system;
#[cfg(feature = "testing")]
mod testing;
mod time;
mod vanished;
mod vouching;

pub use alloy;
pub use alloy::primitives::{Address, B256, U256};
pub use cid::Cid;
pub use hospital_record_core::{
    id::{Confidentiality, Deployment, RecordId},
    record::metadata::Metadata,
};

pub use crate::{
    boards::{Board, Case, CaseStage, CaseWords, Cases, CreatedBoard, OpenCase, Released, Reviewed},
    bounds::{MaxFee, Timeout},
    card::Card,
    client::{
        Add, AddMany, Added, AttestedBy, BoxFuture, Client, Confirmed, Contact, Content, DEFAULT_FOLDER, DocStatus,
        FolderInfo, Grant, GrantInfo, GrantScope, Granted, Grantee, Leftover, List, Listed, MarkInError, MissingEntry,
        Open, Opened, Patients, Replace, Replaced, Resumed, Revoke, Revoked, Rotated, Shared, SharedGrant, Synced,
        Syncing, TooLarge, Unfinished,
    },
    clock::Clock,
    config::Config,
    cut::Cut,
    detect::DetectMediaType,
    error::{Error, ErrorKind, Outcome, Result},
    history::{History, HistoryEntry, ReadHistory, status_code},
    http::one_line,
    identity::{AccountSigner, Identity},
    ledger::{Completeness, Event, Purpose, Rights, Status},
    phrase::Phrase,
    progress::{Phase, Progress},
    record_ref::{RecordRef, parse_address},
    requests::{AccessRequest, Ask, Asked, Inbox, Requests},
    source::{Source, readable_name},
    system::System,
    vouching::{Trust, Untrusted, Vouch, VouchFor, Vouched},
};
#[doc(hidden)]
pub use crate::{error::with_advice, file::put_new};

/// The README's example is compiled and run with these.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

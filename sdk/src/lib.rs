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

mod access;
mod acts;
mod base;
mod boards;
mod client;
mod journal;
mod keys;
pub mod ledger;
mod people;
mod platform;
mod records;
pub mod relay;
pub mod store;
mod system;

pub use alloy;
pub use alloy::primitives::{Address, B256, U256};
pub use cid::Cid;
pub use hospital_record_core::{
    id::{Confidentiality, Deployment, RecordId},
    record::metadata::Metadata,
};

pub use crate::base::names;
pub use crate::{
    access::{
        boards::{act::Reviewed, create::CreatedBoard, open::OpenCase, release::Released, words::CaseWords},
        folders::FolderInfo,
        grant::Grant,
        granted::{Granted, Replaced},
        grants::{GrantInfo, GrantScope},
        requests::{
            ask::{Ask, Asked},
            inbox::{Inbox, Requests},
            request::AccessRequest,
        },
        revoke::{Revoke, Revoked},
        shared::{Patients, Shared, SharedGrant},
        vouch::{VouchFor, Vouched},
    },
    base::{
        bounds::{MaxFee, Timeout},
        builder::BoxFuture,
        cut::Cut,
        error::{Error, Result, kind::ErrorKind, outcome::Outcome, untrusted::Untrusted},
        progress::{Phase, Progress},
        record_ref::{RecordRef, parse_address},
    },
    boards::{
        board::Board,
        case::{Case, CaseStage},
        cases::Cases,
    },
    client::{
        Client, Confirmed,
        resume::{Leftover, Removed, Resumed, Unfinished},
        sync::{Synced, Syncing, TooLarge},
    },
    journal::{
        history::{History, HistoryEntry, ReadHistory},
        missing::MissingEntry,
        words::{Deed, Names, status_code},
    },
    keys::rotate::Rotated,
    ledger::{Completeness, Event, Purpose, Rights, Status, clock::Clock},
    people::{
        card::Card,
        contact::Contact,
        grantee::Grantee,
        identity::{AccountSigner, Identity},
        phrase::Phrase,
        vouching::trust::{Trust, Vouch},
    },
    platform::http::one_line,
    records::{
        add::{Add, AddMany, Added, DEFAULT_FOLDER},
        attest::{AttestedBy, DocStatus},
        detect::DetectMediaType,
        list::{Content, List, Listed},
        open::{Open, Opened},
        replace::{MarkInError, Replace},
        source::{Source, readable_name},
    },
    system::{System, config::Config},
};
#[doc(hidden)]
pub use crate::{base::error::with_advice, platform::file::put_new};

/// The README's example is compiled and run with these.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

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
//! // In production: System::builder().rpc(rpc_url).store(store_url).state_dir(folder).connect().await?
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
//! Each noun has a guide with an example: [`record`], [`grant`], [`folder`], [`contact`], [`directory`], [`request`], [`board`], [`vouch`],
//! [`act`], [`history`], [`store`], [`ledger`], [`relay`], [`node`].
//!
//! Nothing here reads the environment, and nothing is written outside the state directory that
//! [`Config::state_dir`] names. Dropping any future is safe; [`Client::resume`] finishes what was signed.
//! [`Error::kind`] is what an app matches on.

#[cfg(all(target_family = "wasm", not(feature = "browser")))]
compile_error!("for WebAssembly, the feature `browser` is needed");

mod access;
mod acts;
mod base;
mod boards;
mod client;
mod journal;
mod keys;
pub mod ledger;
pub mod node;
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
pub use tokio_util::sync::CancellationToken;

pub use crate::{
    access::{granted::Granted, revoke::Revoked},
    base::{
        bounds::{MaxFee, Timeout},
        cut::Cut,
        error::{
            Error, Result,
            kind::ErrorKind,
            outcome::Outcome,
            reason::{Cause, Reason},
            untrusted::Untrusted,
        },
        progress::{Phase, Progress},
        record_ref::RecordRef,
        task::{BoxFuture, BoxStream, MaybeSend, MaybeSync, Writer},
    },
    client::{Client, resume::Resumed},
    journal::history::{History, HistoryEntry},
    ledger::{Completeness, Event, Purpose, Rights, Status, clock::Clock},
    people::{
        card::Card,
        contact::Contact,
        grantee::Grantee,
        identity::{AccountSigner, Identity},
        phrase::Phrase,
    },
    platform::cache::own::Memory,
    records::{
        add::{Added, DEFAULT_FOLDER},
        copy::Synced,
        list::Listed,
        open::Opened,
        source::Source,
    },
    system::{System, config::Config},
};

#[doc = include_str!("../guides/record.md")]
pub mod record {
    pub use crate::{
        client::sync::Syncing,
        records::{
            add::{Add, AddMany},
            attest::{AttestedBy, DocStatus},
            copy::TooLarge,
            detect::DetectMediaType,
            list::{Content, List},
            open::Open,
            replace::{MarkInError, Replace},
        },
    };
}

#[doc = include_str!("../guides/grant.md")]
pub mod grant {
    pub use crate::{
        access::{
            grant::Grant,
            granted::Replaced,
            grants::{GrantInfo, GrantScope},
            revoke::Revoke,
            shared::{Patients, Shared, SharedGrant},
        },
        base::scope_id::ScopeId,
        client::grants::Grants,
    };
}

#[doc = include_str!("../guides/folder.md")]
pub mod folder {
    pub use crate::{access::folders::FolderInfo, client::folders::Folders, keys::rotate::Rotated};
}

#[doc = include_str!("../guides/contact.md")]
pub mod contact {
    pub use crate::client::contacts::Contacts;
}

#[doc = include_str!("../guides/directory.md")]
pub mod directory {
    pub use crate::{
        access::directory::{Found, Page, Publish, Published, Search, Withdrawn},
        client::directory::Directory,
        node::{
            listing::{Listing, SignedListing},
            query::Query,
            words::folded_words,
        },
    };
}

#[doc = include_str!("../guides/request.md")]
pub mod request {
    pub use crate::{
        access::requests::{
            ask::{Ask, Asked},
            inbox::{Inbox, ListRequests},
            request::AccessRequest,
        },
        client::requests::Requests,
    };
}

#[doc = include_str!("../guides/board.md")]
pub mod board {
    pub use crate::{
        access::boards::{act::Reviewed, create::CreatedBoard, open::OpenCase, release::Released, words::CaseWords},
        boards::{
            board::Board,
            case::{Case, CaseStage},
            cases::Cases,
        },
        client::boards::Boards,
    };
}

#[doc = include_str!("../guides/vouch.md")]
pub mod vouch {
    pub use crate::{
        access::vouch::{VouchFor, Vouched},
        client::vouches::Vouches,
        people::vouching::trust::{Trust, Vouch},
    };
}

#[doc = include_str!("../guides/act.md")]
pub mod act {
    pub use crate::{
        acts::confirm::Confirmed,
        client::{
            acts::Acts,
            resume::{Leftover, Removed, Unfinished},
        },
        journal::missing::MissingEntry,
    };
}

#[doc = include_str!("../guides/history.md")]
pub mod history {
    pub use crate::journal::{
        history::ReadHistory,
        words::{Deed, Names, status_code},
    };
}

#[doc = include_str!("../guides/browser.md")]
pub mod browser {
    #[cfg(all(target_family = "wasm", feature = "browser"))]
    pub use crate::platform::browser::{open_storage, open_storage_in_turn};
    #[cfg(feature = "conformance")]
    pub use crate::platform::cache::own::conformance::memory_conformance;
}

#[doc = include_str!("../guides/names.md")]
pub mod names {
    #[cfg(not(target_family = "wasm"))]
    pub use crate::records::source::readable_name;
    pub use crate::{
        base::{names::*, record_ref::parse_address},
        platform::http::one_line,
    };
}

#[doc(hidden)]
pub use crate::base::error::with_advice;
#[doc(hidden)]
#[cfg(not(target_family = "wasm"))]
pub use crate::platform::file::put_new;

/// The README's example is compiled and run with these.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

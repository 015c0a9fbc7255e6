#![doc = include_str!("../../guides/ledger.md")]

mod beside;
mod calls;
pub(crate) mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
mod contract;
mod contracts;
mod effect;
mod entry;
mod entry_chain;
mod error;
mod ethereum;
mod event;
mod forms;
mod into_error;
mod journal;
mod logs;
#[cfg(feature = "testing")]
mod memory;
pub(crate) mod outbox;
mod refusal;
mod seam;
mod sender;
mod signed;
mod state;
#[cfg(all(test, feature = "testing"))]
mod tests;
mod types;

pub use crate::base::time::NO_END;
pub(crate) use beside::{Beside, Besides};
pub use calls::{Permission, Revocation};
pub use contract::Contract;
pub use contracts::{BesideErrors, CASE_EVENTS, ContractKind, naming_events};
pub(crate) use effect::Effects;
pub use entry::{Entry, block_of};
pub use entry_chain::{Completeness, EntryChain, Proven};
pub use error::{LedgerError, SubmitError, integrity::Integrity};
pub use ethereum::{EthereumLedger, EthereumOptions, NoResult};
pub use event::{Event, Purpose, Rights, Status, Via, folder_of, folder_scope, record_key};
pub use forms::SignedForm;
/// Whether an account with this code is a board. The code of an account never changes.
pub use hospital_record_contracts::boards::is_board;
pub use journal::{Journal, Update};
pub use logs::all_logs;
pub(crate) use logs::{newest_log, newest_logs, recent_logs};
#[cfg(feature = "testing")]
pub use memory::MemoryLedger;
pub use outbox::{MemoryOutbox, Outbox, OutboxGuard, Pending, Sent, SentBytes};
pub use seam::Ledger;
pub use sender::parts::{Sender, SenderOptions, Settled, Signer};
pub use signed::Act;
pub(crate) use signed::{UnsignedAct, id_of};
pub use state::{
    Access, Attestation, GrantEntry, GrantState, PatientState, Record, RecordState,
    folder::{FolderKeys, Keyring},
};
pub(crate) use types::call;
pub use types::{BlockInfo, Call, Fees, Log, LogFilter, Receipt};

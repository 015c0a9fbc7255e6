//! One chain, one contract, the stores and the cache: shared by all people of a process.

pub(crate) mod config;
mod connect;
#[cfg(feature = "testing")]
pub(crate) mod testing;

use std::{fmt, sync::Arc, time::SystemTime};

use alloy::primitives::{Address, B256};
use hospital_record_core::id::Deployment;

use crate::{
    acts::services::{Parts, Services},
    base::error::Result,
    boards::{board::Board, case::Case, cases::Cases},
    journal::{history::ReadHistory, missing::MissingEntry},
    ledger::{Completeness, Contract, Ledger},
    people::{identity::AccountSigner, vouching::trust::Trust},
    relay::Carrier,
    system::config::Config,
};

/// A chain, a contract and stores. Make one for each process; it is cheap to clone.
///
/// The [crate's page](crate) has an example; the [guide](crate::history) reads a history without a
/// key.
#[derive(Clone)]
pub struct System {
    pub(crate) services: Services,
    #[cfg(feature = "testing")]
    pub(crate) memory: Option<crate::ledger::MemoryLedger>,
}

impl System {
    /// An empty configuration. Name at least a chain and a store, then [`connect`](Config::connect).
    pub fn builder() -> Config {
        Config::empty()
    }

    pub(crate) fn from_parts(parts: Parts) -> Result<Self> {
        Ok(Self {
            services: Services::new(parts)?,
            #[cfg(feature = "testing")]
            memory: None,
        })
    }

    /// Makes a relay: it sends signed requests to the chain of this system, and this account pays.
    pub fn carrier(&self, payer: impl AccountSigner + 'static) -> Carrier {
        Carrier::new(self.contract().clone(), self.services.sender.clone(), Arc::new(payer))
    }

    /// A patient's whole history, with every link checked.
    ///
    /// # Errors
    /// [`Error::Integrity`](crate::Error::Integrity) if the node hides, changes, reorders or re-dates an entry.
    pub fn history(&self, patient: Address) -> ReadHistory {
        ReadHistory::new(self.services.journals.clone(), patient)
    }

    /// Only the statement of completeness of a patient's history, without its entries.
    ///
    /// # Errors
    /// As [`history`](System::history).
    pub async fn verify(&self, patient: Address, trusted: Option<B256>) -> Result<Completeness> {
        Ok(self.services.journals.proven_to(patient, trusted).await?.completeness.clone())
    }

    /// Accepts another history that provider and witness both show, although it lacks entries that were final on this
    /// machine. Let a person decide this. It returns the number of entries that were given up. This machine's own acts
    /// among them are sent again.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) without a witness, [`Error::Integrity`](crate::Error::Integrity) if
    /// provider and witness do not agree.
    pub async fn accept_chain(&self, patient: Address) -> Result<usize> {
        self.services.journals.accept_chain(patient).await
    }

    /// Confirmed entries that the chain no longer shows, and that no earlier call returned. Each is returned once.
    ///
    /// # Errors
    /// If the state directory cannot be read or written.
    pub async fn news(&self) -> Result<Vec<MissingEntry>> {
        self.services.journals.news().await
    }

    /// The chain of vouches that makes an account trusted, if these authorities are trusted; `None` if there is no such
    /// chain.
    ///
    /// It looks for the shortest chain of at most four vouches from an authority to the account. Each vouch must be
    /// live by the later of the chain's clock and this machine's clock. Every account in the chain can vouch for the
    /// next one, whatever its own role is: check the roles.
    ///
    /// The search also reads vouches by strangers, up to a limit. So many strangers can hide a chain of three or four
    /// vouches. They cannot hide a chain of one or two, unless the authority vouches for more than 256 accounts.
    ///
    /// # Errors
    /// [`Error::WrongContract`](crate::Error::WrongContract) if this chain has no `Vouching`,
    /// [`Error::Invalid`](crate::Error::Invalid) for more than 16 authorities.
    pub async fn why_trusted(&self, account: Address, authorities: &[Address]) -> Result<Option<Trust>> {
        self.services.people().why_trusted(account, authorities).await
    }

    /// [`why_trusted`](System::why_trusted) for several accounts, in their order. It reads the vouches of the authorities
    /// once.
    ///
    /// # Errors
    /// Those of [`why_trusted`](System::why_trusted).
    pub async fn why_each_is_trusted(
        &self,
        accounts: &[Address],
        authorities: &[Address],
    ) -> Result<Vec<Option<Trust>>> {
        self.services.people().why_each_is_trusted(accounts, authorities).await
    }

    /// As [`why_trusted`](System::why_trusted), but an account that is not trusted is an error with the reason.
    ///
    /// # Errors
    /// [`Error::Untrusted`](crate::Error::Untrusted), and those of [`why_trusted`](System::why_trusted).
    pub async fn require_trusted(&self, account: Address, authorities: &[Address]) -> Result<Trust> {
        self.services.people().require_trusted(account, authorities).await
    }

    /// The board at this address. The address itself proves members and threshold. Who left, and whether the board was
    /// closed, is the node's word.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) if there is no board at this address,
    /// [`Error::WrongContract`](crate::Error::WrongContract) if this chain has no `Boards`.
    pub async fn board(&self, address: Address) -> Result<Board> {
        self.services.boards.at(address).await
    }

    /// The cases of a board, newest first, as the node reports them: it can hide or invent one. Only the patient's
    /// history proves that a case took effect.
    pub async fn cases(&self, board: &Board) -> Result<Cases> {
        self.services.boards.cases(board).await
    }

    /// The cases of a board about one patient, as [`cases`](System::cases).
    pub async fn cases_about(&self, board: &Board, patient: Address) -> Result<Cases> {
        self.services.boards.cases_about(board, patient).await
    }

    /// The case with this id, however many other cases there are.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) if the node shows no such case.
    pub async fn case(&self, board: &Board, id: B256) -> Result<Case> {
        self.services.boards.case(board, id).await
    }

    /// The account that a patient appointed at this board to veto cases, as the node reports it.
    pub async fn proxy_of(&self, board: &Board, patient: Address) -> Result<Option<Address>> {
        self.services.boards.proxy_of(board, patient).await
    }

    /// Chain and contract.
    pub fn deployment(&self) -> Deployment {
        self.services.deployment
    }

    /// The contract, for your own queries.
    pub fn contract(&self) -> &Contract {
        &self.services.contract
    }

    /// The chain, for your own queries.
    pub fn ledger(&self) -> &Arc<dyn Ledger> {
        self.services.ledger()
    }

    /// The present time, as starting point for durations: by the clock that you chose, or by both clocks if they agree.
    ///
    /// # Errors
    /// [`Error::ClockSkew`](crate::Error::ClockSkew) if you chose none ([`Config::clock`](crate::Config::clock)), and
    /// the chain's clock and this machine's clock differ by more than ten minutes. Then "12 hours" would not end when
    /// it should.
    pub async fn agreed_time(&self) -> Result<SystemTime> {
        self.services.clocks.agreed_time().await
    }
}

/// Shows chain and contract.
impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("System").field(&self.deployment()).finish()
    }
}

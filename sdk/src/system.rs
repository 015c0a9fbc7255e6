//! One chain, one contract, the stores and what is remembered: shared by all people of a process.

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

/// A chain, a contract and stores. One a process; cheap to clone.
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
    /// Connects: checks that the RPC answers and that the contract is there, with this version's code. The first
    /// connection with a state directory pins chain and contract there.
    ///
    /// # Errors
    /// [`WrongContract`](crate::Error::WrongContract), [`OtherDeployment`](crate::Error::OtherDeployment),
    /// [`Unreachable`](crate::Error::Unreachable), [`Invalid`](crate::Error::Invalid) for URLs that cannot be used,
    /// [`File`](crate::Error::File) for a state directory of another user.
    pub async fn connect(config: Config) -> Result<Self> {
        config.connect().await
    }

    /// The parts of a system, one by one: by their URLs, or as implementations of one's own. Then
    /// [`connect`](Config::connect).
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use hospital_record::{Result, System, store::Store};
    /// # async fn app(my_store: Arc<dyn Store>) -> Result<System> {
    /// System::builder().rpc("http://127.0.0.1:8545").own_store(my_store).state_dir("state").connect().await
    /// # }
    /// ```
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

    /// Carries what people have signed to the chain of this system, paid by this account: what a relay does.
    pub fn carrier(&self, payer: impl AccountSigner + 'static) -> Carrier {
        Carrier::new(self.contract().clone(), self.services.sender().clone(), Arc::new(payer))
    }

    /// A patient's whole history, every link of it checked.
    ///
    /// # Errors
    /// [`Error::Integrity`](crate::Error::Integrity) when the node hides, changes, re-orders or re-dates anything.
    pub fn history(&self, patient: Address) -> ReadHistory {
        ReadHistory::new(self.services.journals().clone(), patient)
    }

    /// Only the statement: how far the history that the node tells is complete.
    ///
    /// # Errors
    /// As [`history`](System::history).
    pub async fn verify(&self, patient: Address, trusted: Option<B256>) -> Result<Completeness> {
        Ok(self.services.journals().proven_to(patient, trusted).await?.completeness.clone())
    }

    /// Takes a history that provider and witness both tell in the place of the one that was seen, by a person's word: both
    /// deny a head that was final here. How many entries are given up; this machine's own acts among them are sent again.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) without a witness, [`Error::Integrity`](crate::Error::Integrity) where the two do not agree.
    pub async fn accept_chain(&self, patient: Address) -> Result<usize> {
        self.services.journals().accept_chain(patient).await
    }

    /// Entries that were shown here as confirmed, are gone, and were not told yet: each is told once.
    ///
    /// # Errors
    /// Where the state directory cannot be read or written.
    pub async fn news(&self) -> Result<Vec<MissingEntry>> {
        self.services.journals().news().await
    }

    /// Why an account is trusted by somebody who trusts these authorities; nothing when it is not.
    ///
    /// It looks for the shortest chain of at most four vouches, each live by the later of the chain's clock and this
    /// machine's, that begins with an authority and ends with the account. Every account in it may vouch for the next
    /// one whatever its own role is: look at the roles.
    ///
    /// What strangers say of the account is looked at too, up to a bound, so many strangers can hide a chain of three or
    /// four vouches, but none of one or two (as long as the authority vouches for no more than 256 accounts).
    ///
    /// # Errors
    /// [`Error::WrongContract`](crate::Error::WrongContract) where this chain has no `Vouching`, [`Error::Invalid`](crate::Error::Invalid) for more than 16 authorities.
    pub async fn why_trusted(&self, account: Address, authorities: &[Address]) -> Result<Option<Trust>> {
        self.services.people().why_trusted(account, authorities).await
    }

    /// The same, where an account that is not trusted is an error that says why.
    ///
    /// # Errors
    /// [`Error::Untrusted`](crate::Error::Untrusted), and as [`why_trusted`](System::why_trusted).
    pub async fn require_trusted(&self, account: Address, authorities: &[Address]) -> Result<Trust> {
        self.services.people().require_trusted(account, authorities).await
    }

    /// The board of this address. Members and threshold are as the address says; who left and whether it was closed is what
    /// the node tells.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) where no board was made there, [`Error::WrongContract`](crate::Error::WrongContract) where this chain has no `Boards`.
    pub async fn board(&self, address: Address) -> Result<Board> {
        self.services.boards().at(address).await
    }

    /// The cases of a board, newest first, as the node tells them: it can hide one, or make one up. Whether somebody was let
    /// in, the patient's history says.
    pub async fn cases(&self, board: &Board) -> Result<Cases> {
        self.services.boards().cases(board).await
    }

    /// The same, of cases about one patient.
    pub async fn cases_about(&self, board: &Board, patient: Address) -> Result<Cases> {
        self.services.boards().cases_about(board, patient).await
    }

    /// The case of this id, whatever else there is.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound).
    pub async fn case(&self, board: &Board, id: B256) -> Result<Case> {
        self.services.boards().case(board, id).await
    }

    /// Whom a patient appointed at this board to veto cases, as the node tells.
    pub async fn proxy_of(&self, board: &Board, patient: Address) -> Result<Option<Address>> {
        self.services.boards().proxy_of(board, patient).await
    }

    /// Chain and contract.
    pub fn deployment(&self) -> Deployment {
        self.services.deployment()
    }

    /// The contract, for questions of one's own.
    pub fn contract(&self) -> &Contract {
        self.services.contract()
    }

    /// The chain, for questions of one's own.
    pub fn ledger(&self) -> &Arc<dyn Ledger> {
        self.services.ledger()
    }

    /// What "from now on" means: by the clock that counts, or by both where they agree.
    ///
    /// # Errors
    /// [`Error::ClockSkew`](crate::Error::ClockSkew) where neither was chosen ([`Config::clock`](crate::Config::clock)) and the chain's clock and this
    /// machine's differ by more than ten minutes: an end that is told as "12 hours" would be another one.
    pub async fn agreed_time(&self) -> Result<SystemTime> {
        self.services.clocks().agreed_time().await
    }
}

/// Shows chain and contract.
impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("System").field(&self.deployment()).finish()
    }
}

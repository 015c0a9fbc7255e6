//! The contract on one chain: its typed views, and the check that it is deployed.

use std::sync::Arc;

use alloy::{
    primitives::{Address, B256},
    sol_types::SolCall,
};
use hospital_record_contracts::{self as artifact, IHospitalRecord as Sol};
use tokio::sync::OnceCell;

use crate::ledger::{
    error::LedgerError,
    event::{Rights, Status, Via},
    seam::Ledger,
    state::{GrantState, RecordState},
    types::Call,
};

/// `HospitalRecord` at an address of a chain, read through a [`Ledger`]. It is cheap to clone.
///
/// # Errors
/// Every view fails if the provider does not answer.
#[derive(Debug, Clone)]
pub struct Contract {
    ledger: Arc<dyn Ledger>,
    chain: u64,
    address: Address,
    deployed_at: Arc<OnceCell<u64>>,
}

impl Contract {
    /// Its address, which is the same on every chain (CREATE2).
    pub const ADDRESS: Address = artifact::ADDRESS;

    /// The contract at `address` of chain `chain`. This makes no request yet; see [`Contract::check`].
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, chain: u64, address: Address) -> Self {
        Self { ledger, chain, address, deployed_at: Arc::default() }
    }

    /// The ledger that it reads from.
    #[must_use]
    pub fn ledger(&self) -> &Arc<dyn Ledger> {
        &self.ledger
    }

    /// Its chain's id (EIP-155).
    #[must_use]
    pub fn chain(&self) -> u64 {
        self.chain
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Address {
        self.address
    }

    /// Checks that the provider is on the chain, and that the code at the address is exactly this version's.
    ///
    /// # Errors
    /// [`LedgerError::WrongChain`], [`LedgerError::NoContract`], [`LedgerError::OtherCode`].
    pub async fn check(&self) -> Result<(), LedgerError> {
        is_on_chain(&*self.ledger, self.chain).await?;
        let code = self.ledger.code(self.address).await?;
        let (contract, chain) = (self.address, self.chain);
        if code.is_empty() {
            return Err(LedgerError::NoContract { contract, chain });
        }
        match artifact::hospital_record::ARTIFACT.is_deployed_code(&code) {
            true => Ok(()),
            false => Err(LedgerError::OtherCode { contract, chain }),
        }
    }

    /// The call that deploys the contract to [`Contract::ADDRESS`] of a chain. Any account may send it.
    #[must_use]
    pub fn deployment() -> Call {
        Call { from: None, to: artifact::DEPLOYER, data: artifact::hospital_record::ARTIFACT.deploy_calldata() }
    }

    /// Whether the record exists, and `account` is the patient or may read it now.
    pub async fn can_access(&self, patient: Address, key: B256, account: Address) -> Result<bool, LedgerError> {
        self.ask(&Sol::canAccessCall { patient, key, account }, None).await
    }

    /// The grant as it is stored, live or not; `None` if there is none.
    pub async fn grant_of(
        &self,
        patient: Address,
        scope: B256,
        grantee: Address,
    ) -> Result<Option<GrantState>, LedgerError> {
        let held = self.ask(&Sol::grantOfCall { patient, scope, grantee }, None).await?;
        let rights = Rights::from_bits(held.rights).ok_or_else(|| self.malformed("unknown rights"))?;
        if held.giver == Address::ZERO {
            return self.absent().await;
        }
        Ok(Some(GrantState {
            rights,
            purpose: held.purpose,
            granted_at: held.grantedAt.to(),
            expires_at: held.expiresAt.to(),
            giver: matches!(held.via, Via::Scope | Via::Folder).then_some(held.giver),
            via: held.via,
        }))
    }

    /// The record as it is stored; `None` if there is none.
    pub async fn record_of(&self, patient: Address, key: B256) -> Result<Option<RecordState>, LedgerError> {
        let record = self.ask(&Sol::recordOfCall { patient, key }, None).await?;
        if record.status == Status::None {
            return self.absent().await;
        }
        Ok(Some(RecordState {
            author: record.author,
            folder: record.folder.to(),
            added_at: record.addedAt.to(),
            status: record.status,
            attestations: record.attestations,
        }))
    }

    /// Whether `account` has attested the record.
    pub async fn has_attested(&self, patient: Address, key: B256, account: Address) -> Result<bool, LedgerError> {
        self.ask(&Sol::hasAttestedCall { patient, key, account }, None).await
    }

    /// The patient's newest checkpoint; `None` if there is none.
    pub async fn checkpoint_of(&self, patient: Address) -> Result<Option<B256>, LedgerError> {
        let digest = self.ask(&Sol::checkpointOfCall { patient }, None).await?;
        if digest.is_zero() { self.absent().await } else { Ok(Some(digest)) }
    }

    /// SHA-256 of the account's profile block; `None` if it has none.
    pub async fn profile_of(&self, account: Address) -> Result<Option<B256>, LedgerError> {
        let profile = self.ask(&Sol::profileOfCall { account }, None).await?;
        if profile.is_zero() { self.absent().await } else { Ok(Some(profile)) }
    }

    /// The head of the patient's journal after the block `at`; zero if the journal is empty. `None` means the newest
    /// block.
    pub async fn journal_head_of(&self, patient: Address, at: Option<u64>) -> Result<B256, LedgerError> {
        self.ask(&Sol::journalHeadOfCall { patient }, at).await
    }

    /// The block of the deployment: no entry is older. It is requested only once.
    pub async fn deployed_at(&self) -> Result<u64, LedgerError> {
        let ask = || async {
            let block = self.ask(&Sol::deployedAtCall {}, None).await?;
            u64::try_from(block).map_err(|_| self.malformed("deployedAt"))
        };
        self.deployed_at.get_or_try_init(ask).await.copied()
    }

    /// Checks the chain before it returns `None`: on another chain, an absence means nothing.
    async fn absent<T>(&self) -> Result<Option<T>, LedgerError> {
        is_on_chain(&*self.ledger, self.chain).await.map(|()| None)
    }

    pub(super) async fn ask<C: SolCall>(&self, question: &C, at: Option<u64>) -> Result<C::Return, LedgerError> {
        let answer = self.ledger.call(&self.to_send(question), at).await?;
        // An account without code returns no bytes to every call.
        if answer.is_empty() {
            return Err(LedgerError::NoContract { contract: self.address, chain: self.chain });
        }
        C::abi_decode_returns_validate(&answer).map_err(|error| self.malformed(&error.to_string()))
    }

    pub(super) fn malformed(&self, reason: &str) -> LedgerError {
        LedgerError::Malformed { host: self.ledger.name(), reason: crate::platform::http::one_line(reason) }
    }
}

/// Checks that the provider is on this chain now: its address may have been redirected to another chain since.
pub(super) async fn is_on_chain(ledger: &dyn Ledger, expected: u64) -> Result<(), LedgerError> {
    let found = ledger.chain_id().await?;
    match found == expected {
        true => Ok(()),
        false => Err(LedgerError::WrongChain { host: ledger.name(), expected, found }),
    }
}

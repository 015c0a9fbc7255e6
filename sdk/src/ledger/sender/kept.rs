//! Sent acts are kept until they are final, because they may have to be sent again.

use alloy::primitives::{Address, B256, Bytes};

use crate::ledger::{
    contract::is_on_chain,
    error::{LedgerError, SubmitError},
    outbox::Sent,
    sender::parts::Sender,
};

impl Sender {
    /// The sent acts of the account that are not released, oldest first.
    ///
    /// # Errors
    /// [`LedgerError::Outbox`].
    pub async fn sent(&self, account: Address) -> Result<Vec<Sent>, LedgerError> {
        self.outbox.sent(account).await
    }

    /// Keeps a request that was given to others to send.
    ///
    /// # Errors
    /// [`LedgerError::Outbox`].
    pub async fn keep(&self, sent: &Sent) -> Result<(), LedgerError> {
        self.outbox.keep(sent).await
    }

    /// Removes a sent act, because it is final or a person gave it up.
    ///
    /// # Errors
    /// [`LedgerError::Outbox`].
    pub async fn release(&self, account: Address, id: B256) -> Result<(), LedgerError> {
        self.outbox.release(account, id).await
    }

    /// Sends the bytes of a transaction once more, unchanged, because a reorg dropped it.
    ///
    /// # Errors
    /// [`LedgerError::Overtaken`] if another transaction has used its nonce; [`LedgerError::Rejected`] or a similar
    /// error if the provider does not take it.
    pub async fn send_again(
        &self,
        account: Address,
        transaction: B256,
        nonce: u64,
        raw: Bytes,
    ) -> Result<(), LedgerError> {
        let _alone = self.lock(account).await?;
        is_on_chain(&*self.ledger, self.chain).await?;
        let host = self.ledger.name();
        let rejected = |reason: String| LedgerError::Rejected { host, transaction, reason, unfunded: false };
        match self.ledger.submit(raw).await {
            Ok(()) | Err(SubmitError::Occupied) => Ok(()),
            Err(SubmitError::NonceTooLow) => {
                // This transaction itself may have used it. A provider that reports the nonce as both used and unused
                // contradicts itself.
                let by_itself = self.ledger.receipt(transaction).await?.is_some();
                match !by_itself && self.ledger.nonce(account).await? > nonce {
                    true => Err(LedgerError::Overtaken { transaction }),
                    false => Ok(()),
                }
            }
            Err(SubmitError::Underpriced) => Err(rejected("the fee is too low".into())),
            Err(SubmitError::Unfunded) => Err(rejected("the account cannot pay for it".into())),
            Err(SubmitError::Rejected(reason)) => Err(rejected(reason)),
            Err(SubmitError::Unknown(error)) => Err(error),
        }
    }
}

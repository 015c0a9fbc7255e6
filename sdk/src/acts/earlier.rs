//! Acts that an earlier call of this account left pending.

use alloy::primitives::B256;

use crate::{
    acts::{confirm::Confirmed, person::Person},
    base::error::Result,
    ledger::{Call, LedgerError, Settled},
};

impl Person {
    /// [`send`](Person::send) for an urgent act. If an earlier act has had no effect, it returns that as text.
    pub(crate) async fn send_at_once(&self, call: Call) -> Result<(Confirmed, Option<String>)> {
        if self.is_carried() {
            return Ok((self.send(call).await?, None));
        }
        self.before_sending().await?;
        match self.send_itself(call.clone()).await? {
            Err(LedgerError::LeftBehind { transaction, error }) => {
                let failure = failure_text(transaction, &error);
                match self.send(call).await {
                    Ok(receipt) => Ok((receipt, Some(failure))),
                    Err(error) => Err(error.and_earlier(Some(failure))),
                }
            }
            sent => Ok((sent?, None)),
        }
    }

    /// Follows what an earlier call left pending to its end. If it had no effect, returns that as text.
    pub(crate) async fn settle_earlier(&self) -> Result<Option<String>> {
        if !self.relays.is_empty() {
            return Ok(None);
        }
        Ok(match self.sender.resume(&self.signer()).await? {
            Some(Settled::Failed { transaction, error }) => Some(failure_text(transaction, &error)),
            Some(Settled::Mined(_)) | None => None,
        })
    }

    /// A signed act of this account that was refused and may still take effect, as text.
    pub(crate) async fn still_open(&self) -> Result<Option<String>> {
        let pending = self.sender.pending(self.address()).await?;
        Ok(pending.map(|pending| {
            format!(
                "transaction {} of an earlier call may still take effect: look in the history again",
                pending.transaction
            )
        }))
    }
}

fn failure_text(transaction: B256, error: &LedgerError) -> String {
    format!("transaction {transaction} of an earlier call has not taken effect: {error}")
}

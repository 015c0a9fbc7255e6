//! What an earlier call of this account left on its way.

use alloy::primitives::B256;

use crate::{
    acts::{confirm::Confirmed, person::Person},
    base::error::Result,
    ledger::{Call, LedgerError, Settled},
};

impl Person {
    /// [`send`](Person::send) for what must not wait: where an earlier act was left behind and has not taken effect, that is
    /// told beside.
    pub(crate) async fn send_at_once(&self, call: Call) -> Result<(Confirmed, Option<String>)> {
        if self.is_carried() {
            return Ok((self.send(call).await?, None));
        }
        self.before_sending().await?;
        match self.send_itself(call.clone()).await? {
            Err(LedgerError::LeftBehind { transaction, error }) => {
                let told = in_vain(transaction, &error);
                match self.send(call).await {
                    Ok(receipt) => Ok((receipt, Some(told))),
                    Err(error) => Err(error.and_earlier(Some(told))),
                }
            }
            sent => Ok((sent?, None)),
        }
    }

    /// Follows what an earlier call left behind to its end. Where it had no effect, that is told in words.
    pub(crate) async fn settle_earlier(&self) -> Result<Option<String>> {
        if !self.relays().is_empty() {
            return Ok(None);
        }
        Ok(match self.sender().resume(&self.signer()).await? {
            Some(Settled::Failed { transaction, error }) => Some(in_vain(transaction, &error)),
            Some(Settled::Mined(_)) | None => None,
        })
    }

    /// A signed act of this account that was refused, and may take effect all the same, in words.
    pub(crate) async fn still_open(&self) -> Result<Option<String>> {
        let left = self.sender().pending(self.address()).await?;
        Ok(left.map(|left| {
            format!(
                "transaction {} of an earlier call may still take effect: look in the history again",
                left.transaction
            )
        }))
    }
}

fn in_vain(transaction: B256, error: &LedgerError) -> String {
    format!("transaction {transaction} of an earlier call has not taken effect: {error}")
}

//! Questions of others that a program forwards, in the words of JSON-RPC.

use alloy::{
    providers::Provider,
    transports::{RpcError, TransportError, TransportErrorKind},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    ledger::{
        error::LedgerError,
        ethereum::{
            EthereumLedger,
            answer::{Failure, Question},
            transport::TooLong,
        },
    },
    platform::{
        clock::timeout,
        http::{cause, one_line},
    },
};

/// Why a forwarded question has no result.
#[derive(Debug)]
pub enum NoResult {
    /// The provider's own error. Its data is how a contract refuses.
    Refused {
        /// The code of JSON-RPC.
        code: i64,
        /// The provider's text, shortened.
        message: String,
        /// Such as the data of a revert.
        data: Option<Box<RawValue>>,
    },
    /// The provider did not answer, or asks to come back later.
    Outage(LedgerError),
}

#[derive(Deserialize)]
struct Body {
    error: Refusal,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    #[serde(default)]
    message: String,
    data: Option<Box<RawValue>>,
}

impl From<Refusal> for NoResult {
    fn from(Refusal { code, message, data }: Refusal) -> Self {
        Self::Refused { code, message: one_line(&message), data }
    }
}

impl EthereumLedger {
    /// Asks the provider once, within the timeout, and returns its result as it is. Decide beforehand which methods and
    /// parameters you forward: this forwards all.
    ///
    /// # Errors
    /// [`NoResult`].
    pub async fn forward(&self, method: &'static str, params: &RawValue) -> Result<Box<RawValue>, NoResult> {
        let asking = self.provider.raw_request_dyn(method.into(), params);
        match timeout(self.timeout, asking).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => Err(self.no_result(error)),
            Err(_) => Err(NoResult::Outage(self.timed_out())),
        }
    }

    fn no_result(&self, error: TransportError) -> NoResult {
        // Some providers send their error with a status; 429 and 5xx mean later.
        if let RpcError::Transport(TransportErrorKind::HttpError(http)) = &error
            && matches!(http.status, 400 | 404 | 413 | 422)
            && let Ok(body) = serde_json::from_str::<Body>(&http.body)
        {
            return body.error.into();
        }
        if let Some(TooLong { most }) = cause(&error) {
            return NoResult::Refused {
                code: -32005,
                message: format!("the answer is longer than {most} bytes"),
                data: None,
            };
        }
        match error {
            RpcError::ErrorResp(error) => {
                let (message, data) = (error.message.into_owned(), error.data);
                Refusal { code: error.code, message, data }.into()
            }
            error => NoResult::Outage(Failure::of(&error, &self.host, Question::Plain).error),
        }
    }
}

//! Questions to the chain, forwarded: the read methods of JSON-RPC that clients use, and nothing else.

mod http;
mod kept;
mod methods;

use std::{sync::Arc, time::Duration};

use hospital_record::ledger::{EthereumLedger, NoResult};
use serde_json::value::RawValue;
use tokio::sync::Semaphore;

pub(crate) use self::http::{RPC, routes};
use self::kept::Kept;

/// Questions that may wait for the provider at a time.
const AT_A_TIME: usize = 64;
/// How long a question waits for its turn.
const TURN_WITHIN: Duration = Duration::from_secs(5);

/// Shared by all connections.
#[derive(Clone)]
pub(crate) struct Chain(Arc<Inner>);

struct Inner {
    provider: EthereumLedger,
    turns: Semaphore,
    kept: Kept,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("it is not a question of JSON-RPC 2.0")]
    Malformed,
    #[error("{0}: this node forwards no such method. It answers questions; signed requests go to its relay")]
    Method(String),
    #[error("{0}")]
    Parameters(&'static str),
    #[error("the chain does not answer this node at the moment: try again later")]
    Busy,
    #[error("{message}")]
    Refused { code: i64, message: String, data: Option<Box<RawValue>> },
}

impl Chain {
    pub(crate) fn new(provider: EthereumLedger) -> Self {
        Self(Arc::new(Inner { provider, turns: Semaphore::new(AT_A_TIME), kept: Kept::default() }))
    }

    async fn answer(&self, method: &str, params: Option<&RawValue>) -> Result<Arc<RawValue>, Problem> {
        let rule = methods::find(method).ok_or_else(|| Problem::Method(method.chars().take(64).collect()))?;
        let params = params.map_or("[]", RawValue::get);
        let values: Vec<serde_json::Value> =
            serde_json::from_str(params).map_err(|_| Problem::Parameters("the parameters are no list"))?;
        let final_by = (rule.check)(&values).map_err(Problem::Parameters)?;
        // One spelling of equal parameters.
        let params = serde_json::value::to_raw_value(&values).map_err(|_| Problem::Malformed)?;
        let key = (rule.method, params.get().to_owned());
        if let Some(answer) = self.0.kept.get(&key) {
            return Ok(answer);
        }
        let answer: Arc<RawValue> = self.forward(rule.method, &params).await?.into();
        if let Some(block) = final_by
            && self.0.kept.is_final(block, &self.0.provider).await
        {
            self.0.kept.keep(key, answer.clone());
        }
        Ok(answer)
    }

    async fn forward(&self, method: &'static str, params: &RawValue) -> Result<Box<RawValue>, Problem> {
        let turn = tokio::time::timeout(TURN_WITHIN, self.0.turns.acquire()).await;
        let _turn = turn.ok().and_then(Result::ok).ok_or(Problem::Busy)?;
        self.0.provider.forward(method, params).await.map_err(|error| match error {
            NoResult::Refused { code, message, data } => Problem::Refused { code, message, data },
            NoResult::Outage(error) => {
                // The provider's name and words are not for callers.
                tracing::warn!(%error, "the chain did not answer");
                Problem::Busy
            }
        })
    }
}

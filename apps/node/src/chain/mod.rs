//! Questions to the chain, forwarded: the read methods of JSON-RPC that clients use, and nothing else.

mod http;
mod kept;
mod methods;

use std::{net::IpAddr, sync::Arc, time::Duration};

use hospital_record::ledger::{EthereumLedger, NoResult};
use serde_json::value::RawValue;

pub(crate) use self::{
    http::{RPC, routes},
    kept::FinalBlock,
};
use self::{kept::Kept, methods::Served};
use crate::places::{Place, Places};

/// Questions that wait for the provider or for a slow caller at a time, in all and of one network.
const AT_A_TIME: (usize, usize) = (48, 12);
/// How long a question waits for its turn.
const TURN_WITHIN: Duration = Duration::from_secs(5);
/// The longest answer that is forwarded, in bytes.
pub(crate) const LONGEST_ANSWER: usize = 8 << 20;

/// Shared by all connections.
#[derive(Clone)]
pub(crate) struct Chain(Arc<Inner>);

struct Inner {
    provider: EthereumLedger,
    served: Served,
    turns: Places<IpAddr>,
    kept: Kept,
    final_block: FinalBlock,
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
    #[error("the answers are too long together: ask for less at once")]
    TooLong,
    #[error("the chain does not answer this node at the moment: try again later")]
    Busy,
    #[error("{message}")]
    Refused { code: i64, message: String, data: Option<Box<RawValue>> },
}

impl Chain {
    /// Answers questions by this provider, whose answers are at most [`LONGEST_ANSWER`]. Events are those of the
    /// contract at `hospital`, the contracts beside it, and boards.
    pub(crate) fn new(provider: EthereumLedger, hospital: hospital_record::Address, final_block: FinalBlock) -> Self {
        let (served, turns) = (Served::new(hospital), Places::new(AT_A_TIME.0, AT_A_TIME.1));
        Self(Arc::new(Inner { provider, served, turns, kept: Kept::default(), final_block }))
    }

    /// The turn of a caller, held until the answer is sent.
    async fn turn(&self, network: IpAddr) -> Result<Place, Problem> {
        self.0.turns.take(network, TURN_WITHIN).await.ok_or(Problem::Busy)
    }

    async fn answer(&self, method: &str, params: Option<&RawValue>) -> Result<Arc<RawValue>, Problem> {
        let rule = methods::find(method).ok_or_else(|| Problem::Method(method.chars().take(64).collect()))?;
        let params = params.map_or("[]", RawValue::get);
        let values: Vec<serde_json::Value> =
            serde_json::from_str(params).map_err(|_| Problem::Parameters("the parameters are no list"))?;
        let final_by = (rule.check)(&values).map_err(Problem::Parameters)?;
        self.0.served.check(rule, &values, &self.0.provider).await?;
        // One spelling of equal parameters.
        let params = serde_json::value::to_raw_value(&values).map_err(|_| Problem::Malformed)?;
        let key = (rule.method, params.get().to_owned());
        if let Some(answer) = self.0.kept.get(&key) {
            return Ok(answer);
        }
        // Known before the question: the chain may replace a block while it is asked.
        let is_final = final_by.is_some_and(|block| self.0.final_block.covers(block));
        let answer: Arc<RawValue> = self.forward(rule.method, &params).await?.into();
        if is_final {
            self.0.kept.keep(key, answer.clone());
        }
        Ok(answer)
    }

    async fn forward(&self, method: &'static str, params: &RawValue) -> Result<Box<RawValue>, Problem> {
        self.0.provider.forward(method, params).await.map_err(|error| match error {
            NoResult::Refused { code, message, data } => Problem::Refused { code, message, data },
            NoResult::Outage(error) => unanswered(&error),
        })
    }
}

/// Hides the provider's name and words, which are not for callers.
fn unanswered(error: &hospital_record::ledger::LedgerError) -> Problem {
    tracing::warn!(%error, "the chain did not answer");
    Problem::Busy
}

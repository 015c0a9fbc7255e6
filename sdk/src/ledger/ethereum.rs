//! A chain behind an RPC provider. Every request has one deadline. Reads are retried until then, writes never.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use alloy::{
    consensus::BlockHeader,
    eips::{BlockId, BlockNumberOrTag},
    network::{BlockResponse, primitives::HeaderResponse},
    primitives::{Address, B256, Bytes, TxKind, U256},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::{
        client::RpcClient,
        types::{Block, Filter, TransactionReceipt, TransactionRequest},
    },
};
use async_trait::async_trait;
use serde::Deserialize;
use url::Url;

mod answer;
mod ask;
mod fees;
mod forward;
mod transport;

use crate::{
    base::{bounds::Timeout, time::NO_END},
    ledger::{
        error::{LedgerError, SubmitError},
        ethereum::{answer::Question, transport::Bounded},
        seam::Ledger,
        types::{BlockInfo, Call, Fees, Log, LogFilter, Receipt},
    },
    platform::{clock::timeout, http::Http},
};
pub use forward::NoResult;

/// Options of requests to a provider.
#[derive(Debug, Clone, Copy)]
pub struct EthereumOptions {
    /// The deadline of every request, including retries. Default: 30 seconds.
    pub timeout: Duration,
    /// The maximum length of an answer, in bytes. No more of a longer one is ever in memory. Events are then requested
    /// in shorter ranges. Default: 32 MiB.
    pub longest_answer: usize,
}

impl Default for EthereumOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), longest_answer: 32 << 20 }
    }
}

/// A [`Ledger`] over JSON-RPC.
#[derive(Debug, Clone)]
pub struct EthereumLedger {
    provider: DynProvider,
    host: String,
    timeout: Duration,
    /// Whether the provider ever answered. An address that never answered may be wrong.
    answered: Arc<AtomicBool>,
}

impl EthereumLedger {
    /// A ledger over HTTP. This makes no request yet.
    ///
    /// # Errors
    /// [`LedgerError::Url`] if this is not a valid HTTP URL.
    pub fn connect(url: &str, options: EthereumOptions) -> Result<Self, LedgerError> {
        // The URL may hold a key, so no message repeats it.
        let wrong = |reason: &str| LedgerError::Url { reason: reason.into() };
        Timeout::try_from(options.timeout).map_err(|error| wrong(&error.to_string()))?;
        let url = Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("it starts neither with http:// nor with https://"));
        }
        let host = url.host_str().ok_or_else(|| wrong("it names no host"))?;
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        // Half the deadline, so that a request on a stalled connection is retried once.
        let http = Http::new(&url, options.timeout / 2, options.timeout / 2);
        let client = RpcClient::new(Bounded::new(http, url, options.longest_answer), true);
        let provider = ProviderBuilder::new().disable_recommended_fillers().connect_client(client).erased();
        Ok(Self::over(provider, host, options))
    }

    /// A ledger over your own provider (other transports, layers), which must limit the length of answers itself.
    /// `host` is its name in messages.
    #[must_use]
    pub fn over(provider: DynProvider, host: impl Into<String>, options: EthereumOptions) -> Self {
        Self { provider, host: host.into(), timeout: options.timeout, answered: Arc::default() }
    }

    fn malformed(&self, reason: &str) -> LedgerError {
        LedgerError::Malformed { host: self.host.clone(), reason: crate::platform::http::one_line(reason) }
    }

    async fn rpc_block(&self, number: BlockNumberOrTag) -> Result<Option<Block>, LedgerError> {
        let question = match number {
            BlockNumberOrTag::Number(_) => Question::Block,
            BlockNumberOrTag::Latest => Question::Plain,
            _ => Question::Tag,
        };
        self.read_of(question, || async move { self.provider.get_block_by_number(number).await }).await
    }

    async fn header(&self, number: BlockNumberOrTag) -> Result<Option<BlockInfo>, LedgerError> {
        let block = self.rpc_block(number).await?;
        let Some(header) = block.as_ref().map(Block::header) else { return Ok(None) };
        // Times are used in sums and shown as dates. An invalid time from a provider must not break either.
        if header.timestamp() >= NO_END {
            return Err(self.malformed("a block with an impossible time"));
        }
        Ok(Some(BlockInfo { number: header.number(), hash: header.hash(), time: header.timestamp() }))
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Ledger for EthereumLedger {
    fn name(&self) -> String {
        self.host.clone()
    }

    async fn chain_id(&self) -> Result<u64, LedgerError> {
        self.read(|| async { self.provider.get_chain_id().await }).await
    }

    async fn newest(&self) -> Result<BlockInfo, LedgerError> {
        self.header(BlockNumberOrTag::Latest).await?.ok_or_else(|| self.malformed("it has no newest block"))
    }

    async fn finalized(&self) -> Result<Option<u64>, LedgerError> {
        match self.header(BlockNumberOrTag::Finalized).await {
            Ok(block) => Ok(block.map(|block| block.number)),
            Err(error) if error.is_temporary() => Err(error),
            // A node without this tag refuses the request.
            Err(_) => Ok(None),
        }
    }

    async fn clock(&self) -> Result<u64, LedgerError> {
        let newest = self.newest().await?;
        match self.header(BlockNumberOrTag::Pending).await {
            Ok(pending) => Ok(pending.map_or(0, |block| block.time).max(newest.time)),
            Err(error) if error.is_temporary() => Err(error),
            Err(_) => Ok(newest.time),
        }
    }

    async fn block(&self, number: u64) -> Result<Option<BlockInfo>, LedgerError> {
        self.header(number.into()).await
    }

    async fn code(&self, account: Address) -> Result<Bytes, LedgerError> {
        self.read(|| async move { self.provider.get_code_at(account).await }).await
    }

    async fn balance(&self, account: Address) -> Result<U256, LedgerError> {
        self.read(|| async move { self.provider.get_balance(account).await }).await
    }

    async fn nonce(&self, account: Address) -> Result<u64, LedgerError> {
        self.read(|| async move { self.provider.get_transaction_count(account).await }).await
    }

    async fn fees(&self) -> Result<Fees, LedgerError> {
        self.offer().await
    }

    async fn gas_price(&self) -> Result<u128, LedgerError> {
        self.price().await
    }

    async fn block_gas(&self) -> Result<Option<u64>, LedgerError> {
        let newest = self.rpc_block(BlockNumberOrTag::Latest).await?;
        Ok(newest.map(|block| block.header().gas_limit()).filter(|gas| *gas > 0))
    }

    async fn call(&self, call: &Call, at: Option<u64>) -> Result<Bytes, LedgerError> {
        let block = at.map_or_else(BlockId::latest, BlockId::number);
        let question = if at.is_some() { Question::Block } else { Question::Plain };
        self.read_of(question, || async move { self.provider.call(request(call)).block(block).await }).await
    }

    async fn estimate(&self, call: &Call) -> Result<u64, LedgerError> {
        self.read(|| async move { self.provider.estimate_gas(request(call)).await }).await
    }

    async fn logs(&self, filter: &LogFilter) -> Result<Vec<Log>, LedgerError> {
        let mut wanted = Filter::new().address(filter.contract).from_block(filter.from).to_block(filter.to);
        for (slot, topic) in wanted.topics.iter_mut().zip(filter.topics) {
            *slot = topic.map(Into::into).unwrap_or_default();
        }
        self.found(&wanted, filter.from < filter.to).await
    }

    async fn submit(&self, raw: Bytes) -> Result<(), SubmitError> {
        let sent = self.provider.raw_request::<_, B256>("eth_sendRawTransaction".into(), (raw,));
        match timeout(self.timeout, sent).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => answer::submission(&error, &self.host).map_err(|error| match error {
                SubmitError::Unknown(LedgerError::TimedOut { .. }) => SubmitError::Unknown(self.timed_out()),
                error => error,
            }),
            Err(_) => Err(SubmitError::Unknown(self.timed_out())),
        }
    }

    async fn knows(&self, transaction: B256) -> Result<bool, LedgerError> {
        let found = self.read(|| async move { self.provider.get_transaction_by_hash(transaction).await }).await?;
        Ok(found.is_some())
    }

    async fn receipt(&self, transaction: B256) -> Result<Option<Receipt>, LedgerError> {
        let ask = || self.provider.raw_request::<_, Option<Mined>>("eth_getTransactionReceipt".into(), (transaction,));
        self.read(ask).await?.map(|mined| self.mined(mined)).transpose()
    }
}

impl EthereumLedger {
    /// Events with one of these signatures, of every contract, in the blocks `from` to `to`. Anybody can emit them: check
    /// the contract of each. Some providers do not answer this.
    ///
    /// # Errors
    /// [`LedgerError::TooManyLogs`] if the provider requires a shorter range.
    pub async fn logs_of_all(&self, signatures: &[B256], from: u64, to: u64) -> Result<Vec<Log>, LedgerError> {
        let wanted = Filter::new().event_signature(signatures.to_vec()).from_block(from).to_block(to);
        self.found(&wanted, from < to).await
    }

    async fn found(&self, wanted: &Filter, is_range: bool) -> Result<Vec<Log>, LedgerError> {
        let question = if is_range { Question::Range } else { Question::Block };
        let logs = self.read_of(question, || self.provider.get_logs(wanted)).await?;
        logs.into_iter().filter(|log| !log.removed).map(|log| self.log(log)).collect()
    }

    fn log(&self, log: alloy::rpc::types::Log) -> Result<Log, LedgerError> {
        let mined = log.block_number.zip(log.transaction_hash).zip(log.log_index);
        let ((block, transaction), index) = mined.ok_or_else(|| self.malformed("an event without its block"))?;
        let (contract, data) = (log.inner.address, log.inner.data);
        // Some providers return zero for a value that they do not know.
        let time = log.block_timestamp.filter(|time| (1..NO_END).contains(time));
        Ok(Log { contract, topics: data.topics().to_vec(), data: data.data, block, time, transaction, index })
    }

    fn mined(&self, mined: Mined) -> Result<Receipt, LedgerError> {
        let Mined { receipt, l1_fee } = mined;
        Ok(Receipt {
            transaction: receipt.transaction_hash,
            block: receipt.block_number.ok_or_else(|| self.malformed("a receipt without its block"))?,
            succeeded: receipt.status(),
            gas_used: receipt.gas_used,
            gas_price: receipt.effective_gas_price,
            l1_fee: l1_fee.unwrap_or_default(),
            logs: receipt.logs().iter().map(|log| self.log(log.clone())).collect::<Result<_, _>>()?,
        })
    }
}

/// A receipt with the fields that rollups add.
#[derive(Clone, Debug, Deserialize)]
struct Mined {
    #[serde(flatten)]
    receipt: TransactionReceipt,
    #[serde(default, rename = "l1Fee")]
    l1_fee: Option<U256>,
}

fn request(call: &Call) -> TransactionRequest {
    TransactionRequest {
        from: call.from,
        to: Some(TxKind::Call(call.to)),
        input: call.data.clone().into(),
        ..TransactionRequest::default()
    }
}

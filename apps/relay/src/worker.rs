//! Carries what the queue has, one after the other: an account has one transaction under way at a time.

use std::{sync::Arc, time::Duration};

use hospital_record::{
    B256, Error, ErrorKind, U256,
    relay::{Carried, Carrier, Fate},
};
use tokio::sync::watch;

use crate::{
    gas::Ceilings,
    metrics::Metrics,
    queue::{Lane, Paid, Queue, Task},
    service::now,
};

/// Before a provider that failed is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest that a request rests before it is tried again.
const LONGEST_REST: Duration = Duration::from_secs(60);
/// How often a provider may refuse an ordinary request before it ends: whoever signed it is told, and signs anew. What
/// ends access is tried until it is carried: whoever signed it may be gone.
const REFUSALS: u32 = 5;

/// One paying account at work.
pub(crate) struct Worker {
    pub(crate) carrier: Carrier,
    pub(crate) queue: Queue,
    pub(crate) ceilings: Arc<Ceilings>,
    pub(crate) metrics: Metrics,
    pub(crate) stop: watch::Receiver<bool>,
}

impl Worker {
    /// Works until it is told to stop. `left` is what an earlier process of this account had under way.
    pub(crate) async fn run(mut self, left: Option<Task>) {
        if let Some(task) = left {
            match self.follow(task).await {
                Ok(Some(task)) => self.later(task).await,
                Ok(None) => {}
                Err(Stopped) => return,
            }
        }
        while let Some(task) = self.next().await {
            if self.carry(task).await.is_err() {
                return;
            }
        }
    }

    /// `None` when it is to stop.
    async fn next(&mut self) -> Option<Task> {
        tokio::select! {
            _ = self.stop.wait_for(|stop| *stop) => None,
            task = self.queue.next(self.carrier.payer()) => Some(task),
        }
    }

    async fn carry(&mut self, task: Task) -> Result<(), Stopped> {
        self.settle_what_was_refused(&task).await;
        match self.try_to_carry(&task).await {
            Ok(carried) => {
                self.end(task, carried).await;
                Ok(())
            }
            Err(error) => {
                tracing::warn!(id = %task.id, %error, "not carried yet");
                self.metrics.failed();
                self.failed(task, &error).await
            }
        }
    }

    async fn try_to_carry(&self, task: &Task) -> Result<Carried, Error> {
        let by_key = task.request.signed_by_key(self.carrier.contract());
        let gas = task.request.act().and_then(|act| self.ceilings.of(&act, by_key));
        match gas {
            Some(gas) => self.carrier.carry_within(&task.request, gas).await,
            None => {
                let fate = Fate::Refused { reason: "this relay does not carry it any more".into() };
                Ok(Carried { fate, receipt: None })
            }
        }
    }

    /// What the provider refused of this account may have been mined all the same. It is paid for then, and has ended.
    async fn settle_what_was_refused(&self, now_in_hand: &Task) {
        if !matches!(self.carrier.under_way().await, Ok(Some(id)) if id != now_in_hand.id) {
            return;
        }
        if let Ok(Some((id, carried))) = self.carrier.resume().await
            && carried.fate != Fate::Waiting
            && let Some(task) = self.queue.pick(id)
        {
            self.end(task, carried).await;
        }
    }

    async fn failed(&mut self, mut task: Task, error: &Error) -> Result<(), Stopped> {
        task.attempts = task.attempts.saturating_add(1);
        task.refusals += u32::from(error.kind() == ErrorKind::Refused);
        let Some(task) = self.follow(task).await? else { return Ok(()) };
        if task.refusals >= REFUSALS && task.lane == Lane::Ordinary {
            let fate = Fate::Refused { reason: error.to_string() };
            self.end(task, Carried { fate, receipt: None }).await;
        } else {
            self.later(task).await;
        }
        self.pause().await
    }

    /// While a transaction of this account may carry it, nobody else tries and nothing else is carried: asks until the
    /// chain says what became of it. A deadline that passes says nothing. Returns the task when it has not ended.
    async fn follow(&mut self, task: Task) -> Result<Option<Task>, Stopped> {
        while self.is_under_way(task.id).await {
            match self.carrier.resume().await {
                Ok(Some((id, carried))) if id == task.id && carried.fate != Fate::Waiting => {
                    self.end(task, carried).await;
                    return Ok(None);
                }
                Ok(_) => break,
                Err(error) => tracing::warn!(id = %task.id, %error, "what is under way is not settled yet"),
            }
            self.pause().await?;
        }
        Ok(Some(task))
    }

    /// Whether a transaction of this account for this request may be mined. What cannot be read is taken for one.
    async fn is_under_way(&self, id: B256) -> bool {
        self.carrier.under_way().await.map_or(true, |under_way| under_way == Some(id))
    }

    /// Gives it back; to this account alone where its transaction may still be mined.
    async fn later(&self, task: Task) {
        let payer = self.is_under_way(task.id).await.then(|| self.carrier.payer());
        let rest = PAUSE.saturating_mul(1 << task.attempts.min(10)).min(LONGEST_REST);
        self.queue.give_back(task, rest, payer).await;
    }

    async fn end(&self, task: Task, carried: Carried) {
        let (id, Carried { fate, receipt }) = (task.id, carried);
        self.metrics.carried(&fate, task.since.elapsed());
        match &fate {
            Fate::Done { .. } => tracing::info!(%id, "carried"),
            // Without the reason, which names accounts: whoever has the id may ask for it.
            Fate::Refused { .. } => tracing::info!(%id, "refused"),
            _ => {}
        }
        let paid = receipt.map(|receipt| Paid {
            wei: U256::from(receipt.gas_used).saturating_mul(U256::from(receipt.gas_price)),
            in_vain: !receipt.succeeded && !matches!(fate, Fate::Done { .. }),
        });
        if let Err(error) = self.queue.end(task, fate, paid, now()).await {
            // It is asked for again after a restart; the contract then says that it took effect.
            tracing::error!(%id, %error, "its fate could not be kept");
        }
    }

    async fn pause(&mut self) -> Result<(), Stopped> {
        tokio::select! {
            _ = self.stop.wait_for(|stop| *stop) => Err(Stopped),
            () = tokio::time::sleep(PAUSE) => Ok(()),
        }
    }
}

/// The relay is to stop; what is in hand is taken up after the next start.
struct Stopped;

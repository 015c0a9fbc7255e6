//! Carries the requests of the queue one by one: an account has one pending transaction at a time.

mod purse;
#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hospital_record::{
    B256, Error, ErrorKind, U256,
    relay::{Carried, Carrier, Fate, Look, NotCarried, UnderWay},
};
use tokio::sync::watch;

pub(crate) use self::purse::Purse;
use crate::{
    clock::now,
    relay::{
        gas::Ceilings,
        metrics::Metrics,
        queue::{Lane, Paid, Queue, Task},
    },
};

/// The pause before a failed provider is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause of a request before the next attempt.
const LONGEST_REST: Duration = Duration::from_secs(60);
/// The refusals by a provider after which an ordinary request ends: its signer can sign anew. A request that ends
/// access is tried until it is carried: its signer may be gone.
const REFUSALS: u32 = 5;
/// The checks that must agree that a revocation has no effect: a provider's nodes are a few blocks apart.
const LOOKS: u32 = 3;

/// The worker of one paying account.
pub(crate) struct Worker {
    pub(crate) carrier: Carrier,
    pub(crate) queue: Queue,
    pub(crate) ceilings: Arc<Ceilings>,
    pub(crate) metrics: Metrics,
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) purse: Purse,
}

impl Worker {
    /// Works until the stop signal. `left` is the pending request of an earlier process with this account.
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

    /// `None` at the stop signal.
    async fn next(&mut self) -> Option<Task> {
        loop {
            let (queue, payer, purse) = (&self.queue, self.carrier.payer(), &self.purse);
            let time = Instant::now();
            let (takes, rest) = (purse.pays_for(time), purse.rest(time));
            let task = async {
                match takes {
                    Some(down_to) => queue.next(payer, down_to).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = self.stop.wait_for(|stop| *stop) => return None,
                task = task => return Some(task),
                () = tokio::time::sleep(rest.unwrap_or_default()), if rest.is_some() => {}
            }
        }
    }

    async fn carry(&mut self, task: Task) -> Result<(), Stopped> {
        self.settle_what_was_refused(&task).await;
        match self.try_to_carry(&task).await {
            Ok(Carried { fate: Fate::Refused { .. }, receipt: None })
                if task.lane == Lane::Urgent && task.refusals + 1 < LOOKS =>
            {
                self.later(task.failed_once(1)).await;
                Ok(())
            }
            Ok(carried) => {
                if carried.receipt.is_some() {
                    self.purse.pays();
                }
                self.settle(task, carried).await;
                Ok(())
            }
            Err(error) => {
                tracing::warn!(id = %task.id, %error, "not carried yet");
                self.metrics.failed();
                match error {
                    NotCarried::Unfunded { .. } => self.cannot_pay(task).await,
                    NotCarried::Other(error) => return self.failed(task, &error).await,
                }
                Ok(())
            }
        }
    }

    async fn try_to_carry(&self, task: &Task) -> Result<Carried, NotCarried> {
        let ended = |reason: &str| Carried { fate: Fate::Refused { reason: reason.into() }, receipt: None };
        let Some(gas) = self.ceiling(task) else { return Ok(ended("this relay does not carry this verb any more")) };
        if task.in_vain < task.lane.tries() {
            return self.carrier.carry_within(&task.request, gas).await;
        }
        // Another account may have carried it, or the contract may give a reason by now.
        Ok(match self.carrier.look(&task.request, gas).await? {
            Look::Ended(fate) => Carried { fate, receipt: None },
            Look::Ready { .. } => ended("its transaction was mined but failed: sign it anew, or ask another relay"),
        })
    }

    fn ceiling(&self, task: &Task) -> Option<u64> {
        let by_key = task.request.signed_by_key(self.carrier.contract());
        task.request.act().and_then(|act| self.ceilings.of(&act, by_key))
    }

    /// A transaction that the provider refused may be mined all the same. Then it is booked, and the request has ended.
    async fn settle_what_was_refused(&self, now_in_hand: &Task) {
        if !matches!(self.carrier.under_way().await, Ok(Some(left)) if left.id != now_in_hand.id) {
            return;
        }
        let Ok(Some((id, carried))) = self.carrier.resume().await else { return };
        let Some(receipt) = &carried.receipt else { return };
        match self.queue.pick(id) {
            Some(task) => self.settle(task, carried).await,
            // Another payer carries it.
            None => self.book(id, receipt.cost()).await,
        }
    }

    /// This account cannot pay: it rests, and another payer gets the request at once.
    async fn cannot_pay(&mut self, task: Task) {
        self.purse.lacks(task.lane, Instant::now());
        self.queue.give_back(task, Duration::ZERO, None).await;
    }

    async fn failed(&mut self, task: Task, error: &Error) -> Result<(), Stopped> {
        let task = task.failed_once(u32::from(error.kind() == ErrorKind::Refused));
        let Some(task) = self.follow(task).await? else { return Ok(()) };
        if task.refusals >= REFUSALS && task.lane == Lane::Ordinary {
            self.end(task, Fate::Refused { reason: error.to_string() }, None).await;
        } else {
            self.later(task).await;
        }
        self.pause().await
    }

    /// Waits while a transaction of this account may carry the request: no other payer tries it, and this account
    /// carries nothing else. A passed deadline does not end the wait. An ordinary request gives way to an urgent one.
    /// Returns the task if it has not ended.
    async fn follow(&mut self, task: Task) -> Result<Option<Task>, Stopped> {
        while self.is_under_way(&task).await {
            match self.carrier.resume().await {
                Ok(Some((id, carried))) if id == task.id && carried.has_ended() => {
                    self.settle(task, carried).await;
                    return Ok(None);
                }
                Ok(_) => break,
                Err(error) => tracing::warn!(id = %task.id, %error, "a pending transaction is not settled yet"),
            }
            if task.lane == Lane::Ordinary && self.queue.has_urgent(self.carrier.payer()) {
                match self.carrier.give_way().await {
                    Ok(()) => break,
                    Err(error) => tracing::warn!(id = %task.id, %error, "a pending transaction cannot be replaced yet"),
                }
            }
            self.pause().await?;
        }
        Ok(Some(task))
    }

    /// Whether a transaction of this account for this request may be mined. An unreadable answer counts as yes.
    async fn is_under_way(&self, task: &Task) -> bool {
        let of_task = |left: Option<UnderWay>| left.is_some_and(|left| left.id == task.id);
        self.carrier.under_way().await.map_or(true, of_task)
    }

    /// Whether only this payer may carry it. Another payer also tries a refused urgent request: it takes effect once,
    /// and should not wait for an account that may never send it.
    async fn is_bound(&self, task: &Task) -> bool {
        let binds = |left: UnderWay| left.id == task.id && !(left.gives_way && task.lane == Lane::Urgent);
        self.carrier.under_way().await.map_or(true, |left| left.is_some_and(binds))
    }

    /// Returns it to the queue; for this account only if its transaction may still be mined.
    async fn later(&self, task: Task) {
        let payer = self.is_bound(&task).await.then(|| self.carrier.payer());
        let rest = PAUSE.saturating_mul(1 << task.attempts.min(10)).min(LONGEST_REST);
        self.queue.give_back(task, rest, payer).await;
    }

    /// Handles the end of a transaction. A reverted one is booked at once, and tried again if that can help.
    async fn settle(&self, task: Task, carried: Carried) {
        match carried.receipt {
            Some(receipt) if !receipt.succeeded => {
                tracing::warn!(id = %task.id, "the transaction reverted");
                self.book(task.id, receipt.cost()).await;
                let in_vain = task.in_vain.saturating_add(1);
                self.later(Task { in_vain, ..task.failed_once(0) }).await;
            }
            receipt => self.end(task, carried.fate, receipt.map(|receipt| receipt.cost())).await,
        }
    }

    async fn book(&self, id: B256, wei: U256) {
        if let Err(error) = self.queue.book(id, wei, now()).await {
            tracing::error!(%id, %error, "the cost of a transaction could not be stored");
        }
    }

    async fn end(&self, task: Task, fate: Fate, wei: Option<U256>) {
        let id = task.id;
        self.metrics.carried(&fate, task.since.elapsed());
        match &fate {
            Fate::Done { .. } => tracing::info!(%id, "carried"),
            // Without the reason, which names accounts. With the id, a client can ask for it.
            Fate::Refused { .. } => tracing::info!(%id, "refused"),
            _ => {}
        }
        let in_vain = task.in_vain > 0 && !matches!(fate, Fate::Done { .. });
        let paid = (wei.is_some() || in_vain).then(|| Paid { wei: wei.unwrap_or_default(), in_vain });
        if let Err(error) = self.queue.end(task, fate, paid, now()).await {
            // It is checked again after a restart; the contract then shows that it took effect.
            tracing::error!(%id, %error, "the result of a request could not be stored");
        }
    }

    async fn pause(&mut self) -> Result<(), Stopped> {
        tokio::select! {
            _ = self.stop.wait_for(|stop| *stop) => Err(Stopped),
            () = tokio::time::sleep(PAUSE) => Ok(()),
        }
    }
}

/// The stop signal. The pending request continues after the next start.
struct Stopped;

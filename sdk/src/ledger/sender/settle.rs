//! Follows one signed transaction to its end.

use std::time::Duration;

use alloy::primitives::B256;

use crate::{
    ledger::{
        error::{LedgerError, SubmitError},
        outbox::Pending,
        seam::Ledger,
        types::Receipt,
    },
    platform::clock::{Instant, sleep},
};

/// A local chain mines at once, so the first checks come quickly.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Lookups by hash before a used nonce counts as used by another device: a provider's nodes can differ.
const LOOKS: usize = 3;

/// The waiting times of a sender.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// The wait before the same bytes are sent again after a lost answer. It doubles each time.
    pub(super) after_lost_answer: Duration,
    /// The same wait, while another transaction blocks the nonce.
    pub(super) while_occupied: Duration,
    /// The same wait after a successful submission, because providers drop transactions.
    pub(super) when_well: Duration,
    /// The wait between two checks for the transaction that used the nonce.
    pub(super) between_looks: Duration,
    /// How long lower nonces may be missing: a reorg can drop the transactions that had them.
    pub(super) gap: Duration,
    /// How long a carried request may wait for a block before its fee is raised.
    pub(super) raise: Duration,
}

impl Pace {
    pub(super) const NORMAL: Self = Self {
        after_lost_answer: Duration::from_millis(500),
        while_occupied: Duration::from_secs(1),
        when_well: Duration::from_secs(15),
        between_looks: Duration::from_millis(300),
        gap: Duration::from_secs(60),
        raise: Duration::from_secs(60),
    };
}

/// The end of a signed transaction.
#[derive(Debug)]
pub(super) enum End {
    /// It is mined, with or without effect.
    Mined(Receipt),
    /// It cannot be mined: another transaction has its nonce.
    NonceTaken,
    /// Its provider refused it, but holds it.
    Refused(Refusal),
}

/// Why a provider did not take a transaction.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The fee is too low.
    Underpriced,
    /// The account cannot pay.
    Unfunded,
    /// The transaction before it is gone.
    Gap,
    /// Another reason, in the provider's text.
    Rejected(String),
}

/// A signed transaction that is being sent.
pub(super) struct Attempt<'a> {
    pub(super) ledger: &'a dyn Ledger,
    pub(super) pending: &'a Pending,
    /// Transactions that it replaced, with the same nonce and call. Any of them may be mined instead.
    pub(super) earlier: Vec<B256>,
    pub(super) confirmations: u64,
    pub(super) pace: Pace,
    /// How long it may wait for a block, if the fee can be raised.
    pub(super) patience: Option<Duration>,
    /// Whether an earlier submission, also one before a crash, may have arrived. Then a refusal now is not final.
    pub(super) may_have_arrived: bool,
    /// Whether it replaces another transaction of this machine with the same nonce, at a higher fee if necessary.
    pub(super) outbids: bool,
}

/// The next step after a submission.
enum NextMove {
    End(End),
    /// It may have arrived: look for it, and send it again after this time.
    Look(Duration),
}

enum Sight {
    Nowhere,
    Unconfirmed,
    Confirmed(Receipt),
}

impl Attempt<'_> {
    /// Sends and waits. It waits through failures of the provider; the caller sets the deadline. `None` if it waits for
    /// a block longer than `patience`.
    pub(super) async fn run(mut self) -> Option<End> {
        let mut wait = self.pace.after_lost_answer;
        let start = Instant::now();
        let mut gap_since = None;
        loop {
            let patience = match self.hand_over(&mut wait).await {
                NextMove::End(end) => return Some(end),
                NextMove::Look(patience) => patience,
            };
            let left = self.patience.map(|most| most.saturating_sub(start.elapsed()));
            if let Some(receipt) = self.look_for(left.map_or(patience, |left| left.min(patience))).await {
                return Some(End::Mined(receipt));
            }
            let gap = self.is_gap().await;
            if !gap && self.patience.is_some_and(|most| start.elapsed() >= most) {
                return None;
            }
            if gap {
                let since = *gap_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= self.pace.gap {
                    return Some(End::Refused(Refusal::Gap));
                }
            } else {
                gap_since = None;
            }
        }
    }

    /// Its end, without sending it again. `None` while its nonce is unused or its end is unknown.
    pub(super) async fn ended(&self) -> Option<End> {
        let next = self.ledger.nonce(self.pending.account).await.ok()?;
        if next > self.pending.nonce { self.user_of_the_nonce().await } else { None }
    }

    async fn hand_over(&mut self, wait: &mut Duration) -> NextMove {
        let answer = self.ledger.submit(self.pending.raw.clone()).await;
        tracing::debug!(transaction = %self.pending.transaction, ?answer, "handed over");
        let refusal = match answer {
            Ok(()) => {
                self.may_have_arrived = true;
                return NextMove::Look(self.pace.when_well);
            }
            Err(SubmitError::Unknown(_)) => {
                self.may_have_arrived = true;
                let patience = *wait;
                *wait = (patience * 2).min(self.pace.when_well);
                return NextMove::Look(patience);
            }
            Err(SubmitError::Occupied) if self.outbids => Refusal::Underpriced,
            Err(SubmitError::Occupied) => return NextMove::Look(self.pace.while_occupied),
            Err(SubmitError::NonceTooLow) => {
                return self.user_of_the_nonce().await.map_or(NextMove::Look(self.pace.while_occupied), NextMove::End);
            }
            Err(SubmitError::Underpriced) => Refusal::Underpriced,
            Err(SubmitError::Unfunded) => Refusal::Unfunded,
            Err(SubmitError::Rejected(reason)) => Refusal::Rejected(reason),
        };
        match self.may_have_arrived && self.is_known().await {
            true => NextMove::Look(self.pace.when_well),
            false => NextMove::End(End::Refused(refusal)),
        }
    }

    /// Looks for the receipt for this time, with short pauses at first.
    async fn look_for(&self, patience: Duration) -> Option<Receipt> {
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            if let Ok(Sight::Confirmed(receipt)) = self.look().await {
                return Some(receipt);
            }
            if start.elapsed() >= patience {
                return None;
            }
            sleep(pause.min(patience)).await;
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }

    async fn look(&self) -> Result<Sight, LedgerError> {
        let Some(receipt) = self.receipt().await? else { return Ok(Sight::Nowhere) };
        if self.confirmations > 1 {
            let newest = self.ledger.newest().await?.number;
            if newest.saturating_sub(receipt.block) + 1 < self.confirmations {
                return Ok(Sight::Unconfirmed);
            }
        }
        Ok(Sight::Confirmed(receipt))
    }

    /// Whether this transaction or another one used the nonce. `None` while that is unknown.
    async fn user_of_the_nonce(&self) -> Option<End> {
        for _ in 0..LOOKS {
            match self.look().await.ok()? {
                Sight::Confirmed(receipt) => return Some(End::Mined(receipt)),
                Sight::Unconfirmed => return None,
                Sight::Nowhere => sleep(self.pace.between_looks).await,
            }
        }
        let used = self.ledger.nonce(self.pending.account).await.ok()? > self.pending.nonce;
        used.then_some(End::NonceTaken)
    }

    async fn receipt(&self) -> Result<Option<Receipt>, LedgerError> {
        for transaction in self.all() {
            if let Some(receipt) = self.ledger.receipt(transaction).await? {
                return Ok(Some(receipt));
            }
        }
        Ok(None)
    }

    async fn is_known(&self) -> bool {
        for transaction in self.all() {
            if self.ledger.knows(transaction).await.unwrap_or(true) {
                return true;
            }
        }
        false
    }

    /// All transactions of the same call with the same nonce. At most one of them is mined.
    fn all(&self) -> impl Iterator<Item = B256> {
        std::iter::once(self.pending.transaction).chain(self.earlier.iter().copied())
    }

    async fn is_gap(&self) -> bool {
        self.ledger.nonce(self.pending.account).await.is_ok_and(|next| next < self.pending.nonce)
    }
}

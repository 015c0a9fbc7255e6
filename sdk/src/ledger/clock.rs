//! The current time, by the chain (which the contract uses) and by this machine.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    base::{
        error::{Error, Result, fail},
        time::{NO_END, instant, seconds},
    },
    ledger::seam::Ledger,
    platform::clock,
};

/// The largest difference between the two clocks at which new grants and locks are made.
pub(crate) const TOLERANCE: Duration = Duration::from_secs(10 * 60);

/// The year 9999. No chain has a later time, and not every system can represent one.
const MOST_SECONDS: u64 = 253_402_300_799;

/// Which clock counts if the chain's clock and this machine's clock differ by more than ten minutes.
///
/// See the [example](crate::Config).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Clock {
    /// Neither: grants and additions stop and show both times. Reading and revoking continue.
    #[default]
    Compare,
    /// This machine's clock: the chain's clock is wrong.
    Machine,
    /// The chain's clock: this machine's clock is wrong.
    Chain,
}

/// The two clocks of one chain.
#[derive(Clone, Debug)]
pub(crate) struct Clocks {
    pub(crate) ledger: Arc<dyn Ledger>,
    /// Which clock counts.
    pub(crate) whose: Clock,
    /// The largest allowed difference.
    pub(crate) tolerance: Duration,
}

impl Clocks {
    /// The later of the chain's time and this machine's time, or the time of the chosen clock. It is used to leave out
    /// readers whose access has ended, so a node with a slow clock cannot keep a reader in.
    pub(crate) async fn latest_time(&self) -> Result<u64> {
        Ok(match self.whose {
            Clock::Compare => self.chain_time().await?.max(clock::now()),
            Clock::Machine => clock::now(),
            Clock::Chain => self.chain_time().await?,
        })
    }

    /// The later of both times, but the chain's time counts only up to the tolerance ahead of this machine.
    pub(crate) async fn believed_time(&self) -> Result<u64> {
        let latest = self.latest_time().await?;
        Ok(match self.whose {
            Clock::Compare => latest.min(clock::now().saturating_add(self.tolerance.as_secs())),
            Clock::Machine | Clock::Chain => latest,
        })
    }

    /// The time of the newest block, which the contract compares with expiries.
    pub(crate) async fn chain_time(&self) -> Result<u64> {
        Ok(self.ledger.newest().await?.time)
    }

    /// The start of "from now on"; see [`System::agreed_time`](crate::System::agreed_time).
    pub(crate) async fn agreed_time(&self) -> Result<SystemTime> {
        self.require_right_time().await?;
        let seconds = match self.whose {
            Clock::Chain => self.ledger.clock().await?,
            Clock::Compare | Clock::Machine => clock::now(),
        };
        Ok(instant(seconds.min(MOST_SECONDS)))
    }

    /// Checks the clocks before a grant or a lock. A wrong clock would leave out valid readers, or let in expired ones.
    pub(crate) async fn require_right_time(&self) -> Result<()> {
        if self.whose != Clock::Compare {
            return Ok(());
        }
        let (chain, machine) = (self.ledger.clock().await?, clock::now());
        match chain.abs_diff(machine) > self.tolerance.as_secs() {
            true => Err(Error::ClockSkew { chain, machine }),
            false => Ok(()),
        }
    }

    /// The given end, or an end `after` seconds from now, in seconds since 1970.
    pub(crate) async fn end_in_the_future(&self, end: Option<SystemTime>, after: u64) -> Result<u64> {
        let now = self.chain_time().await?;
        // The node's clock must not turn a year into a grant without an end.
        let here = || now.min(clock::now());
        let end = end.map_or_else(|| here() + after, |end| u64::try_from(seconds(end)).unwrap_or_default().min(NO_END));
        match end > now {
            true => Ok(end),
            false => fail!(Invalid, "an end must be in the future: this instant has passed on the chain"),
        }
    }
}

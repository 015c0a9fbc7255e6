//! What time it is: by the chain, which the contract goes by, and by this machine.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    base::{
        error::{Error, Result},
        time::{NO_END, instant, seconds},
    },
    ledger::seam::Ledger,
    platform::clock,
};

/// How far the two clocks may be apart before nothing new is given or locked.
pub(crate) const TOLERANCE: Duration = Duration::from_secs(10 * 60);

/// Later times are no chain's, and not every system can tell them: the year 9999.
const MOST_SECONDS: u64 = 253_402_300_799;

/// Whose clock counts where the chain's and this machine's differ by more than ten minutes.
///
/// See the [example](crate::Config).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Clock {
    /// Neither: granting and adding stop and show both. Reading and revoking go on.
    #[default]
    Compare,
    /// This machine's: the chain's is known to be wrong.
    Machine,
    /// The chain's: this machine's is known to be wrong.
    Chain,
}

/// The two clocks of one chain.
#[derive(Clone, Debug)]
pub(crate) struct Clocks {
    pub(crate) ledger: Arc<dyn Ledger>,
    /// Whose counts.
    pub(crate) whose: Clock,
    /// How far they may be apart.
    pub(crate) tolerance: Duration,
}

impl Clocks {
    /// The later of the chain's time and this machine's, or that of the one that counts: for leaving out those whose
    /// access has ended. A node that holds back the clock keeps nobody in.
    pub(crate) async fn latest_time(&self) -> Result<u64> {
        Ok(match self.whose {
            Clock::Compare => self.chain_time().await?.max(clock::now()),
            Clock::Machine => clock::now(),
            Clock::Chain => self.chain_time().await?,
        })
    }

    /// The later of both, but the chain's no further ahead than clocks are apart by accident.
    pub(crate) async fn believed_time(&self) -> Result<u64> {
        let latest = self.latest_time().await?;
        Ok(match self.whose {
            Clock::Compare => latest.min(clock::now().saturating_add(self.tolerance.as_secs())),
            Clock::Machine | Clock::Chain => latest,
        })
    }

    /// The time of the newest block: what the contract compares expiries with.
    pub(crate) async fn chain_time(&self) -> Result<u64> {
        Ok(self.ledger.newest().await?.time)
    }

    /// What "from now on" means: by the clock that counts, or by both where they agree.
    ///
    /// # Errors
    /// [`Error::ClockSkew`] where neither was chosen ([`Config::clock`](crate::Config::clock)) and the chain's clock and this
    /// machine's differ by more than ten minutes: an end that is told as "12 hours" would be another one.
    pub(crate) async fn agreed_time(&self) -> Result<SystemTime> {
        self.require_right_time().await?;
        let seconds = match self.whose {
            Clock::Chain => self.ledger.clock().await?,
            Clock::Compare | Clock::Machine => clock::now(),
        };
        Ok(instant(seconds.min(MOST_SECONDS)))
    }

    /// Before something is given or locked: a wrong clock leaves out who may read, or lets in whose time is over.
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

    /// Seconds since 1970 of an end that is told, or so long from now.
    pub(crate) async fn end_in_the_future(&self, end: Option<SystemTime>, after: u64) -> Result<u64> {
        let now = self.chain_time().await?;
        // The node's clock is not to turn a year into for ever.
        let here = || now.min(clock::now());
        let end = end.map_or_else(|| here() + after, |end| u64::try_from(seconds(end)).unwrap_or_default().min(NO_END));
        match end > now {
            true => Ok(end),
            false => Err(Error::Invalid("an end lies in the future: this instant has passed on the chain".into())),
        }
    }
}

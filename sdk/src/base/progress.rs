//! How far a long call has come.

use std::sync::Arc;

/// Which part of the work is under way.
///
/// See the [example](crate::Progress).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Encrypting and storing.
    Storing,
    /// Waiting for the store to keep it and for the chain to confirm it.
    Confirming,
    /// Fetching, checking and decrypting.
    Opening,
}

/// How far a long call has come.
///
/// ```
/// # use hospital_record::{Client, Result, Source};
/// # async fn example(ana: &Client) -> Result<()> {
/// let scan = ana.add(Source::from("scan.dcm"));
/// scan.progress(|now| println!("{:?}: {} of {:?} bytes", now.phase, now.done, now.total)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// Plaintext bytes done in this phase.
    pub done: u64,
    /// Plaintext bytes in all, where that is known.
    pub total: Option<u64>,
}

/// Where progress is told; called from the task that works, so it should return at once.
#[derive(Clone, Default)]
pub(crate) struct Reporter(Option<Arc<dyn Fn(Progress) + Send + Sync>>);

impl Reporter {
    pub(crate) fn new(tell: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    pub(crate) fn tell(&self, phase: Phase, done: u64, total: Option<u64>) {
        if let Some(tell) = &self.0 {
            tell(Progress { phase, done, total });
        }
    }
}

//! The progress of a long call.

use std::sync::Arc;

use crate::base::task::{Callback, MaybeSend, MaybeSync};

/// The phase of a long call.
///
/// See the [example](crate::Progress).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Encrypting and storing.
    Storing,
    /// Waiting until the store has it and the chain has confirmed it.
    Confirming,
    /// Fetching, checking and decrypting.
    Opening,
}

/// The progress of a long call.
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
    /// The current phase.
    pub phase: Phase,
    /// Plaintext bytes done in this phase.
    pub done: u64,
    /// Plaintext bytes in total, if known.
    pub total: Option<u64>,
}

/// The callback for progress. The working task calls it, so it should return at once.
#[derive(Clone, Default)]
pub(crate) struct Reporter(Option<Callback<Progress>>);

impl Reporter {
    pub(crate) fn new(tell: impl Fn(Progress) + MaybeSend + MaybeSync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    pub(crate) fn tell(&self, phase: Phase, done: u64, total: Option<u64>) {
        if let Some(tell) = &self.0 {
            tell(Progress { phase, done, total });
        }
    }
}

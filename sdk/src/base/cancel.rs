//! Ends a call before it takes effect.

use std::future::Future;

use tokio_util::sync::CancellationToken;

use crate::base::{
    error::{Error, Result},
    progress::Reporter,
};

/// How an app follows a long call, and how it ends it.
#[derive(Clone, Default)]
pub(crate) struct Control {
    pub(crate) report: Reporter,
    pub(crate) cancel: CancellationToken,
}

impl Control {
    /// The result of the work, unless the call is cancelled first.
    pub(crate) async fn until_cancelled<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.cancel.run_until_cancelled(work).await.unwrap_or(Err(Error::Cancelled))
    }

    /// Asked before a step that cannot be taken back.
    pub(crate) fn not_cancelled(&self) -> Result<()> {
        if self.cancel.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }
}

/// Setters of the field that `$control` leads to.
macro_rules! control_setters {
    ($builder:ident, $($control:ident).+) => {
        impl $builder {
            /// Calls `report` as the work goes on.
            pub fn progress(mut self, report: impl Fn(Progress) + MaybeSend + MaybeSync + 'static) -> Self {
                self.$($control).+.report = Reporter::new(report);
                self
            }

            /// Gives up when this is cancelled: what was stored is removed, and the error is of the kind
            /// [`Cancelled`](crate::ErrorKind::Cancelled). Once the record is on its way to the chain it is too late, and
            /// the call ends as if nobody had cancelled it.
            pub fn cancel(mut self, when: tokio_util::sync::CancellationToken) -> Self {
                self.$($control).+.cancel = when;
                self
            }
        }
    };
}
pub(crate) use control_setters;

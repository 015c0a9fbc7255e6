//! Tasks. Where there are threads, work moves between them, so it is `Send`. In a browser there is one thread.

use std::future::Future;

use futures::Stream;

#[cfg(not(target_family = "wasm"))]
mod here {
    use std::{
        future::Future,
        pin::Pin,
        sync::Arc,
        task::{Context, Poll, ready},
    };

    use futures::Stream;
    use tokio::{
        io::{AsyncRead, AsyncWrite},
        task::JoinHandle,
    };

    use crate::base::error::{Error, Result};

    /// `Send`, but in a browser.
    pub trait MaybeSend: Send {}
    impl<T: Send + ?Sized> MaybeSend for T {}
    /// `Sync`, but in a browser.
    pub trait MaybeSync: Sync {}
    impl<T: Sync + ?Sized> MaybeSync for T {}

    /// A boxed future; `Send`, but in a browser. See the [guide](crate::browser).
    pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
    /// A boxed stream; `Send`, but in a browser.
    pub type BoxStream<'a, T> = Pin<Box<dyn Stream<Item = T> + Send + 'a>>;

    /// Where bytes are written to; `Send`, but in a browser.
    pub type Writer<'a> = dyn AsyncWrite + Unpin + Send + 'a;
    /// Where bytes come from; `Send`, but in a browser.
    pub(crate) type Reader = Pin<Box<dyn AsyncRead + Send>>;
    /// What an app wants to be called with.
    pub(crate) type Callback<A, B = ()> = Arc<dyn Fn(A) -> B + Send + Sync>;

    /// A task that runs by itself. It ends when this is dropped, but for a computation.
    pub(crate) struct Task<T> {
        handle: JoinHandle<T>,
        ends: bool,
    }

    /// Starts a task, so that all cores share the work.
    pub(crate) fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Task<T> {
        Task { handle: tokio::spawn(future), ends: true }
    }

    /// Computes something that takes long, or writes, on a thread that serves nothing else. It runs to its end: what a
    /// caller began to write is written.
    pub(crate) fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Task<T> {
        Task { handle: tokio::task::spawn_blocking(work), ends: false }
    }

    impl<T> Future for Task<T> {
        type Output = Result<T>;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Ready(ready!(Pin::new(&mut self.handle).poll(context)).map_err(
                |error| match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // Only a runtime that is shutting down cancels a task.
                    Err(_) => {
                        Error::Conflict("the runtime is shutting down: nothing is lost, `resume` continues".into())
                    }
                },
            ))
        }
    }

    impl<T> Drop for Task<T> {
        fn drop(&mut self) {
            if self.ends {
                self.handle.abort();
            }
        }
    }
}

#[cfg(target_family = "wasm")]
mod here {
    use std::{
        future::Future,
        pin::Pin,
        sync::Arc,
        task::{Context, Poll},
    };

    use futures::{Stream, future::lazy};
    use tokio::io::{AsyncRead, AsyncWrite};

    use crate::base::error::Result;

    /// `Send`, but in a browser.
    pub trait MaybeSend {}
    impl<T: ?Sized> MaybeSend for T {}
    /// `Sync`, but in a browser.
    pub trait MaybeSync {}
    impl<T: ?Sized> MaybeSync for T {}

    /// A boxed future; `Send`, but in a browser. See the [guide](crate::browser).
    pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
    /// A boxed stream; `Send`, but in a browser.
    pub type BoxStream<'a, T> = Pin<Box<dyn Stream<Item = T> + 'a>>;

    /// Where bytes are written to; `Send`, but in a browser.
    pub type Writer<'a> = dyn AsyncWrite + Unpin + 'a;
    /// Where bytes come from; `Send`, but in a browser.
    pub(crate) type Reader = Pin<Box<dyn AsyncRead>>;
    /// What an app wants to be called with.
    pub(crate) type Callback<A, B = ()> = Arc<dyn Fn(A) -> B>;

    /// A task, which runs while it is awaited.
    pub(crate) struct Task<T>(BoxFuture<'static, T>);

    pub(crate) fn spawn<T>(future: impl Future<Output = T> + 'static) -> Task<T> {
        Task(Box::pin(future))
    }

    pub(crate) fn compute<T: 'static>(work: impl FnOnce() -> T + 'static) -> Task<T> {
        Task(Box::pin(lazy(|_| work())))
    }

    impl<T> Future for Task<T> {
        type Output = Result<T>;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
            self.0.as_mut().poll(context).map(Ok)
        }
    }
}

pub use here::{BoxFuture, BoxStream, MaybeSend, MaybeSync, Writer};
pub(crate) use here::{Callback, Reader, compute, spawn};

/// Boxes a future.
pub(crate) trait FutureInBox: Future + Sized {
    fn in_box<'a>(self) -> BoxFuture<'a, Self::Output>
    where
        Self: MaybeSend + 'a,
    {
        Box::pin(self)
    }
}

impl<F: Future> FutureInBox for F {}

/// Boxes a stream.
pub(crate) trait StreamInBox: Stream + Sized {
    fn in_box<'a>(self) -> BoxStream<'a, Self::Item>
    where
        Self: MaybeSend + 'a,
    {
        Box::pin(self)
    }
}

impl<S: Stream> StreamInBox for S {}

//! Of what kind a source is, found out while it is read: a stream is read once, and so is a large file.

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, ReadBuf};

pub(crate) type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// Finds the media type of what is added, from all of its bytes; see [`Source::detect`](crate::Source::detect).
pub trait DetectMediaType: Send {
    /// The next bytes, in their order.
    fn see(&mut self, bytes: &[u8]);

    /// Asked once, when all was read.
    fn media_type(&mut self) -> String;
}

/// Makes a detector for each reading.
#[derive(Clone)]
pub(crate) struct Detector(Arc<dyn Fn() -> Box<dyn DetectMediaType> + Send + Sync>);

impl Detector {
    pub(crate) fn new<D: DetectMediaType + 'static>(make: impl Fn() -> D + Send + Sync + 'static) -> Self {
        Self(Arc::new(move || Box::new(make())))
    }

    /// Looks at everything that is read through what it returns.
    pub(crate) fn watch(&self, reader: Reader) -> (Reader, Watching) {
        let watching = Watching(Arc::new(Mutex::new((self.0)())));
        (Box::pin(Watched { reader, watching: watching.clone() }), watching)
    }
}

/// A detector at work.
#[derive(Clone)]
pub(crate) struct Watching(Arc<Mutex<Box<dyn DetectMediaType>>>);

impl Watching {
    pub(crate) fn media_type(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).media_type()
    }
}

struct Watched {
    reader: Reader,
    watching: Watching,
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = self.reader.as_mut().poll_read(context, buf);
        if matches!(polled, Poll::Ready(Ok(()))) {
            self.watching.0.lock().unwrap_or_else(PoisonError::into_inner).see(&buf.filled()[before..]);
        }
        polled
    }
}

impl fmt::Debug for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Detector")
    }
}

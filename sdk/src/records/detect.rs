//! Detects the media type of a source while it is read, because a stream can be read only once.

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, ReadBuf};

use crate::base::task::{Callback, MaybeSend, MaybeSync, Reader};

/// Detects the media type of a source from all of its bytes; see [`Source::detect`](crate::Source::detect).
pub trait DetectMediaType: Send {
    /// Takes the next bytes, in order.
    fn see(&mut self, bytes: &[u8]);

    /// The media type. Called once, after the last byte.
    fn media_type(&mut self) -> String;
}

/// Makes a new detector each time the source is read.
#[derive(Clone)]
pub(crate) struct Detector(Callback<(), Box<dyn DetectMediaType>>);

impl Detector {
    pub(crate) fn new<D: DetectMediaType + 'static>(make: impl Fn() -> D + MaybeSend + MaybeSync + 'static) -> Self {
        Self(Arc::new(move |()| Box::new(make())))
    }

    /// Returns a reader whose bytes the detector sees, and that detector.
    pub(crate) fn watch(&self, reader: Reader) -> (Reader, ActiveDetector) {
        let detector = ActiveDetector(Arc::new(Mutex::new((self.0)(()))));
        (Box::pin(DetectingReader { reader, detector: detector.clone() }), detector)
    }
}

/// The detector of one reading.
#[derive(Clone)]
pub(crate) struct ActiveDetector(Arc<Mutex<Box<dyn DetectMediaType>>>);

impl ActiveDetector {
    pub(crate) fn media_type(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).media_type()
    }
}

struct DetectingReader {
    reader: Reader,
    detector: ActiveDetector,
}

impl AsyncRead for DetectingReader {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = self.reader.as_mut().poll_read(context, buf);
        if matches!(polled, Poll::Ready(Ok(()))) {
            self.detector.0.lock().unwrap_or_else(PoisonError::into_inner).see(&buf.filled()[before..]);
        }
        polled
    }
}

impl fmt::Debug for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Detector")
    }
}

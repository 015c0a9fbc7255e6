//! The text of an error, with its cause.

use std::{error::Error, fmt, ops::Deref, sync::Arc};

/// The text of an error, with its cause. It dereferences to `str`. A reason made from a `String` or `&str` has no
/// cause.
///
/// See the [example](crate::Error).
#[derive(Default)]
pub struct Reason {
    text: String,
    cause: Option<Cause>,
}

impl Reason {
    /// Takes the text of an error and keeps the error as the cause.
    pub fn of(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let error = error.into();
        Self { text: error.to_string(), cause: Some(Cause(error.into())) }
    }

    /// A text of your own about an error with this cause.
    pub fn new(text: impl Into<String>, cause: Option<Cause>) -> Self {
        Self { text: text.into(), cause }
    }

    pub(super) fn set_cause(&mut self, cause: impl Error + Send + Sync + 'static) {
        self.cause = Some(cause.into());
    }

    pub(super) fn cause(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| &*cause.0 as &(dyn Error + 'static))
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self { text, cause: None }
    }
}

impl From<&str> for Reason {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.text
    }
}

impl Deref for Reason {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Shows the text alone: reporters show the cause as a link of the chain.
impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

/// The cause of an error. It can be cloned and compared: two are equal if their texts are.
///
/// It must not show a secret. An error of an HTTP client does: it names the URL, which may hold a password or a token.
///
/// See the [example](crate::Error).
#[derive(Clone)]
pub struct Cause(Arc<dyn Error + Send + Sync>);

impl<E: Error + Send + Sync + 'static> From<E> for Cause {
    fn from(error: E) -> Self {
        Self(Arc::new(error))
    }
}

/// `source()` returns the error itself, so that an app can downcast it.
impl Deref for Cause {
    type Target = dyn Error + Send + Sync + 'static;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_string() == other.0.to_string()
    }
}

impl Eq for Cause {}

/// The variants of `Error` that have a reason, as a pattern.
macro_rules! with_reason {
    ($reason:ident) => {
        Self::Denied($reason)
            | Self::NotFound($reason)
            | Self::NotAvailable($reason)
            | Self::Integrity($reason)
            | Self::Invalid($reason)
            | Self::Conflict($reason)
            | Self::AlreadyDone($reason)
            | Self::WrongContract($reason)
            | Self::Unreachable { $reason, .. }
            | Self::Refused { $reason, .. }
            | Self::Withheld { $reason, .. }
            | Self::File { $reason, .. }
    };
}
pub(super) use with_reason;

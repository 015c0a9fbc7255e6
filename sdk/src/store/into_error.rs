//! Maps every error of a store to one of this crate. No match has a wildcard, so none is left out.

use crate::{
    base::error::{Error, checked, reason::Reason},
    store::error::StoreError,
};

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        // The input came from this crate, so its own error says why it failed.
        let error = match error {
            StoreError::Input(cause) => match cause.downcast::<Self>() {
                Ok(error) => return *error,
                Err(cause) => StoreError::Input(cause),
            },
            other => other,
        };
        meaning(&error).because(error)
    }
}

fn meaning(error: &StoreError) -> Error {
    let text = Reason::from(error.to_string());
    match error {
        StoreError::Url { .. } => Error::Invalid(text),
        StoreError::NotFound { .. } => Error::NotAvailable(text),
        StoreError::Integrity { .. } => Error::Integrity(text),
        StoreError::Unreachable { url, reason, .. } => {
            Error::Unreachable { service: format!("the store {url}"), reason: checked(reason).into() }
        }
        StoreError::TimedOut { url, after } => Error::TimedOut { service: format!("the store {url}"), after: *after },
        StoreError::Input(_) => Error::Conflict(text),
        StoreError::Full { url } => {
            Error::Refused { service: url.clone(), reason: "it is full; free some space".into() }
        }
        StoreError::Refused { url, reason, .. } | StoreError::Failed { url, reason, .. } => {
            Error::Refused { service: url.clone(), reason: reason.as_str().into() }
        }
    }
}

/// Wraps an error of this crate for a stream into a store. If it comes back, it is unwrapped again.
pub(crate) fn into_store(error: Error) -> StoreError {
    StoreError::Input(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::kind::ErrorKind;

    fn kind(error: impl Into<Error>) -> ErrorKind {
        error.into().kind()
    }

    #[test]
    fn error_keeps_its_kind_through_a_stream_or_a_store() {
        let through_a_store = into_store(Error::Denied("no".into()));
        assert_eq!(kind(through_a_store), ErrorKind::Denied);
        let through_a_reader = std::io::Error::other(Error::NotAvailable("no".into()));
        assert_eq!(Error::of_io("x", through_a_reader).kind(), ErrorKind::NotAvailable);
        assert_eq!(Error::of_io("x", std::io::ErrorKind::StorageFull.into()).kind(), ErrorKind::File);
    }
}

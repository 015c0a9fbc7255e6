//! What the errors of a store mean to an app. Every one is decided here: no match has a wildcard.

use crate::{
    base::error::{Error, checked},
    store::error::StoreError,
};

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        match error {
            StoreError::Url { .. } => Self::Invalid(text),
            StoreError::NotFound { .. } => Self::NotAvailable(text),
            StoreError::Integrity { .. } => Self::Integrity(text),
            StoreError::Unreachable { url, reason } => {
                Self::Unreachable { service: format!("the store {url}"), reason: checked(&reason) }
            }
            StoreError::TimedOut { url, after } => Self::TimedOut { service: format!("the store {url}"), after },
            // What went into the store came from here: its own error says why it could not.
            StoreError::Input(cause) => match cause.downcast::<Self>() {
                Ok(error) => *error,
                Err(_) => Self::Conflict(text),
            },
            StoreError::Full { url } => Self::Refused { service: url, reason: "it is full; free some space".into() },
            StoreError::Refused { url, reason } | StoreError::Failed { url, reason } => {
                Self::Refused { service: url, reason }
            }
        }
    }
}

/// On its way into a store: an error of this crate that comes back is itself again.
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
    fn an_error_keeps_its_kind_on_the_way_through_a_stream_or_a_store() {
        let through_a_store = into_store(Error::Denied("no".into()));
        assert_eq!(kind(through_a_store), ErrorKind::Denied);
        let through_a_reader = std::io::Error::other(Error::NotAvailable("no".into()));
        assert_eq!(Error::of_io("x", through_a_reader).kind(), ErrorKind::NotAvailable);
        assert_eq!(Error::of_io("x", std::io::ErrorKind::StorageFull.into()).kind(), ErrorKind::File);
    }
}

//! What builders of several verbs share.

use std::{future::Future, pin::Pin};

/// A boxed future, as the builders of this crate turn into.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Lets a builder with a method `run` be awaited.
macro_rules! awaitable {
    ($builder:ident => $output:ty) => {
        impl IntoFuture for $builder {
            type Output = crate::base::error::Result<$output>;
            type IntoFuture = crate::base::builder::BoxFuture<Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.run())
            }
        }
    };
}
pub(crate) use awaitable;

/// Setters of the field `rights`.
macro_rules! rights_setters {
    ($builder:ident) => {
        impl $builder {
            /// To read alone.
            pub fn read_only(self) -> Self {
                self.rights(Rights::READ)
            }

            /// To read and to add records.
            pub fn contribute(self) -> Self {
                let rights = self.rights.and(Rights::READ_AND_CONTRIBUTE);
                self.rights(rights)
            }

            /// To add records, without reading any: what a laboratory needs to deliver.
            pub fn contribute_only(self) -> Self {
                self.rights(Rights::CONTRIBUTE)
            }

            /// And to pass on what this gives, as an organisation does to those who work there.
            pub fn delegate(self) -> Self {
                let rights = self.rights.and(Rights::DELEGATE);
                self.rights(rights)
            }

            /// And to attest the folder's records, as a professional.
            pub fn attest(self) -> Self {
                let rights = self.rights.and(Rights::ATTEST);
                self.rights(rights)
            }

            /// Exactly these rights.
            pub fn rights(mut self, rights: Rights) -> Self {
                self.rights = rights;
                self
            }
        }
    };
}
pub(crate) use rights_setters;

/// Keys move while something is uploaded now and then; more often than this in a row is no accident.
pub(crate) const ATTEMPTS: usize = 4;

/// Does it again while the contract refuses because keys moved on meanwhile: sealed again, it goes. A macro, because
/// the future of an async closure that borrows is not known to be `Send`.
macro_rules! with_fresh_keys {
    ($attempt:expr) => {{
        let mut left = crate::base::builder::ATTEMPTS;
        loop {
            left -= 1;
            match $attempt {
                Err(crate::base::error::Error::StaleKeys) if left > 0 => {}
                other => break other,
            }
        }
    }};
}
pub(crate) use with_fresh_keys;

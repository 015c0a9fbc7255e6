//! Code that the builders of several verbs share.

/// Lets a builder with a method `run` be awaited.
macro_rules! awaitable {
    ($builder:ident => $output:ty) => {
        impl IntoFuture for $builder {
            type Output = crate::base::error::Result<$output>;
            type IntoFuture = crate::base::task::BoxFuture<'static, Self::Output>;

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
            /// Gives the right to read, and no other.
            pub fn read_only(self) -> Self {
                self.rights(Rights::READ)
            }

            /// Gives the rights to read and to add records.
            pub fn contribute(self) -> Self {
                let rights = self.rights.and(Rights::READ_AND_CONTRIBUTE);
                self.rights(rights)
            }

            /// Gives the right to add records without reading any, for example to a laboratory.
            pub fn contribute_only(self) -> Self {
                self.rights(Rights::CONTRIBUTE)
            }

            /// Adds the right to delegate this access, as an organisation does to its staff.
            pub fn delegate(self) -> Self {
                let rights = self.rights.and(Rights::DELEGATE);
                self.rights(rights)
            }

            /// Adds the right to attest the folder's records, as a professional.
            pub fn attest(self) -> Self {
                let rights = self.rights.and(Rights::ATTEST);
                self.rights(rights)
            }

            /// Gives exactly these rights.
            pub fn rights(mut self, rights: Rights) -> Self {
                self.rights = rights;
                self
            }
        }
    };
}
pub(crate) use rights_setters;

/// How often an act is attempted while keys rotate during its upload. More rotations in a row are not a coincidence.
pub(crate) const ATTEMPTS: usize = 4;

/// Repeats the attempt while the contract refuses it because the keys rotated meanwhile. Each attempt seals with the
/// current keys. It is a macro because the future of a borrowing async closure is not known to be `Send`.
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

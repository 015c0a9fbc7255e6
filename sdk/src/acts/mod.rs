//! Acts of a person: sent to the chain or carried there, and watched until they are final.

pub(crate) mod batch;
pub(crate) mod carried;
pub(crate) mod confirm;
pub(crate) mod earlier;
pub(crate) mod person;
pub(crate) mod published;
pub(crate) mod recall;
pub(crate) mod services;
pub(crate) mod watch;

//! What a person does reaches the chain: signed, carried or sent, and watched until it is final.

pub(crate) mod batch;
pub(crate) mod carried;
pub(crate) mod confirm;
pub(crate) mod earlier;
pub(crate) mod person;
pub(crate) mod published;
pub(crate) mod recall;
pub(crate) mod services;
pub(crate) mod watch;

//! What a person does reaches the chain: signed, carried or sent, and watched until it is final.

pub(crate) mod batch;
pub(crate) mod carried;
pub(crate) mod recall;
pub(crate) mod watch;

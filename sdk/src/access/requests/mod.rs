//! Requests for access: ask, list, answer.

pub(crate) mod answer;
pub(crate) mod ask;
pub(crate) mod inbox;
pub(crate) mod open;
pub(crate) mod request;

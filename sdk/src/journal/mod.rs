//! One patient's verified history: read, joined, watched until it is final, and described in words.

pub(crate) mod earlier;
pub(crate) mod epochs;
pub(crate) mod finality;
pub(crate) mod history;
pub(crate) mod journals;
pub(crate) mod missing;
pub(crate) mod remembered;
pub(crate) mod vanished;
pub(crate) mod verified;
pub(crate) mod words;

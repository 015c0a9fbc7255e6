//! Keys: who holds which, and how they are derived, received, dealt, rotated and stored.

pub(crate) mod folder_keys;
pub(crate) mod gaps;
pub(crate) mod holder;
pub(crate) mod keyrings;
pub(crate) mod missing;
pub(crate) mod notes;
pub(crate) mod owed;
pub(crate) mod readers;
pub(crate) mod rotate;
pub(crate) mod unlock;
pub(crate) mod waiting;

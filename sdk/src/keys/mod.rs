//! Who holds the keys of what: derived, received, dealt, rotated, owed.

pub(crate) mod deal;
pub(crate) mod folder_keys;
pub(crate) mod owed;
pub(crate) mod readers;
pub(crate) mod recipient;
pub(crate) mod rotate;
pub(crate) mod unlock;

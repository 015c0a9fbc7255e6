//! Grants access, delegates it, asks for it and ends it.

pub(crate) mod boards;
pub(crate) mod contacts;
pub(crate) mod directory;
pub(crate) mod folders;
pub(crate) mod givers;
pub(crate) mod grant;
pub(crate) mod granted;
pub(crate) mod grants;
pub(crate) mod hand_over;
pub(crate) mod requests;
pub(crate) mod revoke;
pub(crate) mod shared;
pub(crate) mod vouch;

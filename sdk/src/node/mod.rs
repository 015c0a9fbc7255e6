#![doc = include_str!("../../guides/node.md")]

pub(crate) mod ask;
pub(crate) mod call;
pub(crate) mod directory;
mod info;
pub(crate) mod join;
pub(crate) mod language;
pub(crate) mod listing;
mod login;
pub mod messages;
pub(crate) mod query;
pub(crate) mod secret;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod words;

pub use info::{NodeInfo, WELL_KNOWN};
pub use login::{LoggedIn, Login};
pub use secret::{Secret, checked_user};
pub use session::{LONGEST_SESSION, Session};

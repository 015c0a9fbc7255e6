#![doc = include_str!("../../guides/node.md")]

pub(crate) mod ask;
pub(crate) mod call;
mod info;
pub(crate) mod join;
mod login;
pub mod messages;
pub(crate) mod session;
pub(crate) mod sessions;

pub use info::{NodeInfo, WELL_KNOWN};
pub use login::{LoggedIn, Login, Secret, checked_user};
pub use session::{LONGEST_SESSION, Session};

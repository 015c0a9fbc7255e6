//! People: identities, profiles, cards and vouches.

pub(crate) mod blocks;
pub(crate) mod card;
pub(crate) mod contact;
pub(crate) mod directory;
pub(crate) mod grantee;
pub(crate) mod identity;
pub(crate) mod phrase;
pub(crate) mod profile;
pub(crate) mod profiles;
pub(crate) mod vouching;

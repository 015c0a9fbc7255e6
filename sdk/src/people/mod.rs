//! Who somebody is: identities, profiles, cards, and who vouches for whom.

pub(crate) mod blocks;
pub(crate) mod card;
pub(crate) mod contact;
pub(crate) mod grantee;
pub(crate) mod identity;
pub(crate) mod known;
pub(crate) mod phrase;
pub(crate) mod profile;
pub(crate) mod profiles;
pub(crate) mod vouching;

//! What clients and nodes tell each other about logins, as JSON. Bytes are hexadecimal digits after `0x`.

use std::fmt;

use alloy::primitives::Address;
/// Bytes, written as hexadecimal digits after `0x`.
pub use alloy::primitives::Bytes;
use serde::{Deserialize, Serialize};

macro_rules! message {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type),* }

        /// Shows no content.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

message! {
    /// Begins a registration or a login.
    Begin {
        /// The user's name.
        user: String,
        /// The client's first message of OPAQUE.
        request: Bytes,
    }
}
message! {
    /// The answer to [`Begin`] of a registration.
    Evaluated {
        /// The node's message of OPAQUE.
        answer: Bytes,
    }
}
message! {
    /// The answer to [`Begin`] of a login.
    Challenge {
        /// The attempt.
        attempt: Bytes,
        /// The node's message of OPAQUE.
        answer: Bytes,
    }
}
message! {
    /// Ends a login.
    Proof {
        /// The attempt, from [`Challenge`].
        attempt: Bytes,
        /// The client's last message of OPAQUE.
        proof: Bytes,
    }
}
message! {
    /// The answer to [`Proof`]: the vault, and what happened since the last login.
    Opened {
        /// The owner.
        account: Address,
        /// How often the vault was made anew.
        generation: u64,
        /// The sealed vault.
        sealed: Bytes,
        /// Its key, for this way to log in.
        wrapped: Bytes,
        /// Attempts since the last login that ended without one.
        failures: u64,
        /// The last of these, in seconds since 1970.
        last_failure: Option<u64>,
        /// Names this login on this machine.
        token: Bytes,
    }
}
message! {
    /// Makes a vault, or makes it anew: with a new key, and this as its only way to log in.
    NewVault {
        /// The user's name.
        user: String,
        /// One more than the generation before; 1 for a new vault.
        generation: u64,
        /// The client's last message of OPAQUE.
        record: Bytes,
        /// The key of the vault, for this way to log in.
        wrapped: Bytes,
        /// The sealed vault.
        sealed: Bytes,
    }
}
message! {
    /// Adds a way to log in to the same vault.
    NewWay {
        /// The user's name of this way.
        user: String,
        /// The generation of the vault.
        generation: u64,
        /// The client's last message of OPAQUE.
        record: Bytes,
        /// The key of the vault, for this way to log in.
        wrapped: Bytes,
    }
}
message! {
    /// The state of an account's vault.
    Status {
        /// Its generation; 0 if there is none.
        generation: u64,
        /// The ways to log in.
        ways: u64,
        /// Machines that are logged in.
        logins: u64,
    }
}
message! {
    /// Names a login.
    Token {
        /// From [`Opened`].
        token: Bytes,
    }
}
message! {
    /// Whether a login still stands.
    Live {
        /// Whether it does.
        live: bool,
    }
}
message! {
    /// Logins that were ended.
    Ended {
        /// Their number.
        logins: u64,
    }
}

//! The messages of the SDK (`node::messages`), described. Bytes are hexadecimal digits after `0x`.

use utoipa::ToSchema;

macro_rules! described {
    ($($name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty),* $(,)? })*) => {$(
        #[derive(ToSchema)]
        #[schema(rename_all = "camelCase")]
        #[expect(dead_code, reason = "a description")]
        pub(super) struct $name { $(
            $(#[$attribute])*
            $field: $type,
        )* }
    )*};
}

described! {
    Begin { user: String, request: String }
    Evaluated { answer: String }
    Challenge { attempt: String, answer: String }
    Proof { attempt: String, proof: String }
    Opened {
        account: String,
        generation: u64,
        sealed: String,
        wrapped: String,
        failures: u64,
        last_failure: Option<u64>,
        token: String,
    }
    NewVault { user: String, generation: u64, record: String, wrapped: String, sealed: String }
    NewWay { user: String, generation: u64, record: String, wrapped: String }
    Status { generation: u64, ways: u64, logins: u64 }
    Token { token: String }
    Live { live: bool }
    Ended { logins: u64 }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use hospital_record::{Address, node::messages};
    use serde::Serialize;
    use utoipa::PartialSchema;

    use super::*;
    use crate::api::tests::{fields, keys, schema_of};

    fn same<T: PartialSchema>(sent: impl Serialize) {
        assert_eq!(keys(&serde_json::to_value(sent).unwrap()), fields(&schema_of::<T>()));
    }

    #[test]
    fn described_messages_are_those_that_are_sent() {
        let bytes = messages::Bytes::new;
        let (user, account) = (String::new, Address::ZERO);
        same::<Begin>(messages::Begin { user: user(), request: bytes() });
        same::<Evaluated>(messages::Evaluated { answer: bytes() });
        same::<Challenge>(messages::Challenge { attempt: bytes(), answer: bytes() });
        same::<Proof>(messages::Proof { attempt: bytes(), proof: bytes() });
        same::<Opened>(messages::Opened {
            account,
            generation: 1,
            sealed: bytes(),
            wrapped: bytes(),
            failures: 0,
            last_failure: None,
            token: bytes(),
        });
        same::<NewVault>(messages::NewVault {
            user: user(),
            generation: 1,
            record: bytes(),
            wrapped: bytes(),
            sealed: bytes(),
        });
        same::<NewWay>(messages::NewWay { user: user(), generation: 1, record: bytes(), wrapped: bytes() });
        same::<Status>(messages::Status { generation: 1, ways: 1, logins: 1 });
        same::<Token>(messages::Token { token: bytes() });
        same::<Live>(messages::Live { live: true });
        same::<Ended>(messages::Ended { logins: 0 });
    }
}

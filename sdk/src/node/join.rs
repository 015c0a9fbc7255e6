//! What a node offers, as addresses of services.

use std::time::Duration;

use alloy::primitives::Address;
use url::Url;

use crate::{
    base::error::{Result, fail},
    node::ask::{ask, name_of, other_version},
};

/// A node, and what it offers. Every service is on the node's own host.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) chain: u64,
    pub(crate) contract: Address,
    pub(crate) rpc: Option<Url>,
    pub(crate) store: Option<String>,
    pub(crate) relay: Option<Url>,
}

/// What the node at this address offers.
pub(crate) async fn join(address: &Url, timeout: Duration) -> Result<Joined> {
    let (name, info) = (name_of(address), ask(address, timeout).await?);
    let contract = info.contract().ok_or_else(|| other_version(&name))?;
    let at = |service: &Option<String>| service.as_deref().map(|place| below(address, place, &name)).transpose();
    let store = at(&info.blocks)?.map(|url| format!("node+{url}"));
    Ok(Joined { chain: info.chain_id, contract, rpc: at(&info.rpc)?, store, relay: at(&info.relay)? })
}

/// A service elsewhere would see what only the joined host may see.
pub(super) fn below(address: &Url, place: &str, name: &str) -> Result<Url> {
    match address.join(place) {
        Ok(url) if url.origin() == address.origin() && url.username().is_empty() => Ok(url),
        _ => fail!(Invalid, "{name} sends people to another host: do not use it before its operator explains why"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::node::ask::parse;

    #[test]
    fn service_on_another_host_is_refused() {
        let address = parse("https://clinic.example").unwrap();
        for place in ["/", "", "/v1/rpc", "v1/rpc", "https://clinic.example/v1/rpc", "https://CLINIC.example:443/"] {
            assert!(below(&address, place, "it").is_ok(), "{place}");
        }
        for place in [
            "//evil.example/",
            "https://evil.example",
            "http://clinic.example",
            "https://clinic.example:444",
            "https://clinic.example@evil.example",
            "https://ana@clinic.example/",
            "file:///etc",
        ] {
            assert!(below(&address, place, "it").is_err(), "{place}");
        }
    }
}

//! The directory of a node, over HTTP.

use std::time::Duration;

use alloy::primitives::Address;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{
    base::error::{Result, fail},
    node::{
        ask::{ask, name_of},
        call::Caller,
        join::below,
        listing::SignedListing,
        query::Query,
    },
};

/// The directory of a joined node.
pub(crate) struct NodeDirectory {
    caller: Caller,
}

/// A page, as the node says it. Each listing is read alone, so that a broken one hides no other.
#[derive(Deserialize)]
pub(crate) struct SaidPage {
    pub(crate) listings: Vec<Value>,
    #[serde(default)]
    pub(crate) next: Option<String>,
}

#[derive(Deserialize)]
struct SaidWithdrawn {
    #[serde(rename = "wasListed")]
    was_listed: bool,
}

impl NodeDirectory {
    /// Asks the joined node where its directory is.
    pub(crate) async fn open(node: Option<&Url>, timeout: Duration) -> Result<Self> {
        let Some(address) = node else {
            return fail!(Invalid, "no node is joined, and a directory is on a hospital's node: join one first");
        };
        let name = name_of(address);
        let info = ask(address, timeout).await?;
        let Some(place) = info.directory else {
            return fail!(
                NotFound,
                "{name} has no directory: ask people for their cards, or its operator to switch it on"
            );
        };
        Ok(Self { caller: Caller::new(below(address, &place, &name)?, timeout) })
    }

    /// The host for which listings and sessions are signed.
    pub(crate) fn host(&self) -> &str {
        self.caller.host()
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        self.caller.origin()
    }

    pub(crate) fn name(&self) -> &str {
        self.caller.name()
    }

    pub(crate) async fn page(&self, query: &Query) -> Result<SaidPage> {
        let mut url = self.caller.url("");
        url.query_pairs_mut().extend_pairs(query.pairs());
        self.caller.answer(self.caller.request(Method::GET, url)?).await
    }

    /// The listing of one account.
    pub(crate) async fn listing(&self, account: Address) -> Result<Value> {
        self.caller.answer(self.caller.request(Method::GET, self.of(account))?).await
    }

    pub(crate) async fn put(&self, listing: &SignedListing) -> Result<()> {
        let request = self.caller.request(Method::PUT, self.caller.url(""))?.json(listing);
        self.caller.answer::<Value>(request).await.map(drop)
    }

    /// Whether there was one.
    pub(crate) async fn delete(&self, account: Address, token: &str) -> Result<bool> {
        let request = self.caller.request(Method::DELETE, self.of(account))?.bearer_auth(token);
        Ok(self.caller.answer::<SaidWithdrawn>(request).await?.was_listed)
    }

    fn of(&self, account: Address) -> Url {
        self.caller.url(&format!("/{account:#x}"))
    }
}

//! The sessions of one account at the hosts it writes to.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use hospital_record_core::id::Deployment;

use crate::{
    node::session::{LONGEST_SESSION, Session},
    people::identity::Identity,
    platform::clock::now,
    store::{Sessions, StoreError},
};

/// A session that ends sooner is not used any more: an upload takes some minutes.
const LEAST: u64 = 5 * 60;

/// Signs a session when one is needed, and keeps it in memory while it is good.
pub(crate) struct OwnSessions {
    identity: Identity,
    deployment: Deployment,
    kept: Mutex<HashMap<String, (u64, String)>>,
}

impl OwnSessions {
    pub(crate) fn new(identity: Identity, deployment: Deployment) -> Self {
        Self { identity, deployment, kept: Mutex::default() }
    }

    fn kept(&self, host: &str, now: u64) -> Option<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(host).filter(|(until, _)| now + LEAST < *until).map(|(_, token)| token.clone())
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Sessions for OwnSessions {
    async fn token(&self, host: &str) -> Result<String, StoreError> {
        let now = now();
        if let Some(token) = self.kept(host, now) {
            return Ok(token);
        }
        let until = now + LONGEST_SESSION.as_secs();
        let session = Session::sign(&self.identity, self.deployment, host, until).await;
        let session = session.map_err(|error| StoreError::Refused {
            url: host.to_owned(),
            reason: format!("its session could not be signed: {error}"),
            source: None,
        })?;
        let token = session.to_string();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(host.to_owned(), (until, token.clone()));
        Ok(token)
    }
}

/// Shows no token.
impl fmt::Debug for OwnSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnSessions").field(&self.identity.address()).finish()
    }
}

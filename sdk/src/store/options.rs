//! How to talk to a store.

use std::{fmt, time::Duration};

use zeroize::Zeroizing;

use crate::{
    base::bounds::Timeout,
    store::{error::StoreError, place::StoreUrl},
};

/// Deadlines and credentials. The default suits a node on this machine or in the same house.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    pub(super) timeout: Duration,
    pub(super) peers: Duration,
    pub(super) token: Option<Token>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), peers: Duration::from_secs(10), token: None }
    }
}

impl StoreOptions {
    /// How long one answer, or one step of a longer transfer, may take; 30 s unless told, at most a day.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long a Kubo node may look for a missing block among its peers; 10 s unless told.
    ///
    /// Zero, or a node that has no peers, means that only what the node holds itself is found.
    #[must_use]
    pub fn peers(mut self, patience: Duration) -> Self {
        self.peers = patience;
        self
    }

    /// Before anything is opened.
    pub(super) fn check(&self, store: &StoreUrl) -> Result<(), StoreError> {
        let asked = [self.timeout, self.peers].into_iter().filter(|time| *time == self.timeout || !time.is_zero());
        asked.map(Timeout::try_from).try_for_each(|checked| match checked {
            Ok(_) => Ok(()),
            Err(error) => Err(StoreError::Url { url: store.to_string(), reason: error.to_string() }),
        })
    }

    /// The bearer token that a Kubo node asks for (`API.Authorizations` in its configuration).
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Token::new(token));
        self
    }
}

/// A secret: wiped when dropped, never printed.
#[derive(Clone)]
pub(super) struct Token(Zeroizing<String>);

impl Token {
    pub(super) fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(..)")
    }
}

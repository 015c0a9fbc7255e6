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
    #[cfg(feature = "s3")]
    pub(super) s3: Option<S3Access>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            peers: Duration::from_secs(10),
            token: None,
            #[cfg(feature = "s3")]
            s3: None,
        }
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

    /// The key of a bucket, and where the bucket is.
    #[cfg(feature = "s3")]
    #[must_use]
    pub fn s3(mut self, access: S3Access) -> Self {
        self.s3 = Some(access);
        self
    }
}

/// The key of a bucket, and where the bucket is. Shows no secrets when printed; nothing is taken from the environment.
///
/// The key needs `s3:GetObject` and `s3:PutObject` on what is below the prefix, `s3:ListBucket` on the bucket (without it
/// S3 calls a missing block forbidden), and `s3:DeleteObject` on `pins/` below the prefix.
#[cfg(feature = "s3")]
#[derive(Clone)]
pub struct S3Access {
    pub(super) key_id: Token,
    pub(super) secret: Token,
    pub(super) session: Option<Token>,
    pub(super) region: String,
    pub(super) endpoint: Option<String>,
}

#[cfg(feature = "s3")]
impl S3Access {
    /// A key of AWS, in the region `us-east-1` unless told.
    pub fn new(key_id: impl Into<String>, secret: impl Into<String>) -> Self {
        let (key_id, secret) = (Token::new(key_id), Token::new(secret));
        Self { key_id, secret, session: None, region: "us-east-1".to_owned(), endpoint: None }
    }

    /// The session token of a temporary key.
    #[must_use]
    pub fn session_token(mut self, token: impl Into<String>) -> Self {
        self.session = Some(Token::new(token));
        self
    }

    /// The region of the bucket.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// Another S3 server than AWS: `https://host`, or `http://` on this machine.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }
}

#[cfg(feature = "s3")]
impl fmt::Debug for S3Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("S3Access(..)")
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

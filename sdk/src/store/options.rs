//! Options of stores.

use std::{fmt, time::Duration};

use zeroize::Zeroizing;

use crate::{
    base::bounds::Timeout,
    store::{
        error::StoreError,
        place::{Kind, StoreUrl},
    },
};

/// Timeouts and credentials of a store. The defaults suit a node on this machine or in the local network.
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
    /// The time limit for one answer, or for one step of a longer transfer. The default is 30 s, the maximum a day.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long a Kubo node may look for a missing block among its peers. The default is 10 s.
    ///
    /// With zero, or if the node has no peers, only the node's own blocks are found.
    #[must_use]
    pub fn peers(mut self, patience: Duration) -> Self {
        self.peers = patience;
        self
    }

    /// Checks the options before anything is opened.
    pub(super) fn check(&self, store: &StoreUrl) -> Result<(), StoreError> {
        if self.token.is_some() && matches!(store.0, Kind::Gateway(_) | Kind::Node(_)) {
            let reason = "it takes no token; leave the token out, or name the Kubo node that it is for".to_owned();
            return Err(StoreError::Url { url: store.to_string(), reason });
        }
        let asked = [self.timeout, self.peers].into_iter().filter(|time| *time == self.timeout || !time.is_zero());
        asked.map(Timeout::try_from).try_for_each(|checked| match checked {
            Ok(_) => Ok(()),
            Err(error) => Err(StoreError::Url { url: store.to_string(), reason: error.to_string() }),
        })
    }

    /// The bearer token that a Kubo node requires (`API.Authorizations` in its configuration).
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

/// The key of a bucket, and where the bucket is. `Debug` shows no secrets. The environment is not read.
///
/// The key needs `s3:GetObject` and `s3:PutObject` below the prefix, and `s3:DeleteObject` on `pins/` below the prefix.
/// It also needs `s3:ListBucket` on the bucket: without it, S3 reports a missing block as forbidden.
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
    /// A key of AWS. The default region is `us-east-1`.
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

    /// The address of an S3 server other than AWS: `https://host`, or `http://` on this machine.
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

    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "no store of a browser takes one"))]
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(..)")
    }
}

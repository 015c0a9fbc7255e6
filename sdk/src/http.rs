//! One way to speak HTTP: rustls over ring, the platform's certificates, deadlines always set.

use std::{sync::Arc, time::Duration};

use rustls::{ClientConfig, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;

/// A client that gives up on connecting after `connect`, and on a connection that has been silent for `idle`.
///
/// Redirects are refused: a store or RPC that answers from elsewhere is not the one that was configured.
pub(crate) fn client(connect: Duration, idle: Duration) -> Result<reqwest::Client, String> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(|error| error.to_string())?
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        // The environment is not read: a proxy would see tokens that were meant for this machine.
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(connect)
        .read_timeout(idle)
        .build()
        .map_err(|error| error.to_string())
}

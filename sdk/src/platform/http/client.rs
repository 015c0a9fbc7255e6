//! HTTP of a program.

use std::{error::Error, sync::Arc, time::Duration};

use http_body_util::BodyExt;
use reqwest::{Body, Client, Response};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;

use super::{Piece, cause, causes};

pub(super) fn build(encrypted: bool, connect: Duration, idle: Duration) -> Result<Client, String> {
    Client::builder()
        .tls_backend_preconfigured(tls(encrypted).map_err(|error| error.to_string())?)
        // Proxy settings of the environment are ignored: a proxy would see tokens that are meant for this machine.
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(connect)
        .read_timeout(idle)
        .build()
        .map_err(|error| causes(&error))
}

/// Without `trust`, no certificate is accepted, so no encrypted connection works. This is for plain addresses.
fn tls(trust: bool) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    let builder = match trust {
        true => builder.with_platform_verifier()?,
        false => builder.with_root_certificates(RootCertStore::empty()),
    };
    Ok(builder.with_no_client_auth())
}

/// Whether no connection was made.
pub(crate) fn is_connect(error: &reqwest::Error) -> bool {
    error.is_connect()
}

/// Whether the server showed no certificate that this machine trusts.
pub(crate) fn is_wrong_certificate(error: &(dyn Error + 'static)) -> bool {
    cause::<rustls::Error>(error).is_some()
}

/// The pieces of an answer.
pub(crate) struct Incoming(Body);

impl Incoming {
    pub(crate) fn of(response: Response) -> Self {
        Self(response.into())
    }

    /// The next piece; `None` at a proper end.
    pub(crate) async fn next(&mut self) -> reqwest::Result<Option<Piece>> {
        while let Some(frame) = self.0.frame().await {
            match frame?.into_data() {
                Ok(bytes) => return Ok(Some(Piece::Bytes(bytes))),
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        return Ok(Some(Piece::Trailers(trailers)));
                    }
                }
            }
        }
        Ok(None)
    }
}

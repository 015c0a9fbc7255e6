//! TLS by a certificate of the hospital. A renewed certificate is used without a restart.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::{net::TcpStream, sync::watch};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::secret;

/// From the first byte of a connection to the end of its handshake.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// The interval at which the files are looked at.
const LOOK: Duration = Duration::from_secs(60);

/// Encrypts connections.
#[derive(Clone)]
pub(crate) struct Tls(TlsAcceptor);

/// The certificate in use, and the files that it came from.
struct Current {
    files: Files,
    key: RwLock<Arc<CertifiedKey>>,
}

struct Files {
    certificates: PathBuf,
    key: PathBuf,
}

impl Tls {
    /// Reads the certificates, the host's own first, and its private key, both in PEM. The returned task reads them
    /// again when they change.
    pub(crate) fn open(
        certificates: &Path,
        key: &Path,
        stop: watch::Receiver<bool>,
    ) -> Result<(Self, impl Future<Output = ()> + use<>), String> {
        let files = Files { certificates: certificates.to_owned(), key: key.to_owned() };
        let read_at = files.changed();
        let current = Arc::new(Current { key: RwLock::new(files.read()?.into()), files });
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok((Self(TlsAcceptor::from(Arc::new(config))), current.renew(read_at, stop)))
    }

    /// `None` if there is no handshake in time.
    pub(crate) async fn accept(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        tokio::time::timeout(HANDSHAKE_WITHIN, self.0.accept(stream)).await.ok()?.ok()
    }
}

impl Current {
    async fn renew(self: Arc<Self>, mut read_at: Option<SystemTime>, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            let changed = self.files.changed();
            if changed == read_at {
                continue;
            }
            match self.files.read() {
                Ok(key) => {
                    *self.key.write().unwrap_or_else(PoisonError::into_inner) = key.into();
                    read_at = changed;
                    tracing::info!("the renewed certificate is in use");
                }
                // Perhaps one of the two files is not written yet.
                Err(error) => tracing::warn!(error, "the changed certificate cannot be used: the old one stays"),
            }
        }
    }
}

impl Files {
    fn changed(&self) -> Option<SystemTime> {
        let time = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
        time(&self.certificates).max(time(&self.key))
    }

    fn read(&self) -> Result<CertifiedKey, String> {
        let wrong = |path: &Path, what: &str| format!("{}: {what}", path.display());
        let chain = CertificateDer::pem_file_iter(&self.certificates).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain = chain.map_err(|error| wrong(&self.certificates, &format!("no certificates in PEM ({error})")))?;
        let text = secret::read("key file", &self.key)?;
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes());
        let key = key.map_err(|_| wrong(&self.key, "no private key in PEM"))?;
        let key = CertifiedKey::from_der(chain, key, &ring::default_provider());
        key.map_err(|error| wrong(&self.certificates, &format!("it does not fit its key, or is empty ({error})")))
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.key.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Shows no key.
impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Current").field(&self.files.certificates).finish()
    }
}

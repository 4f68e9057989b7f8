//! Certificates.

use super::server::ServeError;
use crate::config::TlsConfig;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How soon a renewed certificate is used.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(60);

/// The certificate of the server, read again when its file changes.
#[derive(Clone)]
pub(super) struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    config: RustlsConfig,
}

impl Tls {
    /// Reads the files; relative ones are found in the knowledge base in `root`.
    pub(super) fn read(config: &TlsConfig, root: &Path) -> Result<Self, ServeError> {
        let (certificate, key) = (root.join(&config.certificate), root.join(&config.key));
        match server_config(&certificate, &key) {
            Ok(config) => Ok(Self { certificate, key, config: RustlsConfig::from_config(config) }),
            Err(source) => Err(ServeError::Tls { certificate, key, source }),
        }
    }

    pub(super) fn acceptor(&self) -> RustlsAcceptor {
        RustlsAcceptor::new(self.config.clone())
    }

    /// Takes renewed certificates into use, for ever. While a new one cannot be used,
    /// the old one stands.
    pub(super) async fn renew(self) {
        let mut known = self.modified();
        loop {
            tokio::time::sleep(LOOKED_AT_EVERY).await;
            let found = self.modified();
            if found == known {
                continue;
            }
            let (certificate, key) = (self.certificate.clone(), self.key.clone());
            let read = tokio::task::spawn_blocking(move || server_config(&certificate, &key));
            match read.await.map_err(io::Error::other).flatten() {
                Ok(config) => {
                    self.config.reload_from_config(config);
                    known = found;
                    tracing::info!("a renewed certificate is in use");
                }
                Err(error) => tracing::error!(%error, "a renewed certificate cannot be used"),
            }
        }
    }

    fn modified(&self) -> [Option<SystemTime>; 2] {
        let of = |path: &Path| fs::metadata(path).and_then(|known| known.modified()).ok();
        [of(&self.certificate), of(&self.key)]
    }
}

fn server_config(certificate: &Path, key: &Path) -> io::Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_slice_iter(&fs::read(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_slice(&fs::read(key)?).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

//! Encrypted connections.

use factum_core::{StoreError, StoreErrorKind};
use tokio_postgres::config::SslMode;

use crate::PostgresStoreConfig;
use crate::connection::OPERATION;

/// How connections are encrypted.
#[derive(Clone)]
pub(crate) enum Tls {
    None,
    #[cfg(feature = "tls")]
    Rustls(tokio_postgres_rustls::MakeRustlsConnect),
}

#[cfg(not(feature = "tls"))]
pub(crate) fn tls(
    parsed: &tokio_postgres::Config,
    config: &PostgresStoreConfig,
) -> Result<Tls, StoreError> {
    let required = parsed.get_ssl_mode() == SslMode::Require;
    if required || config.root_certificates.is_some() {
        let message =
            "expected an encrypted connection, found Factum built without the feature tls";
        return Err(StoreError::new(StoreErrorKind::Unsupported, OPERATION, message));
    }
    Ok(Tls::None)
}

#[cfg(feature = "tls")]
pub(crate) fn tls(
    parsed: &tokio_postgres::Config,
    config: &PostgresStoreConfig,
) -> Result<Tls, StoreError> {
    use std::sync::Arc;

    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    if parsed.get_ssl_mode() == SslMode::Disable {
        return Ok(Tls::None);
    }
    let invalid = |message: String| StoreError::new(StoreErrorKind::Invalid, OPERATION, message);
    let mut roots = rustls::RootCertStore::empty();
    if let Some(path) = &config.root_certificates {
        let unreadable = |error: &dyn std::fmt::Display| {
            invalid(format!("expected certificates in {}, found none: {error}", path.display()))
        };
        for certificate in CertificateDer::pem_file_iter(path).map_err(|it| unreadable(&it))? {
            let certificate = certificate.map_err(|it| unreadable(&it))?;
            roots.add(certificate).map_err(|it| unreadable(&it))?;
        }
        if roots.is_empty() {
            return Err(unreadable(&"the file holds none"));
        }
    } else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    // Named, because a program may have more than one and then rustls refuses to choose.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Tls::Rustls(tokio_postgres_rustls::MakeRustlsConnect::new(config)))
}

//! Encrypted connections, with a certificate made for the test.

#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::{installs, open};
use factum_core::{EventStore, Position, StoreErrorKind};
use factum_postgres::{PostgresStore, PostgresStoreConfig};
use factum_testkit::servers::{PostgresOptions, PostgresServer};
use tempfile::TempDir;

/// A server that offers encryption, and the file of the certificate to trust.
fn server(folder: &TempDir) -> Option<(PostgresServer, std::path::PathBuf)> {
    let install = installs().last()?;
    let made =
        rcgen::generate_simple_self_signed(["localhost".into(), "127.0.0.1".into()]).unwrap();
    let (certificate, key) = (folder.path().join("server.crt"), folder.path().join("server.key"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let tls = Some((certificate.clone(), key));
    let options = PostgresOptions { tls, ..PostgresOptions::default() };
    Some((PostgresServer::start(&install, &options).unwrap(), certificate))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_a_trusted_certificate_is_spoken_to_in_secret() {
    let folder = tempfile::tempdir().unwrap();
    let Some((server, certificate)) = server(&folder) else { return };
    let url = format!("{}?sslmode=require", server.url("postgres"));
    let config = PostgresStoreConfig {
        root_certificates: Some(certificate),
        ..PostgresStoreConfig::new(url)
    };
    let store = open(config).await;
    assert_eq!(store.head().await.unwrap(), Position::START);
    let (client, connection) = factum_postgres::tokio_postgres::connect(
        &server.url("postgres"),
        factum_postgres::tokio_postgres::NoTls,
    )
    .await
    .unwrap();
    tokio::spawn(connection);
    let sql = "SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a ON a.pid = s.pid \
               WHERE a.application_name = 'factum' AND NOT s.ssl";
    let plain: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(plain, 0, "every session of the store is encrypted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_unknown_origin_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let Some((server, _)) = server(&folder) else { return };
    let url = format!("{}?sslmode=require", server.url("postgres"));
    let error = PostgresStore::open(PostgresStoreConfig::new(url)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Misconfigured, "{error}");
    assert!(error.to_string().contains("sslrootcert"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.pem");
    std::fs::write(&file, "no certificate").unwrap();
    let config = PostgresStoreConfig {
        root_certificates: Some(file),
        ..PostgresStoreConfig::new("postgres://postgres@127.0.0.1/postgres?sslmode=require")
    };
    let error = PostgresStore::open(config).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Invalid, "{error}");
}

//! What the driver's own errors mean to the caller: those that no server has put into words.

use std::error::Error;
use std::io::{self, ErrorKind};

use factum_core::StoreErrorKind as Kind;

/// What the caller is told.
pub(crate) struct Told {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    pub(crate) advice: Option<&'static str>,
}

/// The meaning of an error. The driver tells the sorts apart in words only.
pub(crate) fn told(error: &tokio_postgres::Error) -> Told {
    let sort = error.to_string();
    let cause = error.source().map(ToString::to_string);
    let (kind, message, advice) = match sort.as_str() {
        "error performing TLS handshake" => return tls(error),
        "authentication error" => (Kind::Denied, with("permission denied", cause), None),
        "invalid configuration" if cause.as_deref() == Some("password missing") => (
            Kind::Denied,
            "permission denied: the server asks for a password, the address has none".into(),
            Some("add the password to the address"),
        ),
        "invalid configuration" | "invalid connection string" => {
            (Kind::Misconfigured, with("the address cannot be used", cause), None)
        }
        "error parsing response from server" | "unexpected message from server" => (
            Kind::Misconfigured,
            "what answers there does not speak PostgreSQL's protocol".into(),
            Some("check the host and the port"),
        ),
        _ if sort.starts_with("error deserializing column")
            || sort.contains("unexpected number") =>
        {
            (Kind::Corrupt, "a row of the server's holds what it cannot hold".into(), None)
        }
        _ if sort.starts_with("error serializing") || sort.starts_with("expected ") => {
            (Kind::Failed, "a statement of the store is wrong, which is a defect".into(), None)
        }
        _ => (Kind::Unavailable, transport(error).unwrap_or(sort), None),
    };
    Told { kind, message, advice }
}

/// A handshake that failed: because of the network, or because the two sides do not fit together.
fn tls(error: &tokio_postgres::Error) -> Told {
    let broke = io_cause(error).is_some_and(|it| it.kind() != ErrorKind::InvalidData);
    if broke {
        let message = transport(error).unwrap_or_else(|| "the connection broke".into());
        return Told { kind: Kind::Unavailable, message, advice: None };
    }
    let cause = causes(error).last().map(ToString::to_string).unwrap_or_default();
    let advice = if cause.contains("certificate") {
        "name the authority that signed the server's certificate in sslrootcert, or say \
         sslmode=disable on a network you trust"
    } else if cause.contains("does not support TLS") {
        "switch ssl on at the server, or say sslmode=disable on a network you trust"
    } else {
        "check sslmode and sslrootcert in the address, and the certificate of the server"
    };
    let message = format!("no encrypted connection: {cause}");
    Told { kind: Kind::Misconfigured, message, advice: Some(advice) }
}

/// What the network did, in the words that people search for.
fn transport(error: &tokio_postgres::Error) -> Option<String> {
    let cause = io_cause(error)?;
    Some(match cause.kind() {
        ErrorKind::ConnectionRefused => "connection refused".into(),
        ErrorKind::ConnectionReset => "connection reset".into(),
        ErrorKind::TimedOut => "connection timed out".into(),
        ErrorKind::UnexpectedEof => "the other side closed the connection".into(),
        _ => cause.to_string(),
    })
}

fn io_cause(error: &tokio_postgres::Error) -> Option<&io::Error> {
    causes(error).find_map(|it| it.downcast_ref())
}

fn causes(error: &tokio_postgres::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |it| (**it).source())
}

fn with(words: &str, cause: Option<String>) -> String {
    cause.map_or_else(|| words.into(), |cause| format!("{words}: {cause}"))
}

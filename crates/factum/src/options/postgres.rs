//! `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.

use std::path::PathBuf;

use factum_postgres::PostgresStoreConfig;

use crate::url::Parameters;
use crate::{Backend, UrlError};

pub(crate) const OPTIONS: [&str; 33] = [
    "tenant",
    "schema",
    "create",
    "connections_max",
    "view_connections_max",
    "connect_timeout_ms",
    "busy_timeout_ms",
    "answer_timeout_ms",
    "idle_timeout_ms",
    "notify",
    "foreign_poll_ms",
    "prepare",
    "sslrootcert",
    "unsafe_no_flush",
    // These are the driver's, and are handed on to it as they are.
    "sslmode",
    "sslnegotiation",
    "application_name",
    "options",
    "host",
    "hostaddr",
    "port",
    "user",
    "password",
    "dbname",
    "target_session_attrs",
    "channel_binding",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
];
/// Where the driver's options begin.
const OURS: usize = 14;

const CONNECTIONS_MAX: usize = 1_024;

pub(crate) fn backend(
    scheme: &str,
    place: &str,
    parameters: &mut Parameters,
) -> Result<Backend, UrlError> {
    if !place.starts_with("//") {
        let expected = "//user:password@host:port/database";
        let found = "another address".into(); // Which may hold a password.
        return Err(UrlError::BadPlace { scheme: "postgres", expected, found });
    }
    let mut config = PostgresStoreConfig::new(String::new());
    if let Some(schema) = parameters.take("schema") {
        config.schema = schema;
    }
    for (option, setting) in [
        ("connections_max", &mut config.connections_max),
        ("view_connections_max", &mut config.view_connections_max),
    ] {
        const EXPECTED: &str = "a number from 1 to 1,024";
        let Some(found) = parameters.take_as(option, EXPECTED)? else { continue };
        if !(1..=CONNECTIONS_MAX).contains(&found) {
            let found = found.to_string();
            return Err(UrlError::BadValue { option: option.into(), expected: EXPECTED, found });
        }
        *setting = found;
    }
    for (option, setting) in [
        ("connect_timeout_ms", &mut config.connect_timeout_ms),
        ("busy_timeout_ms", &mut config.busy_timeout_ms),
        ("answer_timeout_ms", &mut config.answer_timeout_ms),
        ("idle_timeout_ms", &mut config.idle_timeout_ms),
        ("foreign_poll_ms", &mut config.foreign_poll_ms),
    ] {
        if let Some(millis) = parameters.take_as(option, "a number of milliseconds")? {
            *setting = millis;
        }
    }
    for (option, setting) in [
        ("create", &mut config.create),
        ("notify", &mut config.notify),
        ("prepare", &mut config.prepare),
        ("unsafe_no_flush", &mut config.unsafe_no_flush),
    ] {
        if let Some(value) = parameters.take_as(option, "true or false")? {
            *setting = value;
        }
    }
    config.root_certificates = parameters.take("sslrootcert").map(PathBuf::from);
    config.url = driver_url(scheme, place, parameters);
    Ok(Backend::Postgres(config))
}

/// The address without the options that are ours.
fn driver_url(scheme: &str, place: &str, parameters: &mut Parameters) -> String {
    let mut url = format!("{scheme}:{place}");
    let mut border = '?';
    for option in &OPTIONS[OURS..] {
        if let Some(value) = parameters.take(option) {
            url.push(border);
            url.push_str(option);
            url.push('=');
            value.bytes().for_each(|byte| encode(&mut url, byte));
            border = '&';
        }
    }
    url
}

fn encode(url: &mut String, byte: u8) {
    if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
        url.push(char::from(byte));
    } else {
        url.push('%');
        for digit in [byte >> 4, byte & 0x0f] {
            url.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
        }
    }
}

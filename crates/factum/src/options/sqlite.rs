//! `sqlite:PATH`.

use factum_sqlite::SqliteStoreConfig;

use crate::url::Parameters;
use crate::{Backend, UrlError};

pub(crate) const OPTIONS: [&str; 8] = [
    "tenant",
    "create",
    "readers",
    "busy_timeout_ms",
    "foreign_poll_ms",
    "bytes_max",
    "cache_bytes_max",
    "unsafe_no_flush",
];

const READERS_MAX: usize = 64;

pub(crate) fn backend(place: &str, parameters: &mut Parameters) -> Result<Backend, UrlError> {
    // `sqlite://log.db` is what other programs write for `sqlite:log.db`.
    let path = place.strip_prefix("//").unwrap_or(place);
    if path.is_empty() || path == ":memory:" {
        let expected = "the path of a file (a store in memory is memory:)";
        return Err(UrlError::BadPlace { scheme: "sqlite", expected, found: place.into() });
    }
    let mut config = SqliteStoreConfig::new(path);
    if let Some(create) = parameters.take_as("create", "true or false")? {
        config.create = create;
    }
    if let Some(readers) = parameters.take_as("readers", "a number from 1 to 64")? {
        if !(1..=READERS_MAX).contains(&readers) {
            return Err(UrlError::BadValue {
                option: "readers".into(),
                expected: "a number from 1 to 64",
                found: readers.to_string(),
            });
        }
        config.readers = readers;
    }
    let millis = "a number of milliseconds";
    if let Some(busy_timeout_ms) = parameters.take_as("busy_timeout_ms", millis)? {
        config.busy_timeout_ms = busy_timeout_ms;
    }
    if let Some(foreign_poll_ms) = parameters.take_as("foreign_poll_ms", millis)? {
        config.foreign_poll_ms = foreign_poll_ms;
    }
    config.bytes_max = parameters.take_as("bytes_max", "a number of bytes")?;
    if let Some(cache_bytes_max) = parameters.take_as("cache_bytes_max", "a number of bytes")? {
        config.cache_bytes_max = cache_bytes_max;
    }
    if let Some(unsafe_no_flush) = parameters.take_as("unsafe_no_flush", "true or false")? {
        config.unsafe_no_flush = unsafe_no_flush;
    }
    Ok(Backend::Sqlite(config))
}

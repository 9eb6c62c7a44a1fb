//! Opening the file: is it ours, may we, and with which settings.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use factum_core::{StoreError, StoreErrorKind};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::SqliteStoreConfig;
use crate::error::failed;
use crate::migrate;

pub(crate) const OPERATION: &str = "open store";

/// What every SQLite file starts with.
const SQLITE_HEADER: &[u8; 16] = b"SQLite format 3\0";

/// How many pages the write-ahead log may grow by before it is written back.
pub(crate) const CHECKPOINT_PAGES: i32 = 4_000;

/// How many prepared statements a connection keeps: the store's own, and those of views.
const STATEMENTS_KEPT: usize = 512;

/// Looks at the path before SQLite does, for errors that say more.
pub(crate) fn check_path(config: &SqliteStoreConfig) -> Result<(), StoreError> {
    let shown = config.path.display();
    let refused = |kind, found: &str| {
        Err(StoreError::new(kind, OPERATION, format!("expected a file at {shown}, found {found}")))
    };
    if !(1..=64).contains(&config.readers) {
        let message = format!("expected 1 to 64 readers, found {}", config.readers);
        return Err(StoreError::new(StoreErrorKind::Invalid, OPERATION, message));
    }
    if config.path.is_dir() {
        return refused(StoreErrorKind::Invalid, "a directory");
    }
    let mut file = match File::open(&config.path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return check_absent(config);
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Err(denied(&config.path));
        }
        Err(error) => return refused(of_io(&error), &error.to_string()),
    };
    let mut header = Vec::new();
    let read = file.by_ref().take(16).read_to_end(&mut header);
    match read {
        Ok(0) => Ok(()),
        Ok(_) if header == SQLITE_HEADER => Ok(()),
        Ok(_) => refused(StoreErrorKind::Incompatible, "one that is not a Factum store"),
        Err(error) => refused(of_io(&error), &error.to_string()),
    }
}

/// What a failure of the file system means to the caller.
pub(crate) fn of_io(error: &std::io::Error) -> StoreErrorKind {
    use ErrorKind as It;
    match error.kind() {
        It::PermissionDenied | It::ReadOnlyFilesystem => StoreErrorKind::Denied,
        It::StorageFull | It::QuotaExceeded | It::FileTooLarge => StoreErrorKind::StorageFull,
        It::NotFound | It::NotADirectory | It::IsADirectory | It::InvalidFilename => {
            StoreErrorKind::Invalid
        }
        It::ResourceBusy | It::Interrupted | It::TimedOut => StoreErrorKind::Unavailable,
        _ => StoreErrorKind::Failed,
    }
}

/// Whether there is a file or folder at the path.
pub(crate) fn exists(path: &Path) -> Result<bool, StoreError> {
    match path.try_exists() {
        Err(error) if error.kind() == ErrorKind::NotADirectory => Ok(false),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(denied(path)),
        Err(error) => {
            let message = format!("{}: {error}", path.display());
            Err(StoreError::new(of_io(&error), OPERATION, message).with_source(error))
        }
        Ok(there) => Ok(there),
    }
}

fn denied(path: &Path) -> StoreError {
    let message = format!("permission denied: {} cannot be read", path.display());
    StoreError::new(StoreErrorKind::Denied, OPERATION, message)
}

/// Refuses a file in a folder that is not there.
pub(crate) fn check_folder(path: &Path, operation: &'static str) -> Result<(), StoreError> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    if folder.is_none_or(Path::is_dir) {
        return Ok(());
    }
    let message = format!("expected a folder to make {} in, found none", path.display());
    Err(StoreError::new(StoreErrorKind::NoStore, operation, message))
}

fn check_absent(config: &SqliteStoreConfig) -> Result<(), StoreError> {
    if config.create {
        return check_folder(&config.path, OPERATION);
    }
    let message = format!("expected a store at {}, found no file", config.path.display());
    Err(StoreError::new(StoreErrorKind::NoStore, OPERATION, message))
}

/// Opens the file for writing, in write-ahead mode with a flush per commit.
pub(crate) fn open_writer(config: &SqliteStoreConfig) -> Result<Connection, StoreError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, config.create);
    let conn =
        Connection::open_with_flags(&config.path, flags).map_err(|it| failed(OPERATION, &it))?;
    let busy_timeout = Duration::from_millis(u64::from(config.busy_timeout_ms));
    conn.busy_timeout(busy_timeout).map_err(|it| failed(OPERATION, &it))?;
    // The mode of a file is changed for good, so only that of a store.
    migrate::recognise(&conn)?;
    set_up_writer(&conn, config).map_err(|it| failed(OPERATION, &it))?;
    Ok(conn)
}

fn set_up_writer(conn: &Connection, config: &SqliteStoreConfig) -> rusqlite::Result<()> {
    let mode: String =
        conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN),
            Some(format!("expected write-ahead mode, found {mode}: is the file on a local disk?")),
        ));
    }
    // Checkpoints are the writer's own business: after the answers, not before them.
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "journal_size_limit", 64 << 20)?;
    set_flush(conn, !config.unsafe_no_flush)?;
    conn.pragma_update(None, "cache_size", -32_768)?;
    conn.pragma_update(None, "foreign_keys", false)?;
    keep_plans(conn)?;
    if let Some(bytes_max) = config.bytes_max {
        let page_bytes: i64 = conn.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let bytes_max = i64::try_from(bytes_max).unwrap_or(i64::MAX);
        conn.pragma_update(None, "max_page_count", (bytes_max / page_bytes).max(1))?;
    }
    Ok(())
}

/// Whether commits wait for the disk; to be called outside a transaction.
pub(crate) fn set_flush(conn: &Connection, flush: bool) -> rusqlite::Result<()> {
    conn.pragma_update(None, "synchronous", if flush { "FULL" } else { "NORMAL" })
}

/// Prepared statements stay prepared, with the plans that `sql/plans.txt` pins.
///
/// Otherwise SQLite prepares a statement with a range again at each run, to look at the values
/// bound to it.
fn keep_plans(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    conn.pragma_update(None, "temp_store", "MEMORY")
}

/// Settings of a connection that only reads.
pub(crate) fn set_up_reader(conn: &Connection, busy_timeout: Duration) -> rusqlite::Result<()> {
    conn.busy_timeout(busy_timeout)?;
    conn.pragma_update(None, "cache_size", -16_384)?;
    keep_plans(conn)
}

/// Whether the file is there and this account may not write to it.
pub(crate) fn is_read_only(path: &Path) -> bool {
    let opened = File::options().write(true).open(path);
    let denied = [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem];
    opened.is_err_and(|error| denied.contains(&error.kind()))
}

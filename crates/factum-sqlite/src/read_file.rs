//! A file as it is read, by whoever may write to it and by whoever may not.
//!
//! ```text
//! somebody has it open: -wal and -shm stand beside it -> read with them, as SQLite does
//! nobody has:           the file is all there is      -> read as it is, with nothing made beside it
//! ```
//!
//! SQLite makes the two companions on the first read, which an account that may not write to the folder
//! cannot do. So a file that is at rest is read as one that never changes, and before and after each
//! read it is made sure that it did not: whoever changes it brings the companions back first.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use factum_core::StoreError;
use rusqlite::{Connection, OpenFlags};

use crate::connection::{OPERATION, set_up_reader};
use crate::error::{Failure, failed};

/// The file of a connection that reads.
#[derive(Debug)]
pub(crate) struct ReadFile {
    path: PathBuf,
    busy_timeout: Duration,
    /// What it was like when it was opened, if it was at rest.
    at_rest: Option<Stamp>,
}

impl ReadFile {
    /// Opens a file that exists for reading only.
    pub(crate) fn open(
        path: &Path,
        busy_timeout_ms: u32,
    ) -> Result<(Connection, Self), StoreError> {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let busy_timeout = Duration::from_millis(u64::from(busy_timeout_ms));
        let mut file = Self { path, busy_timeout, at_rest: None };
        let conn = file.connect().map_err(|error| failed(OPERATION, &error))?;
        Ok((conn, file))
    }

    fn connect(&mut self) -> rusqlite::Result<Connection> {
        self.at_rest = Stamp::of(&self.path);
        let mut flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = if self.at_rest.is_some() {
            flags |= OpenFlags::SQLITE_OPEN_URI;
            Connection::open_with_flags(immutable(&self.path), flags)?
        } else {
            Connection::open_with_flags(&self.path, flags)?
        };
        set_up_reader(&conn, self.busy_timeout)?;
        Ok(conn)
    }

    /// Whether what the connection reads is what the file holds.
    pub(crate) fn is_current(&self) -> bool {
        self.at_rest.is_none() || Stamp::of(&self.path) == self.at_rest
    }

    /// What is told of a read during which that ended.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.is_current() { Ok(()) } else { Err(Failure::ChangedMeanwhile) }
    }

    /// A new connection in place of one that is no longer current.
    pub(crate) fn again(&mut self) -> Result<Connection, Failure> {
        Ok(self.connect()?)
    }
}

/// What tells that a file has not been written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    created: Option<SystemTime>,
}

impl Stamp {
    /// That of a file at rest; `None` if somebody has it open, or left something to be recovered.
    fn of(path: &Path) -> Option<Self> {
        let beside = |suffix: &str| -> Option<Metadata> {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            fs::metadata(name).ok()
        };
        let holds = |it: Option<Metadata>| it.is_some_and(|it| it.len() > 0);
        let (log, shared) = (beside("-wal"), beside("-shm"));
        if log.is_some() && shared.is_some() || holds(log) || holds(beside("-journal")) {
            return None;
        }
        let file = fs::metadata(path).ok()?;
        let (modified, created) = (file.modified().ok(), file.created().ok());
        Some(Self { bytes: file.len(), modified, created })
    }
}

/// The address of a file that never changes, as SQLite reads it.
fn immutable(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    let written = |byte: &u8| {
        if plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") }
    };
    let path: String = path.as_os_str().as_encoded_bytes().iter().map(written).collect();
    format!("file:{path}?immutable=1")
}

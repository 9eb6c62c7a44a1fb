//! A consistent copy of the file, taken while it is written to.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use factum_core::{Position, StoreError, StoreErrorKind};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::connection::{check_folder, of_io};
use crate::error::failed;
use crate::read_file::ReadFile;
use crate::{SqliteStoreConfig, fail_point, sql};

const OPERATION: &str = "back up store";
/// How many pages are copied at a time.
const STEP_PAGES: i32 = 4_096;

/// Copies the store to a new file at `to`; the name appears only once the copy is whole and
/// flushed.
pub(crate) fn backup(config: &SqliteStoreConfig, to: &Path) -> Result<Position, StoreError> {
    if to.exists() {
        return Err(exists(to));
    }
    check_folder(to, OPERATION)?;
    let partial = Partial(partial_name(to));
    let (source, file) = ReadFile::open(&config.path, config.busy_timeout_ms)?;
    // What a copy left that was killed is cut off. Made here, where the system says what is wrong.
    File::create(&partial.0).map_err(|error| io(to, error))?;
    let head = copy(&source, &partial.0).map_err(|error| failed(OPERATION, &error))?;
    file.check().map_err(|failure| failure.into_store_error(OPERATION))?;
    let named = flush(&partial.0).and_then(|()| fs::hard_link(&partial.0, to));
    match named {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(exists(to)),
        Err(error) => return Err(io(to, error)),
        Ok(()) => {}
    }
    drop(partial);
    let folder = to.parent().filter(|it| !it.as_os_str().is_empty());
    flush(folder.unwrap_or(Path::new("."))).map_err(|error| io(to, error))?;
    Ok(head)
}

fn copy(source: &Connection, partial: &Path) -> rusqlite::Result<Position> {
    // The snapshot of this transaction is what is copied, whatever is appended meanwhile.
    source.execute_batch("BEGIN")?;
    let head: i64 = source.query_row(sql::LAST_IDS, [], |row| row.get(0))?;
    let mut target = Connection::open(partial)?;
    target.pragma_update(None, "synchronous", "OFF")?; // Flushed once, at the end.
    let steps = Backup::new(source, &mut target)?;
    loop {
        let step = steps.step(STEP_PAGES)?;
        fail_point::hit("backup");
        if step == StepResult::Done {
            break;
        }
    }
    drop(steps);
    // The copy is one file: no write-ahead log stands beside it until it is opened as a store.
    target.pragma_update(None, "journal_mode", "DELETE")?;
    Ok(Position::new(head.cast_unsigned()))
}

fn flush(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}

fn partial_name(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// The unfinished copy; removed when it has its name, or when making it failed.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            let mut name = self.0.as_os_str().to_owned();
            name.push(suffix);
            let _ = fs::remove_file(name);
        }
    }
}

fn exists(to: &Path) -> StoreError {
    let found = if to.is_dir() { "a folder" } else { "one" };
    let message = format!("expected no file at {}, found {found}", to.display());
    StoreError::new(StoreErrorKind::Invalid, OPERATION, message)
}

fn io(to: &Path, error: std::io::Error) -> StoreError {
    let message = format!("could not write {} ({error})", to.display());
    StoreError::new(of_io(&error), OPERATION, message).with_source(error)
}

//! Notices what other processes append, while somebody watches the head.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use factum_core::{HeadSignal, Position, StoreError, StoreErrorKind};
use rusqlite::Connection;

use crate::error::Failure;
use crate::read_file::ReadFile;
use crate::{SqliteStoreConfig, head};

/// A thread that looks at the file at a fixed pace while there are watches, and not otherwise.
#[derive(Debug)]
pub(crate) struct ForeignPoll {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    stop: Mutex<bool>,
    wake: Condvar,
}

impl ForeignPoll {
    pub(crate) fn start(
        opened: (Connection, ReadFile),
        config: &SqliteStoreConfig,
        head: Arc<HeadSignal>,
    ) -> Result<Self, StoreError> {
        let pace = Duration::from_millis(u64::from(config.foreign_poll_ms.max(1)));
        let shared = Arc::new(Shared { stop: Mutex::new(false), wake: Condvar::new() });
        let seen = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("factum-watch".into());
        let thread = thread.spawn(move || poll(opened, pace, &head, &seen)).map_err(|error| {
            StoreError::new(StoreErrorKind::Unavailable, "open store", "no thread to watch with")
                .with_source(error)
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Tells the thread that there is a new watch.
    pub(crate) fn nudge(&self) {
        // Under the lock the thread is either asleep, and wakes, or about to look for watches.
        let _awake = self.shared.stop.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.wake.notify_all();
    }
}

impl Drop for ForeignPoll {
    fn drop(&mut self) {
        *self.shared.stop.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.nudge();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn poll(
    (mut conn, mut file): (Connection, ReadFile),
    pace: Duration,
    head: &HeadSignal,
    shared: &Shared,
) {
    let mut seen = None;
    let mut stop = shared.stop.lock().unwrap_or_else(PoisonError::into_inner);
    while !*stop {
        // Without a watch there is nobody to tell: sleep until nudged.
        stop = if head.watchers() > 0 {
            shared.wake.wait_timeout(stop, pace).unwrap_or_else(PoisonError::into_inner).0
        } else {
            shared.wake.wait(stop).unwrap_or_else(PoisonError::into_inner)
        };
        if head.watchers() > 0
            && renew(&mut conn, &mut file, &mut seen).is_ok()
            && let Ok(now) = head_if_changed(&conn, &mut seen)
            && let Some(now) = now
        {
            head.publish(now);
        }
    }
}

/// Connects again to a file that was at rest and is no longer.
fn renew(
    conn: &mut Connection,
    file: &mut ReadFile,
    seen: &mut Option<i64>,
) -> Result<(), Failure> {
    if !file.is_current() {
        *conn = file.again()?;
        *seen = None;
    }
    Ok(())
}

/// The head, if any connection has committed since the last look. A busy file is looked at again.
fn head_if_changed(conn: &Connection, seen: &mut Option<i64>) -> Result<Option<Position>, Failure> {
    let mut statement = conn.prepare_cached("PRAGMA data_version")?;
    let data_version: i64 = statement.query_row([], |row| row.get(0))?;
    if *seen == Some(data_version) {
        return Ok(None);
    }
    let head = head::read(conn)?.position;
    *seen = Some(data_version);
    Ok(Some(Position::new(head.cast_unsigned())))
}

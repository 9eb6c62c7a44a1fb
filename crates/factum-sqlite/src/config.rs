//! How a SQLite store is opened.

use std::path::PathBuf;
use std::sync::Arc;

use factum_core::{Clock, SystemClock, TenantScope};

/// Where the store is and how it behaves.
#[derive(Clone, Debug)]
pub struct SqliteStoreConfig {
    /// The file. Its companions `-wal` and `-shm` stand beside it.
    pub path: PathBuf,
    /// Whose data the handle sees; the default tenant's unless changed.
    pub scope: TenantScope,
    /// Make the file if there is none. On by default; off, a missing file is an error.
    pub create: bool,
    /// Threads that serve reads, 1 to 64; 2 by default.
    pub readers: usize,
    /// How long a write waits for another process's write, in milliseconds; 5,000 by default.
    /// After that it fails as unavailable, and nothing was stored.
    pub busy_timeout_ms: u32,
    /// How often the file is looked at for other processes' appends while something watches the
    /// head, in milliseconds; 25 by default. Twice this bounds how late such a watch wakes.
    pub foreign_poll_ms: u32,
    /// Largest size of the file in bytes; beyond it appends fail as storage full and reads go on.
    /// `None`, the default, leaves it to the disk.
    pub bytes_max: Option<u64>,
    /// Most memory for streams that were read lately, in bytes; 64 MiB by default. A stream of up
    /// to 256 events, or what is read of its end, is served from there when it is read again. 0
    /// keeps nothing.
    pub cache_bytes_max: u64,
    /// Answers appends before they are flushed. A crash of the process loses nothing, a crash of
    /// the machine may lose the last acknowledged appends. Off by default.
    pub unsafe_no_flush: bool,
    /// Tells the time of appends.
    pub clock: Arc<dyn Clock>,
}

impl SqliteStoreConfig {
    /// The file at `path`, with every setting at its default.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            scope: TenantScope::default(),
            create: true,
            readers: 2,
            busy_timeout_ms: 5_000,
            foreign_poll_ms: 25,
            bytes_max: None,
            cache_bytes_max: 64 << 20,
            unsafe_no_flush: false,
            clock: Arc::new(SystemClock),
        }
    }
}

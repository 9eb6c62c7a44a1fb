//! How a PostgreSQL store is opened.

use std::path::PathBuf;
use std::sync::Arc;

use factum_core::{Clock, SystemClock, TenantScope};

/// How often the head is asked for, in milliseconds, while the server tells of appends.
pub(crate) const CHECK_EVERY_MS: u64 = 5_000;

/// Where the store is and how it behaves. `Debug` withholds the address, which may hold a password.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct PostgresStoreConfig {
    /// The database: `postgres://user:password@host:port/database`, or `host=... user=...`, as
    /// libpq has them. `sslmode` is `disable`, `prefer` or `require`.
    pub url: String,
    /// The schema that holds the store, `factum` by default: a letter or `_`, then letters, digits
    /// and `_`, at most 48 bytes, all lower case. Several stores may share a database.
    pub schema: String,
    /// Whose data the handle sees; the default tenant's unless changed.
    pub scope: TenantScope,
    /// Make the schema if there is none, and bring it to the format of this program. On by default;
    /// off, anything but a schema of this format is an error.
    pub create: bool,
    /// Most connections that serve reads, 1 to 1,024; 8 by default. Writing takes one more, and
    /// watching the head another.
    pub connections_max: usize,
    /// Most connections that views have for their transactions, 1 to 1,024; 4 by default. None is
    /// made before there is a view.
    pub view_connections_max: usize,
    /// How long to try to connect, and to wait for a connection that serves reads, in milliseconds;
    /// 10,000 by default. After that the call fails as unavailable, and nothing was stored.
    pub connect_timeout_ms: u32,
    /// How long an append waits for other processes' appends, in milliseconds; 5,000 by default.
    /// After that it fails as unavailable, names who is in the way, and nothing was stored.
    pub busy_timeout_ms: u32,
    /// How long to wait for the server's answer to one statement, in milliseconds; 30,000 by
    /// default. After that a read fails as unavailable, and an append as of unknown outcome. Verify,
    /// statistics and other work on the whole log may take any time.
    pub answer_timeout_ms: u32,
    /// How long a transaction of the caller's that has appended may stay idle, in milliseconds, if
    /// the caller's session sets no limit of its own; 30,000 by default. After that the server ends
    /// the session, so that others can append. 0 sets no limit.
    pub idle_timeout_ms: u32,
    /// Have the server tell of appends (LISTEN and NOTIFY). On by default; where it does not work,
    /// as behind some poolers, the head is asked for instead.
    pub notify: bool,
    /// How often the head is asked for while something watches it and the server does not tell, in
    /// milliseconds; 100 by default. Twice this bounds how late such a watch wakes.
    pub foreign_poll_ms: u32,
    /// Prepare the statements of reads once per connection. On by default; off for poolers that
    /// hand each transaction to another session.
    pub prepare: bool,
    /// A file of certificates, in PEM, to trust instead of the public authorities. Needs the
    /// feature `tls`.
    pub root_certificates: Option<PathBuf>,
    /// Answers appends before they are flushed. A crash of the server may lose the last
    /// acknowledged appends. Off by default.
    pub unsafe_no_flush: bool,
    /// Tells the time of appends.
    pub clock: Arc<dyn Clock>,
}

impl PostgresStoreConfig {
    /// The schema `factum` of the database at `url`, with every setting at its default.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            schema: "factum".into(),
            scope: TenantScope::default(),
            create: true,
            connections_max: 8,
            view_connections_max: 4,
            connect_timeout_ms: 10_000,
            busy_timeout_ms: 5_000,
            answer_timeout_ms: 30_000,
            idle_timeout_ms: 30_000,
            notify: true,
            foreign_poll_ms: 100,
            prepare: true,
            root_certificates: None,
            unsafe_no_flush: false,
            clock: Arc::new(SystemClock),
        }
    }
}

impl PostgresStoreConfig {
    /// How late a watch may wake for another program's append: a lost notification, or a pooler that
    /// is tried again, is made up for within the time of a check.
    pub(crate) fn foreign_wake_ms_max(&self) -> u64 {
        let polled = 2 * u64::from(self.foreign_poll_ms);
        if self.notify { polled.max(2 * CHECK_EVERY_MS) } else { polled }
    }
}

impl std::fmt::Debug for PostgresStoreConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStoreConfig")
            .field("schema", &self.schema)
            .field("scope", &self.scope)
            .field("create", &self.create)
            .field("connections_max", &self.connections_max)
            .field("notify", &self.notify)
            .field("prepare", &self.prepare)
            .finish_non_exhaustive()
    }
}

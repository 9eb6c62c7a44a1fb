//! What statements of views may do. SQLite asks while it prepares a statement; a flag says whether
//! it is one of a view's, so that the store's own are prepared unhindered.
//!
//! Statements of a scope reach the tables that statements of the same scope made, and nothing else: not
//! the store's own, not those of other scopes, not the list of what is in the file.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite::hooks::{AuthContext, Authorization};

use super::owners::Owners;
use super::rules::Statement;

/// The store's own tables.
pub(crate) const OWN_TABLES: [&str; 17] = [
    "claims",
    "commands",
    "events",
    "head",
    "kind_keys",
    "kind_positions",
    "kinds",
    "letters",
    "migrations",
    "snapshots",
    "streams",
    "subscriptions",
    "tenants",
    "term_positions",
    "terms",
    "view_migrations",
    "view_tables",
];

/// Tables of this name belong to formats that are still to come.
const OWN_PREFIX: &str = "factum_";

/// Whether a table is the store's.
pub(super) fn is_own(table: &str) -> bool {
    let prefix = table.get(..OWN_PREFIX.len());
    OWN_TABLES.iter().any(|it| it.eq_ignore_ascii_case(table))
        || prefix.is_some_and(|it| it.eq_ignore_ascii_case(OWN_PREFIX))
}

/// Stands between the statements of views and a connection.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    writes: bool,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Statements of views are being prepared or run.
    on: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whose views they are.
    scope: String,
    owners: Owners,
    statement: Statement,
    /// What the last statement was refused for.
    denied: Option<String>,
}

impl Seen {
    // All sides are one thread; the lock is there only as far as the types ask for it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While it lives, what is prepared are statements of views.
#[derive(Debug)]
pub(crate) struct Guarded(Arc<Seen>);

impl Guard {
    /// For a connection on which views are written.
    pub(crate) fn of_writer() -> Self {
        Self { writes: true, seen: Arc::default() }
    }

    /// For a connection on which views are only read.
    pub(crate) fn of_reader() -> Self {
        Self { writes: false, seen: Arc::default() }
    }

    /// Stands guard on a connection from now on. Once per connection: it has every prepared
    /// statement prepared again.
    pub(crate) fn install(&self, conn: &mut Connection) -> rusqlite::Result<()> {
        let guard = self.clone();
        conn.authorizer(Some(move |context: AuthContext<'_>| guard.judge(&context)))
    }

    /// Statements are those of views of `scope` until what is returned is dropped.
    pub(crate) fn enter(&self, conn: &Connection, scope: &str) -> rusqlite::Result<Guarded> {
        let mut state = self.seen.state();
        state.owners.refresh(conn)?;
        if state.scope != scope {
            scope.clone_into(&mut state.scope);
        }
        drop(state);
        self.seen.on.store(true, Ordering::Relaxed);
        Ok(Guarded(Arc::clone(&self.seen)))
    }

    /// The next statement begins.
    pub(crate) fn next(&self) {
        self.seen.state().statement = Statement::default();
    }

    /// Notes whose the tables are that the statement made which has just run.
    pub(crate) fn settle(&self, conn: &Connection) -> rusqlite::Result<()> {
        let mut state = self.seen.state();
        if !state.statement.defines() {
            return Ok(());
        }
        state.statement = Statement::default();
        // Not while the state is held: what runs here is asked about as well.
        let (owners, scope) = (std::mem::take(&mut state.owners), state.scope.clone());
        drop(state);
        let on = self.seen.on.swap(false, Ordering::Relaxed);
        let settled = owners.settle(conn, &scope);
        self.seen.on.store(on, Ordering::Relaxed);
        settled
    }

    /// What is in the file may be another than it was: another transaction begins, or something was
    /// rolled back.
    pub(crate) fn forget(&self) {
        self.seen.state().owners = Owners::default();
    }

    /// What is in the file is looked at again before the next statement.
    pub(crate) fn recheck(&self) {
        self.seen.state().owners.recheck();
    }

    /// What the last statement was refused for.
    pub(crate) fn take_denied(&self) -> Option<String> {
        self.seen.state().denied.take()
    }

    fn judge(&self, context: &AuthContext<'_>) -> Authorization {
        if !self.seen.on.load(Ordering::Relaxed) {
            return Authorization::Allow;
        }
        let mut state = self.seen.state();
        let State { scope, owners, statement, denied } = &mut *state;
        match statement.refusal(&context.action, owners, scope, self.writes) {
            None => Authorization::Allow,
            Some(refused) => {
                *denied = Some(refused);
                Authorization::Deny
            }
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.0.on.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;

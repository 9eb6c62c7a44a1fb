//! What statements of views may do. SQLite asks while it prepares a statement; a flag says whether
//! it is one of a view's, so that the store's own are prepared unhindered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// The store's own tables.
pub(crate) const OWN_TABLES: [&str; 15] = [
    "claims",
    "commands",
    "events",
    "head",
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
];

/// Tables of this name belong to formats that are still to come.
const OWN_PREFIX: &str = "factum_";

/// Pragmas that only tell.
const TELLING_PRAGMAS: [&str; 9] = [
    "data_version",
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "page_count",
    "table_info",
    "table_list",
    "table_xinfo",
];

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
    /// An index of a view is being made. SQLite then asks to fill it as well, which by itself, as the
    /// statement REINDEX, reaches the store's own.
    indexing: AtomicBool,
    /// What the last statement was refused for.
    denied: Mutex<Option<String>>,
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

    /// Statements are those of views until what is returned is dropped.
    pub(crate) fn enter(&self) -> Guarded {
        self.seen.on.store(true, Ordering::Relaxed);
        Guarded(Arc::clone(&self.seen))
    }

    /// What the last statement was refused for.
    pub(crate) fn take_denied(&self) -> Option<String> {
        self.seen.denied.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn judge(&self, context: &AuthContext<'_>) -> Authorization {
        // Both sides are one thread; the flag is shared only as far as the types ask for it.
        if !self.seen.on.load(Ordering::Relaxed) {
            return Authorization::Allow;
        }
        let fills = matches!(context.action, AuthAction::Reindex { .. });
        if fills && self.seen.indexing.swap(false, Ordering::Relaxed) {
            return Authorization::Allow;
        }
        let Some(refused) = refusal(&context.action, self.writes) else {
            let makes = matches!(context.action, AuthAction::CreateIndex { .. });
            self.seen.indexing.fetch_or(makes, Ordering::Relaxed);
            return Authorization::Allow;
        };
        *self.seen.denied.lock().unwrap_or_else(PoisonError::into_inner) = Some(refused);
        Authorization::Deny
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.0.indexing.store(false, Ordering::Relaxed);
        self.0.on.store(false, Ordering::Relaxed);
    }
}

/// Why a statement of a view may not do this; `None` if it may.
fn refusal(action: &AuthAction<'_>, writes: bool) -> Option<String> {
    use AuthAction as It;
    let changed = match action {
        It::Select | It::Read { .. } | It::Function { .. } | It::Recursive => return None,

        It::Pragma { pragma_name, .. } => {
            let tells = TELLING_PRAGMAS.iter().any(|it| it.eq_ignore_ascii_case(pragma_name));
            let refused = || format!("expected no pragma that changes things, found {pragma_name}");
            return (!tells).then(refused);
        }
        It::Transaction { .. } | It::Savepoint { .. } => {
            let refused = "expected a statement inside the transaction, found one that begins, \
                           ends or marks one";
            return Some(refused.into());
        }
        _ if !writes => {
            return Some("expected a statement that only reads, found one that writes".into());
        }
        It::Insert { table_name }
        | It::Delete { table_name }
        | It::Update { table_name, .. }
        | It::CreateTable { table_name }
        | It::DropTable { table_name }
        | It::CreateIndex { table_name, .. }
        | It::DropIndex { table_name, .. }
        | It::CreateTrigger { table_name, .. }
        | It::DropTrigger { table_name, .. }
        | It::AlterTable { table_name, .. }
        | It::CreateVtable { table_name, .. }
        | It::DropVtable { table_name, .. } => table_name,
        It::CreateView { view_name } | It::DropView { view_name } => view_name,
        // A table of the connection would hide the store's own of the same name from the store.
        _ => {
            let refused = "expected a statement on tables of views, found one on temporary tables, \
                           on other files or on the whole file";
            return Some(refused.into());
        }
    };
    let prefix = changed.get(..OWN_PREFIX.len());
    let own = OWN_TABLES.iter().any(|it| it.eq_ignore_ascii_case(changed))
        || prefix.is_some_and(|it| it.eq_ignore_ascii_case(OWN_PREFIX));
    own.then(|| format!("expected a table of a view, found the store's own table {changed}"))
}

#[cfg(test)]
mod tests;

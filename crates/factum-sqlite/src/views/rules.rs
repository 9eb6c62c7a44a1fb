//! What one statement of a view may do, action by action as SQLite names them.

use rusqlite::hooks::AuthAction;

use super::guard::is_own;
use super::owners::{Owners, Standing};

/// Pragmas that tell of one table, or index, and change nothing.
const TABLE_PRAGMAS: [&str; 7] = [
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "table_info",
    "table_list",
    "table_xinfo",
];
/// Pragmas that tell of no table.
const TELLING_PRAGMAS: [&str; 2] = ["data_version", "page_count"];

/// What can be read like a table and shows nothing of the file.
const TABLE_FUNCTIONS: [&str; 3] = ["json_each", "json_tree", "generate_series"];
const PRAGMA_FUNCTION: &str = "pragma_";

/// Where SQLite keeps the list of what is in the file.
const SCHEMA_TABLES: [&str; 4] =
    ["sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_temp_schema"];
const INTERNAL_PREFIX: &str = "sqlite_";
/// How SQLite names the number of a row.
const ROWID: &str = "ROWID";

/// What is known of a statement that is being prepared.
///
/// What makes, changes or removes a table has SQLite itself read and write its list of tables. One that
/// removes or changes holds no query of a user's; of one that makes, SQLite reads by a row's number only.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact by itself")]
pub(super) struct Statement {
    defines: bool,
    removes: bool,
    alters: bool,
    /// An index of a view is being made. SQLite then asks to fill it as well, which by itself, as the
    /// statement REINDEX, reaches the store's own.
    indexes: bool,
}

impl Statement {
    /// Whether SQLite does with its own tables what it must.
    fn rewrites(self) -> bool {
        self.removes || self.alters
    }

    /// Whether it makes, changes or removes a table.
    pub(super) fn defines(self) -> bool {
        self.defines
    }

    /// Why it may not do this; `None` if it may.
    pub(super) fn refusal(
        &mut self,
        action: &AuthAction<'_>,
        owners: &mut Owners,
        scope: &str,
        writes: bool,
    ) -> Option<String> {
        use AuthAction as It;
        match *action {
            It::Select | It::Function { .. } | It::Recursive => None,
            It::Read { table_name, column_name } => {
                self.reading(table_name, column_name, owners, scope)
            }
            It::Pragma { pragma_name, pragma_value } => {
                self.pragma(pragma_name, pragma_value, owners, scope)
            }
            It::Transaction { .. } | It::Savepoint { .. } => Some(
                "expected a statement inside the transaction, found one that begins, ends or marks one"
                    .into(),
            ),
            It::Reindex { .. } if std::mem::take(&mut self.indexes) => None,
            _ if !writes => {
                Some("expected a statement that only reads, found one that writes".into())
            }
            It::Insert { table_name }
            | It::Delete { table_name }
            | It::Update { table_name, .. } => self.writing(table_name, owners, scope),
            It::CreateTable { table_name } | It::CreateVtable { table_name, .. } => {
                self.making(table_name, owners, scope)
            }
            It::CreateView { view_name } => self.making(view_name, owners, scope),
            It::CreateIndex { table_name, index_name: made } => {
                let refused = changing(table_name, owners, scope);
                refused.or_else(|| taken(made, owners, scope)).or_else(|| {
                    (self.defines, self.indexes) = (true, true);
                    None
                })
            }
            It::CreateTrigger { table_name, trigger_name: made } => {
                let refused = changing(table_name, owners, scope);
                let refused = refused.or_else(|| taken(made, owners, scope));
                self.defines |= refused.is_none();
                refused
            }
            It::AlterTable { table_name, .. } => {
                let refused = changing(table_name, owners, scope);
                self.defines |= refused.is_none();
                self.alters |= refused.is_none();
                refused
            }
            It::DropTable { table_name }
            | It::DropIndex { table_name, .. }
            | It::DropTrigger { table_name, .. }
            | It::DropVtable { table_name, .. }
            | It::DropView { view_name: table_name } => {
                let refused = changing(table_name, owners, scope);
                self.defines |= refused.is_none();
                self.removes |= refused.is_none();
                refused
            }
            // A table of the connection would hide the store's own of the same name from the store.
            _ => Some(
                "expected a statement on tables of views, found one on temporary tables, on other \
                 files or on the whole file"
                    .into(),
            ),
        }
    }

    fn reading(self, table: &str, column: &str, owners: &Owners, scope: &str) -> Option<String> {
        if is_one_of(&SCHEMA_TABLES, table) {
            let by_itself = self.rewrites() || (self.defines && column == ROWID);
            return (!by_itself).then(|| {
                format!("expected a table of a view, found {table}, which shows the whole file")
            });
        }
        if is_internal(table) {
            return self.internal(table);
        }
        let function = is_one_of(&TABLE_FUNCTIONS, table)
            || table.strip_prefix(PRAGMA_FUNCTION).is_some_and(|it| {
                self.alters || is_one_of(&TABLE_PRAGMAS, it) || is_one_of(&TELLING_PRAGMAS, it)
            });
        // Where no column is read, a name may be one that the statement itself gives to a part of it.
        let nothing = column.is_empty() && owners.standing(table, scope) == Standing::Unknown;
        if function || (nothing && !is_own(table)) { None } else { changing(table, owners, scope) }
    }

    fn writing(self, table: &str, owners: &Owners, scope: &str) -> Option<String> {
        if is_one_of(&SCHEMA_TABLES, table) {
            return None; // SQLite itself refuses whoever names it.
        }
        if is_internal(table) { self.internal(table) } else { changing(table, owners, scope) }
    }

    /// Tables that SQLite keeps for those of all views together.
    fn internal(self, table: &str) -> Option<String> {
        (!self.rewrites())
            .then(|| format!("expected a table of a view, found SQLite's own {table}"))
    }

    fn making(&mut self, name: &str, owners: &mut Owners, scope: &str) -> Option<String> {
        let refused = taken(name, owners, scope);
        if refused.is_none() {
            self.defines = true;
            if owners.standing(name, scope) == Standing::Unknown {
                owners.made(name, scope);
            }
        }
        refused
    }

    fn pragma(
        self,
        name: &str,
        value: Option<&str>,
        owners: &Owners,
        scope: &str,
    ) -> Option<String> {
        if is_one_of(&TELLING_PRAGMAS, name) || self.alters {
            return None;
        }
        if !is_one_of(&TABLE_PRAGMAS, name) {
            return Some(format!("expected no pragma that changes things, found {name}"));
        }
        let Some(table) = value else {
            return Some(format!("expected {name} of one table, found it of the whole file"));
        };
        if is_own(table) { Some(own(table)) } else { of_others(table, owners, scope) }
    }
}

/// Why statements of the scope may not reach a table.
fn changing(table: &str, owners: &Owners, scope: &str) -> Option<String> {
    if is_own(table) {
        return Some(own(table));
    }
    match owners.standing(table, scope) {
        Standing::Theirs => None,
        Standing::Of(_) => of_others(table, owners, scope),
        Standing::Unknown => Some(format!("expected a table of a view, found {table}")),
    }
}

/// Why statements of the scope may not make something of this name.
fn taken(name: &str, owners: &Owners, scope: &str) -> Option<String> {
    if is_own(name) {
        return Some(own(name));
    }
    let Standing::Of(owner) = owners.standing(name, scope) else { return None };
    Some(format!(
        "expected a name that is free in this file, found {name}, which is a view's of {}: begin the \
         names of tables with the tenant's, or keep each tenant's views in a file of their own",
        shown(owner)
    ))
}

fn own(table: &str) -> String {
    format!("expected a table of a view, found the store's own table {table}")
}

fn of_others(table: &str, owners: &Owners, scope: &str) -> Option<String> {
    let Standing::Of(owner) = owners.standing(table, scope) else { return None };
    let (mine, theirs) = (shown(scope), shown(owner));
    Some(format!("expected a table of a view of {mine}, found {table}, which is one of {theirs}"))
}

fn shown(scope: &str) -> String {
    if scope == "*" { "all tenants".into() } else { format!("the tenant {scope}") }
}

fn is_internal(table: &str) -> bool {
    let prefix = table.get(..INTERNAL_PREFIX.len());
    prefix.is_some_and(|it| it.eq_ignore_ascii_case(INTERNAL_PREFIX))
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|it| it.eq_ignore_ascii_case(name))
}

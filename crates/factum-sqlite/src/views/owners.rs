//! Whose the tables of views in a file are.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use rusqlite::Connection;

use super::guard::is_own;
use crate::sql;

/// The scope of tables whose scope nobody knows: those that another program made, or that were there
/// before it was noted. They are open to every scope.
const ANYONE: &str = "";

/// The tables, views, indexes and triggers of a file, but for the store's own, and whose they are.
#[derive(Debug, Default)]
pub(super) struct Owners {
    by_name: HashMap<String, String, RandomState>,
    /// SQLite's counter of changes to what is in the file, as of when this was read.
    version: Option<i64>,
    /// Whether it still is that one, as far as anyone but this connection may have changed it.
    checked: bool,
}

/// How a table stands to the statements of a scope.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing<'o> {
    /// It is theirs, or nobody knows whose.
    Theirs,
    /// It is another scope's.
    Of(&'o str),
    /// It is not in the file, or no table.
    Unknown,
}

impl Owners {
    /// Reads what is in the file, if that may be another than it was.
    pub(super) fn refresh(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        if self.checked {
            return Ok(());
        }
        let mut statement = conn.prepare_cached("PRAGMA schema_version")?;
        let version: i64 = statement.query_row([], |row| row.get(0))?;
        if self.version != Some(version) {
            self.by_name.clear();
            let mut statement = conn.prepare_cached(sql::VIEW_OWNERS)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (name, table): (String, String) = (row.get(0)?, row.get(1)?);
                if !is_own(&table) {
                    self.by_name.insert(name.to_ascii_lowercase(), row.get(2)?);
                }
            }
            self.version = Some(version);
        }
        self.checked = true;
        Ok(())
    }

    /// Others may have changed what is in the file.
    pub(super) fn recheck(&mut self) {
        self.checked = false;
    }

    pub(super) fn standing(&self, name: &str, scope: &str) -> Standing<'_> {
        match self.by_name.get(&name.to_ascii_lowercase()).map(String::as_str) {
            None => Standing::Unknown,
            Some(owner) if owner == scope || owner == ANYONE => Standing::Theirs,
            Some(owner) => Standing::Of(owner),
        }
    }

    /// A statement of `scope` is about to make this.
    pub(super) fn made(&mut self, name: &str, scope: &str) {
        // The number is not that of the file: whether it comes to be made is not known.
        self.version = None;
        self.by_name.insert(name.to_ascii_lowercase(), scope.into());
    }

    /// Notes what a statement of `scope` has made and removed, beside what was known before it.
    pub(super) fn settle(self, conn: &Connection, scope: &str) -> rusqlite::Result<()> {
        let mut tables = conn.prepare_cached(sql::VIEW_TABLES)?;
        let mut rows = tables.query([])?;
        let mut new = Vec::new();
        while let Some(row) = rows.next()? {
            let name: String = row.get(0)?;
            let internal = name.get(..7).is_some_and(|it| it.eq_ignore_ascii_case("sqlite_"));
            let known = self.by_name.get(&name.to_ascii_lowercase());
            if !internal && !is_own(&name) && known.is_none_or(|owner| owner == scope) {
                new.push(name);
            }
        }
        drop(rows);
        let mut put = conn.prepare_cached(sql::PUT_VIEW_TABLE)?;
        for name in new {
            put.execute((name, scope))?;
        }
        conn.prepare_cached(sql::FORGET_VIEW_TABLES)?.execute([])?;
        Ok(())
    }
}

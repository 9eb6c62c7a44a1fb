//! Statements of views: looked at once, then prepared and bound without a further thought.

use std::collections::HashMap;
use std::sync::Arc;

use factum_core::{SqlRow, SqlValue};
use foldhash::fast::RandomState;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Batch, CachedStatement, Connection, Statement};

use super::guard::{Guard, Guarded};
use crate::error::StatementFailure;

/// How many statements are known before all are forgotten and looked at again.
const KNOWN_MAX: usize = 1 << 12;

/// The statements that one connection was given.
#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) guard: Guard,
    /// Whose views they are.
    scope: Box<str>,
    /// What each one binds, by scope. A statement that is here passed the guard for its scope: SQLite's
    /// own store of prepared statements, which the guard does not see, is not asked for any other.
    known: HashMap<Box<str>, Known, RandomState>,
    /// How many are known.
    count: usize,
}

type Known = HashMap<Box<str>, Binds, RandomState>;

/// Which value goes to which of a statement's places.
#[derive(Clone, Debug)]
struct Binds {
    count: usize,
    /// The number of the value for each place, 1-based; `None` if it is that of the place.
    order: Option<Arc<[usize]>>,
}

impl Statements {
    pub(crate) fn new(guard: Guard) -> Self {
        Self { guard, scope: Box::default(), known: HashMap::default(), count: 0 }
    }

    /// The statements that follow are those of views of `scope`, in another transaction than before.
    pub(crate) fn begin(&mut self, scope: &str) {
        if *self.scope != *scope {
            self.scope = scope.into();
        }
        self.guard.recheck();
    }

    /// Runs a statement and says how many rows it changed, or gave.
    pub(crate) fn execute(
        &mut self,
        conn: &Connection,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<u64, StatementFailure> {
        let _guarded = self.enter(conn)?;
        let before = conn.total_changes();
        let mut statement = self.bound(conn, sql, values)?;
        let mut rows = statement.raw_query();
        let mut given = 0;
        while rows.next().map_err(|error| self.ran(error))?.is_some() {
            given += 1;
        }
        drop(rows);
        // SQLite goes on telling of the last statement that changed rows.
        let concerned = match statement.readonly() {
            true => given,
            false if conn.total_changes() == before => 0,
            false => conn.changes(),
        };
        drop(statement);
        self.settle(conn)?;
        Ok(concerned)
    }

    /// Runs a statement and gives its rows.
    pub(crate) fn query(
        &mut self,
        conn: &Connection,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<Vec<SqlRow>, StatementFailure> {
        let _guarded = self.enter(conn)?;
        let mut statement = self.bound(conn, sql, values)?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|error| self.ran(error))? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                let value = row.get_ref(column).map_err(|error| self.ran(error))?;
                values.push(owned(value, column)?);
            }
            found.push(SqlRow::new(values));
        }
        drop(rows);
        drop(statement);
        self.settle(conn)?;
        Ok(found)
    }

    /// Runs several statements that bind nothing.
    pub(crate) fn batch(&mut self, conn: &Connection, sql: &str) -> Result<(), StatementFailure> {
        let mut statements = Batch::new(conn, sql);
        loop {
            let _guarded = self.enter(conn)?;
            self.guard.next();
            let next = statements.next().map_err(|error| self.prepared(error))?;
            let Some(mut statement) = next else { return Ok(()) };
            Binds::of(&statement, 0)?;
            let mut rows = statement.raw_query();
            while rows.next().map_err(|error| self.ran(error))?.is_some() {}
            drop(rows);
            drop(statement);
            self.settle(conn)?;
        }
    }

    fn enter(&self, conn: &Connection) -> Result<Guarded, StatementFailure> {
        self.guard.enter(conn, &self.scope).map_err(StatementFailure::Store)
    }

    /// Notes what a statement has made.
    fn settle(&self, conn: &Connection) -> Result<(), StatementFailure> {
        self.guard.settle(conn).map_err(StatementFailure::Store)
    }

    fn bound<'c>(
        &mut self,
        conn: &'c Connection,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<CachedStatement<'c>, StatementFailure> {
        self.guard.next();
        let known = self.known.get(&self.scope).and_then(|known| known.get(sql));
        let known = known.filter(|binds| binds.count == values.len()).cloned();
        let binds = known.map_or_else(|| self.look_at(conn, sql, values.len()), Ok)?;
        let mut statement = conn.prepare_cached(sql).map_err(|error| self.prepared(error))?;
        for place in 1..=values.len() {
            let number = binds.order.as_ref().map_or(place, |order| order[place - 1]);
            let value = borrowed(&values[number - 1]).map_err(|problem| {
                StatementFailure::Statement(format!("value ${number}: {problem}"))
            })?;
            statement.raw_bind_parameter(place, value).map_err(|error| self.ran(error))?;
        }
        Ok(statement)
    }

    /// Has the guard look at a statement, and notes what it binds.
    fn look_at(
        &mut self,
        conn: &Connection,
        sql: &str,
        values: usize,
    ) -> Result<Binds, StatementFailure> {
        let statement = conn.prepare(sql).map_err(|error| self.prepared(error))?;
        let binds = Binds::of(&statement, values)?;
        if self.count >= KNOWN_MAX {
            self.known.clear();
            self.count = 0;
        }
        self.count += 1;
        self.known.entry(self.scope.clone()).or_default().insert(sql.into(), binds.clone());
        Ok(binds)
    }

    fn prepared(&self, error: rusqlite::Error) -> StatementFailure {
        StatementFailure::prepared(error, self.guard.take_denied())
    }

    fn ran(&self, error: rusqlite::Error) -> StatementFailure {
        StatementFailure::ran(error, self.guard.take_denied())
    }
}

impl Binds {
    /// What a statement binds, if that is `$1` to the number of values.
    fn of(statement: &Statement<'_>, values: usize) -> Result<Self, StatementFailure> {
        let count = statement.parameter_count();
        let names = || (1..=count).map(|place| statement.parameter_name(place).unwrap_or("?"));
        let order: Option<Vec<usize>> = names().map(number).collect();
        let Some(order) = order.filter(|it| count == values && it.iter().all(|it| *it <= count))
        else {
            let found: Vec<_> = names().take(20).collect();
            let found = if found.is_empty() { "none".into() } else { found.join(", ") };
            let expected = match values {
                0 => "no parameters".into(),
                1 => "the parameter $1".into(),
                _ => format!("the parameters $1 to ${values}"),
            };
            return Err(StatementFailure::Statement(format!("expected {expected}, found {found}")));
        };
        let in_order = order.iter().zip(1..).all(|(number, place)| *number == place);
        Ok(Self { count, order: (!in_order).then(|| order.into()) })
    }
}

/// The number in `$1`; SQLite takes equal names for one parameter, so each is there once.
fn number(name: &str) -> Option<usize> {
    let digits = name.strip_prefix('$').filter(|it| !it.starts_with(['0', '+']))?;
    digits.parse().ok()
}

fn borrowed<'a>(value: &'a SqlValue<'_>) -> Result<ToSqlOutput<'a>, String> {
    Ok(ToSqlOutput::Borrowed(match value {
        SqlValue::Null => ValueRef::Null,
        SqlValue::Bool(it) => ValueRef::Integer(i64::from(*it)),
        SqlValue::Integer(it) => ValueRef::Integer(*it),
        // SQLite would store NULL and say nothing.
        SqlValue::Real(it) if it.is_nan() => {
            return Err("expected a number, found NaN, which SQLite has no place for".into());
        }
        SqlValue::Real(it) => ValueRef::Real(*it),
        SqlValue::Text(it) => ValueRef::Text(it.as_bytes()),
        SqlValue::Bytes(it) => ValueRef::Blob(it),
        other => {
            return Err(format!("expected a value that SQLite can hold, found {}", other.kind()));
        }
    }))
}

fn owned(value: ValueRef<'_>, column: usize) -> Result<SqlValue<'static>, StatementFailure> {
    Ok(match value {
        ValueRef::Null => SqlValue::Null,
        ValueRef::Integer(it) => SqlValue::Integer(it),
        ValueRef::Real(it) => SqlValue::Real(it),
        ValueRef::Text(it) => {
            let text = std::str::from_utf8(it).map_err(|_| {
                let message = format!("column {column}: expected text in UTF-8, found other bytes");
                StatementFailure::Statement(message)
            })?;
            SqlValue::Text(text.to_owned().into())
        }
        ValueRef::Blob(it) => SqlValue::Bytes(it.to_owned().into()),
    })
}

//! Finding the positions that match a query, from the postings.
//!
//! A posting list is read in chunks; lists are joined by leaping: every list is asked for its
//! first position at or after a target, and the furthest answer is the next target.

use factum_core::{Category, Position, Query, QueryItem, TenantId, TenantScope};
use rusqlite::Connection;

use crate::error::Failure;
use crate::names::{CORRELATION, Names, TAG};
use crate::rows::EventRow;
use crate::{sql, tenants};

/// How many positions of a posting list are read at once.
const CHUNK: usize = 256;
/// Beyond this many kinds, scanning the log and filtering beats merging lists.
const KINDS_MAX: usize = 64;

/// Whose events a query may match.
#[derive(Clone, Debug)]
pub(crate) enum QueryScope {
    /// Everyone's.
    All,
    /// One tenant's; `id` is `None` if the store has never heard of it.
    One { name: TenantId, id: Option<i64> },
}

impl QueryScope {
    pub(crate) fn new(conn: &Connection, scope: &TenantScope) -> Result<Self, Failure> {
        Ok(match scope {
            TenantScope::All => Self::All,
            TenantScope::One(name) => {
                Self::One { name: name.clone(), id: tenants::find(conn, name)? }
            }
        })
    }

    fn tenant(&self) -> Option<i64> {
        match self {
            Self::All => None,
            Self::One { id, .. } => *id,
        }
    }

    /// Whether every event of the log is in scope.
    fn is_everything(&self, conn: &Connection) -> rusqlite::Result<bool> {
        match self {
            Self::All => Ok(true),
            Self::One { id: None, .. } => Ok(false),
            Self::One { .. } => {
                let mut statement = conn.prepare_cached(sql::TENANT_COUNT)?;
                let tenants: i64 = statement.query_row([], |row| row.get(0))?;
                Ok(tenants == 1)
            }
        }
    }
}

/// A query made ready to run on one connection, in one transaction.
#[derive(Debug)]
pub(crate) struct Matcher<'q> {
    conn: &'q Connection,
    scope: &'q QueryScope,
    query: &'q Query,
    plan: Plan,
}

/// How to find what matches.
#[derive(Debug)]
enum Plan {
    /// Everything does.
    Everything,
    /// Look at every event.
    Filter,
    /// Join posting lists.
    Postings(Node),
}

impl<'q> Matcher<'q> {
    pub(crate) fn new(
        conn: &'q Connection,
        scope: &'q QueryScope,
        query: &'q Query,
    ) -> Result<Self, Failure> {
        let plan = Plan::new(conn, scope, query)?;
        Ok(Self { conn, scope, query, plan })
    }

    /// Whether every event matches, so that a plain scan of the log is the answer.
    pub(crate) fn is_everything(&self) -> bool {
        matches!(self.plan, Plan::Everything)
    }

    /// The first match after `after`, up to and with `through`.
    pub(crate) fn first(
        &mut self,
        names: &mut Names,
        after: Position,
        through: Position,
    ) -> Result<Option<Position>, Failure> {
        let mut found = None;
        self.collect(names, after, through, 1, |position| found = Some(position))?;
        Ok(found.map(|it: i64| Position::new(it.cast_unsigned())))
    }

    /// Gives the first `most` matches after `after`, up to and with `through`, in order.
    pub(crate) fn collect(
        &mut self,
        names: &mut Names,
        after: Position,
        through: Position,
        most: usize,
        mut found: impl FnMut(i64),
    ) -> Result<(), Failure> {
        let (after, through) = (signed(after), signed(through));
        match &mut self.plan {
            Plan::Everything => (after + 1..=through).take(most).for_each(found),
            Plan::Filter => self.filter(names, after, through, most, found)?,
            Plan::Postings(node) => {
                let (mut target, mut left) = (after.saturating_add(1), most);
                while left > 0
                    && let Some(position) = node.seek(self.conn, target, through)?
                {
                    found(position);
                    (target, left) = (position + 1, left - 1);
                }
            }
        }
        Ok(())
    }

    fn filter(
        &self,
        names: &mut Names,
        after: i64,
        through: i64,
        most: usize,
        mut found: impl FnMut(i64),
    ) -> Result<(), Failure> {
        let mut statement = self.conn.prepare_cached(sql::LOG_PAGE)?;
        let mut rows = statement.query((after, through, i64::MAX))?;
        let mut left = most;
        while left > 0
            && let Some(row) = rows.next()?
        {
            let row = EventRow::verified(row)?;
            let event = row.event(self.conn, names)?;
            let visible = match self.scope {
                QueryScope::All => true,
                QueryScope::One { name, .. } => *name == event.tenant,
            };
            if visible && self.query.matches(&event) {
                found(row.numbers.position);
                left -= 1;
            }
        }
        Ok(())
    }
}

/// A position as SQLite counts; beyond its range means beyond any log.
pub(crate) fn signed(position: Position) -> i64 {
    i64::try_from(position.get()).unwrap_or(i64::MAX)
}

impl Plan {
    fn new(conn: &Connection, scope: &QueryScope, query: &Query) -> Result<Self, Failure> {
        if matches!(scope, QueryScope::One { id: None, .. }) {
            return Ok(Self::Postings(Node::Any(Vec::new())));
        }
        if query.is_all() && scope.is_everything(conn)? {
            return Ok(Self::Everything);
        }
        let everything = [QueryItem::default()];
        let items = if query.is_all() { &everything } else { query.items() };
        let mut nodes = Vec::with_capacity(items.len());
        for item in items {
            match Node::of_item(conn, scope.tenant(), item)? {
                Some(node) => nodes.push(node),
                None => return Ok(Self::Filter),
            }
        }
        Ok(Self::Postings(Node::Any(nodes)))
    }
}

/// Positions in ascending order, joined from posting lists.
#[derive(Debug)]
enum Node {
    List(PostingList),
    /// Positions in at least one.
    Any(Vec<Node>),
    /// Positions in every one; there is at least one.
    Every(Vec<Node>),
}

impl Node {
    /// The positions of one alternative; `None` if it takes more lists than a scan costs.
    fn of_item(
        conn: &Connection,
        tenant: Option<i64>,
        item: &QueryItem,
    ) -> Result<Option<Self>, Failure> {
        let tags = item.tags.iter().map(|tag| (TAG, tag.as_str()));
        let correlation = item.correlation.iter().map(|it| (CORRELATION, it.as_str()));
        let mut every = Vec::new();
        for (form, name) in tags.chain(correlation) {
            let mut statement = conn.prepare_cached(sql::FIND_TERMS)?;
            let ids = statement.query_map((tenant, form, name), |row| row.get(0))?;
            let ids: Vec<i64> = ids.collect::<Result<_, _>>()?;
            every.push(Self::any(sql::TERM_POSITIONS, ids));
        }
        if every.is_empty() || item.category.is_some() || !item.types.is_empty() {
            let kinds = find_kinds(conn, tenant, item)?;
            if kinds.len() > KINDS_MAX {
                return Ok(None);
            }
            every.push(Self::any(sql::KIND_POSITIONS, kinds));
        }
        Ok(Some(Self::Every(every)))
    }

    fn any(sql: &'static str, ids: Vec<i64>) -> Self {
        Self::Any(ids.into_iter().map(|id| Self::List(PostingList::new(sql, id))).collect())
    }

    /// The first position from `target` up to and with `through`.
    fn seek(
        &mut self,
        conn: &Connection,
        target: i64,
        through: i64,
    ) -> Result<Option<i64>, Failure> {
        match self {
            Self::List(list) => list.seek(conn, target, through),
            Self::Any(nodes) => {
                let mut nearest = None;
                for node in nodes {
                    let found = node.seek(conn, target, through)?;
                    nearest = nearest.into_iter().chain(found).min();
                }
                Ok(nearest)
            }
            Self::Every(nodes) => {
                let mut target = target;
                'leap: loop {
                    for node in &mut *nodes {
                        match node.seek(conn, target, through)? {
                            None => return Ok(None),
                            Some(found) if found > target => {
                                target = found;
                                continue 'leap;
                            }
                            Some(_) => {}
                        }
                    }
                    return Ok(Some(target));
                }
            }
        }
    }
}

fn find_kinds(
    conn: &Connection,
    tenant: Option<i64>,
    item: &QueryItem,
) -> Result<Vec<i64>, Failure> {
    let category = item.category.as_ref().map(Category::as_str);
    let mut kinds = Vec::new();
    if item.types.is_empty() {
        let mut statement = conn.prepare_cached(sql::FIND_KINDS)?;
        for id in statement.query_map((tenant, category), |row| row.get(0))? {
            kinds.push(id?);
        }
    }
    for event_type in &item.types {
        let mut statement = conn.prepare_cached(sql::FIND_KINDS_OF_TYPE)?;
        for id in statement.query_map((tenant, category, event_type.as_str()), |row| row.get(0))? {
            kinds.push(id?);
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    Ok(kinds)
}

/// One posting list, read forward in chunks.
#[derive(Debug)]
struct PostingList {
    sql: &'static str,
    id: i64,
    chunk: Vec<i64>,
    /// Where in the chunk the last answer stood.
    at: usize,
    /// Nothing follows the chunk.
    complete: bool,
}

impl PostingList {
    fn new(sql: &'static str, id: i64) -> Self {
        Self { sql, id, chunk: Vec::new(), at: 0, complete: false }
    }

    fn seek(
        &mut self,
        conn: &Connection,
        target: i64,
        through: i64,
    ) -> Result<Option<i64>, Failure> {
        self.at += self.chunk[self.at..].partition_point(|it| *it < target);
        if self.at == self.chunk.len() && !self.complete {
            // A short first chunk: a query that leaps far or wants little reads little.
            let most = if self.chunk.is_empty() { 16 } else { CHUNK };
            self.chunk.clear();
            let mut statement = conn.prepare_cached(self.sql)?;
            let binds = (self.id, target, through, i64::try_from(most).unwrap_or(i64::MAX));
            for position in statement.query_map(binds, |row| row.get(0))? {
                self.chunk.push(position?);
            }
            self.complete = self.chunk.len() < most;
            self.at = 0;
        }
        Ok(self.chunk.get(self.at).copied())
    }
}

//! Finding the positions that match a query, from the postings.
//!
//! A posting list is read in chunks; lists are joined by leaping: every list is asked for its
//! first position at or after a target, and the furthest answer is the next target.
//!
//! A read has keys, which always go up: forward they are positions, backward their negatives.

use std::ops::Range;

use factum_core::{
    Category, Direction, Position, Query, QueryItem, StreamFilter, TenantId, TenantScope,
};
use rusqlite::Connection;

use crate::error::Failure;
use crate::names::{Names, TermName};
use crate::rows::next_dense;
use crate::{head, sql};

mod lists;
mod lookup;
mod streams;

use lists::{KIND_LISTS, List, Source, TERM_LISTS};
pub(crate) use lookup::{Tenants, find_kinds, find_terms};

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
    pub(crate) fn new(
        conn: &Connection,
        names: &mut Names,
        scope: &TenantScope,
    ) -> Result<Self, Failure> {
        Ok(match scope {
            TenantScope::All => Self::All,
            TenantScope::One(name) => {
                Self::One { name: name.clone(), id: names.tenant_id(conn, name)? }
            }
        })
    }

    /// Whether events of this tenant are in scope.
    pub(crate) fn includes(&self, tenant: &TenantId) -> bool {
        match self {
            Self::All => true,
            Self::One { name, .. } => name == tenant,
        }
    }

    fn tenants(&self) -> Tenants {
        match self {
            Self::All => Tenants { first: i64::MIN, last: i64::MAX },
            Self::One { id, .. } => Tenants::one(id.unwrap_or(0)), // Ids start at 1.
        }
    }

    /// Whether every event of the log is in scope.
    fn is_everything(&self, conn: &Connection) -> Result<bool, Failure> {
        match self {
            Self::All => Ok(true),
            Self::One { id: None, .. } => Ok(false),
            Self::One { .. } => Ok(head::read(conn)?.tenants() == 1),
        }
    }
}

/// A query made ready to run on one connection, in one transaction.
#[derive(Debug)]
pub(crate) struct Matcher<'q> {
    conn: &'q Connection,
    scope: &'q QueryScope,
    query: &'q Query,
    direction: Direction,
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
        names: &mut Names,
        scope: &'q QueryScope,
        query: &'q Query,
        direction: Direction,
    ) -> Result<Self, Failure> {
        let plan = Plan::new(conn, names, scope, query, direction)?;
        Ok(Self { conn, scope, query, direction, plan })
    }

    /// Whether every event matches, so that a plain scan of the log is the answer.
    pub(crate) fn is_everything(&self) -> bool {
        matches!(self.plan, Plan::Everything)
    }

    /// The first match after `after`, up to and with `through`; backward the last one.
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

    /// Gives `most` matches after `after`, up to and with `through`: the first ones in order, or
    /// backward the last ones, newest first.
    pub(crate) fn collect(
        &mut self,
        names: &mut Names,
        after: Position,
        through: Position,
        most: usize,
        mut found: impl FnMut(i64),
    ) -> Result<(), Failure> {
        let (after, through) = (signed(after), signed(through));
        let direction = self.direction;
        let (mut target, last) = keys(direction, after.saturating_add(1), through);
        match &mut self.plan {
            Plan::Everything => {
                (target..=last).take(most).for_each(|key| found(position_of(direction, key)));
            }
            Plan::Filter => self.filter(names, after, through, most, found)?,
            Plan::Postings(node) => {
                let mut left = most;
                while left > 0
                    && let Some(key) = node.seek(self.conn, names, target, last)?
                {
                    found(position_of(direction, key));
                    (target, left) = (key + 1, left - 1);
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
        let mut statement = self.conn.prepare_cached(log_page(self.direction))?;
        let mut rows = statement.query((after, through, i64::MAX))?;
        let mut left = most;
        let (first, last) = keys(self.direction, after.saturating_add(1), through);
        for key in first..=last {
            if left == 0 {
                break;
            }
            let position = position_of(self.direction, key);
            let event = next_dense(&mut rows, position)?.event(self.conn, names)?;
            if self.scope.includes(&event.tenant) && self.query.matches(&event) {
                found(position);
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

/// The key of a position.
fn key_of(direction: Direction, position: i64) -> i64 {
    match direction {
        Direction::Forward => position,
        Direction::Backward => -position,
    }
}

/// The position that a key stands for.
fn position_of(direction: Direction, key: i64) -> i64 {
    key_of(direction, key) // Twice the negative.
}

/// The keys of positions from `first` to `last`.
fn keys(direction: Direction, first: i64, last: i64) -> (i64, i64) {
    match direction {
        Direction::Forward => (first, last),
        Direction::Backward => (-last, -first),
    }
}

/// The statement that reads the log this way.
pub(crate) fn log_page(direction: Direction) -> &'static str {
    match direction {
        Direction::Forward => sql::LOG_PAGE,
        Direction::Backward => sql::LOG_PAGE_BACKWARD,
    }
}

impl Plan {
    fn new(
        conn: &Connection,
        names: &mut Names,
        scope: &QueryScope,
        query: &Query,
        direction: Direction,
    ) -> Result<Self, Failure> {
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
            match Node::of_item(conn, names, scope.tenants(), item, direction)? {
                Some(node) => nodes.push(node),
                None => return Ok(Self::Filter),
            }
        }
        Ok(Self::Postings(Node::Any(nodes)))
    }
}

/// Keys in ascending order, joined from posting lists.
#[derive(Debug)]
enum Node {
    List(List),
    /// Events of streams with these names. Only beside lists: it goes from one key to the next.
    Within(Range<String>, Direction),
    /// Keys in at least one.
    Any(Vec<Node>),
    /// Keys in every one; there is at least one.
    Every(Vec<Node>),
}

impl Node {
    /// The keys of one alternative; `None` if it takes more lists than a scan costs.
    fn of_item(
        conn: &Connection,
        names: &mut Names,
        tenants: Tenants,
        item: &QueryItem,
        direction: Direction,
    ) -> Result<Option<Self>, Failure> {
        let postings = |sql, ids: Vec<i64>| {
            Self::any(ids.into_iter().map(|id| Source::Postings(sql, id)), direction)
        };
        let tags = item.tags.iter().map(|tag| TermName::Tag(tag.clone()));
        let correlation = item.correlation.iter().map(|it| TermName::Correlation(it.clone()));
        let mut every = Vec::new();
        for term in tags.chain(correlation) {
            every.push(postings(&TERM_LISTS, find_terms(conn, names, tenants, &term)?));
        }
        let mut within = None;
        if let Some(filter) = &item.streams {
            match streams::find(conn, tenants, filter)? {
                Some(found) => {
                    every.push(Self::any(found.into_iter().map(Source::Stream), direction));
                }
                None => within = Some(Self::Within(filter.names(), direction)),
            }
        }
        if every.is_empty() || item.category.is_some() || !item.types.is_empty() {
            let kinds = kinds_of_item(conn, names, tenants, item)?;
            if kinds.len() > KINDS_MAX {
                return Ok(None);
            }
            every.push(postings(&KIND_LISTS, kinds));
        }
        every.extend(within);
        Ok(Some(Self::Every(every)))
    }

    fn any(sources: impl Iterator<Item = Source>, direction: Direction) -> Self {
        Self::Any(sources.map(|it| Self::List(List::new(it, direction))).collect())
    }

    /// The first key from `target` up to and with `through`.
    fn seek(
        &mut self,
        conn: &Connection,
        names: &mut Names,
        target: i64,
        through: i64,
    ) -> Result<Option<i64>, Failure> {
        match self {
            Self::List(list) => list.seek(conn, target, through),
            Self::Within(range, direction) => {
                let position = position_of(*direction, target);
                let here = streams::is_within(conn, names, position, range)?;
                let next = if here { target } else { target + 1 };
                Ok((next <= through).then_some(next))
            }
            Self::Any(nodes) => {
                let mut nearest = None;
                for node in nodes {
                    let found = node.seek(conn, names, target, through)?;
                    nearest = nearest.into_iter().chain(found).min();
                }
                Ok(nearest)
            }
            Self::Every(nodes) => {
                let mut target = target;
                'leap: loop {
                    for node in &mut *nodes {
                        match node.seek(conn, names, target, through)? {
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

/// The kinds that an alternative asks for, in order.
fn kinds_of_item(
    conn: &Connection,
    names: &mut Names,
    tenants: Tenants,
    item: &QueryItem,
) -> Result<Vec<i64>, Failure> {
    let category = item.category.as_ref().map(Category::as_str);
    let category = category.or_else(|| item.streams.as_ref().and_then(StreamFilter::category));
    if item.types.is_empty() {
        return find_kinds(conn, names, tenants, category, None);
    }
    let mut kinds = Vec::new();
    for event_type in &item.types {
        kinds.extend(find_kinds(conn, names, tenants, category, Some(event_type))?);
    }
    kinds.sort_unstable();
    kinds.dedup();
    Ok(kinds)
}

//! Events that subscriptions set aside, and how many there are of each sort.

use async_trait::async_trait;
use factum_core::{
    DeadLetter, DeadLetterKey, DeadLetterList, DeadLetterSelection, DeadLetterStatus, DeadLetters,
    LaneKey, LetterChange, Position, Progress, StoreError, StoreErrorKind, SubscriptionName,
    TenantId, check_limit,
};
use rusqlite::{Connection, OptionalExtension, Params};

use crate::change::Loss;
use crate::error::Failure;
use crate::query::signed;
use crate::reader::Reader;
use crate::subscriptions::{find, place, put, scope_text};
use crate::{SqliteStore, sql};

mod rows;

pub(crate) use rows::letter;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl DeadLetters for SqliteStore {
    async fn dead_letters(
        &self,
        list: DeadLetterList,
    ) -> Result<Vec<(DeadLetterKey, DeadLetter)>, StoreError> {
        check_limit(list.limit)?;
        let tenant = self.own();
        let read = move |reader: &mut Reader| listed(&reader.conn, tenant.as_ref(), &list);
        self.shared.readers.run("list dead letters", read).await
    }

    async fn replay(
        &self,
        name: &SubscriptionName,
        selection: DeadLetterSelection,
    ) -> Result<u64, StoreError> {
        const OPERATION: &str = "replay dead letters";
        let (tenant, name) = (self.own(), name.clone());
        let meant = Meant::new(OPERATION, selection)?;
        let replay = move |conn: &Connection, _| {
            let scope = scope_text(tenant.as_ref());
            let mut statement = conn.prepare_cached(sql::REPLAY_LETTERS)?;
            let count = statement.execute(meant.binds(scope, &name))?;
            let stored = find(conn, tenant.as_ref(), &name)?;
            if let Some(progress) = stored.filter(|_| count > 0) {
                put(conn, &instructed(progress))?;
            }
            Ok(count as u64)
        };
        self.shared.writer.change(OPERATION, Loss::Never, replay).await
    }

    async fn discard(
        &self,
        name: &SubscriptionName,
        selection: DeadLetterSelection,
    ) -> Result<u64, StoreError> {
        const OPERATION: &str = "discard dead letters";
        let (tenant, name) = (self.own(), name.clone());
        let meant = Meant::new(OPERATION, selection)?;
        let discard = move |conn: &Connection, _| match find(conn, tenant.as_ref(), &name)? {
            Some(progress) => discard(conn, progress, &meant),
            None => Ok(0),
        };
        self.shared.writer.change(OPERATION, Loss::Never, discard).await
    }
}

/// Which letters of a subscription are meant.
#[derive(Debug)]
struct Meant {
    key: Option<LaneKey>,
    first: i64,
    last: i64,
}

impl Meant {
    fn new(operation: &'static str, selection: DeadLetterSelection) -> Result<Self, StoreError> {
        let (key, first, last) = match selection {
            DeadLetterSelection::All => (None, i64::MIN, i64::MAX),
            DeadLetterSelection::Key(key) => (Some(key), i64::MIN, i64::MAX),
            DeadLetterSelection::At(position) => (None, place(position), place(position)),
            _ => {
                let message = "expected a selection that this store knows, found another one";
                return Err(StoreError::new(StoreErrorKind::Unsupported, operation, message));
            }
        };
        Ok(Self { key, first, last })
    }

    fn binds<'a>(&'a self, scope: &'a str, name: &'a SubscriptionName) -> impl Params + 'a {
        let key = self.key.as_ref().map(LaneKey::as_str);
        (scope, name.as_str(), key, self.first, self.last)
    }
}

/// Shows whoever runs the subscription that there is something to do.
fn instructed(progress: Progress) -> Progress {
    Progress { instructions: progress.instructions.saturating_add(1), ..progress }
}

fn discard(conn: &Connection, mut progress: Progress, meant: &Meant) -> Result<u64, Failure> {
    let scope = scope_text(progress.tenant.as_ref()).to_owned();
    let name = progress.name.clone();
    let mut statement = conn.prepare_cached(sql::FAILED_LETTERS)?;
    let failed = statement.query_map(meant.binds(&scope, &name), |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    })?;
    let failed = failed.collect::<rusqlite::Result<Vec<_>>>()?;
    for (position, key) in &failed {
        let position = Position::new(position.cast_unsigned());
        let before = blocking(conn, &scope, &name, key)?;
        change(conn, &mut progress, &LetterChange::Remove(position))?;
        // Where the last one that failed is gone, the first one that waits for it is tried.
        if before.is_some_and(|(status, _)| status == DeadLetterStatus::Parked.number())
            && let Some((status, position)) = blocking(conn, &scope, &name, key)?
            && status == DeadLetterStatus::Waiting.number()
        {
            let mut statement = conn.prepare_cached(sql::MAKE_DUE)?;
            statement.execute((&scope, name.as_str(), position))?;
        }
    }
    if !failed.is_empty() {
        put(conn, &instructed(progress))?;
    }
    Ok(failed.len() as u64)
}

/// Removes every letter of a subscription.
pub(crate) fn delete_all(
    conn: &Connection,
    tenant: Option<&TenantId>,
    name: &SubscriptionName,
) -> Result<(), Failure> {
    let mut statement = conn.prepare_cached(sql::DELETE_LETTERS)?;
    statement.execute((scope_text(tenant), name.as_str()))?;
    Ok(())
}

/// Stores or removes a letter of the subscription, and counts that in what is to be stored of it.
pub(crate) fn change(
    conn: &Connection,
    progress: &mut Progress,
    change: &LetterChange,
) -> Result<(), Failure> {
    let scope = scope_text(progress.tenant.as_ref()).to_owned();
    let name = progress.name.clone();
    let (position, new) = match change {
        LetterChange::Put(letter) => (letter.position, Some(letter)),
        LetterChange::Remove(position) => (*position, None),
    };
    let mut statement = conn.prepare_cached(sql::FIND_LETTER)?;
    let old: Option<(String, u8)> = statement
        .query_row((&scope, name.as_str(), place(position)), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let new_key = new.map(|letter| letter.key.as_str());
    let old_key = old.as_ref().map(|(key, _)| key.as_str()).filter(|key| Some(*key) != new_key);
    let blocked = || -> Result<u64, Failure> {
        let mut keys = 0;
        for key in new_key.into_iter().chain(old_key) {
            keys += u64::from(blocking(conn, &scope, &name, key)?.is_some());
        }
        Ok(keys)
    };
    let before = blocked()?;
    if let Some(letter) = new {
        rows::put(conn, &scope, &name, letter)?;
    } else {
        let mut statement = conn.prepare_cached(sql::DELETE_LETTER)?;
        statement.execute((&scope, name.as_str(), place(position)))?;
    }
    progress.parked_keys = (progress.parked_keys + blocked()?).saturating_sub(before);
    if let Some((_, status)) = old {
        let count = of_status(progress, status);
        *count = count.saturating_sub(1);
    }
    if let Some(letter) = new {
        *of_status(progress, letter.status.number()) += 1;
    }
    Ok(())
}

/// How many letters of this sort there are: those that wait, or those that failed.
fn of_status(progress: &mut Progress, status: u8) -> &mut u64 {
    if status == DeadLetterStatus::Waiting.number() {
        &mut progress.waiting_events
    } else {
        &mut progress.dead_letters
    }
}

/// The status and position of a letter that its key stands still for: one that failed, if any did.
fn blocking(
    conn: &Connection,
    scope: &str,
    name: &SubscriptionName,
    key: &str,
) -> Result<Option<(u8, i64)>, Failure> {
    let mut statement = conn.prepare_cached(sql::FIND_BLOCKING)?;
    let row = statement
        .query_row((scope, name.as_str(), key), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(row)
}

fn listed(
    conn: &Connection,
    tenant: Option<&TenantId>,
    list: &DeadLetterList,
) -> Result<Vec<(DeadLetterKey, DeadLetter)>, Failure> {
    // Every name is longer than the empty one and comes before the last character there is.
    let end = char::MAX.to_string();
    let (first, through) = match (&list.name, tenant) {
        (Some(name), own) => {
            let own = (scope_text(own), name.as_str());
            (own, own)
        }
        (None, Some(tenant)) => ((tenant.as_str(), ""), (tenant.as_str(), end.as_str())),
        (None, None) => (("", ""), (end.as_str(), end.as_str())),
    };
    let first = (first.0, first.1, i64::MIN);
    let after = list.after.as_ref().map(|(scope, name, position)| {
        (scope_text(scope.as_ref()), name.as_str(), signed(*position))
    });
    let after = after.map_or(first, |after| after.max(first));
    let key = list.key.as_ref().map(LaneKey::as_str);
    let limit = i64::try_from(list.limit).unwrap_or(i64::MAX);
    let mut statement;
    let mut rows = match (&list.name, key) {
        _ if list.due => {
            statement = conn.prepare_cached(sql::LIST_DUE_LETTERS)?;
            statement.query((after.0, after.1, after.2, through.0, through.1, key, limit))?
        }
        (Some(_), Some(key)) if (after.0, after.1) == through => {
            statement = conn.prepare_cached(sql::LIST_LETTERS_OF_KEY)?;
            statement.query((through.0, through.1, key, after.2, list.waiting, limit))?
        }
        _ => {
            statement = conn.prepare_cached(sql::LIST_LETTERS)?;
            statement.query((
                after.0,
                after.1,
                after.2,
                through.0,
                through.1,
                key,
                list.waiting,
                limit,
            ))?
        }
    };
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(letter(row)?);
    }
    Ok(found)
}

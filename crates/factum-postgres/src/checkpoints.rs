//! Checkpoints. A plain step, a registration and a look are one statement each; what needs more holds
//! the subscription's row meanwhile.

use async_trait::async_trait;
use factum_core::judge::{self, JudgedAdvance};
use factum_core::{
    Advance, Advanced, CheckpointStore, InstructError, Instruction, Progress, ProgressList,
    Registration, StoreError, SubscriptionName, TenantId, TenantScope, Timestamp, check_limit,
};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::PostgresStore;
use crate::connection::Bind;
use crate::error::Failure;
use crate::pool::Work;
use crate::read::rows_max;
use crate::store::Shared;
use crate::subscriptions::{
    Key, is_worn, last_columns, listed_before, locked, moving, place, progress, scope_name, store,
    store_step,
};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CheckpointStore for PostgresStore {
    async fn register(&self, registration: Registration) -> Result<Progress, StoreError> {
        const OPERATION: &str = "register subscription";
        judge::registration(&registration)?;
        let key = Key::new(&self.scope, &registration.name);
        let [scope, name] = key.binds();
        let now = self.shared.config.clock.now().as_micros();
        let kind = i16::from(registration.kind.number());
        let (version, start) = (i64::from(registration.version), place(registration.start));
        let binds: [Bind<'_>; 7] = [
            scope,
            name,
            (&kind, Type::INT2),
            (&version, Type::INT8),
            (&registration.shape, Type::TEXT),
            (&start, Type::INT8),
            (&now, Type::INT8),
        ];
        loop {
            // Who asks twice finds what the first time made, so a broken connection is no matter.
            let rows = self.rows(OPERATION, &self.shared.sql.register, &binds).await?;
            if let Some(found) = one(OPERATION, &rows)? {
                return Ok(found);
            }
        }
    }

    async fn progress(&self, name: &SubscriptionName) -> Result<Option<Progress>, StoreError> {
        const OPERATION: &str = "look up subscription";
        let key = Key::new(&self.scope, name);
        let rows = self.rows(OPERATION, &self.shared.sql.progress, &key.binds()).await?;
        one(OPERATION, &rows)
    }

    async fn subscriptions(&self, list: ProgressList) -> Result<Vec<Progress>, StoreError> {
        const OPERATION: &str = "list subscriptions";
        check_limit(list.limit)?;
        let after = list.after.as_ref();
        // A handle of one tenant begins with that tenant, whatever comes before it.
        let begin = self.scope.tenant().map_or("", TenantId::as_str);
        let (after_scope, after_name) = after
            .map(|(tenant, name)| (scope_name(tenant.as_ref()), name.as_str()))
            .filter(|(scope, _)| *scope >= begin)
            .unwrap_or((begin, ""));
        let (before_scope, before_name) = listed_before(&self.scope, None);
        let most = rows_max(list.limit);
        let binds: [Bind<'_>; 5] = [
            (&after_scope, Type::TEXT),
            (&after_name, Type::TEXT),
            (&before_scope, Type::TEXT),
            (&before_name, Type::TEXT),
            (&most, Type::INT8),
        ];
        let rows = self.rows(OPERATION, &self.shared.sql.list_subscriptions, &binds).await?;
        let found = rows.iter().map(progress).collect::<Result<_, _>>();
        found.map_err(|failure: Failure| failure.into_store_error(OPERATION))
    }

    async fn advance(&self, advance: Advance) -> Result<Advanced, StoreError> {
        const OPERATION: &str = "advance subscription";
        if advance.letters.is_empty() && advance.rebuild.is_none() {
            return self.plain_step(OPERATION, &advance).await;
        }
        let work = self.work(OPERATION, false).await?;
        let now = self.shared.config.clock.now();
        let step = store_step(&work, &self.shared.sql, &self.scope, &advance, now);
        let step = work.in_time(step).await;
        match step.map_err(|failure| failure.into_store_error(OPERATION))? {
            Ok(stored @ Advanced::Stored { .. }) => {
                work.commit().await.map_err(|failure| failure.into_write_error(OPERATION))?;
                Ok(stored)
            }
            other => {
                work.roll_back().await;
                other
            }
        }
    }

    async fn instruct(
        &self,
        name: &SubscriptionName,
        instruction: Instruction,
    ) -> Result<Progress, InstructError> {
        const OPERATION: &str = "instruct subscription";
        let failed = |failure: Failure| failure.into_store_error(OPERATION);
        let (key, sql) = (Key::new(&self.scope, name), &self.shared.sql);
        let work = self.work(OPERATION, true).await?;
        let found = work.in_time(locked(&work, sql, key)).await.map_err(failed)?;
        let now = self.shared.config.clock.now();
        let judged = match judge::instruction(found, name, instruction, now) {
            Ok(judged) => judged,
            Err(refused) => {
                work.roll_back().await;
                return Err(refused);
            }
        };
        work.in_time(store(&work, sql, key, &judged)).await.map_err(failed)?;
        work.commit().await.map_err(|failure| failure.into_write_error(OPERATION))?;
        Ok(judged)
    }

    async fn forget(&self, name: &SubscriptionName) -> Result<bool, StoreError> {
        const OPERATION: &str = "forget subscription";
        let failed = |failure: Failure| failure.into_store_error(OPERATION);
        let (key, sql) = (Key::new(&self.scope, name), &self.shared.sql);
        let work = self.work(OPERATION, true).await?;
        let found = work.in_time(locked(&work, sql, key)).await.map_err(failed)?;
        let Some(found) = found else {
            work.roll_back().await;
            return Ok(false);
        };
        if let Err(refused) = judge::forgetting(&found) {
            work.roll_back().await;
            return Err(refused);
        }
        for statement in [&sql.clear_letters, &sql.forget_migrations, &sql.forget] {
            let binds = key.binds();
            let forgetting = async { Ok(work.query_typed(statement, &binds).await?) };
            work.in_time(forgetting).await.map_err(failed)?;
        }
        work.commit().await.map_err(|failure| failure.into_write_error(OPERATION))?;
        Ok(true)
    }
}

impl PostgresStore {
    /// A transaction on a connection of its own, whose commit waits for the flush if it should.
    pub(crate) async fn work(
        &self,
        operation: &'static str,
        flush: bool,
    ) -> Result<Work, StoreError> {
        let work = self.shared.readers.work(flush).await;
        work.map_err(|failure| failure.into_store_error(operation))
    }

    /// Puts the row of a subscription in anew if it was written too often where it is.
    pub(crate) async fn move_worn(&self, key: Key<'_>, writes: i64) {
        if !is_worn(writes) {
            return;
        }
        let Shared { readers, sql, .. } = &*self.shared;
        // What was stored stays stored; the next write tries again.
        if let Err(failure) = readers.query_once(&sql.move_progress, &moving(&key)).await {
            let error = failure.into_store_error("move subscription");
            tracing::debug!(%error, name = key.name, "a subscription's row stays where it is");
        }
    }

    /// A step that changes no letters and begins no rebuild.
    async fn plain_step(
        &self,
        operation: &'static str,
        advance: &Advance,
    ) -> Result<Advanced, StoreError> {
        judge::step(advance)?;
        let shared = &self.shared;
        let step = PlainStep::new(&self.scope, advance, shared.config.clock.now());
        loop {
            let rows = shared.readers.query_once(&shared.sql.advance, &step.binds()).await;
            let rows = rows.map_err(|failure| failure.into_write_error(operation))?;
            if let Some(row) = rows.first() {
                self.move_worn(step.key, row.get(1)).await;
                return Ok(stored(row));
            }
            // Why not? If nothing is in the way any more, once again.
            let found = self.progress(&advance.lease.name).await?;
            match judge::advance(found, advance, shared.config.clock.now())? {
                JudgedAdvance::Moved(found) => return Ok(Advanced::Moved(found)),
                JudgedAdvance::Stored(_) => {}
            }
        }
    }
}

/// What the statement of a plain step binds.
pub(crate) struct PlainStep<'a> {
    pub(crate) key: Key<'a>,
    epoch: i64,
    from: i64,
    to: i64,
    last: Option<i64>,
    last_id: Option<Uuid>,
    now: i64,
}

impl<'a> PlainStep<'a> {
    pub(crate) fn new(scope: &'a TenantScope, advance: &'a Advance, now: Timestamp) -> Self {
        let (last, last_id) = last_columns(advance.last);
        Self {
            key: Key::new(scope, &advance.lease.name),
            epoch: advance.lease.epoch.get().cast_signed(),
            from: place(advance.from),
            to: place(advance.to),
            last,
            last_id,
            now: now.as_micros(),
        }
    }

    pub(crate) fn binds(&self) -> [Bind<'_>; 8] {
        let [scope, name] = self.key.binds();
        [
            scope,
            name,
            (&self.epoch, Type::INT8),
            (&self.from, Type::INT8),
            (&self.to, Type::INT8),
            (&self.last, Type::INT8),
            (&self.last_id, Type::UUID),
            (&self.now, Type::INT8),
        ]
    }
}

/// The answer to a plain step that is stored.
pub(crate) fn stored(row: &Row) -> Advanced {
    Advanced::Stored { instructions: row.get::<_, i64>(0).cast_unsigned() }
}

/// What the one row of an answer says, if there is one.
pub(crate) fn one(operation: &'static str, rows: &[Row]) -> Result<Option<Progress>, StoreError> {
    let found = rows.first().map(progress).transpose();
    found.map_err(|failure| failure.into_store_error(operation))
}

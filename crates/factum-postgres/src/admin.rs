//! Streams as a whole.

use std::time::Duration;

use async_trait::async_trait;
use factum_core::{
    AdminRecord, AppendError, Appended, Category, CategoryInfo, CategoryList, Claim, EventType,
    Expected, NewEvent, Place, Position, Principal, Revision, StoreError, StreamAdmin, StreamId,
    StreamInfo, StreamList, TenantId, check_limit, record_event,
};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::PostgresStore;
use crate::answer::act_verdict;
use crate::codec::{Checksum, CoveredEvent};
use crate::commit::lock_ms;
use crate::connection::Bind;
use crate::error::Failure;
use crate::group::expected_number;
use crate::holder;
use crate::names::bad;
use crate::parameters::Hidden;
use crate::read::rows_max;
use crate::store::Shared;
use crate::views::inline::{Keeper, Kept};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl StreamAdmin for PostgresStore {
    async fn stream(&self, stream: &StreamId) -> Result<Option<StreamInfo>, StoreError> {
        const OPERATION: &str = "look up stream";
        let tenant = self.tenant_for(OPERATION)?.as_str();
        let binds: [Bind<'_>; 2] = [(&tenant, Type::TEXT), (&stream.as_str(), Type::TEXT)];
        let rows = self.rows(OPERATION, &self.shared.sql.find_stream, &binds).await?;
        let info = rows.first().map(stream_info).transpose();
        info.map_err(|failure| failure.into_store_error(OPERATION))
    }

    async fn streams(&self, list: StreamList) -> Result<Vec<StreamInfo>, StoreError> {
        const OPERATION: &str = "list streams";
        check_limit(list.limit)?;
        let tenant = self.scope.tenant().map(TenantId::as_str);
        let category = list.category.as_ref().map(Category::as_str);
        let after = list.after.as_ref();
        let (after_tenant, after_stream) =
            after.map_or(("", ""), |(tenant, stream)| (tenant.as_str(), stream.as_str()));
        let most = rows_max(list.limit);
        let binds: [Bind<'_>; 5] = [
            (&tenant, Type::TEXT),
            (&after_tenant, Type::TEXT),
            (&after_stream, Type::TEXT),
            (&category, Type::TEXT),
            (&most, Type::INT8),
        ];
        let rows = self.rows(OPERATION, &self.shared.sql.list_streams, &binds).await?;
        let infos = rows.iter().map(stream_info).collect::<Result<_, _>>();
        infos.map_err(|failure: Failure| failure.into_store_error(OPERATION))
    }

    async fn categories(&self, list: CategoryList) -> Result<Vec<CategoryInfo>, StoreError> {
        const OPERATION: &str = "list categories";
        check_limit(list.limit)?;
        let tenant = self.scope.tenant().map(TenantId::as_str);
        let after = list.after.as_ref();
        let (after_tenant, after_category) =
            after.map_or(("", ""), |(tenant, category)| (tenant.as_str(), category.as_str()));
        let most = rows_max(list.limit);
        let binds: [Bind<'_>; 4] = [
            (&tenant, Type::TEXT),
            (&after_tenant, Type::TEXT),
            (&after_category, Type::TEXT),
            (&most, Type::INT8),
        ];
        let rows = self.rows(OPERATION, &self.shared.sql.list_categories, &binds).await?;
        let infos = rows.iter().map(category_info).collect::<Result<_, _>>();
        infos.map_err(|failure: Failure| failure.into_store_error(OPERATION))
    }

    async fn claim_owner(&self, claim: &Claim) -> Result<Option<StreamId>, StoreError> {
        const OPERATION: &str = "look up claim";
        let tenant = self.tenant_for(OPERATION)?.as_str();
        let binds: [Bind<'_>; 3] = [
            (&tenant, Type::TEXT),
            (&claim.name(), Type::TEXT),
            (&Hidden(claim.value()), Type::TEXT),
        ];
        let rows = self.rows(OPERATION, &self.shared.sql.find_claim, &binds).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let name: &str = row.get(0);
        let owner = name.parse().map_err(|_| bad("stream", name).into_store_error(OPERATION))?;
        Ok(Some(owner))
    }

    async fn tombstone(
        &self,
        stream: &StreamId,
        expected: Expected,
        record: AdminRecord,
    ) -> Result<Appended, AppendError> {
        self.act(stream, expected, None, &record).await
    }

    async fn truncate_before(
        &self,
        stream: &StreamId,
        first: Revision,
        record: AdminRecord,
    ) -> Result<Appended, AppendError> {
        self.act(stream, Expected::Any, Some(first), &record).await
    }
}

impl PostgresStore {
    /// The rows of a statement that only reads.
    pub(crate) async fn rows(
        &self,
        operation: &'static str,
        sql: &str,
        binds: &[Bind<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let rows = self.shared.readers.query(sql, binds).await;
        rows.map_err(|failure| failure.into_store_error(operation))
    }

    /// Tombstones the stream, or truncates it before a revision. Takes the lock like an append, on
    /// a connection of its own.
    async fn act(
        &self,
        stream: &StreamId,
        expected: Expected,
        truncate_before: Option<Revision>,
        record: &AdminRecord,
    ) -> Result<Appended, AppendError> {
        let tenant = self.tenant()?;
        let event = match truncate_before {
            None => {
                let payload = serde_json::json!({ "reason": record.reason });
                record_event(EventType::STREAM_TOMBSTONED, record, &payload)
            }
            Some(first) => {
                let payload = serde_json::json!({ "before": first.get(), "reason": record.reason });
                record_event(EventType::STREAM_TRUNCATED, record, &payload)
            }
        };
        let Shared { config, schema, sql, .. } = &*self.shared;
        let now = config.clock.now().as_micros();
        let recorded = event.recorded_at.map_or(now, factum_core::Timestamp::as_micros);
        let covered = CoveredEvent::new((tenant, stream), &event, recorded, None);
        let checksum = Checksum::default().of_event(&covered);
        let (lock_ms, flush) = (lock_ms(config.busy_timeout_ms), !config.unsafe_no_flush);
        let channel = config.notify.then(|| schema.channel());
        let before = truncate_before.map(|it| i64::try_from(it.get()).unwrap_or(i64::MAX));
        let principal = event.principal.as_ref().map(Principal::as_str);
        let (id, payload) = (Uuid::from_bytes(*event.id.as_bytes()), &event.payload[..]);
        let binds: [Bind<'_>; 15] = [
            (&lock_ms, Type::INT4),
            (&flush, Type::BOOL),
            (&now, Type::INT8),
            (&channel, Type::TEXT),
            (&tenant.as_str(), Type::TEXT),
            (&stream.as_str(), Type::TEXT),
            (&expected_number(expected), Type::INT8),
            (&before, Type::INT8),
            (&stream.category(), Type::TEXT),
            (&event.event_type.as_str(), Type::TEXT),
            (&recorded, Type::INT8),
            (&checksum, Type::INT8),
            (&id, Type::UUID),
            (&principal, Type::TEXT),
            (&payload, Type::BYTEA),
        ];
        let verdict = |rows: &[Row]| {
            let row = rows.first().ok_or_else(|| crate::read::no_row("what became of the act"));
            row.and_then(|row| act_verdict(row, stream, expected, truncate_before))
        };
        let kept = self.shared.inline.now();
        let appended = if kept.is_empty() {
            let rows = self.act_rows(&sql.act, &binds).await?;
            verdict(&rows).map_err(Failure::into_append_error)??
        } else {
            self.act_with(&kept, &binds, verdict, &event).await?
        };
        self.publish(appended.last);
        Ok(appended)
    }

    /// The same with the views that are kept inside, in one transaction.
    async fn act_with(
        &self,
        kept: &[Kept],
        binds: &[Bind<'_>],
        verdict: impl FnOnce(&[Row]) -> Result<Result<Appended, AppendError>, Failure>,
        event: &NewEvent,
    ) -> Result<Appended, AppendError> {
        const OPERATION: &str = "append";
        let Shared { config, sql, views, .. } = &*self.shared;
        let failed = |failure: Failure| failure.into_store_error(OPERATION);
        let (tenant, now) = (self.tenant()?.clone(), config.clock.now());
        for kept in kept.iter().filter(|it| it.scope.includes(&tenant)) {
            views.find_space(OPERATION, &self.shared.schema, &kept.scope).await?;
        }
        let work = self.work(OPERATION, !config.unsafe_no_flush).await?;
        let idle =
            format!("SET LOCAL idle_in_transaction_session_timeout = {}", config.idle_timeout_ms);
        let acting = async {
            work.batch_execute(&idle).await?;
            Ok(work.query_typed(&sql.act, binds).await?)
        };
        let rows = match work.in_time(acting).await {
            Err(failure) if failure.is_lock_timeout() => {
                work.roll_back().await;
                let client = self.shared.readers.client().await.map_err(failed)?;
                return Err(holder::named(&client, &self.shared, failure).await.into());
            }
            other => other.map_err(failed)?,
        };
        let appended = match verdict(&rows).map_err(failed)? {
            Ok(appended) => appended,
            Err(refused) => {
                work.roll_back().await;
                return Err(refused);
            }
        };
        let place = |(stream, revision): &(StreamId, Revision)| {
            let (position, tenant) = (appended.last, tenant.clone());
            let (stream, revision) = (stream.clone(), *revision);
            event.clone().into_recorded(Place { position, tenant, stream, revision, now })
        };
        let events: Vec<_> = appended.streams.iter().map(place).collect();
        let (client, limits, spaces) = (work.session(), &views.limits, &views.spaces);
        let keeper = Keeper { client, sql, limits, spaces, now };
        if let Err(hindered) = keeper.keep(kept, &tenant, &events).await {
            work.roll_back().await;
            return Err(hindered.into_append_error());
        }
        work.commit().await.map_err(Failure::into_append_error)?;
        Ok(appended)
    }

    async fn act_rows(&self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, AppendError> {
        let Shared { readers, config, .. } = &*self.shared;
        let client = readers.client().await;
        let client = client.map_err(|failure| failure.into_store_error("append"))?;
        let limit = u64::from(config.busy_timeout_ms) + u64::from(config.answer_timeout_ms);
        let limit = Duration::from_millis(limit);
        let answer = tokio::time::timeout(limit, client.query_typed(sql, binds)).await;
        let Ok(answer) = answer else {
            self.shared.connector.cancel(&client).await;
            drop(deadpool_postgres::Object::take(client));
            return Err(Failure::NoAnswer(limit).into_append_error());
        };
        match answer.map_err(|it| Failure::from(it).at(self.shared.connector.place())) {
            Err(failure) if failure.is_lock_timeout() => {
                Err(holder::named(&client, &self.shared, failure).await.into())
            }
            other => other.map_err(Failure::into_append_error),
        }
    }
}

fn stream_info(row: &Row) -> Result<StreamInfo, Failure> {
    let (tenant, stream): (&str, &str) = (row.get(0), row.get(1));
    let number = |column| row.get::<_, i64>(column).cast_unsigned();
    Ok(StreamInfo {
        tenant: TenantId::new(tenant).map_err(|_| bad("tenant", tenant))?,
        stream: stream.parse().map_err(|_| bad("stream", stream))?,
        first: Revision::new(number(2)),
        tombstoned: row.get(3),
        last: Revision::new(number(4)),
        last_position: Position::new(number(5)),
    })
}

fn category_info(row: &Row) -> Result<CategoryInfo, Failure> {
    let (tenant, category): (&str, &str) = (row.get(0), row.get(1));
    Ok(CategoryInfo {
        tenant: TenantId::new(tenant).map_err(|_| bad("tenant", tenant))?,
        category: Category::new(category).map_err(|_| bad("category", category))?,
        streams: row.get::<_, i64>(2).cast_unsigned(),
    })
}

//! Streams as a whole.

use async_trait::async_trait;
use factum_core::{
    AdminRecord, AppendError, Appended, Category, CategoryInfo, CategoryList, Claim, Expected,
    Position, Revision, StoreError, StreamAdmin, StreamId, StreamInfo, StreamList, TenantId,
    check_limit,
};
use rusqlite::Connection;

use crate::SqliteStore;
use crate::append::Act;
use crate::claims::find_claim;
use crate::error::Failure;
use crate::query::{QueryScope, Tenants, find_kinds};
use crate::reader::Reader;
use crate::streams::{self, StreamEnds};
use crate::writer::{ActRequest, Write};
use crate::{sql, tenants};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl StreamAdmin for SqliteStore {
    async fn stream(&self, stream: &StreamId) -> Result<Option<StreamInfo>, StoreError> {
        const OPERATION: &str = "look up stream";
        let tenant = self.tenant().map_err(|it| StoreError::refused(OPERATION, &it))?.clone();
        let (scope, stream) = (self.scope.clone(), stream.clone());
        let find = move |reader: &mut Reader| match reader.query_scope(&scope)? {
            QueryScope::One { id: Some(id), .. } => stream_info(reader, tenant, id, stream),
            _ => Ok(None),
        };
        self.shared.readers.run(OPERATION, find).await
    }

    async fn streams(&self, list: StreamList) -> Result<Vec<StreamInfo>, StoreError> {
        check_limit(list.limit)?;
        let scope = self.scope.clone();
        let read = move |reader: &mut Reader| match reader.query_scope(&scope)? {
            QueryScope::One { id: None, .. } => Ok(Vec::new()),
            QueryScope::One { id, .. } => list_streams(reader, id, &list),
            QueryScope::All => list_streams(reader, None, &list),
        };
        self.shared.readers.run("list streams", read).await
    }

    async fn categories(&self, list: CategoryList) -> Result<Vec<CategoryInfo>, StoreError> {
        check_limit(list.limit)?;
        let scope = self.scope.clone();
        let read = move |reader: &mut Reader| match reader.query_scope(&scope)? {
            QueryScope::One { id: None, .. } => Ok(Vec::new()),
            QueryScope::One { id, .. } => list_categories(reader, id, &list),
            QueryScope::All => list_categories(reader, None, &list),
        };
        self.shared.readers.run("list categories", read).await
    }

    async fn claim_owner(&self, claim: &Claim) -> Result<Option<StreamId>, StoreError> {
        const OPERATION: &str = "look up claim";
        self.tenant().map_err(|it| StoreError::refused(OPERATION, &it))?;
        let (scope, claim) = (self.scope.clone(), claim.clone());
        let find = move |reader: &mut Reader| match reader.query_scope(&scope)? {
            QueryScope::One { id: Some(id), .. } => {
                find_claim(&reader.conn, &mut reader.names, id, &claim)
            }
            _ => Ok(None),
        };
        self.shared.readers.run(OPERATION, find).await
    }

    async fn tombstone(
        &self,
        stream: &StreamId,
        expected: Expected,
        record: AdminRecord,
    ) -> Result<Appended, AppendError> {
        let act = ActRequest { stream: stream.clone(), act: Act::Tombstone, expected, record };
        self.act(act).await
    }

    async fn truncate_before(
        &self,
        stream: &StreamId,
        first: Revision,
        record: AdminRecord,
    ) -> Result<Appended, AppendError> {
        let (stream, act) = (stream.clone(), Act::TruncateBefore(first));
        self.act(ActRequest { stream, act, expected: Expected::Any, record }).await
    }
}

impl SqliteStore {
    async fn act(&self, act: ActRequest) -> Result<Appended, AppendError> {
        let tenant = self.tenant()?.clone();
        self.shared.writer.append(|reply| Write::Act { tenant, act, reply }).await
    }
}

fn stream_info(
    reader: &Reader,
    tenant: TenantId,
    tenant_id: i64,
    stream: StreamId,
) -> Result<Option<StreamInfo>, Failure> {
    let found = streams::find_with_end(&reader.conn, tenant_id, &stream)?;
    Ok(found.map(|ends| info(tenant, stream, &ends)))
}

fn info(tenant: TenantId, stream: StreamId, ends: &StreamEnds) -> StreamInfo {
    StreamInfo {
        tenant,
        stream,
        first: Revision::new(ends.first.cast_unsigned()),
        last: Revision::new(ends.last.cast_unsigned()),
        last_position: Position::new(ends.last_position.cast_unsigned()),
        tombstoned: ends.tombstoned,
    }
}

/// Goes through the tenants by name, and through each one's streams by name.
fn list_streams(
    reader: &Reader,
    tenant: Option<i64>,
    list: &StreamList,
) -> Result<Vec<StreamInfo>, Failure> {
    let after = list.after.as_ref().map(|(tenant, stream)| (tenant.as_str(), stream.as_str()));
    let mut infos = Vec::new();
    let mut statement = reader.conn.prepare_cached(sql::LIST_TENANTS)?;
    let mut rows = statement.query((tenant, after.map_or("", |(tenant, _)| tenant)))?;
    while let Some(row) = rows.next()? {
        let (id, name): (i64, String) = (row.get(0)?, row.get(1)?);
        let after = after.filter(|(tenant, _)| *tenant == name).map_or("", |(_, stream)| stream);
        let tenant = listed_tenant(&reader.conn, id, &name)?;
        streams_of_tenant(reader, id, &tenant, list, after, &mut infos)?;
        if infos.len() == list.limit {
            break;
        }
    }
    Ok(infos)
}

fn streams_of_tenant(
    reader: &Reader,
    id: i64,
    tenant: &TenantId,
    list: &StreamList,
    after: &str,
    infos: &mut Vec<StreamInfo>,
) -> Result<(), Failure> {
    // A category's streams are named from `category/` to before `category0`: '0' follows '/'.
    let (lower, upper) = match &list.category {
        Some(category) => (format!("{category}/"), format!("{category}0")),
        None => (String::new(), char::MAX.to_string()),
    };
    let lower = after.max(&lower);
    let mut statement = reader.conn.prepare_cached(sql::LIST_STREAMS)?;
    let mut rows = statement.query((id, lower, upper, limit(list.limit - infos.len())))?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let ends = StreamEnds::verified(row, 1, id, &name)?;
        let stream = name.parse().map_err(|_| bad_name("stream", &name))?;
        infos.push(info(tenant.clone(), stream, &ends));
    }
    Ok(())
}

fn list_categories(
    reader: &mut Reader,
    tenant: Option<i64>,
    list: &CategoryList,
) -> Result<Vec<CategoryInfo>, Failure> {
    let after = list.after.as_ref();
    let after_tenant = after.map_or("", |(tenant, _)| tenant.as_str());
    let after_category = after.map_or("", |(_, category)| category.as_str());
    let Reader { conn, names, .. } = reader;
    let mut statement = conn.prepare_cached(sql::LIST_CATEGORIES)?;
    let mut rows = statement.query((tenant, after_tenant, after_category, limit(list.limit)))?;
    let mut infos = Vec::new();
    while let Some(row) = rows.next()? {
        let (tenant, category): (String, String) = (row.get(0)?, row.get(1)?);
        let id: i64 = row.get(2)?;
        let tenant = listed_tenant(conn, id, &tenant)?;
        // The category stands in an index: its kinds must stand in another one, too.
        find_kinds(conn, names, Tenants::one(id), Some(&category), None)?;
        infos.push(CategoryInfo {
            tenant,
            category: Category::new(&category).map_err(|_| bad_name("category", &category))?,
            streams: row.get::<_, i64>(3)?.cast_unsigned(),
        });
    }
    Ok(infos)
}

/// The tenant that a listing was led to, if its row says the same.
fn listed_tenant(conn: &Connection, id: i64, name: &str) -> Result<TenantId, Failure> {
    let tenant = TenantId::new(name).map_err(|_| bad_name("tenant", name))?;
    let found = tenants::find(conn, &tenant)?;
    if found == Some(id) { Ok(tenant) } else { Err(bad_name("tenant", name)) }
}

fn bad_name(what: &str, name: &str) -> Failure {
    Failure::Corrupt(format!("the row of {what} {name:?} or an index that leads to it is damaged"))
}

fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

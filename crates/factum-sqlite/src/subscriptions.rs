//! How far subscriptions got and who runs them: judged and stored by the writer, in its groups.

use async_trait::async_trait;
use factum_core::judge::{self, JudgedAdvance};
use factum_core::{
    Advance, Advanced, CheckpointStore, InstructError, Instruction, Lease, LeaseAnswer, LeaseClaim,
    LeaseStore, Progress, ProgressList, Registration, StoreError, SubscriptionName,
    SubscriptionReport, TenantId, Timestamp, check_limit,
};
use rusqlite::Connection;

use crate::change::Loss;
use crate::error::Failure;
use crate::reader::Reader;
use crate::{SqliteStore, letters, sql};

mod rows;

pub(crate) use rows::{find, is_checked, place, progress, put, put_checked, scope_of, scope_text};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CheckpointStore for SqliteStore {
    async fn register(&self, registration: Registration) -> Result<Progress, StoreError> {
        const OPERATION: &str = "register subscription";
        judge::registration(&registration)?;
        let tenant = self.own();
        let register = move |conn: &Connection, now| {
            if let Some(known) = find(conn, tenant.as_ref(), &registration.name)? {
                return Ok(known);
            }
            let epoch = rows::last_epoch(conn, tenant.as_ref(), &registration.name)?;
            let new = Progress::new(tenant.clone(), registration.clone(), now);
            let progress = Progress { epoch, ..new };
            put(conn, &progress)?;
            Ok(progress)
        };
        self.shared.writer.change(OPERATION, Loss::May, register).await
    }

    async fn progress(&self, name: &SubscriptionName) -> Result<Option<Progress>, StoreError> {
        let (tenant, name) = (self.own(), name.clone());
        let read = move |reader: &mut Reader| find(&reader.conn, tenant.as_ref(), &name);
        self.shared.readers.run("read progress", read).await
    }

    async fn subscriptions(&self, list: ProgressList) -> Result<Vec<Progress>, StoreError> {
        check_limit(list.limit)?;
        let tenant = self.own();
        let read = move |reader: &mut Reader| listed(&reader.conn, tenant.as_ref(), &list);
        self.shared.readers.run("list subscriptions", read).await
    }

    async fn advance(&self, step: Advance) -> Result<Advanced, StoreError> {
        let tenant = self.own();
        let change = move |conn: &Connection, now| advance(conn, tenant.as_ref(), &step, now);
        self.shared.writer.change("advance subscription", Loss::May, change).await
    }

    async fn instruct(
        &self,
        name: &SubscriptionName,
        instruction: Instruction,
    ) -> Result<Progress, InstructError> {
        let (tenant, name) = (self.own(), name.clone());
        let instruct = move |conn: &Connection, now| {
            let stored = find(conn, tenant.as_ref(), &name)?;
            let judged = judge::instruction(stored, &name, instruction.clone(), now);
            if let Ok(progress) = &judged {
                put(conn, progress)?;
            }
            Ok(judged)
        };
        self.shared.writer.change("instruct subscription", Loss::Never, instruct).await?
    }

    async fn forget(&self, name: &SubscriptionName) -> Result<bool, StoreError> {
        let (tenant, name) = (self.own(), name.clone());
        let forget = move |conn: &Connection, _| {
            let Some(stored) = find(conn, tenant.as_ref(), &name)? else { return Ok(false) };
            judge::forgetting(&stored).map_err(Failure::judged)?;
            rows::forget(conn, tenant.as_ref(), &name)?;
            letters::delete_all(conn, tenant.as_ref(), &name)?;
            let mut migrations = conn.prepare_cached(sql::DELETE_VIEW_MIGRATIONS)?;
            migrations.execute((scope_text(tenant.as_ref()), name.as_str()))?;
            Ok(true)
        };
        self.shared.writer.change("forget subscription", Loss::Never, forget).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl LeaseStore for SqliteStore {
    async fn claim_lease(&self, claim: LeaseClaim) -> Result<LeaseAnswer, StoreError> {
        let tenant = self.own();
        let grant = move |conn: &Connection, now| {
            let stored = find(conn, tenant.as_ref(), &claim.name)?;
            let answer = judge::claim(stored, &claim, now).map_err(Failure::judged)?;
            if let LeaseAnswer::Granted(_, progress) = &answer {
                put(conn, progress)?;
            }
            Ok(answer)
        };
        self.shared.writer.change("claim lease", Loss::May, grant).await
    }

    async fn renew_lease(
        &self,
        lease: &Lease,
        report: SubscriptionReport,
    ) -> Result<Progress, StoreError> {
        let (tenant, lease) = (self.own(), lease.clone());
        let renew = move |conn: &Connection, now| {
            let stored = find(conn, tenant.as_ref(), &lease.name)?;
            let judged = judge::renewal(stored, &lease, report.clone(), now);
            let progress = judged.map_err(Failure::judged)?;
            put(conn, &progress)?;
            Ok(progress)
        };
        self.shared.writer.change("renew lease", Loss::May, renew).await
    }

    async fn release_lease(
        &self,
        lease: &Lease,
        report: SubscriptionReport,
    ) -> Result<(), StoreError> {
        let (tenant, lease) = (self.own(), lease.clone());
        let release = move |conn: &Connection, _| {
            let stored = find(conn, tenant.as_ref(), &lease.name)?;
            match judge::release(stored, &lease, report.clone()).map_err(Failure::judged)? {
                Some(progress) => put(conn, &progress),
                None => Ok(()),
            }
        };
        self.shared.writer.change("release lease", Loss::May, release).await
    }
}

impl SqliteStore {
    /// Whose subscriptions are the handle's own; `None` for those of all tenants.
    pub(crate) fn own(&self) -> Option<TenantId> {
        self.scope.tenant().cloned()
    }
}

/// Judges and stores a step inside the open transaction. A refused one stores nothing.
pub(crate) fn advance(
    conn: &Connection,
    tenant: Option<&TenantId>,
    step: &Advance,
    now: Timestamp,
) -> Result<Advanced, Failure> {
    let stored = find(conn, tenant, &step.lease.name)?;
    let mut progress = match judge::advance(stored, step, now).map_err(Failure::judged)? {
        JudgedAdvance::Stored(progress) => progress,
        JudgedAdvance::Moved(found) => return Ok(Advanced::Moved(found)),
    };
    if step.removes_letters(progress.kind) {
        letters::delete_all(conn, tenant, &step.lease.name)?;
    }
    for change in &step.letters {
        letters::change(conn, &mut progress, change)?;
    }
    put(conn, &progress)?;
    Ok(Advanced::Stored { instructions: progress.instructions })
}

fn listed(
    conn: &Connection,
    tenant: Option<&TenantId>,
    list: &ProgressList,
) -> Result<Vec<Progress>, Failure> {
    // Every scope is longer than the empty text and comes before the last character there is.
    let end = char::MAX.to_string();
    let (first, end) = tenant.map_or(("", end.as_str()), |it| (it.as_str(), it.as_str()));
    let after =
        list.after.as_ref().map(|(scope, name)| (scope_text(scope.as_ref()), name.as_str()));
    let (scope, name) = after.map_or((first, ""), |after| after.max((first, "")));
    let mut statement = conn.prepare_cached(sql::LIST_SUBSCRIPTIONS)?;
    let limit = i64::try_from(list.limit).unwrap_or(i64::MAX);
    let mut rows = statement.query((scope, name, end, limit))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(progress(row)?);
    }
    Ok(found)
}

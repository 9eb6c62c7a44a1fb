//! Leases: one statement each.

use async_trait::async_trait;
use factum_core::{
    Lease, LeaseAnswer, LeaseClaim, LeaseStore, Progress, StoreError, SubscriptionReport, judge,
};
use tokio_postgres::types::Type;

use crate::PostgresStore;
use crate::checkpoints::one;
use crate::connection::Bind;
use crate::parameters::Hidden;
use crate::subscriptions::{Key, place, words};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl LeaseStore for PostgresStore {
    async fn claim_lease(&self, claim: LeaseClaim) -> Result<LeaseAnswer, StoreError> {
        const OPERATION: &str = "claim lease";
        let shared = &self.shared;
        let key = Key::new(&self.scope, &claim.name);
        let owner = claim.owner.as_str();
        let expired = claim.expired.as_ref();
        let expired_owner = expired.map(|seen| seen.owner.as_str());
        let expired_epoch = expired.map(|seen| seen.epoch.get().cast_signed());
        let expired_beat = expired.map(|seen| seen.beat.cast_signed());
        loop {
            let now = shared.config.clock.now().as_micros();
            let [scope, name] = key.binds();
            let binds: [Bind<'_>; 7] = [
                scope,
                name,
                (&owner, Type::TEXT),
                (&expired_owner, Type::TEXT),
                (&expired_epoch, Type::INT8),
                (&expired_beat, Type::INT8),
                (&now, Type::INT8),
            ];
            // An owner that asks twice gets two leases, and uses the second.
            let rows = shared.readers.query(&shared.sql.claim_lease, &binds).await;
            let rows = rows.map_err(|failure| failure.into_write_error(OPERATION))?;
            if let Some(progress) = one(OPERATION, &rows)? {
                let lease = Lease { name: claim.name.clone(), epoch: progress.epoch };
                return Ok(LeaseAnswer::Granted(lease, Box::new(progress)));
            }
            // Why not? If nothing is in the way any more, once again.
            let found = factum_core::CheckpointStore::progress(self, &claim.name).await?;
            let held = judge::claim(found, &claim, shared.config.clock.now())?;
            if let LeaseAnswer::Held(_) = held {
                return Ok(held);
            }
        }
    }

    async fn renew_lease(
        &self,
        lease: &Lease,
        report: SubscriptionReport,
    ) -> Result<Progress, StoreError> {
        const OPERATION: &str = "renew lease";
        judge::check_report(OPERATION, lease, &report)?;
        let shared = &self.shared;
        let key = Key::new(&self.scope, &lease.name);
        let columns = Report::new(lease, &report);
        loop {
            let now = shared.config.clock.now().as_micros();
            let mut binds = columns.binds(&key);
            binds.push((&now, Type::INT8));
            let rows = self.rows(OPERATION, &shared.sql.renew_lease, &binds).await?;
            if let Some(progress) = one(OPERATION, &rows)? {
                self.move_worn(key, rows[0].get(25)).await;
                return Ok(progress);
            }
            // Why not? A lease that was lost does not come back.
            let found = factum_core::CheckpointStore::progress(self, &lease.name).await?;
            judge::renewal(found, lease, report.clone(), shared.config.clock.now())?;
        }
    }

    async fn release_lease(
        &self,
        lease: &Lease,
        report: SubscriptionReport,
    ) -> Result<(), StoreError> {
        const OPERATION: &str = "release lease";
        judge::check_report(OPERATION, lease, &report)?;
        let key = Key::new(&self.scope, &lease.name);
        let columns = Report::new(lease, &report);
        let binds = columns.binds(&key);
        loop {
            let rows = self.rows(OPERATION, &self.shared.sql.release_lease, &binds).await?;
            if !rows.is_empty() {
                return Ok(());
            }
            // Why not? If it is the caller's after all, once again.
            let found = factum_core::CheckpointStore::progress(self, &lease.name).await?;
            if judge::release(found, lease, report.clone())?.is_none() {
                return Ok(());
            }
        }
    }
}

/// A lease and what its owner reports, as columns.
struct Report {
    epoch: i64,
    state: i16,
    reason: Option<Hidden<Vec<u8>>>,
    head: i64,
}

impl Report {
    fn new(lease: &Lease, report: &SubscriptionReport) -> Self {
        Self {
            epoch: lease.epoch.get().cast_signed(),
            state: report.state.number().into(),
            reason: report.reason.as_deref().map(words),
            head: place(report.head),
        }
    }

    fn binds<'a>(&'a self, key: &'a Key<'a>) -> Vec<Bind<'a>> {
        let [scope, name] = key.binds();
        vec![
            scope,
            name,
            (&self.epoch, Type::INT8),
            (&self.state, Type::INT2),
            (&self.reason, Type::BYTEA),
            (&self.head, Type::INT8),
        ]
    }
}

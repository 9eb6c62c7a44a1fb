//! Looking after a store that lives in memory.

use std::collections::HashSet;
use std::path::Path;

use async_trait::async_trait;

use super::MemoryStore;
use crate::claim_index::ClaimIndex;
use crate::{
    Digester, Health, Maintenance, Position, RecordedEvent, StoreError, StoreErrorKind, StoreStats,
    Verified,
};

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Maintenance for MemoryStore {
    async fn stats(&self) -> Result<StoreStats, StoreError> {
        let log = self.log();
        let seen: Vec<&RecordedEvent> =
            log.events.iter().filter(|it| self.scope.includes(&it.tenant)).collect();
        let claims = log.claims.iter().filter(|(tenant, _, _)| self.scope.includes(tenant));
        let distinct = |count: usize| count as u64;
        Ok(StoreStats {
            head: log.head(),
            events: distinct(seen.len()),
            streams: log.names.count(&self.scope),
            event_types: distinct(
                seen.iter().map(|it| &it.event_type).collect::<HashSet<_>>().len(),
            ),
            tags: distinct(seen.iter().flat_map(|it| &it.tags).collect::<HashSet<_>>().len()),
            claims: distinct(claims.count()),
            commands: distinct(log.command_count(&self.scope)),
            tenants: distinct(seen.iter().map(|it| &it.tenant).collect::<HashSet<_>>().len()),
            bytes: log.bytes(&self.scope),
            format: 0,
        })
    }

    async fn health(&self) -> Result<Health, StoreError> {
        Ok(Health { head: self.log().head(), writable: true, problem: String::new() })
    }

    async fn verify(&self) -> Result<Verified, StoreError> {
        let log = self.log();
        let (mut digester, mut claims, mut events) =
            (Digester::default(), ClaimIndex::default(), 0);
        for event in &log.events {
            claims.apply(event);
            if self.scope.includes(&event.tenant) {
                digester.update(event);
                events += 1;
            }
        }
        let mut findings = Vec::new();
        if claims != log.claims {
            findings.push("the index of claims differs from the events".into());
        }
        Ok(Verified { events, digest: digester.digest(), findings })
    }

    async fn rebuild_claims(&self) -> Result<u64, StoreError> {
        let mut log = self.log();
        let mut claims = ClaimIndex::default();
        log.events.iter().for_each(|event| claims.apply(event));
        let held = claims.iter().len() as u64;
        log.claims = claims;
        Ok(held)
    }

    async fn backup(&self, _to: &Path) -> Result<Position, StoreError> {
        let message = "expected a store with files, found one in memory";
        Err(StoreError::new(StoreErrorKind::Unsupported, "back up store", message))
    }

    async fn compact(&self) -> Result<u64, StoreError> {
        self.log().forget_expired(self.shared.clock.now());
        Ok(0)
    }
}

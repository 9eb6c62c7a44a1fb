//! Unique values: one holder each, and the index says who.

use std::collections::HashMap;

use factum_core::{Claim, ClaimChange, ClaimIndex, EventType, SharedStore, StreamId, TenantId};

use super::Log;
use crate::witness::Witness;

/// Replayed over the events, no value is taken while another stream holds it.
pub(super) fn claims_have_one_holder(log: &Log, _: &Witness) -> Vec<String> {
    let mut held: HashMap<(&TenantId, &Claim), &StreamId> = HashMap::new();
    let mut problems = Vec::new();
    for event in &log.events {
        for change in &event.claims {
            let key = (&event.tenant, change.claim());
            let holder = held.get(&key).copied();
            match change {
                ClaimChange::Take(_) if holder.is_some_and(|it| *it != event.stream) => {
                    problems.push(format!("taken from its holder at position {}", event.position));
                }
                ClaimChange::Take(_) => {
                    held.insert(key, &event.stream);
                }
                ClaimChange::Release(_) if holder == Some(&event.stream) => {
                    held.remove(&key);
                }
                ClaimChange::Release(_) => {}
            }
        }
        if event.event_type.as_str() == EventType::STREAM_TOMBSTONED {
            held.retain(|(tenant, _), owner| **tenant != event.tenant || **owner != event.stream);
        }
    }
    problems
}

/// The store's index of claims is the one that its events make.
pub(super) async fn index_follows_the_events(store: &SharedStore, log: &Log) -> Vec<String> {
    let mut index = ClaimIndex::default();
    log.events.iter().for_each(|event| index.apply(event));
    let mut problems = Vec::new();
    for (tenant, claim, owner) in index.iter() {
        let found = match store.for_tenant(tenant) {
            Ok(store) => store.claim_owner(claim).await,
            Err(error) => Err(error),
        };
        if !matches!(&found, Ok(Some(found)) if found == owner) {
            problems.push(format!("claim index: expected {owner} to hold, found {found:?}"));
        }
    }
    match store.stats().await {
        Ok(stats) if stats.claims == index.iter().len() as u64 => {}
        Ok(stats) => {
            let expected = index.iter().len();
            problems
                .push(format!("claim index: expected {expected} claims, found {}", stats.claims));
        }
        Err(error) => problems.push(format!("claim index: {error}")),
    }
    problems
}

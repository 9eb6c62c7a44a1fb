//! The bank's views, as subscriptions to its log.

use factum::prelude::*;
use factum::{LagThresholds, RoutesError, SubscriptionsHealth};

use crate::balances::Balances;
use crate::leaderboard::Leaderboard;
use crate::statements::Statements;

/// Those that stand in tables of the store itself, whichever SQL it speaks.
pub(crate) fn in_tables(store: &SharedStore) -> Result<[Subscription; 3], RoutesError> {
    let projections = [
        ViewProjection::new(Balances)?,
        ViewProjection::new(Statements)?,
        ViewProjection::new(Leaderboard)?,
    ];
    Ok(projections.map(|it| Subscription::project(store.clone(), it)))
}

/// From how far behind a view is worth a look, and no use any more.
const THRESHOLDS: LagThresholds =
    LagThresholds { degraded_above: 1_000, unhealthy_above: 1_000_000 };

/// How the views do, for probes.
pub(crate) fn health(handles: &[SubscriptionHandle]) -> SubscriptionsHealth {
    handles.iter().cloned().fold(SubscriptionsHealth::new(THRESHOLDS), SubscriptionsHealth::with)
}

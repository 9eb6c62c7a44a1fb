//! The dashboard as a program that runs for long, while cases come in.

use std::io::Read;
use std::net::SocketAddr;

use factum::prelude::*;
use factum::{
    HealthServer, LagThresholds, ServiceError, Started, SubscriptionState, SubscriptionStatus,
    SubscriptionsHealth,
};

use crate::dashboard;
use crate::replay::{open, replay};

/// From how far behind the dashboard is worth a look, and no use any more.
const THRESHOLDS: LagThresholds =
    LagThresholds { degraded_above: 1_000, unhealthy_above: 1_000_000 };

/// Keeps the dashboard until control-C or `SIGTERM`; replays a log meanwhile, if there is one.
pub(crate) async fn run(
    store: SharedStore,
    log: Option<String>,
    health: Option<SocketAddr>,
) -> Result<(), ServiceError> {
    let log = log.as_deref().map(open).transpose()?;
    let kept = dashboard::subscription(&store, &store)?;
    let handle = kept.handle();
    let mut runner = Runner::new();
    if let Some(address) = health {
        let server = HealthServer::bind(address).await?.with_services(runner.states());
        println!("health     http://{}/health", server.local_address());
        let kept = SubscriptionsHealth::new(THRESHOLDS).with(handle.clone());
        runner = runner.service("health", server.with_source(kept));
    }
    let followed = handle.clone();
    runner
        .service_fn("console", |started, stop| console(followed, started, stop))
        .service("dashboard", kept)
        .service_fn("replay", |started, stop| async move {
            started.ready();
            replay_and_show(store, log, handle, &stop).await?;
            stop.requested().await;
            Ok(())
        })
        .run()
        .await?;
    println!("stopped: everything ended in order");
    Ok(())
}

/// Replays the log, if there is one, and shows the dashboard once everything is in it. What was not
/// done when it is asked to stop comes with the next start.
async fn replay_and_show(
    store: SharedStore,
    log: Option<impl Read>,
    handle: SubscriptionHandle,
    stop: &Stop,
) -> Result<(), ServiceError> {
    if let Some(log) = log {
        let report = replay(store.clone(), log, stop).await?;
        let ended = if stop.is_requested() { "interrupted" } else { "ended" };
        println!("replay     {ended}\n\n{report}");
    }
    tokio::select! {
        biased;
        () = stop.requested() => {}
        caught_up = handle.caught_up() => {
            let set_aside = caught_up?.set_aside;
            if !set_aside.is_empty() {
                println!("dashboard  not everything is in it: {set_aside}\n");
            }
            println!("{}\n", dashboard::shown(&store, &store).await?);
        }
    }
    Ok(())
}

/// Prints every state of the dashboard until it has ended.
async fn console(
    handle: SubscriptionHandle,
    started: Started,
    stop: Stop,
) -> Result<(), ServiceError> {
    started.ready();
    let name = handle.name().as_str();
    let mut printed = (SubscriptionState::Waiting, None);
    let is_new = |it: &SubscriptionStatus, printed: &(SubscriptionState, Option<String>)| {
        (it.state, &it.reason) != (printed.0, &printed.1)
    };
    while let Ok(status) = handle.wait_for(|it| is_new(it, &printed)).await {
        let reason = status.reason.as_deref().map(|it| format!(": {it}")).unwrap_or_default();
        println!("{name:<10} {} at position {}{reason}", status.state, status.position);
        printed = (status.state, status.reason);
    }
    stop.requested().await;
    Ok(())
}

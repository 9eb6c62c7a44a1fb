//! The bank as a program that runs for long: it keeps the views in step with the log.

use std::error::Error;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use factum::prelude::*;
use factum::{HealthServer, ServiceError, Started, SubscriptionState, SubscriptionStatus};
use tokio::task::JoinSet;
use tokio::time::interval;

use crate::totals::Totals;
use crate::{traffic, views};

/// How often the totals are shown if they changed.
const TOTALS_EVERY: Duration = Duration::from_secs(2);

/// Runs until control-C or `SIGTERM`, and ends everything in order.
pub(crate) async fn run(
    store: SharedStore,
    health: Option<SocketAddr>,
    per_second: Option<NonZeroU32>,
) -> Result<(), Box<dyn Error>> {
    let (totals, live) = Subscription::live(store.clone(), LiveProjection::<Totals>::new()?);
    let subscriptions: Vec<Subscription> =
        views::in_tables(&store)?.into_iter().chain([totals]).collect();
    let handles: Vec<SubscriptionHandle> = subscriptions.iter().map(Subscription::handle).collect();

    let mut runner = Runner::new();
    if let Some(address) = health {
        let server = HealthServer::bind(address).await?.with_services(runner.states());
        println!("health       http://{}/health", server.local_address());
        runner = runner.service("health", server.with_source(views::health(&handles)));
    }
    // Started before the views and stopped after them, it sees all they do.
    runner = runner.service_fn("console", |started, stop| console(handles, live, started, stop));
    for subscription in subscriptions {
        runner = runner.service(subscription.reads().name().as_str().to_owned(), subscription);
    }
    if let Some(per_second) = per_second {
        let busy = move |started, stop| traffic::run(store, per_second, started, stop);
        runner = runner.service_fn("traffic", busy);
    }
    runner.run().await?;
    println!("stopped: everything ended in order");
    Ok(())
}

/// Says what the views do, and how the bank is.
async fn console(
    handles: Vec<SubscriptionHandle>,
    live: Live<Totals>,
    started: Started,
    stop: Stop,
) -> Result<(), ServiceError> {
    let mut followed: JoinSet<()> = handles.into_iter().map(follow).collect();
    started.ready();
    let (mut ticks, mut shown) = (interval(TOTALS_EVERY), Totals::default());
    loop {
        tokio::select! {
            biased;
            () = stop.requested() => break,
            _ = ticks.tick() => {
                let totals = live.snapshot();
                if *totals != shown {
                    println!("{totals}");
                    shown = (*totals).clone();
                }
            }
        }
    }
    while followed.join_next().await.is_some() {}
    Ok(())
}

/// Prints every state of a view until it has ended.
async fn follow(handle: SubscriptionHandle) {
    let name = handle.name().as_str();
    let mut printed = (SubscriptionState::Waiting, None);
    let is_new = |it: &SubscriptionStatus, printed: &(SubscriptionState, Option<String>)| {
        (it.state, &it.reason) != (printed.0, &printed.1)
    };
    while let Ok(status) = handle.wait_for(|it| is_new(it, &printed)).await {
        let reason = status.reason.as_deref().map(|it| format!(": {it}")).unwrap_or_default();
        println!("{name:<12} {} at position {}{reason}", status.state, status.position);
        printed = (status.state, status.reason);
    }
}

//! What a subscription tells a metrics recorder, if the program has installed one.

use factum_core::SubscriptionName;
use metrics::{counter, gauge};

use super::status::SubscriptionStatus;

const NAME: &str = "subscription";

/// How many events were handled.
pub(super) fn handled(name: &SubscriptionName, count: u64) {
    counter!("factum_subscription_events_total", NAME => name.as_str().to_owned()).increment(count);
}

/// How many events were left out for good.
pub(super) fn skipped(name: &SubscriptionName, count: u64) {
    if count > 0 {
        let name = name.as_str().to_owned();
        counter!("factum_subscription_skipped_total", NAME => name).increment(count);
    }
}

/// A failure of the store that the loop tries to get over.
pub(super) fn troubled(name: &SubscriptionName) {
    counter!("factum_subscription_troubles_total", NAME => name.as_str().to_owned()).increment(1);
}

/// How far behind it is, and what is set aside.
pub(super) fn stands(status: &SubscriptionStatus) {
    let name = || status.name.as_str().to_owned();
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a floating-point number")]
    let number = |it: u64| it as f64;
    gauge!("factum_subscription_lag_events", NAME => name()).set(number(status.lag()));
    gauge!("factum_subscription_parked_keys", NAME => name()).set(number(status.parked_keys));
    gauge!("factum_subscription_dead_letters", NAME => name()).set(number(status.dead_letters));
}

/// Whether it is behind and does not move.
pub(super) fn stalled(name: &SubscriptionName, stalled: bool) {
    gauge!("factum_subscription_stalled", NAME => name.as_str().to_owned()).set(if stalled {
        1.0
    } else {
        0.0
    });
}

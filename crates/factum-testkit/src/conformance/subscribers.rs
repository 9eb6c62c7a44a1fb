//! The words that cases about subscriptions are written in.

use factum_core::{
    Advance, Advanced, DeadLetter, DeadLetterKey, DeadLetterList, DeadLetterStatus, HandledEvent,
    Instruction, LaneKey, Lease, LeaseAnswer, LeaseClaim, LetterChange, OwnerId, Position,
    Progress, Registration, SharedStore, SubscriptionKind, SubscriptionName, SubscriptionReport,
    SubscriptionState, TenantId, Timestamp,
};

use super::support::{account, event_type, position};
use crate::SequentialIds;

pub(super) fn named(name: &str) -> SubscriptionName {
    SubscriptionName::new(name).expect("the name is valid")
}

pub(super) fn owner_id(name: &str) -> OwnerId {
    OwnerId::new(name).expect("the owner is valid")
}

pub(super) fn lane(key: &str) -> LaneKey {
    LaneKey::new(key).expect("the key is valid")
}

/// A projection of version 1 that reads everything.
pub(super) fn declared(name: &str) -> Registration {
    Registration {
        name: named(name),
        kind: SubscriptionKind::Projection,
        version: 1,
        shape: "every event".into(),
        start: Position::START,
    }
}

pub(super) async fn register(store: &SharedStore, registration: Registration) -> Progress {
    store.register(registration).await.expect("the subscription can be registered")
}

/// What is stored of a subscription, which is known.
pub(super) async fn stored(store: &SharedStore, name: &str) -> Progress {
    looked_up(store, name).await.expect("the subscription is known")
}

pub(super) async fn looked_up(store: &SharedStore, name: &str) -> Option<Progress> {
    store.progress(&named(name)).await.expect("subscriptions can be looked up")
}

pub(super) fn claim(name: &str, owner: &str) -> LeaseClaim {
    LeaseClaim { name: named(name), owner: owner_id(owner), expired: None }
}

pub(super) async fn answer(store: &SharedStore, claim: LeaseClaim) -> LeaseAnswer {
    store.claim_lease(claim).await.expect("leases can be claimed")
}

/// Claims a lease, which must be granted.
pub(super) async fn granted(store: &SharedStore, claim: LeaseClaim) -> Lease {
    match answer(store, claim).await {
        LeaseAnswer::Granted(lease, _) => lease,
        LeaseAnswer::Held(seen) => panic!("expected the lease to be granted, found {seen:?}"),
    }
}

/// Makes a projection known and claims its lease.
pub(super) async fn run(store: &SharedStore, name: &str) -> Lease {
    register(store, declared(name)).await;
    granted(store, claim(name, "runner")).await
}

pub(super) fn report(state: SubscriptionState, head: u64) -> SubscriptionReport {
    let mut report = SubscriptionReport::default();
    (report.state, report.head) = (state, position(head));
    report
}

pub(super) async fn renew(store: &SharedStore, lease: &Lease) -> Progress {
    let renewed = store.renew_lease(lease, SubscriptionReport::default()).await;
    renewed.expect("the lease is the caller's")
}

pub(super) async fn release(store: &SharedStore, lease: &Lease) {
    let released = store.release_lease(lease, SubscriptionReport::default()).await;
    released.expect("leases can be given up");
}

pub(super) fn step(lease: &Lease, from: u64, to: u64) -> Advance {
    Advance::new(lease.clone(), position(from), position(to))
}

/// The event with this number, at the place of this number.
pub(super) fn handled(number: u64) -> HandledEvent {
    HandledEvent { position: position(number), id: SequentialIds::id(number) }
}

/// Makes a step, which must be stored, and gives the number of orders.
pub(super) async fn advance(store: &SharedStore, step: Advance) -> u64 {
    match store.advance(step).await.expect("the step can be stored") {
        Advanced::Stored { instructions } => instructions,
        Advanced::Moved(found) => panic!("expected a step that is stored, found {found:?}"),
    }
}

pub(super) async fn instruct(store: &SharedStore, name: &str, order: Instruction) -> Progress {
    store.instruct(&named(name), order).await.expect("the order is taken")
}

pub(super) fn pause(reason: &str) -> Instruction {
    Instruction::Pause { reason: reason.into() }
}

/// A letter about the event with this number, at the place of this number.
pub(super) fn letter(number: u64, key: &str, status: DeadLetterStatus) -> DeadLetter {
    let waits = status == DeadLetterStatus::Waiting;
    DeadLetter {
        position: position(number),
        key: lane(key),
        status,
        id: SequentialIds::id(number),
        tenant: TenantId::default(),
        stream: account("ann"),
        event_type: event_type("thing.happened"),
        cause: if waits { String::new() } else { format!("no room for {number}") },
        attempts: u32::from(!waits),
        first_at: Timestamp::from_micros(1_000),
        last_at: Timestamp::from_micros(2_000),
        due: false,
    }
}

pub(super) fn parked(number: u64, key: &str) -> DeadLetter {
    letter(number, key, DeadLetterStatus::Parked)
}

pub(super) fn waiting(number: u64, key: &str) -> DeadLetter {
    letter(number, key, DeadLetterStatus::Waiting)
}

pub(super) fn dead(number: u64, key: &str) -> DeadLetter {
    letter(number, key, DeadLetterStatus::Dead)
}

/// Changes letters with a step on the spot.
pub(super) async fn change(
    store: &SharedStore,
    lease: &Lease,
    changes: impl IntoIterator<Item = LetterChange>,
) {
    let at = stored(store, lease.name.as_str()).await.position.get();
    let letters = changes.into_iter().collect();
    advance(store, Advance { letters, ..step(lease, at, at) }).await;
}

pub(super) async fn set_aside(
    store: &SharedStore,
    lease: &Lease,
    letters: impl IntoIterator<Item = DeadLetter>,
) {
    change(store, lease, letters.into_iter().map(LetterChange::Put)).await;
}

pub(super) async fn listed(
    store: &SharedStore,
    list: DeadLetterList,
) -> Vec<(DeadLetterKey, DeadLetter)> {
    store.dead_letters(list).await.expect("dead letters can be listed")
}

/// Every letter that the handle sees, in one line each: subscription, place, key, status, and
/// whether it is due.
pub(super) async fn letters(store: &SharedStore) -> Vec<String> {
    shown(&listed(store, DeadLetterList { waiting: true, ..DeadLetterList::default() }).await)
}

pub(super) fn shown(letters: &[(DeadLetterKey, DeadLetter)]) -> Vec<String> {
    let shown = |((_, name, position), it): &(DeadLetterKey, DeadLetter)| {
        let due = if it.due { " due" } else { "" };
        format!("{name} {position} {} {}{due}", it.key, it.status)
    };
    letters.iter().map(shown).collect()
}

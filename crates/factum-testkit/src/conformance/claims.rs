//! Unique values.

use factum_core::{AppendRequest, Claim, ClaimChange, Conflict, Expected, NewEvent};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{
    account, all, conflict, email, event, log_numbers, one, owner, put, put_one, record, releases,
    revision, takes,
};

conformance_cases!["claims", ALWAYS;
    a_value_belongs_to_the_stream_that_took_it,
    a_value_held_by_another_stream_is_a_conflict,
    a_claim_conflict_stores_nothing,
    taking_ones_own_value_again_changes_nothing,
    release_by_another_stream_changes_nothing,
    a_released_value_is_free,
    changes_of_an_append_apply_in_the_order_of_its_events,
    changes_of_an_event_apply_in_the_order_of_its_list,
    the_same_value_under_another_name_is_another_claim,
    values_are_compared_byte_by_byte,
    a_tombstone_frees_the_streams_claims,
    truncation_keeps_the_streams_claims,
];

async fn a_value_belongs_to_the_stream_that_took_it(rig: &Rig) {
    let store = rig.open().await;
    assert_eq!(owner(&store, "a@x").await, None);
    put_one(&store, "ann", takes(1, "a@x")).await;
    assert_eq!(owner(&store, "a@x").await, Some(account("ann")));
    assert_eq!(owner(&store, "b@x").await, None);
}

async fn a_value_held_by_another_stream_is_a_conflict(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", takes(1, "a@x")).await;
    let found = conflict(store.append(one("bob", takes(2, "a@x"))).await);
    let (stream, owner) = (account("bob"), account("ann"));
    assert_eq!(found, Conflict::Claim { name: "email".into(), stream, owner });
}

async fn a_claim_conflict_stores_nothing(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", takes(1, "a@x")).await;
    let (free, taken) = (takes(2, "b@x"), takes(3, "a@x"));
    let request = AppendRequest::default().stream(account("bob"), Expected::Any, [free, taken]);
    conflict(store.append(request).await);
    assert_eq!(log_numbers(&store).await, [1]);
    assert_eq!(owner(&store, "b@x").await, None);
}

async fn taking_ones_own_value_again_changes_nothing(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", takes(1, "a@x")).await;
    put_one(&store, "ann", takes(2, "a@x")).await;
    assert_eq!(owner(&store, "a@x").await, Some(account("ann")));
    put_one(&store, "ann", releases(3, "a@x")).await;
    assert_eq!(owner(&store, "a@x").await, None);
}

async fn release_by_another_stream_changes_nothing(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", takes(1, "a@x")).await;
    put_one(&store, "bob", releases(2, "a@x")).await;
    put_one(&store, "bob", releases(3, "never-taken")).await;
    assert_eq!(owner(&store, "a@x").await, Some(account("ann")));
    conflict(store.append(one("bob", takes(4, "a@x"))).await);
}

async fn a_released_value_is_free(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", takes(1, "a@x")).await;
    put_one(&store, "ann", releases(2, "a@x")).await;
    put_one(&store, "bob", takes(3, "a@x")).await;
    assert_eq!(owner(&store, "a@x").await, Some(account("bob")));
}

async fn changes_of_an_append_apply_in_the_order_of_its_events(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", takes(1, "a@x")).await;
    let (release, take) = ((account("ann"), releases(2, "a@x")), (account("bob"), takes(3, "a@x")));
    let both = |events: [_; 2]| AppendRequest { events: events.into(), ..AppendRequest::default() };
    conflict(store.append(both([take.clone(), release.clone()])).await);
    store.append(both([release, take])).await.expect("the value is free when it is taken");
    assert_eq!(owner(&store, "a@x").await, Some(account("bob")));
}

async fn changes_of_an_event_apply_in_the_order_of_its_list(rig: &Rig) {
    let store = rig.open().await;
    let (take, release) = (ClaimChange::Take(email("a@x")), ClaimChange::Release(email("a@x")));
    let kept = vec![take.clone(), release.clone(), take.clone()];
    put_one(&store, "ann", NewEvent { claims: kept, ..event(1) }).await;
    assert_eq!(owner(&store, "a@x").await, Some(account("ann")));
    put_one(&store, "ann", NewEvent { claims: vec![take, release], ..event(2) }).await;
    assert_eq!(owner(&store, "a@x").await, None);
}

async fn the_same_value_under_another_name_is_another_claim(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", takes(1, "a@x")).await;
    let login = Claim::new("login", "a@x").expect("the claim is valid");
    let taken = NewEvent { claims: vec![ClaimChange::Take(login.clone())], ..event(2) };
    put_one(&store, "bob", taken).await;
    assert_eq!(owner(&store, "a@x").await, Some(account("ann")));
    assert_eq!(store.claim_owner(&login).await.expect("looked up"), Some(account("bob")));
}

async fn values_are_compared_byte_by_byte(rig: &Rig) {
    let store = rig.open().await;
    for (number, value) in (1..).zip(["ann@x", "Ann@x", "ann@X", "änn@x", "a\u{308}nn@x"]) {
        put_one(&store, &format!("s{number}"), takes(number, value)).await;
        assert_eq!(owner(&store, value).await, Some(account(&format!("s{number}"))));
    }
    assert_eq!(all(&store).await.len(), 5);
}

async fn a_tombstone_frees_the_streams_claims(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", takes(1, "a@x")).await;
    put_one(&store, "bob", takes(2, "b@x")).await;
    store.tombstone(&account("ann"), Expected::Exists, record(9)).await.expect("it exists");
    assert_eq!(owner(&store, "a@x").await, None);
    assert_eq!(owner(&store, "b@x").await, Some(account("bob")));
    put_one(&store, "bob", takes(3, "a@x")).await;
    assert_eq!(owner(&store, "a@x").await, Some(account("bob")));
}

async fn truncation_keeps_the_streams_claims(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", takes(1, "a@x")).await;
    put(&store, "ann", 2..4).await;
    let cut = store.truncate_before(&account("ann"), revision(2), record(9)).await;
    cut.expect("revision 2 exists");
    assert_eq!(owner(&store, "a@x").await, Some(account("ann")));
    conflict(store.append(one("bob", takes(4, "a@x"))).await);
}

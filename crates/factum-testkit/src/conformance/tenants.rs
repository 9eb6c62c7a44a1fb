//! Tenants are walls.

use factum_core::{
    AppendRequest, CategoryList, EventStoreExt, Expected, LogRead, Position, Query, Refusal,
    StoreErrorKind, StreamList, StreamRead, TenantScope,
};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{
    account, all, command, conflict, email, failure, head, log_numbers, one, owner, positions, put,
    put_one, record, refusal, revision, stream_numbers, takes, tenant, to,
};

conformance_cases!["tenants", ALWAYS;
    a_handle_says_whose_data_it_sees,
    streams_are_per_tenant,
    reads_see_one_tenant,
    queries_and_their_guards_see_one_tenant,
    claims_are_per_tenant,
    command_ids_are_per_tenant,
    deletion_and_truncation_are_per_tenant,
    positions_and_the_head_are_of_the_whole_log,
    listings_and_counts_see_one_tenant,
    a_handle_of_all_tenants_reads_everything,
    a_handle_of_all_tenants_lists_everything_by_tenant,
    a_handle_of_all_tenants_writes_nothing,
    what_names_a_stream_needs_a_handle_of_one_tenant,
    a_handle_of_one_tenant_reaches_no_other,
];

async fn a_handle_says_whose_data_it_sees(rig: &Rig) {
    let all = rig.open_all().await;
    assert_eq!(all.scope(), &TenantScope::All);
    let a = all.for_tenant(&tenant("a")).expect("narrowed");
    assert_eq!(a.scope(), &TenantScope::One(tenant("a")));
    put(&a, "ann", 1..2).await;
    assert_eq!(super::support::all(&a).await[0].tenant, tenant("a"));
}

async fn streams_are_per_tenant(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    put(&a, "ann", 1..3).await;
    let appended = b.append(to("ann", Expected::NoStream, 3..4)).await.expect("it is new to b");
    assert_eq!(appended.revision(&account("ann")), Some(revision(0)));
    assert_eq!(stream_numbers(&a, "ann").await, [1, 2]);
    assert_eq!(stream_numbers(&b, "ann").await, [3]);
    put(&a, "zoe", 4..5).await;
    assert_eq!(b.stream(&account("zoe")).await.expect("looked up"), None);
}

async fn reads_see_one_tenant(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    put(&a, "ann", 1..3).await;
    put(&b, "bob", 3..5).await;
    put(&a, "ann", 5..6).await;
    assert_eq!(log_numbers(&a).await, [1, 2, 5]);
    assert_eq!(log_numbers(&b).await, [3, 4]);
}

async fn queries_and_their_guards_see_one_tenant(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    put(&a, "ann", 1..2).await;
    let by_type =
        factum_core::QueryItem::default().event_type(super::support::event_type("thing.happened"));
    let found = b.collect(LogRead::after(by_type.clone(), Position::START)).await;
    assert_eq!(found.expect("the log can be read"), []);
    for query in [by_type.into(), Query::all()] {
        let request = nothing_yet(query.clone());
        b.append(request).await.expect("b has no event of its own");
        conflict(a.append(nothing_yet(query)).await);
    }
}

/// A command guarded by a query, so that judging it adds no event.
fn nothing_yet(query: Query) -> AppendRequest {
    let id = format!("c{}", query.items().len());
    AppendRequest::default().command(command(&id, "ann")).none_match(query, Position::START)
}

async fn claims_are_per_tenant(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    put_one(&a, "ann", takes(1, "a@x")).await;
    assert_eq!(owner(&b, "a@x").await, None);
    put_one(&b, "bob", takes(2, "a@x")).await;
    assert_eq!(owner(&a, "a@x").await, Some(account("ann")));
    assert_eq!(owner(&b, "a@x").await, Some(account("bob")));
    conflict(b.append(one("ann", takes(3, "a@x"))).await);
}

async fn command_ids_are_per_tenant(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    let request = |number, target| {
        to(target, Expected::Any, number..number + 1).command(command("c1", target))
    };
    a.append(request(1, "ann")).await.expect("the first use of the command");
    assert_eq!(b.recall(&command("c1", "bob").id).await.expect("looked up"), None);
    let of_b = b.append(request(2, "bob")).await.expect("the first use of the command by b");
    assert!(!of_b.repeated);
    assert_eq!(log_numbers(&b).await, [2]);
}

async fn deletion_and_truncation_are_per_tenant(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    for (store, number) in [(&a, 0), (&b, 10)] {
        put(store, "ann", number..number + 3).await;
        put(store, "bob", number + 3..number + 6).await;
    }
    a.tombstone(&account("ann"), Expected::Any, record(90)).await.expect("it exists");
    let cut = a.truncate_before(&account("bob"), revision(2), record(91)).await;
    cut.expect("revision 2 exists");
    assert_eq!(stream_numbers(&b, "ann").await, [10, 11, 12]);
    assert_eq!(stream_numbers(&b, "bob").await, [13, 14, 15]);
    b.append(to("ann", Expected::Exists, 16..17)).await.expect("the stream of b is alive");
}

async fn positions_and_the_head_are_of_the_whole_log(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    put(&a, "ann", 1..3).await;
    put(&b, "bob", 3..4).await;
    put(&a, "ann", 4..5).await;
    assert_eq!(positions(&all(&a).await), [1, 2, 4]);
    assert_eq!(positions(&all(&b).await), [3]);
    assert_eq!((head(&*a).await, head(&*b).await), (4, 4));
    let pages = super::support::pages(b.read(LogRead::default())).await;
    assert_eq!(pages.last().map(|it| it.through.get()), Some(4));
}

async fn listings_and_counts_see_one_tenant(rig: &Rig) {
    let (a, b) = rig.open_two_tenants().await;
    put(&a, "ann", 1..3).await;
    put_one(&b, "bob", takes(3, "a@x")).await;
    let streams = b.streams(StreamList::default()).await.expect("listed");
    assert_eq!(streams.iter().map(|it| &it.stream).collect::<Vec<_>>(), [&account("bob")]);
    let categories = b.categories(CategoryList::default()).await.expect("listed");
    assert_eq!(categories.iter().map(|it| it.streams).collect::<Vec<_>>(), [1]);
    let (of_a, of_b) = (a.stats().await.expect("counted"), b.stats().await.expect("counted"));
    assert_eq!((of_a.events, of_a.streams, of_a.claims, of_a.tenants), (2, 1, 0, 1));
    assert_eq!((of_b.events, of_b.streams, of_b.claims, of_b.tenants), (1, 1, 1, 1));
}

async fn a_handle_of_all_tenants_reads_everything(rig: &Rig) {
    let all = rig.open_all().await;
    let narrowed = |name| all.for_tenant(&tenant(name)).expect("narrowed");
    put(&narrowed("b"), "bob", 1..2).await;
    put(&narrowed("a"), "ann", 2..3).await;
    let events = super::support::all(&all).await;
    let found: Vec<_> = events.iter().map(|it| (it.tenant.as_str(), it.position.get())).collect();
    assert_eq!(found, [("b", 1), ("a", 2)]);
    assert_eq!(all.stats().await.expect("counted").tenants, 2);
}

async fn a_handle_of_all_tenants_lists_everything_by_tenant(rig: &Rig) {
    let all = rig.open_all().await;
    for (number, (name, id)) in (1..).zip([("b", "a1"), ("a", "z9"), ("a", "b2"), ("b", "c3")]) {
        let store = all.for_tenant(&tenant(name)).expect("narrowed");
        put(&store, id, number..number + 1).await;
    }
    let (mut found, mut after) = (Vec::new(), None);
    for _ in 0..4 {
        let list = StreamList { after, limit: 1, category: None };
        let page = all.streams(list).await.expect("listed");
        found.push(format!("{} {}", page[0].tenant, page[0].stream));
        after = Some((page[0].tenant.clone(), page[0].stream.clone()));
    }
    assert_eq!(found, ["a account/b2", "a account/z9", "b account/a1", "b account/c3"]);
    let categories = all.categories(CategoryList::default()).await.expect("listed");
    let found: Vec<_> = categories.iter().map(|it| (it.tenant.as_str(), it.streams)).collect();
    assert_eq!(found, [("a", 2), ("b", 2)]);
}

async fn a_handle_of_all_tenants_writes_nothing(rig: &Rig) {
    let all = rig.open_all().await;
    let a = all.for_tenant(&tenant("a")).expect("narrowed");
    put(&a, "ann", 0..3).await;
    let stream = account("ann");
    let attempts = [
        all.append(to("ann", Expected::Any, 3..4)).await,
        all.tombstone(&stream, Expected::Any, record(8)).await,
        all.truncate_before(&stream, revision(1), record(9)).await,
    ];
    for attempt in attempts {
        assert_eq!(refusal(attempt), Refusal::TenantRequired);
    }
    assert_eq!(log_numbers(&all).await, [0, 1, 2]);
}

async fn what_names_a_stream_needs_a_handle_of_one_tenant(rig: &Rig) {
    let all = rig.open_all().await;
    let stream = account("ann");
    let kinds = [
        failure(all.collect_stream(StreamRead::forward(stream.clone())).await),
        failure(all.stream(&stream).await),
        failure(all.claim_owner(&email("a@x")).await),
        failure(all.recall(&command("c1", "ann").id).await),
    ];
    assert_eq!(kinds, [StoreErrorKind::Invalid; 4]);
}

async fn a_handle_of_one_tenant_reaches_no_other(rig: &Rig) {
    let (a, _) = rig.open_two_tenants().await;
    assert_eq!(failure(a.for_tenant(&tenant("b")).map(|_| ())), StoreErrorKind::Invalid);
    let again = a.for_tenant(&tenant("a")).expect("its own tenant");
    put(&again, "ann", 1..2).await;
    assert_eq!(log_numbers(&a).await, [1]);
}

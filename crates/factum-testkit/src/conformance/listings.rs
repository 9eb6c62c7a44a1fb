//! What is known of streams and categories without reading them.

use factum_core::limits::PAGE_MAX;
use factum_core::{
    Category, CategoryList, Expected, SharedStore, StoreErrorKind, StreamId, StreamInfo,
    StreamList, TenantId,
};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{account, event, failure, position, put, record, revision};

conformance_cases!["listings", ALWAYS;
    a_stream_is_described,
    a_stream_that_never_had_an_event_is_unknown,
    streams_are_listed_in_byte_order,
    streams_are_listed_in_pages,
    streams_are_listed_by_category,
    deleted_streams_are_listed,
    categories_are_listed_with_their_streams_counted,
    categories_are_listed_in_pages,
    a_listing_limit_out_of_range_is_refused,
];

const NAMES: [&str; 7] =
    ["account/Zoe", "account/ann", "account/änn", "bill/1", "bill/10", "bill/2", "bill-x/1"];

async fn fill(store: &SharedStore) {
    for (number, name) in (1..).zip(NAMES) {
        let stream: StreamId = name.parse().expect("the name is valid");
        let request = factum_core::AppendRequest::default();
        let request = request.stream(stream, Expected::NoStream, [event(number)]);
        store.append(request).await.expect("the stream is new");
    }
}

fn sorted() -> Vec<String> {
    let mut names = NAMES.map(str::to_owned).to_vec();
    names.sort();
    names
}

async fn listed(store: &SharedStore, list: StreamList) -> Vec<StreamInfo> {
    store.streams(list).await.expect("streams can be listed")
}

fn names(streams: &[StreamInfo]) -> Vec<String> {
    streams.iter().map(|it| it.stream.to_string()).collect()
}

async fn a_stream_is_described(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    put(&store, "bob", 4..6).await;
    put(&store, "ann", 6..7).await;
    put(&store, "bob", 7..8).await;
    let expected = StreamInfo {
        tenant: TenantId::default(),
        stream: account("ann"),
        first: revision(0),
        last: revision(3),
        last_position: position(6),
        tombstoned: false,
    };
    let found = store.stream(&account("ann")).await.expect("the stream can be looked up");
    assert_eq!(found.as_ref(), Some(&expected));
    assert_eq!(listed(&store, StreamList::default()).await[0], expected);
}

async fn a_stream_that_never_had_an_event_is_unknown(rig: &Rig) {
    let store = rig.open().await;
    assert_eq!(store.stream(&account("ann")).await.expect("looked up"), None);
    put(&store, "bob", 1..2).await;
    assert_eq!(store.stream(&account("ann")).await.expect("looked up"), None);
    assert_eq!(listed(&store, StreamList::default()).await.len(), 1);
}

async fn streams_are_listed_in_byte_order(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    assert_eq!(names(&listed(&store, StreamList::default()).await), sorted());
}

async fn streams_are_listed_in_pages(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    for limit in 1..=8 {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = listed(&store, StreamList { after, limit, category: None }).await;
            assert!(page.len() <= limit);
            found.extend(names(&page));
            after = page.last().map(|it| (it.tenant.clone(), it.stream.clone()));
            if page.len() < limit {
                break;
            }
        }
        assert_eq!(found, sorted());
    }
}

async fn streams_are_listed_by_category(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    let of = |name| Some(Category::new(name).expect("the name is valid"));
    let found = listed(&store, StreamList { category: of("bill"), ..StreamList::default() }).await;
    assert_eq!(names(&found), ["bill/1", "bill/10", "bill/2"]);
    let after = found.first().map(|it| (it.tenant.clone(), it.stream.clone()));
    let rest = StreamList { category: of("bill"), after, limit: 1 };
    assert_eq!(names(&listed(&store, rest).await), ["bill/10"]);
    let none = StreamList { category: of("nothing"), ..StreamList::default() };
    assert_eq!(listed(&store, none).await, []);
}

async fn deleted_streams_are_listed(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    put(&store, "bob", 2..3).await;
    store.tombstone(&account("ann"), Expected::Exists, record(3)).await.expect("it exists");
    let found = listed(&store, StreamList::default()).await;
    assert_eq!(found.iter().map(|it| it.tombstoned).collect::<Vec<_>>(), [true, false]);
    let categories = store.categories(CategoryList::default()).await.expect("listed");
    assert_eq!(categories[0].streams, 2);
}

async fn categories_are_listed_with_their_streams_counted(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    let found = store.categories(CategoryList::default()).await.expect("listed");
    let found: Vec<_> = found.iter().map(|it| (it.category.as_str(), it.streams)).collect();
    assert_eq!(found, [("account", 3), ("bill", 3), ("bill-x", 1)]);
}

async fn categories_are_listed_in_pages(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    for limit in 1..=4 {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let list = CategoryList { after, limit };
            let page = store.categories(list).await.expect("categories can be listed");
            assert!(page.len() <= limit);
            found.extend(page.iter().map(|it| it.category.to_string()));
            after = page.last().map(|it| (it.tenant.clone(), it.category.clone()));
            if page.len() < limit {
                break;
            }
        }
        assert_eq!(found, ["account", "bill", "bill-x"]);
    }
}

async fn a_listing_limit_out_of_range_is_refused(rig: &Rig) {
    let store = rig.open().await;
    fill(&store).await;
    for limit in [0, PAGE_MAX + 1, usize::MAX] {
        let streams = store.streams(StreamList { limit, ..StreamList::default() }).await;
        assert_eq!(failure(streams), StoreErrorKind::LimitExceeded);
        let categories = store.categories(CategoryList { limit, after: None }).await;
        assert_eq!(failure(categories), StoreErrorKind::LimitExceeded);
    }
    let most = StreamList { limit: PAGE_MAX, ..StreamList::default() };
    assert_eq!(listed(&store, most).await.len(), NAMES.len());
}

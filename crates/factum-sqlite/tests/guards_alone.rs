//! What is only judged writes nothing to the file, so its commit has nothing to flush.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::{append, open, stream};
use factum_core::{AppendRequest, EventStore, Expected, Position, QueryItem};

#[tokio::test]
async fn guards_alone_write_nothing_to_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.append(append("ann", 0..20)).await.unwrap();
    let written = || {
        let file = |name| std::fs::read(folder.path().join(name)).unwrap();
        (file("log.db"), file("log.db-wal"))
    };
    let before = written();
    for number in 0..50_u64 {
        let unknown = AppendRequest::default().stream(
            stream(&format!("new-{number}")),
            Expected::NoStream,
            [],
        );
        let query = QueryItem::stream(stream("ann"));
        let alone = unknown.none_match(query, Position::new(20));
        let held = store.append(alone).await.unwrap();
        assert_eq!((held.first, held.last), (None, Position::new(20)));
    }
    assert!(written() == before, "nothing was written");
    assert_eq!(store.append(append("ann", 20..21)).await.unwrap().last, Position::new(21));
    assert!(written() != before);
}

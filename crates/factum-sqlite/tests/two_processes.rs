//! F8: two processes open one file. Both append, order stays dense, each sees the other.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{all, append, event, open, stream};
use factum_core::{AppendRequest, EventStore, Expected, Maintenance, Position, Revision};

const CHILD_FOLDER: &str = "FACTUM_TEST_CHILD_FOLDER";
const CHILD_STREAM: &str = "FACTUM_TEST_CHILD_STREAM";

/// Starts this test binary again to run [`child`].
fn spawn_child(folder: &Path, stream: &str) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD_FOLDER, folder)
        .env(CHILD_STREAM, stream)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// The other process: appends 200 events one by one. Does nothing as a test of its own.
#[tokio::test]
async fn child() {
    let (Ok(folder), Ok(id)) = (std::env::var(CHILD_FOLDER), std::env::var(CHILD_STREAM)) else {
        return;
    };
    let store = open(Path::new(&folder)).await;
    for number in 0..200_u64 {
        let expected = number
            .checked_sub(1)
            .map_or(Expected::NoStream, |last| Expected::Revision(Revision::new(last)));
        let request = AppendRequest::default().stream(stream(&id), expected, [event(number)]);
        store.append(request).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f8_both_append_and_order_stays_dense() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let mut children = [spawn_child(folder.path(), "b"), spawn_child(folder.path(), "c")];
    for number in 0..200_u64 {
        store.append(append("a", number..number + 1)).await.unwrap();
    }
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let events = all(&store).await;
    let positions: Vec<u64> = events.iter().map(|event| event.position.get()).collect();
    assert_eq!(positions, (1..=600).collect::<Vec<_>>());
    for id in ["a", "b", "c"] {
        let own = events.iter().filter(|event| event.stream == stream(id));
        let revisions: Vec<u64> = own.map(|event| event.revision.get()).collect();
        assert_eq!(revisions, (0..200).collect::<Vec<_>>(), "stream {id}");
    }
    assert_eq!(store.verify().await.unwrap().findings, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f8_a_guard_sees_what_the_other_process_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    store.append(append("mine", 0..1)).await.unwrap();
    assert!(spawn_child(folder.path(), "theirs").wait().unwrap().success());
    let request = AppendRequest::default().stream(stream("theirs"), Expected::NoStream, [event(0)]);
    assert!(store.append(request).await.is_err());
    let appended = store.append(append("theirs", 0..1)).await.unwrap();
    assert_eq!(appended.last, Position::new(202));
    assert_eq!(appended.revision(&stream("theirs")), Some(Revision::new(200)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f8_a_watch_wakes_for_the_other_process() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let mut watch = store.watch();
    let mut child = spawn_child(folder.path(), "theirs");
    // The limit only turns a watch that never wakes into a failure.
    let woken = tokio::time::timeout(Duration::from_mins(1), watch.past(Position::START)).await;
    assert!(woken.expect("the watch wakes").unwrap() > Position::START);
    assert!(child.wait().unwrap().success());
}

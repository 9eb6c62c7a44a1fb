//! Work of others in the middle of a group: what it does to itself, it does to nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use factum_core::{
    Advance, EventId, LeaseAnswer, LeaseClaim, NewEvent, OwnerId, Progress, Registration,
    StoreError, StoreErrorKind, SubscriptionKind, SubscriptionName, Transacted, ViewTransaction,
    ViewWork, judge,
};
use futures::FutureExt;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{append, writer};
use crate::commit::{Writer, gather};
use crate::subscriptions;
use crate::views::ViewRequest;
use crate::writer::{Answer, Write};

type Outcome = Result<Transacted, StoreError>;

fn name() -> SubscriptionName {
    SubscriptionName::new("accounts").unwrap()
}

/// A subscription that somebody runs, and a step of theirs.
fn step(conn: &Connection) -> Advance {
    let (kind, shape) = (SubscriptionKind::Projection, String::new());
    let start = factum_core::Position::START;
    let registration = Registration { name: name(), kind, version: 1, shape, start };
    let now = factum_core::Timestamp::from_micros(0);
    let known = Progress::new(None, registration, now);
    let claim = LeaseClaim { name: name(), owner: OwnerId::new("one").unwrap(), expired: None };
    let answer = judge::claim(Some(known), &claim, now).unwrap();
    let LeaseAnswer::Granted(lease, progress) = answer else { panic!("nobody held it") };
    subscriptions::put(conn, &progress).unwrap();
    Advance::new(lease, start, start)
}

fn view(work: ViewWork) -> (Write, oneshot::Receiver<Outcome>) {
    let (reply, answer) = oneshot::channel();
    (Write::View(ViewRequest::new(None, work, reply)), answer)
}

fn work<F>(run: F) -> ViewWork
where
    F: for<'t> FnOnce(
            &'t mut dyn ViewTransaction,
        ) -> futures::future::BoxFuture<'t, Option<Advance>>
        + Send
        + 'static,
{
    Box::new(run)
}

/// An append of an event of its own, and where its answer comes.
fn answered_append(number: u8) -> (Write, oneshot::Receiver<Answer>) {
    let Write::Append { tenant, mut request, .. } = append() else { unreachable!() };
    let id = EventId::from_bytes([number; 16]);
    request.events[0].1 = NewEvent { id, ..request.events[0].1.clone() };
    let (reply, answer) = oneshot::channel();
    (Write::Append { tenant, request, reply }, answer)
}

/// Has a view's work run between two appends of one group. Both must be stored.
fn between_appends(writer: &mut Writer, work: ViewWork) -> Outcome {
    let ((before, first), (after, second)) = (answered_append(1), answered_append(2));
    let (view, mut outcome) = view(work);
    writer.commit_group(vec![before, view, after]);
    for mut answer in [first, second] {
        answer.try_recv().unwrap().unwrap();
    }
    let stored: i64 =
        writer.conn.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).unwrap();
    assert_eq!(stored, 2);
    assert!(writer.conn.is_autocommit(), "nothing is left open");
    outcome.try_recv().unwrap()
}

fn table(writer: &Writer) {
    let made = "CREATE TABLE t (id TEXT PRIMARY KEY, n BIGINT NOT NULL)";
    writer.conn.execute_batch(made).unwrap();
}

fn rows(writer: &Writer) -> i64 {
    writer.conn.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
}

const INSERT: &str = "INSERT INTO t VALUES ('a', 1)";

#[test]
fn work_in_the_middle_of_a_group_is_stored_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder, false);
    table(&writer);
    let step = step(&writer.conn);
    let work = work(|view| {
        async move {
            view.run(INSERT, &[]).await.unwrap();
            Some(step)
        }
        .boxed()
    });
    assert!(matches!(between_appends(&mut writer, work), Ok(Transacted::Advanced(_))));
    assert_eq!(rows(&writer), 1);
}

#[test]
fn a_panic_of_work_leaves_the_rest_of_its_group_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder, false);
    table(&writer);
    let work = work(|view| {
        async move {
            view.run(INSERT, &[]).await.unwrap();
            panic!("on purpose");
        }
        .boxed()
    });
    let error = between_appends(&mut writer, work).unwrap_err();
    assert_eq!((error.kind(), error.message()), (StoreErrorKind::Invalid, "the work panicked"));
    assert_eq!(rows(&writer), 0);
}

#[test]
fn a_statement_that_rolls_everything_back_fails_its_own_work_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder, false);
    table(&writer);
    let step = step(&writer.conn);
    let work = work(|view| {
        async move {
            view.run(INSERT, &[]).await.unwrap();
            let conflict = "INSERT OR ROLLBACK INTO t VALUES ('a', 2)";
            view.run(conflict, &[]).await.unwrap_err();
            // Outside any transaction, this would be stored.
            view.run("INSERT INTO t VALUES ('b', 3)", &[]).await.unwrap_err();
            Some(step)
        }
        .boxed()
    });
    let error = between_appends(&mut writer, work).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Invalid);
    assert!(error.message().ends_with("that rolled everything back"), "{error}");
    assert_eq!(rows(&writer), 0);
}

#[test]
fn work_runs_once_whatever_becomes_of_its_group() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder, false);
    table(&writer);
    let runs = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&runs);
    let (sound, mut sound_outcome) = view(work(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        async { None }.boxed()
    }));
    let (breaking, mut broken_outcome) = view(work(|view| {
        async move {
            view.run(INSERT, &[]).await.unwrap();
            let conflict = "INSERT OR ROLLBACK INTO t VALUES ('a', 2)";
            view.run(conflict, &[]).await.unwrap_err();
            None
        }
        .boxed()
    }));
    writer.commit_group(vec![sound, breaking]);
    let error = sound_outcome.try_recv().unwrap().unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
    assert_eq!(broken_outcome.try_recv().unwrap().unwrap_err().kind(), StoreErrorKind::Invalid);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
fn two_views_fill_a_group() {
    let (queue, mut requests) = mpsc::channel(8);
    let idle = || view(work(|_| async { None }.boxed())).0;
    for write in [idle(), append(), append()] {
        queue.try_send(write).unwrap();
    }
    let (group, _) = gather(idle(), &mut requests);
    assert_eq!(group.len(), 2, "appends do not wait for more than two");
    let (group, _) = gather(append(), &mut requests);
    assert_eq!(group.len(), 3, "appends fill it less");
}

#[test]
fn a_refused_change_leaves_the_rest_of_its_group_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = writer(&folder, false);
    let work = work(|_| {
        let unknown = factum_core::Lease { name: name(), epoch: factum_core::Epoch::new(7) };
        let (from, to) = (factum_core::Position::START, factum_core::Position::new(1));
        async move { Some(Advance::new(unknown, from, to)) }.boxed()
    });
    let error = between_appends(&mut writer, work).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Fenced);
}

//! The process that is killed: many writers on one store, each step told to the parent first.

use std::io::Write;
use std::sync::Arc;

use factum_core::{
    AppendError, Appended, Expected, SharedStore, StoreError, StoreErrorKind, TenantScope,
};
use factum_sqlite::{SqliteStore, SqliteStoreConfig};
use futures::future::join_all;

use crate::arguments::Arguments;
use crate::label::Label;
use crate::sabotage::{Sabotage, append};
use crate::view::View;
use crate::witness::{Answer, Line};
use crate::workload::{Act, Shape};

/// Writers at work at the same time.
const WRITERS: u32 = 64;
/// Appends of each writer, unless it is killed first.
const APPENDS: u32 = 14;
/// Backups that a child takes, one after the other.
const BACKUPS: u32 = 3;

/// Says a line to whoever keeps the witness.
pub(crate) type Say = Arc<dyn Fn(&Line) + Send + Sync>;

/// What all writers of a child share.
struct Work {
    arguments: Arguments,
    store: SharedStore,
    view: View,
    say: Say,
}

/// Opens the store and works until done or killed.
pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_time().build().map_err(|it| it.to_string())?;
    let say: Say = Arc::new(|line| {
        let mut text = serde_json::to_string(line).expect("lines are plain data");
        text.push('\n');
        // A parent that is gone needs no witness; the child then ends by itself.
        drop(std::io::stdout().lock().write_all(text.as_bytes()));
    });
    runtime.block_on(async {
        let config = config(arguments);
        let store = SqliteStore::open(config).await.map_err(|it| format!("child: {it}"))?;
        work(arguments.clone(), Arc::new(store), say, WRITERS).await;
        Ok(())
    })
}

/// How the store under test is opened.
pub(crate) fn config(arguments: &Arguments) -> SqliteStoreConfig {
    let path = arguments.home.join("log.db");
    SqliteStoreConfig { scope: TenantScope::All, ..SqliteStoreConfig::new(path) }
}

/// Appends with many writers until all are done.
pub(crate) async fn work(arguments: Arguments, store: SharedStore, say: Say, writers: u32) {
    let backups = arguments.backups;
    let work = Arc::new(Work { arguments, store, view: View::default(), say });
    let mut tasks = Vec::new();
    for writer in 0..writers {
        let work = Arc::clone(&work);
        tasks.push(tokio::spawn(async move {
            for number in 0..APPENDS {
                let Arguments { round, child, .. } = work.arguments;
                step(&work, Label { round, child, writer, number }).await;
            }
        }));
    }
    if backups {
        tasks.push(tokio::spawn(take_backups(Arc::clone(&work))));
    }
    for ended in join_all(tasks).await {
        if let Err(error) = ended {
            (work.say)(&Line::Wrong { what: format!("a writer died: {error}") });
        }
    }
}

async fn step(work: &Work, label: Label) {
    if let Err(error) = try_step(work, label).await {
        let what = format!("append {label}: {error}");
        (work.say)(&Line::Wrong { what });
    }
}

async fn try_step(work: &Work, label: Label) -> Result<(), StoreError> {
    let store = work.store.for_tenant(&label.tenant())?;
    let shape = Shape::draw(work.arguments.seed, label);
    let seen = work.view.seen(&store, &shape).await?;
    let request = shape.request(seen);
    (work.say)(&Line::Intent { label, seen });
    tokio::task::yield_now().await; // Lets others write between what was seen and the append.
    let sabotage = work.arguments.sabotage;
    let result = if let Some(act) = shape.act(seen) {
        perform(&store, act).await
    } else if shape.twice {
        let (one, other) = tokio::join!(
            append(&store, request.clone(), sabotage),
            append(&store, request, sabotage)
        );
        same(work, label, sabotage, one, other)
    } else {
        append(&store, request, sabotage).await
    };
    match result {
        Ok(appended) => {
            work.view.learn(&shape, &appended);
            let answer = Answer::from(&appended);
            (work.say)(&Line::Acknowledged { label, answer });
            Ok(())
        }
        Err(AppendError::Store(error)) => match error.kind() {
            StoreErrorKind::OutcomeUnknown => {
                (work.say)(&Line::Unknown { label });
                Ok(())
            }
            StoreErrorKind::Unavailable => {
                (work.say)(&Line::Refused { label, why: error.to_string() });
                Ok(())
            }
            _ => Err(error),
        },
        Err(outcome) => {
            (work.say)(&Line::Refused { label, why: outcome.to_string() });
            work.view.refresh(&store, &shape).await
        }
    }
}

async fn perform(store: &SharedStore, act: Act) -> Result<Appended, AppendError> {
    match act {
        Act::Tombstone(stream, record) => store.tombstone(&stream, Expected::Exists, record).await,
        Act::Truncate(stream, before, record) => {
            store.truncate_before(&stream, before, record).await
        }
    }
}

/// Of two answers to one command, the one to believe; they must agree.
fn same(
    work: &Work,
    label: Label,
    sabotage: Option<Sabotage>,
    one: Result<Appended, AppendError>,
    other: Result<Appended, AppendError>,
) -> Result<Appended, AppendError> {
    match (one, other) {
        (Ok(one), Ok(other)) => {
            let agree =
                Answer::from(&one) == Answer::from(&other) && one.repeated != other.repeated;
            if !agree && sabotage.is_none() {
                let what = format!("command {label} was answered twice: {one:?} and {other:?}");
                (work.say)(&Line::Wrong { what });
            }
            Ok(one)
        }
        (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one),
        (Err(one), Err(_)) => Err(one),
    }
}

async fn take_backups(work: Arc<Work>) {
    let mut head = work.store.watch();
    for number in 0..BACKUPS {
        let Arguments { round, child, .. } = work.arguments;
        let name = format!("backup-{round}-{child}-{number}.db");
        (work.say)(&Line::BackupBegun { name: name.clone() });
        match work.store.backup(&work.arguments.home.join(&name)).await {
            Ok(position) => {
                (work.say)(&Line::BackupDone { name, position: position.get() });
            }
            Err(error) => {
                (work.say)(&Line::Wrong { what: format!("backup {name}: {error}") });
            }
        }
        // Once the writers are done, the next one is taken of a log at rest.
        let moved =
            tokio::time::timeout(std::time::Duration::from_millis(20), head.past(head.last()));
        drop(moved.await);
    }
}

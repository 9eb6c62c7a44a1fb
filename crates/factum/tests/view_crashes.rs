//! Programs that keep a view and are killed, stopped or cut off: what they leave is always a view that
//! equals a fold of the log up to its checkpoint, and whoever comes next goes on from there.

#![cfg(all(feature = "sqlite", unix))]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod views;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use factum::prelude::*;
use factum::{StoreErrorKind, SubscriptionSettings, SubscriptionState};
use factum_testkit::faults::{FaultyStore, Moment};
use rustix::process::{Pid, Signal, getpid, kill_process};
use views::{Place, Sums, Walk, fold, in_time, rows, settings, step, sums};

const ROLE: &str = "FACTUM_TEST_VIEW_ROLE";
const URL: &str = "FACTUM_TEST_VIEW_URL";
const KILL_AT: &str = "FACTUM_TEST_VIEW_KILL_AT";

/// How many moments passed in this process at which it may be killed.
static MOMENTS: AtomicU64 = AtomicU64::new(0);

fn moment() {
    let at = std::env::var(KILL_AT).ok().and_then(|it| it.parse().ok()).unwrap_or(u64::MAX);
    if MOMENTS.fetch_add(1, Ordering::SeqCst) + 1 == at {
        let _ = kill_process(getpid(), Signal::KILL);
        loop {
            std::thread::park(); // The signal is on its way.
        }
    }
}

/// [`Sums`], in a process that may be killed at every event.
struct Mortal;

impl Projection for Mortal {
    const NAME: &'static str = Sums::NAME;
    const MIGRATIONS: &'static [ViewMigration] = Sums::MIGRATIONS;

    fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self> {
        on.events::<Walk>()
    }

    async fn reset(
        &self,
        at: Position,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        Sums.reset(at, view).await
    }
}

impl Project<Walk> for Mortal {
    async fn project(
        &self,
        walk: Walk,
        recorded: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        moment();
        Sums.project(walk, recorded, view).await
    }
}

/// The program that tests run beside themselves; as a test of its own it does nothing.
#[test]
fn child() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let url = std::env::var(URL).unwrap();
        let store = factum::connect(url).await.unwrap();
        match role.as_str() {
            "mortal" => mortal(store).await,
            "paused" => paused(store).await,
            "busy" => busy(store).await,
            other => panic!("no such role: {other}"),
        }
    });
}

fn spawn(role: &str, url: &str, kill_at: u64) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture"]);
    command.env(ROLE, role).env(URL, url).env(KILL_AT, kill_at.to_string());
    command.env_remove("NEXTEST").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap()
}

/// The checkpoint, and whether the view is a fold of the log up to it.
async fn check(store: &SharedStore, what: &str) -> Position {
    let name = sums(store).reads().name().clone();
    let position = store.progress(&name).await.unwrap().map_or(Position::START, |it| it.position);
    if position > Position::START {
        assert_eq!(rows(store).await, fold(store, Some(position)).await, "{what}");
    }
    position
}

/// Keeps the view until everything is in it, unless it is killed before.
async fn mortal(store: SharedStore) {
    let faulty = FaultyStore::new(store);
    faulty.faults().observe(|_, _| moment());
    let store: SharedStore = Arc::new(faulty);
    let projection = ViewProjection::new(Mortal).unwrap();
    let small = SubscriptionSettings { page_events_max: 8, ..settings() };
    let running = Subscription::project(store, projection).with_settings(small).spawn();
    in_time(running.caught_up()).await.unwrap();
    in_time(running.stop()).await.unwrap();
}

#[tokio::test]
async fn f15_killed_at_every_step_of_its_loop_the_view_equals_the_fold() {
    for place in Place::all() {
        let url = place.new_url();
        let store = factum::connect(&url).await.unwrap();
        let (mut rounds, mut killed, mut moved) = (0, 0, 0);
        // On a busy machine more of the moments pass while it waits for the lease of the last one.
        while rounds < 50 || (moved < 20 && rounds < 500) {
            rounds += 1;
            let kill_at = (rounds - 1) % 50 + 1;
            for walk in 0..4 {
                step(&store, walk, &[1, 2, 3]).await;
            }
            let before = check(&store, "before").await;
            let mut child = spawn("mortal", &url, kill_at);
            killed += u64::from(!child.wait().unwrap().success());
            let after = check(&store, &format!("{}: killed at moment {kill_at}", place.name)).await;
            assert!(after >= before);
            moved += u64::from(after > before);
        }
        assert!(killed >= 45 && moved >= 20, "{}: {killed} killed, {moved} moved", place.name);
        let running = sums(&store).spawn();
        in_time(running.caught_up()).await.unwrap();
        assert_eq!(rows(&store).await, fold(&store, None).await, "{}", place.name);
        assert_eq!(running.status().dead_letters, 0, "nothing came twice");
    }
}

/// Keeps the view, and says when a page is about to be committed; goes on when it is told to.
async fn paused(store: SharedStore) {
    let faulty = FaultyStore::new(store);
    let (told, asked) = (std::sync::Mutex::new(std::io::stdin()), AtomicU64::new(0));
    faulty.faults().observe(move |operation, moment| {
        if (operation, moment) == ("change view", Moment::Before)
            && asked.fetch_add(1, Ordering::SeqCst) == 0
        {
            println!("about to commit");
            let mut line = String::new();
            told.lock().unwrap().read_line(&mut line).unwrap();
        }
    });
    let store: SharedStore = Arc::new(faulty);
    // Without beats: stopped in the middle of one, it would hold SQLite's lock on the file.
    let silent = SubscriptionSettings { beat_ms: 3_600_000, ..settings() };
    let running = sums(&store).with_settings(silent).spawn();
    in_time(running.wait_for(|it| it.state == SubscriptionState::CatchingUp)).await.unwrap();
    in_time(running.wait_for(|it| it.state == SubscriptionState::Waiting)).await.unwrap();
    println!("fenced");
    in_time(running.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
    println!("live");
    in_time(running.ended()).await.unwrap();
}

/// A child whose words are read.
struct Told {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Told {
    fn new(mut child: Child) -> Self {
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, output: BufReader::new(output) }
    }

    /// Reads on until it says this.
    fn hear(&mut self, words: &str) {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            let read = self.output.read_line(&mut line).unwrap();
            assert!(read > 0, "the child ended before it said {words:?}");
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Stops a process at a moment when none of its threads holds the store's lock for writing: one that
/// wrote something before may still be at its commit.
async fn stop_without_a_lock(child: &Child, url: &str) {
    let option = if url.contains('?') { '&' } else { '?' };
    let probe = factum::connect(format!("{url}{option}busy_timeout_ms=100")).await.unwrap();
    in_time(async {
        loop {
            kill_process(pid(child), Signal::STOP).unwrap();
            match probe.rebuild_claims().await {
                Ok(_) => return,
                Err(busy) => assert_eq!(busy.kind(), StoreErrorKind::Unavailable, "{busy}"),
            }
            kill_process(pid(child), Signal::CONT).unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn f20_an_owner_stopped_past_its_time_and_resumed_is_fenced() {
    for place in Place::all() {
        let url = place.new_url();
        let store = factum::connect(&url).await.unwrap();
        step(&store, "a", &[1, 2, 3]).await;
        let mut child = Told::new(spawn("paused", &url, 0));
        child.hear("about to commit");
        stop_without_a_lock(&child.child, &url).await;
        writeln!(child.input, "go on").unwrap();
        // Its lease runs out here, though its process is still there.
        let running = sums(&store).spawn();
        in_time(running.caught_up()).await.unwrap();
        step(&store, "a", &[4]).await;
        in_time(running.caught_up()).await.unwrap();
        kill_process(pid(&child.child), Signal::CONT).unwrap();
        child.hear("fenced");
        assert_eq!(rows(&store).await["a"], (10, 0), "{}", place.name);
        in_time(running.stop()).await.unwrap();
        child.hear("live");
        step(&store, "a", &[5]).await;
        let name = sums(&store).reads().name().clone();
        in_time(async {
            while store.progress(&name).await.unwrap().unwrap().position.get() < 5 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(rows(&store).await["a"], (15, 0), "{}", place.name);
    }
}

/// Keeps the view while 64 tasks append, until it is killed.
async fn busy(store: SharedStore) {
    let running = sums(&store).spawn();
    let writers: Vec<_> = (0..64)
        .map(|walk| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                loop {
                    step(&store, walk, &[1, 2]).await;
                }
            })
        })
        .collect();
    in_time(running.ended()).await.unwrap();
    drop(writers);
}

#[tokio::test]
async fn killed_again_and_again_under_64_writers_the_view_equals_the_fold() {
    for place in Place::all() {
        let url = place.new_url();
        let store = factum::connect(&url).await.unwrap();
        let mut checkpoint = Position::START;
        for round in 0..30 {
            let target = store.head().await.unwrap().plus(1_000 + 37 * round);
            let mut child = spawn("busy", &url, 0);
            in_time(store.watch().past(target)).await.unwrap();
            child.kill().unwrap();
            child.wait().unwrap();
            let now = check(&store, &format!("{}: round {round}", place.name)).await;
            assert!(now >= checkpoint, "a checkpoint went back from {checkpoint} to {now}");
            checkpoint = now;
        }
        assert!(checkpoint.get() > 5_000, "the view moved: {checkpoint}");
        let running = sums(&store).spawn();
        in_time(running.caught_up()).await.unwrap();
        assert_eq!(rows(&store).await, fold(&store, None).await, "{}", place.name);
        assert_eq!(running.status().dead_letters, 0, "nothing came twice");
    }
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn f19_it_resumes_unaided_when_the_views_database_was_away() {
    let local = Place::sqlite();
    for place in Place::all() {
        let Some(server) = place.server() else { continue };
        let (log, views) = (local.open().await, place.open().await);
        step(&log, "a", &[1]).await;
        let projection = ViewProjection::new(Sums).unwrap();
        let quick = SubscriptionSettings { pause_ms_max: 200, ..settings() };
        let subscription = Subscription::project_into(log.clone(), views.clone(), projection);
        let running = subscription.with_settings(quick).spawn();
        in_time(running.caught_up()).await.unwrap();
        server.stop().unwrap();
        step(&log, "a", &[2]).await;
        let retrying = running.wait_for(|it| it.state == SubscriptionState::Retrying);
        let reason = in_time(retrying).await.unwrap().reason;
        assert!(reason.is_some(), "it says why");
        step(&log, "a", &[3]).await;
        server.restart().unwrap();
        in_time(running.caught_up()).await.unwrap();
        assert_eq!(rows(&views).await["a"], (6, 0));
        in_time(running.stop()).await.unwrap();
    }
}

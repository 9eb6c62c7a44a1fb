//! F9, F10, F14: two sessions that append in transactions of their own, and a store that appends by
//! itself, in every order of their steps.
//!
//! After each step, and so at every moment at which something can be seen: positions are dense, the
//! answer is the one that the order asks for, and a reader follows on what it has seen. Whether a
//! session waits is asked of the server.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "../common/mod.rs"]
mod common;
mod model;
mod puppet;
mod requests;

use common::requests::{append, number};
use common::session::Session;
use common::{Place, after, assert_sound, on_every_postgres, soon};
use factum_core::{AppendError, Appended, EventStore, Position};
use factum_postgres::PostgresStore;
use model::{Actor, Admitted, End, Interleaving, Move, STORE, Step, World, begins_late, table};
use puppet::{Order, Puppet};
use requests::Contest;
use tokio::sync::oneshot;

/// How many interleavings are played at once, each in a schema of its own.
const STAGES: usize = 8;

type Answer = Result<Appended, AppendError>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_interleaving_of_two_sessions_and_a_store_keeps_every_promise() {
    let table = table();
    let plays: Vec<(Contest, &Interleaving)> = Contest::ALL
        .into_iter()
        .flat_map(|contest| {
            // A new connection costs more than all the rest of a play.
            let thorough = move |ends: &[End; 2]| {
                contest == Contest::Revision && !ends.contains(&End::Disconnect)
            };
            let wanted = move |it: &&Interleaving| thorough(&it.0) || begins_late(&it.1);
            let wanted = table.iter().filter(wanted);
            wanted.map(move |it| (contest, it))
        })
        .collect();
    let count = |contest| plays.iter().filter(|(it, _)| *it == contest).count();
    on_every_postgres(async |place| {
        let stages = (0..STAGES).map(|number| {
            let schema = format!("{}_{number}", place.schema);
            let place = Place { schema, ..place.clone() };
            let plays = plays.iter().skip(number).step_by(STAGES);
            async move {
                let mut stage = Stage::new(&place).await;
                for (run, (contest, (ends, moves))) in (1..).zip(plays) {
                    stage.play(run, *contest, *ends, moves).await;
                }
                stage.finish().await;
            }
        });
        futures::future::join_all(stages).await;
        let each = Contest::ALL.map(|contest| (contest, count(contest)));
        println!("{} interleavings: {each:?}", plays.len());
    })
    .await;
}

/// Says what was played if it went wrong.
struct Playing<'a>(Contest, &'a [Move]);

impl Drop for Playing<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("playing {:?}: {:?}", self.0, self.1);
        }
    }
}

/// Where interleavings are played one after the other.
struct Stage {
    place: Place,
    /// What the actors of the current play want.
    contest: Contest,
    store: PostgresStore,
    observer: Session,
    /// The session on which the store appends.
    writer: i32,
    puppets: [Option<Puppet>; 2],
    /// Who waits for an answer.
    waiting: [Option<oneshot::Receiver<Answer>>; 3],
    /// What the reader has seen: the numbers of the events at positions 1, 2, 3, ...
    seen: Vec<u64>,
    rows: Vec<(i64, i32)>,
}

impl Stage {
    async fn new(place: &Place) -> Self {
        let store = common::open(factum_postgres::PostgresStoreConfig {
            busy_timeout_ms: 60_000,
            ..place.config()
        })
        .await;
        let observer = Session::connect(place).await;
        let table = place.sql("CREATE TABLE {schema}.work (run bigint, actor integer)");
        observer.client.batch_execute(&table).await.unwrap();
        store.append(append("own-2", [1])).await.unwrap();
        let writer = observer.writers(place).await[0];
        let mut stage = Self {
            place: place.clone(),
            contest: Contest::Revision,
            store,
            observer,
            writer,
            puppets: [None, None],
            waiting: [None, None, None],
            seen: Vec::new(),
            rows: Vec::new(),
        };
        stage.read(1).await;
        stage
    }

    async fn play(&mut self, run: u64, contest: Contest, ends: [End; 2], moves: &[Move]) {
        let _playing = Playing(contest, moves);
        self.contest = contest;
        let mut world = World::new(ends, self.seen.len() as u64);
        for (actor, step) in moves.iter().copied() {
            let before = world.clone();
            let admitted = world.take((actor, step));
            self.step(run, (actor, step), &before, &admitted).await;
            for (actor, verdict) in admitted {
                let answer = self.waiting[actor].take().expect("who is let in has asked");
                let answer = soon("an answer", answer).await.unwrap();
                self.contest.check(run, actor, &answer, verdict);
            }
            self.read(world.head).await;
        }
        self.rows
            .extend(world.rows.iter().map(|it| (run.cast_signed(), i32::try_from(*it).unwrap())));
    }

    async fn step(&mut self, run: u64, (actor, step): Move, before: &World, admitted: &[Admitted]) {
        let order = match step {
            Step::Begin => Order::Begin,
            Step::Append if actor == STORE => {
                let (reply, answer) = oneshot::channel();
                let (store, request) = (self.store.clone(), self.contest.request(run, actor));
                tokio::spawn(async move { drop(reply.send(store.append(request).await)) });
                self.waiting[actor] = Some(answer);
                return self.blocked(actor, before, admitted).await;
            }
            Step::Append => {
                let request = self.contest.request(run, actor);
                self.waiting[actor] = Some(self.puppet(actor).await.append(request).await);
                return self.blocked(actor, before, admitted).await;
            }
            Step::Sql => {
                let row = format!("INSERT INTO {{schema}}.work VALUES ({run}, {actor})");
                Order::Sql(self.place.sql(&row))
            }
            Step::Commit => Order::Commit,
            Step::Rollback => Order::Rollback,
            Step::Disconnect => {
                self.waiting[actor] = None;
                self.puppets[actor].take().expect("it is connected").disconnect();
                return;
            }
        };
        self.puppet(actor).await.obey(order).await;
    }

    /// Who is not let in must be found waiting behind the one who holds the log.
    async fn blocked(&mut self, actor: Actor, before: &World, admitted: &[Admitted]) {
        if admitted.is_empty() {
            let holder = before.holder().expect("someone holds the log");
            let (pid, holder) = (self.pid(actor).await, self.pid(holder).await);
            self.observer.until_blocked(pid, holder).await;
        }
    }

    async fn pid(&mut self, actor: Actor) -> i32 {
        if actor == STORE { self.writer } else { self.puppet(actor).await.pid }
    }

    async fn puppet(&mut self, actor: Actor) -> &mut Puppet {
        if self.puppets[actor].is_none() {
            self.puppets[actor] = Some(Puppet::new(&self.place, &self.store).await);
        }
        self.puppets[actor].as_mut().expect("it was just made")
    }

    /// Reads on; the log must end at `head` then.
    async fn read(&mut self, head: u64) {
        for event in after(&self.store, Position::new(self.seen.len() as u64)).await {
            self.seen.push(number(&event));
            assert_eq!(event.position.get(), self.seen.len() as u64, "events follow one another");
        }
        assert_eq!(self.seen.len() as u64, head, "what is committed is seen, and nothing else");
    }

    async fn finish(self) {
        assert_eq!(common::numbers(&self.store).await, self.seen);
        let sql = self.place.sql("SELECT run, actor FROM {schema}.work ORDER BY run");
        let rows = self.observer.client.query(&sql, &[]).await.unwrap();
        let mut rows: Vec<(i64, i32)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let mut expected = self.rows;
        rows.sort_unstable();
        expected.sort_unstable();
        assert_eq!(rows, expected, "what was written with SQL is stored with the events");
        assert_sound(&self.store).await;
    }
}

//! Projections on SQLite, given events and on bad days: one that stands everything, and for every
//! way not to stand it one that does not, and is found out.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod projections;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use factum_core::{
    AppendRequest, Codec, EventStoreExt, EventType, Expected, FailureKind, HandlerError,
    LeaseAnswer, LeaseClaim, LogRead, NewEvent, OwnerId, Position, Project, Projection,
    ProjectionHandlers, RecordedEvent, RoutesError, SqlValue, StoreErrorKind, ViewMigration,
    ViewProjection, ViewTransaction,
};
use factum_testkit::{
    DeliveryError, Disturbance, Disturbed, ProjectionSpec, SequentialIds, given_log, given_view,
    row,
};
use projections::{
    ADD, Balances, Cancelled, Done, Handlers, Sabotaged, Stores, TABLES, Till, WATCHED, failure,
    found, log, paid, says,
};

#[tokio::test]
async fn rows_are_compared() {
    let stores = Stores::new();
    let given = || async {
        let store = stores.fresh().await;
        let given = given_view(store, ViewProjection::new(Balances).unwrap());
        given.events("till/a", [paid(1), paid(2)]).events("till/b", [paid(4)])
    };
    let rows = [row!["a", 3], row!["b", 4]];
    let given_more =
        given().await.then_rows(WATCHED, rows.clone()).await.events("till/a", [paid(8)]);
    let more = given_more.then_rows(WATCHED, [row!["a", 11], row!["b", 4]]).await;
    more.then_rows("SELECT amount FROM balances WHERE amount > 99", []).await;

    let said = failure(given().await.then_rows(WATCHED, [row!["a", 3], row!["b", 5]])).await;
    says(&said, &["expected other rows of", "  row[\"a\", 3]\n- row[\"b\", 5]\n+ row[\"b\", 4]"]);
    says(&failure(given().await.then_rows(WATCHED, [])).await, &["+ row[\"a\", 3]"]);
    let said = failure(given().await.then_rows("SELECT nothing", [])).await;
    says(&said, &["expected rows of \"SELECT nothing\" at", "found none"]);
}

#[tokio::test]
async fn values_of_every_kind_are_compared() {
    let stores = Stores::new();
    let given = given_view(stores.fresh().await, ViewProjection::new(Balances).unwrap());
    let sql = "SELECT NULL, 1, 1.5, 'it''s', x'00ff', 1 = 1";
    let row = row![SqlValue::Null, 1, 1.5, "it's", &[0_u8, 255][..], true];
    let given = given.events("till/a", [paid(1)]).then_rows(sql, [row]).await;
    let said = failure(given.then_rows(sql, [])).await;
    says(&said, &["+ row[null, 1, 1.5, \"it's\", b\"\\x00\\xff\", 1]"]);
}

#[tokio::test]
async fn what_fails_leaves_no_trace_and_is_asked_about() {
    let stores = Stores::new();
    let given = || async {
        let given = given_view(stores.fresh().await, ViewProjection::new(Balances).unwrap());
        given.events("till/a", [paid(13), paid(1), paid(66), paid(99), paid(2)])
    };
    let asked = given().await.then_error(FailureKind::Refused).await;
    let asked = asked.then_error(FailureKind::Panicked).await;
    let asked = asked.then_error(FailureKind::Statement).await;
    asked.then_rows(WATCHED, [row!["a", 3]]).await;

    let said = failure(given().await.then_rows(WATCHED, [row!["a", 3]])).await;
    says(&said, &["found that event 1 (till.paid of till/a) failed: refused: 13 is unlucky"]);
    let said = failure(given().await.then_error(FailureKind::Panicked)).await;
    says(&said, &["expected another failure: panicked, found that event 1"]);
    let said = failure(given().await.then_error(FailureKind::Refused)).await;
    says(&said, &["found that event 3 (till.paid of till/a) failed: panicked"]);
}

#[tokio::test]
async fn an_arrangement_that_is_wrong_never_passes() {
    let stores = Stores::new();
    let store = stores.fresh().await;
    let given = || given_view(Arc::clone(&store), ViewProjection::new(Balances).unwrap());
    let named = |name: &str| Till::Named { name: name.into() };
    let twice = given().events("till/a", [named("Inn")]).events("till/b", [named("inn")]);
    says(
        &failure(twice.then_rows(WATCHED, [])).await,
        &["the arrangement failed", "claim \"till\""],
    );
    let nobodys = given().events("till/c", [Cancelled]).then_rows(WATCHED, []);
    says(&failure(nobodys).await, &["nobody takes event 2 (undo.cancelled of till/c)"]);
    says(&failure(async { drop(given().events("till/a", [paid(1)])) }).await, &["expects nothing"]);

    let claim = |owner: &str| {
        let name = ViewProjection::new(Balances).unwrap().reads().name().clone();
        LeaseClaim { name, owner: OwnerId::new(owner).unwrap(), expired: None }
    };
    let other = stores.fresh().await;
    let projection = || ViewProjection::new(Balances).unwrap();
    other.register(projection().reads().registration(Position::START)).await.unwrap();
    let held = other.claim_lease(claim("another")).await.unwrap();
    assert!(matches!(held, LeaseAnswer::Granted(..)));
    let given = given_view(other, projection()).events("till/a", [paid(1)]);
    says(&failure(given.then_rows(WATCHED, [])).await, &["found one of another owner"]);
}

#[tokio::test]
async fn given_events_are_in_the_log_with_ids_by_their_positions() {
    let stores = Stores::new();
    let store = stores.fresh().await;
    let raw = |number, payload: &str| {
        let paid = EventType::new("till.paid").unwrap();
        NewEvent::new(SequentialIds::id(number), paid, Codec::Json, payload.to_owned())
    };
    let stream = "till/before".parse().unwrap();
    let before = AppendRequest::default().stream(stream, Expected::Any, [raw(77, "5")]);
    store.append(before).await.unwrap();
    let given = given_view(Arc::clone(&store), ViewProjection::new(Balances).unwrap());
    let given = given.events("till/a", [paid(1)]).new_events("till/a", [raw(78, "[")]);
    let given = given.then_error(FailureKind::Undecodable).await;
    given.then_rows(WATCHED, [row!["a", 1], row!["before", 5]]).await;
    let log = store.collect(LogRead::default()).await.unwrap();
    let ids: Vec<u64> = log.iter().map(|it| SequentialIds::number(&it.id)).collect();
    assert_eq!(ids, [77, 2, 78]);
}

#[tokio::test]
async fn a_projection_that_is_a_fold_stands_everything() {
    let stores = Stores::new();
    let balances = || ViewProjection::new(Balances);
    let watched = || ProjectionSpec::new(balances, log()).watching(WATCHED);
    watched().check(async || stores.fresh().await).await;
    let count = "SELECT count(*) FROM balances";
    watched().watching(count).across_keys().rounds(25).check(async || stores.fresh().await).await;
}

#[tokio::test]
async fn what_proves_nothing_is_no_proof() {
    let balances = || ViewProjection::new(Balances);
    let spec = || ProjectionSpec::new(balances, log());
    let stores = Stores::new();
    let said = failure(spec().check(async || stores.fresh().await)).await;
    says(&said, &["nothing is watched"]);
    let blind = spec().watching("SELECT 1").check(async || stores.fresh().await);
    says(&failure(blind).await, &["the events leave no trace in what is watched"]);
    let events = log().events("till/a", [paid(13)]);
    let failing = ProjectionSpec::new(balances, events).watching(WATCHED);
    let said = failure(failing.check(async || stores.fresh().await)).await;
    says(&said, &["the arrangement failed", "event 8 (till.paid of till/a) failed: refused"]);
    let nobodys = ProjectionSpec::new(balances, log().events("till/a", [Cancelled]));
    let nobodys = nobodys.watching(WATCHED).check(async || stores.fresh().await);
    says(&failure(nobodys).await, &["nobody takes event 8"]);
}

/// Adds up in memory, and writes the sum: what was rolled back stays in it.
#[derive(Default)]
struct Remembering(AtomicU64);

impl Handlers for Remembering {
    async fn paid(&self, amount: u64, _: &RecordedEvent, view: &mut dyn ViewTransaction) -> Done {
        let sum = self.0.fetch_add(amount, Ordering::SeqCst) + amount;
        let put = "INSERT INTO balances VALUES ('all', $1) \
                   ON CONFLICT (account) DO UPDATE SET amount = excluded.amount";
        Ok(view.run(put, &[sum.into()]).await?)
    }
}

#[tokio::test]
async fn a_projection_that_remembers_what_was_rolled_back_is_found() {
    let said = found(Remembering::default, log()).await;
    says(&said, &["is no fold of the log", "\n1 of its", "comes again", "- row[\"all\", 127]"]);
    // Undone to a mark is gone as well.
    let stores = Stores::new();
    let store = stores.fresh().await;
    let make = || ViewProjection::new(Sabotaged(Remembering::default()));
    let again = Disturbed::by([Disturbance::Again { place: 1 }]);
    again.view(&store, make, log().recorded()).await.unwrap();
    let rows = store.query_view(WATCHED, &[]).await.unwrap();
    assert_eq!(rows, [row!["all", 129]]);
}

/// Remembers which accounts there are, and forgets them with the process.
#[derive(Default)]
struct Forgetting(AtomicU64);

impl Handlers for Forgetting {
    async fn paid(&self, _: u64, event: &RecordedEvent, view: &mut dyn ViewTransaction) -> Done {
        let last = self.0.swap(event.position.get(), Ordering::SeqCst);
        let id = event.stream.id().into();
        Ok(view.run(ADD, &[id, last.into()]).await?)
    }
}

#[tokio::test]
async fn a_projection_that_forgets_with_the_process_is_found() {
    let said = found(Forgetting::default, log()).await;
    says(&said, &["is no fold of the log", "of its"]);
}

/// Leaves what it had at a reset.
struct Clinging;

impl Handlers for Clinging {
    async fn paid(&self, by: u64, event: &RecordedEvent, view: &mut dyn ViewTransaction) -> Done {
        Ok(view.run(ADD, &[event.stream.id().into(), by.into()]).await?)
    }

    async fn empty(&self, view: &mut dyn ViewTransaction) -> Done {
        Ok(view.run("DELETE FROM balances WHERE account > 'a'", &[]).await?)
    }
}

#[tokio::test]
async fn a_projection_whose_reset_leaves_something_is_found() {
    let said = found(|| Clinging, log()).await;
    says(&said, &["after a reset, found what is not empty", WATCHED, "+ row[\"a\", "]);
}

/// Empties what is watched, but not the table beside it: that shows only when it is built again.
struct HalfEmptied;

impl Handlers for HalfEmptied {
    async fn paid(&self, by: u64, event: &RecordedEvent, view: &mut dyn ViewTransaction) -> Done {
        let id = event.stream.id();
        view.run("INSERT INTO seen VALUES ($1)", &[event.id.to_string().into()]).await?;
        let seen = view.query("SELECT count(*) FROM seen", &[]).await?;
        let seen: u64 = seen[0].get(0)?;
        Ok(view.run(ADD, &[id.into(), (by + seen).into()]).await?)
    }

    async fn empty(&self, view: &mut dyn ViewTransaction) -> Done {
        view.run("UPDATE seen SET id = id || ' before'", &[]).await?;
        Ok(view.run("DELETE FROM balances", &[]).await?)
    }
}

#[tokio::test]
async fn a_reset_that_forgets_a_table_is_found_by_a_rebuild() {
    let said = found(|| HalfEmptied, log()).await;
    says(&said, &["\n1 of its", "the view is rebuilt after event"]);
}

/// Takes back everything since the page began.
struct Undoing;

impl Handlers for Undoing {
    async fn paid(&self, by: u64, event: &RecordedEvent, view: &mut dyn ViewTransaction) -> Done {
        Ok(view.run(ADD, &[event.stream.id().into(), by.into()]).await?)
    }

    async fn cancelled(&self, view: &mut dyn ViewTransaction) -> Done {
        Ok(view.undo().await?)
    }
}

#[tokio::test]
async fn a_projection_that_depends_on_page_cuts_is_found() {
    let log = log().events("undo/1", [Cancelled]).events("till/a", [paid(1)]);
    let stores = Stores::new();
    let store = stores.fresh().await;
    let cut = Disturbed::by([Disturbance::Cut { place: 3 }]);
    let make = || ViewProjection::new(Sabotaged(Undoing));
    cut.view(&store, make, log.recorded()).await.unwrap();
    assert_eq!(store.query_view(WATCHED, &[]).await.unwrap(), [row!["a", 4], row!["b", 4]]);
    says(&found(|| Undoing, log).await, &["\n1 of its", "- row[\"a\", 1]"]);
}

/// Keeps the account that was paid into last.
struct Last;

impl Handlers for Last {
    async fn paid(&self, by: u64, event: &RecordedEvent, view: &mut dyn ViewTransaction) -> Done {
        view.run("DELETE FROM balances", &[]).await?;
        Ok(view.run(ADD, &[event.stream.id().into(), by.into()]).await?)
    }
}

#[tokio::test]
async fn a_projection_that_needs_order_across_keys_is_found_where_that_is_asked() {
    let stores = Stores::new();
    let make = || ViewProjection::new(Sabotaged(Last));
    let spec = || ProjectionSpec::new(make, log()).watching(WATCHED);
    spec().check(async || stores.fresh().await).await;
    let said = failure(spec().across_keys().check(async || stores.fresh().await)).await;
    says(&said, &["\n1 of its", "events of other keys pass"]);
}

/// Notes which of its statements ran.
#[derive(Clone, Default)]
struct Noting(Arc<Mutex<Vec<bool>>>);

impl Handlers for Noting {
    async fn paid(&self, by: u64, event: &RecordedEvent, view: &mut dyn ViewTransaction) -> Done {
        for _ in 0..3 {
            let ran = view.run(ADD, &[event.stream.id().into(), by.into()]).await;
            self.0.lock().unwrap().push(ran.is_ok());
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_crash_falls_where_the_plan_says() {
    let log = given_log().events("till/a", [paid(1), paid(2)]);
    let (yes, no) = (true, false);
    let cases: [(Option<u32>, &[bool]); 3] =
        [(Some(2), &[yes, yes, yes, yes, no, no]), (Some(9), &[yes; 6]), (None, &[yes; 6])];
    for (at, expected) in cases {
        let (stores, noting) = (Stores::new(), Noting::default());
        let store = stores.fresh().await;
        let make = || ViewProjection::new(Sabotaged(noting.clone()));
        let crash = Disturbance::Crash { place: 1, at, restart: false };
        Disturbed::by([crash]).view(&store, make, log.recorded()).await.unwrap();
        let noted = std::mem::take(&mut *noting.0.lock().unwrap());
        assert_eq!((&noted[..6], &noted[6..]), (expected, &[yes; 6][..]), "at {at:?}");
        let rows = store.query_view(WATCHED, &[]).await.unwrap();
        assert_eq!(rows, [row!["a", 9]], "what was lost left no trace");
    }
}

/// Cannot be built again.
struct Stubborn;

impl Handlers for Stubborn {
    async fn paid(&self, by: u64, event: &RecordedEvent, view: &mut dyn ViewTransaction) -> Done {
        Ok(view.run(ADD, &[event.stream.id().into(), by.into()]).await?)
    }

    async fn empty(&self, _: &mut dyn ViewTransaction) -> Done {
        Err(HandlerError::new("not now"))
    }
}

#[tokio::test]
async fn failures_on_the_way_are_told() {
    let said = found(|| Stubborn, log()).await;
    says(&said, &["found that it failed: refused: not now"]);

    let stores = Stores::new();
    let store = stores.fresh().await;
    let make = || ViewProjection::new(Balances);
    let straight = Disturbed::by([]);
    let events = log().events("till/a", [paid(99)]);
    let failed = straight.view(&store, make, events.recorded()).await.unwrap_err();
    let told = failed.to_string();
    says(&told, &["event 8 (till.paid of till/a) failed: statement failed"]);
    assert!(matches!(failed, DeliveryError::Event { .. }));
    assert_eq!(store.query_view(WATCHED, &[]).await.unwrap(), [], "the page was rolled back");
}

/// The same name as [`Balances`], and other events.
struct Impostor;

impl Projection for Impostor {
    const NAME: &'static str = Balances::NAME;
    const MIGRATIONS: &'static [ViewMigration] = TABLES;

    fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self> {
        on.events::<Cancelled>()
    }

    async fn reset(&self, _: Position, _: &mut dyn ViewTransaction) -> Done {
        Ok(())
    }
}

impl Project<Cancelled> for Impostor {
    async fn project(&self, _: Cancelled, _: &RecordedEvent, _: &mut dyn ViewTransaction) -> Done {
        Ok(())
    }
}

#[tokio::test]
async fn tables_of_another_projection_are_left_alone() {
    let stores = Stores::new();
    let store = stores.fresh().await;
    Disturbed::by([]).view(&store, || ViewProjection::new(Balances), &[]).await.unwrap();
    let make = || -> Result<ViewProjection, RoutesError> { ViewProjection::new(Impostor) };
    let failed = Disturbed::seeded(1).view(&store, make, &[]).await.unwrap_err();
    assert!(matches!(failed, DeliveryError::Shape(_)), "{failed}");
    let missing = store.query_view("SELECT * FROM elsewhere", &[]).await.unwrap_err();
    assert_eq!(missing.kind(), StoreErrorKind::Invalid);
}

//! Proof that a projection's tables are a fold of the log.

use std::panic::Location;

use factum_core::{RecordedEvent, RoutesError, SharedStore, SqlRow, ViewProjection};

use super::arrangement::{self, arranged, broken};
use super::disturbance::{Disturbance, Kind};
use super::disturbed::{DeliveryError, Disturbed};
use super::rounds::{Rounds, adjusted_rounds};
use super::rows;
use super::tables::Tables;

/// Proof that a projection's tables are a fold of the log: whatever the cuts into pages, crashes,
/// restarts and rebuilds, they hold what one straight pass leaves; and a reset empties them.
///
/// # Examples
///
/// ```no_run
/// # use factum_core::{RecordedEvent, RoutesError, SharedStore, ViewProjection};
/// use factum_testkit::ProjectionSpec;
///
/// # async fn shown(
/// #     balances: impl Fn() -> Result<ViewProjection, RoutesError>,
/// #     fresh_store: impl AsyncFn() -> SharedStore, events: Vec<RecordedEvent>,
/// # ) {
/// ProjectionSpec::new(balances, events)
///     .watching("SELECT account, amount FROM balances ORDER BY account")
///     .check(async || fresh_store().await)
///     .await;
/// # }
/// ```
#[must_use = "nothing is proved before `check`"]
#[derive(Debug)]
pub struct ProjectionSpec<M> {
    make: M,
    events: Vec<RecordedEvent>,
    watched: Vec<String>,
    rounds: Rounds,
}

impl<M: Fn() -> Result<ViewProjection, RoutesError>> ProjectionSpec<M> {
    /// The projection that `make` makes, once for each process, over these events.
    pub fn new(make: M, events: impl Into<Vec<RecordedEvent>>) -> Self {
        let (watched, rounds) = (Vec::new(), Rounds::new(Kind::VIEW));
        Self { make, events: events.into(), watched, rounds }
    }

    /// Compares what this query gives. Let it order its rows, and name no columns that differ from
    /// one pass to the next, such as numbers that the database gives out.
    pub fn watching(mut self, sql: impl Into<String>) -> Self {
        self.watched.push(sql.into());
        self
    }

    adjusted_rounds!();

    /// Lets events also come after later ones of other keys, as those do that were parked and are
    /// handled after all. Only views that need no order across keys stand this.
    pub fn across_keys(mut self) -> Self {
        self.rounds.kinds = Kind::PARKED;
        self
    }

    /// Proves it. `open` opens a store with views that is empty each time.
    ///
    /// # Panics
    ///
    /// If it does not hold: with the first seed that fails, the disturbances that it takes, and the
    /// difference. If nothing can be proved: nobody takes an event, a straight pass fails or leaves
    /// no trace, or nothing is watched.
    #[track_caller]
    pub fn check(self, open: impl AsyncFn() -> SharedStore) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move {
            if let Err(said) = self.proved(&open).await {
                panic!("the projection checked at {at} is no fold of the log\n\n{said}");
            }
        }
    }

    async fn proved(&self, open: &impl AsyncFn() -> SharedStore) -> Result<(), String> {
        if self.watched.is_empty() {
            broken(&"nothing is watched: say `watching`");
        }
        let projection = arranged((self.make)());
        arrangement::taken(&projection.reads().query(), &self.events);
        let store = open().await;
        let tables = arranged(Tables::open(&store, &projection).await);
        let empty = arranged(self.rows(&tables).await);
        arranged(Disturbed::by([]).view(&store, &self.make, &self.events).await);
        let expected = arranged(self.rows(&tables).await);
        if self.difference(&empty, &expected).is_none() {
            broken(&"the events leave no trace in what is watched");
        }
        self.resets(&store, &projection, &empty).await?;
        let fails = async |plan: &[Disturbance]| self.fails(open, plan, &expected).await;
        self.rounds.run(&self.events, fails).await
    }

    /// That a reset leaves what an empty view has.
    async fn resets(
        &self,
        store: &SharedStore,
        projection: &ViewProjection,
        empty: &[Vec<SqlRow>],
    ) -> Result<(), String> {
        let reset = async {
            let mut tables = Tables::open(store, projection).await?;
            tables.reset(projection).await?;
            self.rows(&tables).await
        };
        let found = reset.await.map_err(|error| error.to_string())?;
        let difference = self.difference(empty, &found);
        difference
            .map_or(Ok(()), |it| Err(format!("after a reset, found what is not empty\n\n{it}")))
    }

    /// How a disturbed pass over a store of its own differs.
    async fn fails(
        &self,
        open: &impl AsyncFn() -> SharedStore,
        plan: &[Disturbance],
        expected: &[Vec<SqlRow>],
    ) -> Option<String> {
        let pass = async {
            let store = open().await;
            Disturbed::by(plan.iter().copied()).view(&store, &self.make, &self.events).await?;
            self.rows(&Tables::open(&store, &(self.make)()?).await?).await
        };
        match pass.await {
            Ok(found) => self.difference(expected, &found),
            Err(error) => Some(error.to_string()),
        }
    }

    /// What is watched, query by query.
    async fn rows(&self, tables: &Tables) -> Result<Vec<Vec<SqlRow>>, DeliveryError> {
        let mut all = Vec::new();
        for sql in &self.watched {
            all.push(tables.rows(sql).await?);
        }
        Ok(all)
    }

    fn difference(&self, expected: &[Vec<SqlRow>], found: &[Vec<SqlRow>]) -> Option<String> {
        let mut both = self.watched.iter().zip(expected.iter().zip(found));
        both.find_map(|(sql, (expected, found))| {
            rows::difference(expected, found).map(|it| format!("{sql}\n{it}"))
        })
    }
}

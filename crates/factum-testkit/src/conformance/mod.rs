//! The contract of a store, one named case per sentence.
//!
//! The sentences are the prose on [`EventStore`](factum_core::EventStore),
//! [`StreamAdmin`](factum_core::StreamAdmin), [`SnapshotStore`](factum_core::SnapshotStore),
//! [`CheckpointStore`](factum_core::CheckpointStore), [`LeaseStore`](factum_core::LeaseStore),
//! [`DeadLetters`](factum_core::DeadLetters), [`ViewStore`](factum_core::ViewStore) and
//! [`Maintenance`](factum_core::Maintenance). A case that a store's [`Capabilities`] do not promise
//! is ignored, with the reason. Each case is known to be able to fail: it is run against a store that
//! breaks just its sentence, by the kit's own tests or, where it is about views, by those of SQLite.

mod append;
mod backup;
mod backward_reads;
mod blind;
mod checkpoints;
mod claims;
mod commands;
mod concurrency;
mod dead_letters;
mod delegate;
mod deletion;
mod durability;
mod envelope;
mod guards;
mod inline_views;
mod judging;
mod leases;
mod limits;
mod listings;
mod maintenance;
mod no_backup;
mod no_views;
mod numbers;
mod openings;
mod orders;
mod queries;
mod query_guards;
mod random;
mod reads;
mod results;
mod rig;
mod snapshots;
mod stream_queries;
mod stream_reads;
mod subscribers;
mod support;
mod tenants;
mod truncation;
mod view_migrations;
mod view_statements;
mod view_tables;
mod view_walls;
mod views;
mod watch;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use factum_core::{Capabilities, Clock, SharedStore, TenantScope};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

pub use blind::blind_spots;
pub use results::CaseResult;
pub(crate) use rig::block_on;
pub use rig::{Case, Rig};

/// How the suite gets at a store.
#[async_trait]
pub trait Fixture: Send + Sync + 'static {
    /// Opens the store that lives in the folder `home`, on `clock`: empty the first time, with the
    /// same data ever after. A store that is not durable is a new one each time.
    ///
    /// # Panics
    ///
    /// If the store cannot be opened; the case then fails.
    async fn open(&self, home: &Path, scope: TenantScope, clock: Arc<dyn Clock>) -> SharedStore;

    /// Puts the copy that [`Maintenance::backup`](factum_core::Maintenance::backup) wrote to the
    /// file `copy` into the empty folder `home`, so that [`open`](Fixture::open) finds it.
    ///
    /// # Panics
    ///
    /// Unless it is overridden, which a store with [`Capabilities::backup`] does.
    async fn restore(&self, copy: &Path, home: &Path) {
        panic!("this fixture cannot restore {} to {}", copy.display(), home.display());
    }

    /// The column of the store in the parity matrix, such as `PostgreSQL 18`; `None` leaves it out.
    fn column(&self) -> Option<String> {
        None
    }
}

/// Every case, in the order in which they are listed.
pub fn cases() -> Vec<Case> {
    [
        append::CASES,
        envelope::CASES,
        guards::CASES,
        query_guards::CASES,
        judging::CASES,
        claims::CASES,
        commands::CASES,
        reads::CASES,
        backward_reads::CASES,
        queries::CASES,
        stream_queries::CASES,
        stream_reads::CASES,
        listings::CASES,
        deletion::CASES,
        truncation::CASES,
        tenants::CASES,
        watch::CASES,
        limits::CASES,
        numbers::CASES,
        snapshots::CASES,
        checkpoints::CASES,
        orders::CASES,
        leases::CASES,
        dead_letters::CASES,
        views::CASES,
        view_statements::CASES,
        view_migrations::CASES,
        view_migrations::LASTING,
        view_walls::CASES,
        inline_views::CASES,
        inline_views::APART,
        concurrency::CASES,
        maintenance::CASES,
        random::CASES,
        durability::CASES,
        openings::CASES,
        backup::CASES,
        no_backup::CASES,
        no_views::CASES,
    ]
    .concat()
}

/// Runs the suite as a test program does: lists, filters and reports cases by name.
///
/// For the `main` of a test target with `harness = false`.
///
/// # Panics
///
/// If a store cannot be opened to ask for its capabilities.
pub fn main(fixture: impl Fixture) -> ExitCode {
    let fixture: Arc<dyn Fixture> = Arc::new(fixture);
    let capabilities = capabilities(&fixture);
    let trials = cases().into_iter().map(|case| trial(case, &fixture, &capabilities)).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// What the fixture's store says it can do.
///
/// # Panics
///
/// If the store cannot be opened.
pub fn capabilities(fixture: &Arc<dyn Fixture>) -> Capabilities {
    block_on(async {
        let rig = Rig::new(Arc::clone(fixture));
        rig.open().await.capabilities()
    })
}

fn trial(case: Case, fixture: &Arc<dyn Fixture>, capabilities: &Capabilities) -> Trial {
    let (fixture, capabilities) = (Arc::clone(fixture), *capabilities);
    Trial::ignorable_test(case.name(), move || match case.run_recorded(&fixture, &capabilities) {
        CaseResult::Passed => Ok(Completion::Completed),
        CaseResult::NotPromised(reason) => Ok(Completion::ignored_with(reason)),
        CaseResult::Failed(failure) => Err(Failed::from(failure)),
    })
}

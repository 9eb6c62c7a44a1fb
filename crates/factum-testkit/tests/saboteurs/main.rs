//! Every conformance case fails against a store that breaks its sentence, and passes otherwise.
//!
//! What is broken lives in memory, which has no views: the tests of SQLite break those.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod journal;
mod sabotage;
mod saboteur;
mod table;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use factum_core::{Capabilities, Clock, SharedStore, SqlDialect, TenantScope};
use factum_testkit::conformance::{Case, Fixture, blind_spots, capabilities, cases};

use journal::Journals;
use sabotage::Sabotage;
use saboteur::Saboteur;

/// Opens saboteurs. Their stores live as long as the fixture and can do everything that a case
/// asks for.
struct Sabotaged {
    journals: Journals,
    sabotage: Sabotage,
    /// Whether the case is about stores without backups.
    no_backup: bool,
}

#[async_trait]
impl Fixture for Sabotaged {
    async fn open(&self, home: &Path, scope: TenantScope, clock: Arc<dyn Clock>) -> SharedStore {
        let inner = self.journals.open(home, clock, &self.sabotage);
        Arc::new(Saboteur::new(inner, scope, self.sabotage, !self.no_backup))
    }

    async fn restore(&self, copy: &Path, home: &Path) {
        self.journals.restore(copy, home);
    }
}

fn sabotaged(sabotage: Sabotage, no_backup: bool) -> Arc<dyn Fixture> {
    Arc::new(Sabotaged { journals: Journals::default(), sabotage, no_backup })
}

fn outcome(case: &Case, sabotage: Sabotage) -> Result<(), String> {
    case.run(sabotaged(sabotage, case.name().starts_with("no_backup::")))
}

/// Every case but those that only a store with views can pass.
fn cases_here() -> impl Iterator<Item = Case> {
    let without = capabilities(&sabotaged(Sabotage::None, false));
    let with = Capabilities { views: Some(SqlDialect::Sqlite), ..without };
    let about_views =
        move |it: &Case| it.missing(&with).is_none() && it.missing(&without).is_some();
    cases().into_iter().filter(move |it| !about_views(it))
}

#[test]
fn every_case_passes_without_sabotage_and_fails_with_its_own() {
    let cases: Vec<_> = cases_here().collect();
    let wrong = blind_spots(&cases, Sabotage::None, &table::table(), outcome);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

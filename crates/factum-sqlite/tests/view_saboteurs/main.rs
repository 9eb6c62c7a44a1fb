//! Every case about views fails against a store that breaks its sentence, and passes otherwise.
//!
//! The other cases are broken by the kit's own tests, in memory, which has no views.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod sabotage;
mod saboteur;
mod table;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use factum_core::{Capabilities, Clock, SharedStore, TenantScope};
use factum_sqlite::{SqliteStore, SqliteStoreConfig};
use factum_testkit::conformance::{Case, Fixture, blind_spots, capabilities, cases};

use sabotage::Sabotage;
use saboteur::Saboteur;

/// Opens saboteurs of SQLite.
struct Sabotaged {
    sabotage: Sabotage,
    openings: AtomicU32,
}

fn sabotaged(sabotage: Sabotage) -> Arc<dyn Fixture> {
    Arc::new(Sabotaged { sabotage, openings: AtomicU32::default() })
}

#[async_trait]
impl Fixture for Sabotaged {
    async fn open(&self, home: &Path, scope: TenantScope, clock: Arc<dyn Clock>) -> SharedStore {
        let opening = match self.sabotage {
            Sabotage::OpenApart => self.openings.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
        let path = home.join(format!("log-{opening}.db"));
        let own = TenantScope::All;
        let config = SqliteStoreConfig { scope: own, clock, ..SqliteStoreConfig::new(path) };
        let all: SharedStore = Arc::new(SqliteStore::open(config).await.unwrap());
        Arc::new(Saboteur::new(all, &scope, self.sabotage))
    }
}

/// The cases that only a store with views can pass.
fn cases_here() -> impl Iterator<Item = Case> {
    let with = capabilities(&sabotaged(Sabotage::None));
    let without = Capabilities { views: None, ..with };
    let about_views =
        move |it: &Case| it.missing(&with).is_none() && it.missing(&without).is_some();
    cases().into_iter().filter(about_views)
}

#[test]
fn every_case_passes_without_sabotage_and_fails_with_its_own() {
    let cases: Vec<_> = cases_here().collect();
    let wrong = blind_spots(&cases, Sabotage::None, &table::table(), |case, sabotage| {
        case.run(sabotaged(sabotage))
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

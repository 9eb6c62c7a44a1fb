//! Every case about views fails against a store that breaks its sentence, and passes otherwise.
//!
//! The other cases are broken by the kit's own tests, in memory, which has no views.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod sabotage;
mod saboteur;
mod table;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use factum_core::{Capabilities, Clock, SharedStore, TenantScope};
use factum_sqlite::{SqliteStore, SqliteStoreConfig};
use factum_testkit::conformance::{Case, Fixture, capabilities, cases};

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
    // Cases fail by panicking, here on purpose; the outcome says how.
    std::panic::set_hook(Box::new(|_| {}));
    let table = table::table();
    let mut wrong = Vec::new();
    for case in cases_here() {
        let name = case.name();
        if let Err(reason) = case.run(sabotaged(Sabotage::None)) {
            wrong.push(format!("{name} fails without sabotage: {reason}"));
        }
        match table.iter().find(|(cased, _)| *cased == name) {
            None => wrong.push(format!("{name} has no saboteur")),
            Some((_, sabotage)) if case.run(sabotaged(*sabotage)).is_ok() => {
                wrong.push(format!("{name} is blind to its saboteur"));
            }
            Some(_) => {}
        }
    }
    let _ = std::panic::take_hook();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_saboteur_is_left_without_its_case() {
    let names: BTreeSet<_> = cases_here().map(|it| it.name()).collect();
    let mut seen = BTreeSet::new();
    for (name, _) in table::table() {
        assert!(names.contains(name), "{name} is no case");
        assert!(seen.insert(name), "{name} is listed twice");
    }
}

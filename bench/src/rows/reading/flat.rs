//! How much memory a view takes to catch up: with few events and with many.

use std::path::Path;
use std::process::Command;

use factum_sqlite::{SqliteStore, SqliteStoreConfig};

use super::FLAT;
use crate::deposits::{self, balances, fill};
use crate::measure::{Bench, Result};
use crate::rows::memory::{RESIDENT_MIB_MAX, watch};
use crate::table::{Bar, Row};

pub fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let mut most = Vec::new();
    let mut details = Vec::new();
    for count in [bench.size(100_000), bench.size(5_000_000)] {
        let (path, store) = bench.store()?;
        let store = deposits::shared(store);
        bench.block_on(fill(&store, count))?;
        drop(store);
        let mut child =
            Command::new(std::env::current_exe()?).arg("--project").arg(&path).spawn()?;
        let resident = watch(&mut child)?;
        details.push(format!("{count} events {:.0} ({})", resident.most(), resident.course()));
        most.push(resident.most());
        Bench::discard(&path);
    }
    let detail = format!("MiB resident; {}", details.join("; "));
    let value = most.into_iter().fold(0.0, f64::max);
    Ok(vec![Row { name: FLAT, value, bar: Bar::AtMost(RESIDENT_MIB_MAX), detail }])
}

/// Brings a view up to date with the store at `path`.
pub async fn project(path: &Path) -> Result<()> {
    let store = SqliteStore::open(SqliteStoreConfig::new(path)).await?;
    let running = balances(deposits::shared(store))?.spawn();
    running.caught_up().await?;
    running.stop().await?;
    Ok(())
}

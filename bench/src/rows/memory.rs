//! A large store: how much memory reading it takes, and how long opening it.

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use factum_core::{EventStore, LogRead};
use factum_sqlite::{SqliteStore, SqliteStoreConfig};
use futures::StreamExt;

use crate::measure::{Bench, Pairs, Result};
use crate::table::{Bar, Row};
use crate::work::Events;

/// Resident memory that no work may exceed, in MiB.
pub const RESIDENT_MIB_MAX: f64 = 200.0;

pub fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let (path, store) = bench.store()?;
    let (events, count) = (Events::new(), bench.size(5_000_000));
    bench.block_on(async {
        for first in (0..count).step_by(4_000) {
            store.append(events.batch(first, 4_000)).await?;
        }
        Ok::<_, crate::measure::Error>(())
    })?;
    drop(store);
    let mut child = Command::new(std::env::current_exe()?).arg("--read-all").arg(&path).spawn()?;
    let resident = watch(&mut child)?;
    let reading = Row {
        name: "memory while reading",
        value: resident.most(),
        bar: Bar::AtMost(RESIDENT_MIB_MAX),
        detail: format!("MiB resident, {count} events; {}", resident.course()),
    };
    let opening = opening(bench, &path)?;
    Bench::discard(&path);
    Ok(vec![reading, opening])
}

fn opening(bench: &Bench, large: &Path) -> Result<Row> {
    let (empty, store) = bench.store()?;
    drop(store);
    let open = |path: &Path| -> Result<f64> {
        let start = Instant::now();
        let store = bench.block_on(SqliteStore::open(SqliteStoreConfig::new(path)))?;
        bench.block_on(store.head())?;
        Ok(start.elapsed().as_secs_f64() * 1e3)
    };
    let mut pairs = Pairs::default();
    for _ in 0..21 {
        let bare = open(&empty)?;
        pairs.push(open(large)?, bare);
    }
    let detail = format!("large {:.2} ms, empty {:.2} ms", pairs.ours(), pairs.theirs());
    Ok(Row { name: "open a large store", value: pairs.ratio(), bar: Bar::AtMost(3.0), detail })
}

/// Reads a store from end to end, keeping nothing.
pub async fn read_all(path: &Path) -> Result<()> {
    let store = SqliteStore::open(SqliteStoreConfig::new(path)).await?;
    let mut pages = store.read(LogRead::default());
    while let Some(page) = pages.next().await {
        std::hint::black_box(page?);
    }
    Ok(())
}

/// The resident memory of a process over its life, in MiB.
#[derive(Debug, Default)]
pub struct Resident(Vec<f64>);

impl Resident {
    pub fn most(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }

    /// The memory at a quarter, at half and at the end of the life: flat or growing.
    pub fn course(&self) -> String {
        let at =
            |share: usize| self.0.get(self.0.len().saturating_sub(1) * share / 4).unwrap_or(&0.0);
        format!("{:.0} at a quarter, {:.0} at half, {:.0} at the end", at(1), at(2), at(4))
    }
}

/// Samples the memory of a child until it ends well.
pub fn watch(child: &mut Child) -> Result<Resident> {
    let mut resident = Resident::default();
    loop {
        if let Some(status) = child.try_wait()? {
            return if status.success() {
                Ok(resident)
            } else {
                Err(format!("it ended with {status}").into())
            };
        }
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|it| it.trim().trim_end_matches(" kB").parse::<f64>().ok());
        resident.0.extend(kib.map(|kib| kib / 1_024.0));
        std::thread::sleep(Duration::from_millis(20));
    }
}

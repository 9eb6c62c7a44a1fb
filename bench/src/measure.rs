//! Rounds, medians and the folder the stores are in.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use factum_sqlite::{SqliteStore, SqliteStoreConfig};

pub type Error = Box<dyn std::error::Error + Send + Sync>;
pub type Result<T> = std::result::Result<T, Error>;

/// What every row needs.
#[derive(Debug)]
pub struct Bench {
    home: PathBuf,
    quick: bool,
    factum: Option<PathBuf>,
    runtime: tokio::runtime::Runtime,
    next: std::cell::Cell<u32>,
}

impl Bench {
    pub fn new(home: &Path, quick: bool, factum: Option<PathBuf>) -> Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        Ok(Self { home: home.into(), quick, factum, runtime, next: std::cell::Cell::new(0) })
    }

    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// `full`, or a tenth of it when in a hurry.
    pub fn size(&self, full: u64) -> u64 {
        if self.quick { full / 10 } else { full }
    }

    pub fn rounds(&self) -> usize {
        if self.quick { 3 } else { 5 }
    }

    /// The program that imports, if it was given or stands in the usual place.
    pub fn factum(&self) -> Option<PathBuf> {
        let usual = || {
            let target =
                std::env::var_os("CARGO_TARGET_DIR").map_or("../target".into(), PathBuf::from);
            [target.join("release/factum"), "target/release/factum".into()]
                .into_iter()
                .find(|path| path.is_file())
        };
        self.factum.clone().or_else(usual)
    }

    /// A name for a file that does not exist yet.
    pub fn file(&self) -> PathBuf {
        self.next.set(self.next.get() + 1);
        self.home.join(format!("{}.db", self.next.get()))
    }

    /// An empty store.
    pub fn store(&self) -> Result<(PathBuf, SqliteStore)> {
        let path = self.file();
        let store = self.block_on(SqliteStore::open(SqliteStoreConfig::new(&path)))?;
        Ok((path, store))
    }

    /// Gives the space of a store back, so that a run needs little of it.
    pub fn discard(path: &Path) {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            let _ = std::fs::remove_file(name);
        }
    }
}

/// How long `work` takes.
pub fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    let done = work()?;
    Ok((done, start.elapsed()))
}

pub fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The value below which this share of the times lies, in microseconds.
pub fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort();
    let place = ((times.len() - 1) as f64 * share) as usize;
    times[place].as_secs_f64() * 1e6
}

/// Pairs measured one after the other, round by round, so that a slow moment hits both.
#[derive(Debug, Default)]
pub struct Pairs {
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

impl Pairs {
    pub fn push(&mut self, ours: f64, theirs: f64) {
        self.ours.push(ours);
        self.theirs.push(theirs);
    }

    /// Measures both and pushes what they gave; who goes first changes with the round, because a
    /// disk, a cache or a checkpoint treats them differently.
    pub fn push_by_turns(
        &mut self,
        round: usize,
        ours: impl FnOnce() -> Result<f64>,
        theirs: impl FnOnce() -> Result<f64>,
    ) -> Result<()> {
        let (ours, theirs) = if round.is_multiple_of(2) {
            let theirs = theirs()?;
            (ours()?, theirs)
        } else {
            let ours = ours()?;
            (ours, theirs()?)
        };
        self.push(ours, theirs);
        Ok(())
    }

    /// The median over the rounds of ours divided by theirs.
    pub fn ratio(&self) -> f64 {
        median(self.ours.iter().zip(&self.theirs).map(|(ours, theirs)| ours / theirs).collect())
    }

    pub fn ours(&self) -> f64 {
        median(self.ours.clone())
    }

    pub fn theirs(&self) -> f64 {
        median(self.theirs.clone())
    }
}

/// A rate for people: `12.3 k/s`.
pub fn rate(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{:.2} M/s", v / 1e6),
        v if v >= 1e4 => format!("{:.0} k/s", v / 1e3),
        v if v >= 1e3 => format!("{:.1} k/s", v / 1e3),
        v => format!("{v:.0} /s"),
    }
}

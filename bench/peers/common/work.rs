//! The work that every peer does, and how it reports: one JSON object per measurement.
//!
//! `PROGRAM PLACE COUNT [WORK]`: stores are made in the place, which is a folder, or the URL of an
//! empty PostgreSQL database. `COUNT` scales the work, and a third argument leaves out all work but
//! the one of that name.
//!
//! Commands on aggregates are in `bank.rs`, beside this.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Streams that events are spread over, and different tags.
pub const STREAMS: u64 = 1_000;
pub const CALLERS: u64 = 64;
pub const ALL: [(&str, u64); 2] =
    [("append batches of 100", 100), ("append batches of 1000", 1_000)];
pub const SINGLE: &str = "one event, one caller";
pub const MANY: &str = "64 callers";
#[allow(dead_code, reason = "one of them cannot")]
pub const READ: &str = "read all";

/// What was asked for on the command line.
#[derive(Debug)]
pub struct Work {
    pub place: String,
    count: u64,
    only: Option<String>,
}

impl Work {
    pub fn from_arguments() -> Result<Self> {
        let mut arguments = std::env::args().skip(1);
        let place = arguments.next().ok_or("usage: PLACE COUNT [WORK]")?;
        let count = arguments.next().ok_or("usage: PLACE COUNT [WORK]")?.parse()?;
        Ok(Self { place, count, only: arguments.next() })
    }

    /// The count, rounded up to whole batches.
    pub fn events(&self, batch: u64) -> u64 {
        self.count.div_ceil(batch) * batch
    }

    /// How many events one caller appends one by one.
    pub fn singles(&self) -> u64 {
        (self.count / 100).max(1)
    }

    /// How many events each of the many callers appends.
    pub fn each(&self) -> u64 {
        (self.count / 400).max(1)
    }

    pub fn wanted(&self, work: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == work)
    }

    /// An empty folder for one store.
    #[allow(dead_code, reason = "stores on PostgreSQL have none")]
    pub fn folder(&self, work: &str) -> Result<PathBuf> {
        let folder = Path::new(&self.place).join(work.replace([' ', ','], "-"));
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// The name of a schema for one store, which does not exist yet.
    #[allow(dead_code, reason = "stores in folders have none")]
    pub fn schema(work: &str) -> String {
        format!("work_{}", work.replace([' ', ','], "_"))
    }
}

const PAYLOAD_BYTES: usize = 150;
/// What payloads are filled with: copied, so that making them does not hide what is measured.
const FILL: &str = match std::str::from_utf8(&[b'x'; PAYLOAD_BYTES]) {
    Ok(fill) => fill,
    Err(_) => "",
};

/// JSON of [`PAYLOAD_BYTES`] bytes.
pub fn payload(number: u64) -> String {
    let start = format!(r#"{{"number":{number},"text":""#);
    let fill = &FILL[..PAYLOAD_BYTES - start.len() - 2];
    [start.as_str(), fill, "\"}"].concat()
}

pub fn report(work: &str, events: u64, since: Instant, durable: &str) {
    report_time(work, events, since.elapsed(), durable);
}

pub fn report_time(work: &str, events: u64, time: Duration, durable: &str) {
    let per_second = events as f64 / time.as_secs_f64();
    let line = serde_json::json!({
        "work": work, "events": events, "per_second": per_second, "durable": durable,
    });
    println!("{line}");
}

//! How fast a store is: the same cases for every backend.
//!
//! Run it in release mode, on a fresh store, beside the bare driver in the same run: figures of
//! different runs or machines do not compare.

mod append;
mod read;

use std::time::{Duration, Instant};

use factum_core::{
    AppendError, AppendRequest, Claim, Codec, EventId, EventType, Expected, NewEvent, SharedStore,
    StreamId, Tag, Tags,
};

/// How much to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchPlan {
    /// Events of each case that appends in batches; the reads read them back.
    pub batch_events: u64,
    /// Appends of each case that appends one event at a time.
    pub single_appends: u64,
    /// Callers at once in the concurrent case.
    pub callers: u64,
    /// Size of a payload in bytes.
    pub payload_bytes: usize,
}

impl Default for BenchPlan {
    /// 100,000 events in batches, 2,000 single appends, 64 callers, payloads of 100 bytes.
    fn default() -> Self {
        Self { batch_events: 100_000, single_appends: 2_000, callers: 64, payload_bytes: 100 }
    }
}

/// What one case took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// The case.
    pub name: &'static str,
    /// Events appended or read.
    pub events: u64,
    /// Time from the first call to the last answer.
    pub elapsed: Duration,
    /// Half of the calls took no longer than this.
    pub p50: Duration,
    /// 99 in 100 calls took no longer than this.
    pub p99: Duration,
}

impl Measurement {
    /// Events per second.
    pub fn events_per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a rate is an approximation")]
        let events = self.events as f64;
        events / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// Runs every case on `store`, in the order of the results. The store should be empty.
///
/// # Errors
///
/// The first append or read that fails ends the run.
pub async fn run(store: &SharedStore, plan: &BenchPlan) -> Result<Vec<Measurement>, AppendError> {
    let mut measured = append::run(store, plan).await?;
    measured.extend(read::run(store, plan).await?);
    Ok(measured)
}

/// Collects how long calls took.
#[derive(Debug)]
struct Stopwatch {
    started: Instant,
    calls: Vec<Duration>,
}

impl Stopwatch {
    fn start() -> Self {
        Self { started: Instant::now(), calls: Vec::new() }
    }

    /// Notes a call that began at `since`.
    fn lap(&mut self, since: Instant) {
        self.calls.push(since.elapsed());
    }

    fn stop(mut self, name: &'static str, events: u64) -> Measurement {
        let elapsed = self.started.elapsed();
        self.calls.sort_unstable();
        let (p50, p99) = (percentile(&self.calls, 50), percentile(&self.calls, 99));
        Measurement { name, events, elapsed, p50, p99 }
    }
}

/// The smallest time that `percent` of the sorted times do not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// Makes the events that the cases append.
#[derive(Debug)]
struct Events {
    payload: bytes::Bytes,
    next: u64,
}

impl Events {
    fn new(case: u64, plan: &BenchPlan) -> Self {
        let filling = "x".repeat(plan.payload_bytes.saturating_sub(2));
        Self { payload: format!("\"{filling}\"").into(), next: case << 40 }
    }

    /// One event of type `bench.happened`, with a tag that 1,000 events share.
    fn one(&mut self) -> NewEvent {
        self.next += 1;
        let id = EventId::from_bytes(u128::from(self.next).to_be_bytes());
        let event_type = EventType::new("bench.happened").expect("the type is valid");
        let group = (self.next / 1_000).to_string();
        let tag = Tag::new("group", &group).expect("the tag is valid");
        let event = NewEvent::new(id, event_type, Codec::Json, self.payload.clone());
        NewEvent { tags: Tags::from_iter([tag]), ..event }
    }

    fn batch(&mut self, stream: StreamId, count: u64) -> AppendRequest {
        let events: Vec<_> = (0..count).map(|_| self.one()).collect();
        AppendRequest::default().stream(stream, Expected::Any, events)
    }
}

fn stream(case: &str, number: u64) -> StreamId {
    StreamId::new(&format!("bench-{case}"), &number.to_string()).expect("the name is valid")
}

fn claim(number: u64) -> Claim {
    Claim::new("bench", &number.to_string()).expect("the claim is valid")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use factum_core::{MemoryStore, SharedStore};

    use super::{BenchPlan, percentile, run};

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let times: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(50));
        assert_eq!(percentile(&times, 99), Duration::from_millis(99));
        assert_eq!(percentile(&times[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }

    #[tokio::test]
    async fn every_case_runs_and_counts_its_events() {
        let store: SharedStore = Arc::new(MemoryStore::default());
        let plan = BenchPlan {
            batch_events: 2_000,
            single_appends: 20,
            callers: 4,
            ..BenchPlan::default()
        };
        let measured = run(&store, &plan).await.unwrap();
        assert_eq!(measured.len(), 13);
        assert!(measured.iter().all(|it| it.events > 0), "{measured:?}");
    }
}

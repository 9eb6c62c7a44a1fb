//! Comparing both logs, in one pass over each.
//!
//! Every event is made one number: the digest of everything in it but its position. Both logs are
//! read side by side; while they agree, nothing is kept. Where they do not, each stream has a
//! balance: what the source holds is added, what the target holds is taken away. Streams whose
//! balance comes back to nothing are forgotten, so what is kept is what differs.

use std::collections::HashMap;

use factum::{
    Codec, Digest, EventStoreExt, LogRead, Position, Query, Revision, SharedStore, StreamId,
    TenantId,
};
use foldhash::fast::RandomState;
use futures::TryStreamExt;

use super::bar::Bar;
use super::copies::{copy, digest};
use crate::interrupt::Interrupt;
use crate::outcome::{Exit, Failure};

/// Streams that are named; the others are counted.
pub(super) const NAMED: usize = 5;

/// What comparing found.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) events: u64,
    /// Streams of the source.
    pub(super) streams: u64,
    /// Streams that differ, those of only one of the stores among them.
    pub(super) differing: u64,
    /// The first of those, by name.
    pub(super) named: Vec<Differing>,
    /// Where in the source the order differs first, though every stream is the same.
    pub(super) other_order: Option<Position>,
}

/// A stream that is not the same in both logs.
#[derive(Debug)]
pub(super) struct Differing {
    pub(super) tenant: TenantId,
    pub(super) stream: StreamId,
    /// Events in the target less those in the source.
    pub(super) more: i64,
}

impl Compared {
    pub(super) fn equal(&self) -> bool {
        self.differing == 0 && self.other_order.is_none()
    }
}

/// Compares all of the target with the source up to `through`.
pub(super) async fn compare(
    (source, through): (&SharedStore, Position),
    target: &SharedStore,
    recode: Option<Codec>,
    bar: &Bar,
    interrupt: &Interrupt,
) -> Result<Compared, Failure> {
    let mut here = source.events(LogRead {
        through: Some(through),
        ..LogRead::after(Query::all(), Position::START)
    });
    let mut there = target.events(LogRead::default());
    let mut comparison = Comparison::default();
    loop {
        let (event, found) = futures::try_join!(here.try_next(), there.try_next())?;
        let place = event.as_ref().map(|it| it.position);
        let event = match event {
            Some(event) => {
                let (tenant, stream, revision) =
                    (event.tenant.clone(), event.stream.clone(), event.revision);
                let number = Number::of(copy(event, recode)?.digest());
                Some(Side { tenant, stream, revision, number })
            }
            None => None,
        };
        let found = found.map(|found| {
            let (tenant, stream, revision) =
                (found.tenant.clone(), found.stream.clone(), found.revision);
            Side { tenant, stream, revision, number: Number::of(digest(found)) }
        });
        if event.is_none() && found.is_none() {
            return Ok(comparison.end());
        }
        comparison.take(event, found, place);
        if comparison.events.is_multiple_of(1_000) {
            bar.show(comparison.events);
            if interrupt.pressed() {
                return Err(Failure::new(Exit::Interrupted, "interrupted while comparing").hint(
                    "everything is copied; with --resume FILE the same command compares again",
                ));
            }
        }
    }
}

/// An event of one of the logs.
#[derive(PartialEq)]
struct Side {
    tenant: TenantId,
    stream: StreamId,
    revision: Revision,
    number: Number,
}

/// A digest as a number that can be added and taken away, each half for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Number(u128, u128);

impl Number {
    fn of(digest: Digest) -> Self {
        let hex = digest.to_string();
        let half = |text| u128::from_str_radix(text, 16).expect("a digest is 64 hex digits");
        Self(half(&hex[..32]), half(&hex[32..]))
    }
}

/// What the source holds of a stream, less what the target holds.
#[derive(Debug, Default)]
struct Balance {
    sum: Number,
    events: i64,
}

#[derive(Default)]
struct Comparison {
    events: u64,
    streams: u64,
    balances: HashMap<(TenantId, StreamId), Balance, RandomState>,
    first_apart: Option<Position>,
}

impl Comparison {
    /// Takes the next event of each log; `place` is that of the source's.
    fn take(&mut self, event: Option<Side>, found: Option<Side>, place: Option<Position>) {
        self.events += u64::from(event.is_some());
        let begins =
            |side: &Option<Side>| side.as_ref().is_some_and(|it| it.revision == Revision::FIRST);
        self.streams += u64::from(begins(&event));
        if event == found {
            return;
        }
        self.first_apart = self.first_apart.or(place);
        if let Some(Side { tenant, stream, number, .. }) = event {
            self.change(&(tenant, stream), |balance| {
                balance.sum.0 = balance.sum.0.wrapping_add(number.0);
                balance.sum.1 = balance.sum.1.wrapping_add(number.1);
                balance.events += 1;
            });
        }
        if let Some(Side { tenant, stream, number, .. }) = found {
            self.change(&(tenant, stream), |balance| {
                balance.sum.0 = balance.sum.0.wrapping_sub(number.0);
                balance.sum.1 = balance.sum.1.wrapping_sub(number.1);
                balance.events -= 1;
            });
        }
    }

    fn change(&mut self, key: &(TenantId, StreamId), change: impl FnOnce(&mut Balance)) {
        let balance = self.balances.entry(key.clone()).or_default();
        change(balance);
        if balance.events == 0 && balance.sum == Number::default() {
            self.balances.remove(key);
        }
    }

    fn end(self) -> Compared {
        let differing = self.balances.len() as u64;
        let mut named: Vec<_> = self.balances.into_iter().collect();
        named.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        named.truncate(NAMED);
        let describe = |((tenant, stream), balance): ((TenantId, StreamId), Balance)| Differing {
            tenant,
            stream,
            more: -balance.events,
        };
        Compared {
            events: self.events,
            streams: self.streams,
            differing,
            named: named.into_iter().map(describe).collect(),
            other_order: self.first_apart.filter(|_| differing == 0),
        }
    }
}

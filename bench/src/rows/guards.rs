//! What each kind of guard costs: one event, one caller, against the same without.

use std::time::Instant;

use factum_core::{
    AppendRequest, Claim, ClaimChange, Command, CommandId, EventStore, Expected, Position,
    QueryItem, Revision,
};
use factum_sqlite::SqliteStore;

use crate::measure::{Bench, Pairs, Result, percentile};
use crate::table::{Bar, Row};
use crate::work::{Events, stream};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    None,
    Stream,
    Query,
    Claim,
    Command,
}

const KINDS: [(Kind, &str); 4] = [
    (Kind::Stream, "with a stream guard"),
    (Kind::Query, "with a query guard"),
    (Kind::Claim, "with a claim"),
    (Kind::Command, "with a command id"),
];

pub fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let (path, store) = bench.store()?;
    let mut caller =
        Caller { events: Events::new(), store, number: 0, revision: None, head: Position::START };
    let mut pairs: [Pairs; 4] = Default::default();
    bench.block_on(caller.p50(Kind::None, 1_000))?; // The log is not empty when it counts.
    for _ in 0..bench.rounds() {
        for (pair, (kind, _)) in pairs.iter_mut().zip(KINDS) {
            let each = bench.size(1_000);
            let bare = bench.block_on(caller.p50(Kind::None, each))?;
            pair.push(bench.block_on(caller.p50(kind, each))?, bare);
        }
    }
    drop(caller);
    Bench::discard(&path);
    let row = |(pair, (_, name)): (&Pairs, (Kind, &'static str))| {
        let detail = format!("p50 {:.0} us, without {:.0} us", pair.ours(), pair.theirs());
        Row { name, value: pair.ratio(), bar: Bar::AtMost(1.5), detail }
    };
    Ok(pairs.iter().zip(KINDS).map(row).collect())
}

struct Caller {
    events: Events,
    store: SqliteStore,
    number: u64,
    revision: Option<Revision>,
    head: Position,
}

impl Caller {
    /// The median time of an append with this guard, in microseconds.
    async fn p50(&mut self, kind: Kind, count: u64) -> Result<f64> {
        let mut times = Vec::new();
        for _ in 0..count {
            let request = self.request(kind)?;
            let start = Instant::now();
            let appended = self.store.append(request).await?;
            times.push(start.elapsed());
            (self.number, self.head) = (self.number + 1, appended.last);
            self.revision = appended.revision(&stream(0)).or(self.revision);
        }
        Ok(percentile(&mut times, 0.5))
    }

    fn request(&self, kind: Kind) -> Result<AppendRequest> {
        let (mut event, number) = (self.events.event(self.number), self.number);
        let expected = match (kind, self.revision) {
            (Kind::Stream, Some(revision)) => Expected::Revision(revision),
            _ => Expected::Any,
        };
        if kind == Kind::Claim {
            event
                .claims
                .push(ClaimChange::Take(Claim::new("email", &format!("{number}@example.org"))?));
        }
        let request = AppendRequest::default().stream(stream(0), expected, [event]);
        Ok(match kind {
            Kind::Query => {
                let query = QueryItem::default().tag(self.events.tag(number).clone());
                request.none_match(query, self.head)
            }
            Kind::Command => {
                let id = CommandId::new(format!("command-{number}"))?;
                request.command(Command::new(id, &stream(0)))
            }
            _ => request,
        })
    }
}

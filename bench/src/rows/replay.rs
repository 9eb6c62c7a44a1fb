//! One entity with 100,000 events: replayed whole, beside raw rows decoded in a loop; and loaded
//! from a snapshot 50 events back, beside the replay.

use std::sync::Arc;
use std::time::Instant;

use factum_core::{Decider, SharedStore};
use factum_runtime::{Repository, Snapshots};
use rusqlite::Connection;
use serde::Deserialize;

use crate::bank::{Account, AccountEvent, Command};
use crate::measure::{Bench, Pairs, Result, per_second, percentile, rate, timed};
use crate::table::{Bar, Row};

const EVENTS: u64 = 100_000;
const BACK: u64 = 50;

pub fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let (path, store) = bench.store()?;
    let store: SharedStore = Arc::new(store);
    let count = bench.size(EVENTS);
    let plain = Repository::<Account>::new(Arc::clone(&store))?;
    let snapshots = Snapshots::every(count - BACK);
    let short = Repository::<Account>::new(Arc::clone(&store))?.with_snapshots(snapshots)?;
    bench.block_on(fill(&short, count))?;
    let conn = Connection::open(&path)?;
    let (mut replays, mut loads) = (Pairs::default(), Pairs::default());
    for _ in 0..bench.rounds() {
        let (raw, raw_time) = timed(|| raw_replay(&conn))?;
        let (loaded, time) = timed(|| Ok(bench.block_on(plain.load("big"))?))?;
        assert_eq!((raw.events, loaded.state.events), (count, count), "both read everything");
        assert_eq!(raw.balance, loaded.state.balance);
        replays.push(per_second(count, time), per_second(count, raw_time));

        let mut times = Vec::new();
        for _ in 0..100 {
            let start = Instant::now();
            let loaded = bench.block_on(short.load("big"))?;
            times.push(start.elapsed());
            assert_eq!((loaded.replayed, loaded.state.events), (BACK, count));
        }
        loads.push(time.as_secs_f64() * 1e6, percentile(&mut times, 0.5));
    }
    drop((conn, plain, short, store));
    Bench::discard(&path);
    let replay = format!("Factum {}, raw {}", rate(replays.ours()), rate(replays.theirs()));
    let load = format!("replay {:.0} us, snapshot {:.0} us", loads.ours(), loads.theirs());
    Ok(vec![
        Row {
            name: "replay 100000 events",
            value: replays.ratio(),
            bar: Bar::AtLeast(0.6),
            detail: replay,
        },
        Row {
            name: "load with a snapshot",
            value: loads.ratio(),
            // The whole is a tenth when in a hurry, the rest after the snapshot is not.
            bar: Bar::AtLeast(500.0 * count as f64 / EVENTS as f64),
            detail: load,
        },
    ])
}

/// All events but the last 50 come before the snapshot.
async fn fill(accounts: &Repository<Account>, count: u64) -> Result<()> {
    let mut done = 0;
    for end in [count - BACK, count] {
        while done < end {
            let some = (end - done).min(1_000);
            let work = |account: &mut factum_core::Recorded<Account>| {
                (done..done + some).try_for_each(|number| account.execute(Command::number(number)))
            };
            accounts.update("big", work).await?;
            done += some;
        }
    }
    accounts.snapshots_settled().await;
    Ok(())
}

#[derive(Deserialize)]
struct Deposited {
    amount: u64,
    text: String,
}

#[derive(Deserialize)]
struct Withdrawn {
    amount: u64,
}

/// What a program would write by hand: a statement, a loop, `serde_json`, the same evolve.
fn raw_replay(conn: &Connection) -> Result<Account> {
    let deposited: i64 =
        conn.query_row("SELECT id FROM kinds WHERE event_type = 'account.deposited'", [], |row| {
            row.get(0)
        })?;
    let select = "SELECT position, stream, revision, kind, recorded_at, checksum, envelope, \
                  payload FROM events WHERE stream = 1 ORDER BY revision";
    let mut statement = conn.prepare_cached(select)?;
    let mut rows = statement.query([])?;
    let mut account = Account::default();
    while let Some(row) = rows.next()? {
        let numbers: [i64; 5] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(4)?, row.get(5)?];
        let envelope: Vec<u8> = row.get(6)?;
        std::hint::black_box((numbers, envelope));
        let payload = row.get_ref(7)?.as_bytes()?;
        let event = if row.get::<_, i64>(3)? == deposited {
            let Deposited { amount, text } = serde_json::from_slice(payload)?;
            AccountEvent::Deposited { amount, text }
        } else {
            let Withdrawn { amount } = serde_json::from_slice(payload)?;
            AccountEvent::Withdrawn { amount }
        };
        account.evolve(&event);
    }
    Ok(account)
}

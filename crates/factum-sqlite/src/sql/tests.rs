//! The plan of every statement is pinned: a statement that starts to scan or sort is noticed.

use rusqlite::Connection;

use super::ALL;
use crate::migrate;

/// What SQLite says it will do, a line per step.
fn plans() -> String {
    let conn = Connection::open_in_memory().unwrap();
    migrate::migrate(&conn, migrate::MIGRATIONS, factum_core::Timestamp::from_micros(0)).unwrap();
    let mut lines = Vec::new();
    for (name, sql) in ALL {
        let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut steps = statement.raw_query(); // The plan does not depend on what is bound.
        while let Some(step) = steps.next().unwrap() {
            let step: String = step.get(3).unwrap();
            lines.push(format!("{name}: {step}\n"));
        }
    }
    lines.concat()
}

#[test]
fn statements_run_as_planned() {
    let (found, pinned) = (plans(), include_str!("plans.txt"));
    assert_eq!(found, pinned, "if the change is meant, plans.txt is to say:\n{found}");
}

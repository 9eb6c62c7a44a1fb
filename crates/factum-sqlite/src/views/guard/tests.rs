//! The guard knows every table there is.

use rusqlite::Connection;

use super::OWN_TABLES;
use crate::migrate;

#[test]
fn every_table_of_the_store_is_its_own() {
    let conn = Connection::open_in_memory().unwrap();
    migrate::migrate(&conn, migrate::MIGRATIONS, factum_core::Timestamp::from_micros(0)).unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut statement = conn.prepare(tables).unwrap();
    let names = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let names: Vec<_> = names.map(Result::unwrap).collect();
    assert_eq!(names, OWN_TABLES);
}

//! Reads share a transaction, and none of them sees less than it may.

use super::*;
use crate::SqliteStoreConfig;
use crate::connection::open_writer;
use crate::migrate;

/// An empty store: the writer of its head, and a reader.
fn store(folder: &std::path::Path) -> (Connection, Reader, Tickets) {
    let config = SqliteStoreConfig::new(folder.join("log.db"));
    let conn = open_writer(&config).unwrap();
    migrate::migrate(&conn, migrate::MIGRATIONS, factum_core::Timestamp::from_micros(0)).unwrap();
    let tickets = Tickets::default();
    let reading = ReadFile::open(&config.path, 1_000).unwrap();
    let reader = Reader::new(reading, tickets.clone(), None).unwrap();
    (conn, reader, tickets)
}

fn move_head(conn: &Connection, position: i64) {
    head::write(conn, head::Head { position, ..head::Head::default() }).unwrap();
}

fn head(reader: &mut Reader, ticket: u64) -> u64 {
    reader.take_up(ticket);
    reader.in_transaction(Reader::head).unwrap().get()
}

#[test]
fn reads_that_waited_together_share_one_state_and_later_ones_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let (conn, mut reader, tickets) = store(folder.path());
    let waiting = [tickets.draw(), tickets.draw()];
    assert_eq!(head(&mut reader, waiting[0]), 0);
    move_head(&conn, 1);
    assert_eq!(head(&mut reader, waiting[1]), 0, "one transaction serves both");
    assert_eq!(head(&mut reader, tickets.draw()), 1, "asked for after the write");
}

#[test]
fn a_transaction_ends_after_a_failure_and_after_enough_reads() {
    let folder = tempfile::tempdir().unwrap();
    let (conn, mut reader, tickets) = store(folder.path());
    let waiting: Vec<u64> = (0..=SHARED_BY_MAX + 2).map(|_| tickets.draw()).collect();
    assert_eq!(head(&mut reader, waiting[0]), 0);
    move_head(&conn, 1);
    reader.take_up(waiting[1]);
    let failed = reader.in_transaction(|_| Err::<(), _>(Failure::Corrupt("damaged".into())));
    assert!(failed.is_err() && reader.conn.is_autocommit());
    assert_eq!(head(&mut reader, waiting[2]), 1, "a new transaction");
    move_head(&conn, 2);
    let heads: Vec<u64> = waiting[3..].iter().map(|ticket| head(&mut reader, *ticket)).collect();
    assert_eq!(heads.iter().filter(|head| **head == 1).count(), SHARED_BY_MAX as usize - 1);
    assert_eq!(heads.last(), Some(&2));
}

#[test]
fn a_refusal_is_an_answer_and_leaves_the_transaction_open() {
    let folder = tempfile::tempdir().unwrap();
    let (_conn, mut reader, tickets) = store(folder.path());
    reader.take_up(tickets.draw());
    let refused = Failure::Refused(factum_core::Refusal::TenantRequired);
    assert!(reader.in_transaction(|_| Err::<(), _>(refused)).is_err());
    assert!(!reader.conn.is_autocommit());
    reader.end();
    assert!(reader.conn.is_autocommit());
}

//! Whose fault a failed statement of a view is, and what may be said of it.

use tokio_postgres::Error;
use tokio_postgres::error::DbError;

use crate::error::Failure;

/// A failed statement.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The statement's, in words that hold no values.
    Statement(String),
    /// The server's, or the connection's.
    Store(Failure),
}

/// Classes of codes that say nothing about the statement: connections, transactions that met,
/// resources, operators, the system.
const STORE_CLASSES: [&str; 8] = ["08", "40", "53", "57", "58", "F0", "XX", "28"];
/// Further codes of that sort: a lock that took too long, and a server that takes no writes.
/// And statements that a pooler has prepared, or not, in another session.
const STORE_CODES: [&str; 4] = ["55P03", READ_ONLY, "26000", "42P05"];
/// What writing meets where nothing may be written.
const READ_ONLY: &str = "25006";

impl Fault {
    /// The fault of an error. In a transaction that only reads, writing is the statement's.
    pub(crate) fn new(error: Error, read_only: bool) -> Self {
        let Some(db) = error.as_db_error() else { return Self::Store(error.into()) };
        let code = db.code().code();
        if read_only && code == READ_ONLY {
            return Self::Statement(said(db));
        }
        // Too few values or too many, where nobody knew how many there must be.
        if db.routine() == Some("exec_bind_message") {
            return Self::Statement(said(db));
        }
        // A statement that was prepared before its tables changed is prepared anew next time.
        let outdated = db.routine() == Some("RevalidateCachedQuery");
        if outdated || STORE_CLASSES.contains(&&code[..2]) || STORE_CODES.contains(&code) {
            return Self::Store(error.into());
        }
        Self::Statement(said(db))
    }
}

/// The code, and what of the server's words repeats no values: names, and what it says of the
/// statement's text.
fn said(error: &DbError) -> String {
    let code = error.code().code();
    let mut said = format!("the server refused the statement ({code}");
    // What is wrong with a text or a name shows both; what is wrong with values shows values.
    if matches!(&code[..2], "08" | "42" | "0A" | "25" | "3F" | "26") {
        said.push_str(": ");
        said.push_str(error.message());
    }
    said.push(')');
    let names = [
        ("constraint", error.constraint()),
        ("table", error.table()),
        ("column", error.column()),
        ("type", error.datatype()),
    ];
    for (what, name) in names {
        if let Some(name) = name {
            said.extend([", ", what, " ", name]);
        }
    }
    said
}

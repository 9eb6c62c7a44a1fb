//! What each error code of PostgreSQL means to the caller, when a statement of the store's own meets it,
//! or when the server refuses the session.
//!
//! The store's statements are fixed and fit its format, so one that the server does not understand, or
//! a constraint that does not hold, says that the schema is not what its format says.

use factum_core::StoreErrorKind as Kind;

/// What the caller is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meaning {
    pub(crate) kind: Kind,
    pub(crate) words: &'static str,
    pub(crate) advice: Option<&'static str>,
}

const fn means(kind: Kind, words: &'static str) -> Meaning {
    Meaning { kind, words, advice: None }
}

const fn advised(kind: Kind, words: &'static str, advice: &'static str) -> Meaning {
    Meaning { kind, words, advice: Some(advice) }
}

/// The advice for statements that belong to another session.
pub(crate) const POOLER: &str = "a pooler stands in between that hands each transaction to another \
     session; add prepare=false to the address";

/// The meaning of a code.
pub(crate) fn meaning(code: &str) -> Meaning {
    exactly(code).unwrap_or_else(|| class(code.get(..2).unwrap_or_default()))
}

/// Codes that mean something else than the rest of their class.
const CODES: &[(&[&str], Meaning)] = &[
    (&["08P01"], means(Kind::Unavailable, "the connection broke, or a pooler lost its server")),
    (&["22021", "22P05"], means(Kind::Invalid, "the server cannot store a text")),
    (&["25000"], means(Kind::Invalid, "the transaction is of another kind")),
    (&["25001"], means(Kind::Invalid, "the transaction has begun already")),
    (
        &["25002", "25003", "25004", "25005", "25007", "25008", "25P01"],
        means(Kind::Failed, "the server refused a transaction of the store"),
    ),
    (
        &["25006"],
        advised(
            Kind::Denied,
            "permission denied: the server takes no writes, it is a standby or read-only",
            "to write, connect to the primary server",
        ),
    ),
    (
        &["25P02"],
        means(Kind::Invalid, "the transaction has failed before; nothing of it is stored"),
    ),
    (&["25P03"], means(Kind::Unavailable, "the transaction was idle for too long")),
    (
        &["25P04"],
        advised(
            Kind::TimedOut,
            "the transaction took longer than the server allows",
            "raise transaction_timeout for this role or database",
        ),
    ),
    (
        &["26000", "42P05"],
        advised(Kind::Misconfigured, "prepared statements belong to another session", POOLER),
    ),
    (
        &["28P01"],
        advised(
            Kind::Denied,
            "permission denied: wrong password",
            "check the user name and the password; in an address, @ : / ? # % of a password are \
             written %40 %3A %2F %3F %23 %25",
        ),
    ),
    (
        &["3D000", "57P04"],
        advised(
            Kind::Misconfigured,
            "the database does not exist",
            "make the database, or correct its name in the address",
        ),
    ),
    (
        &["3F000", "42P01", "42883", "42703", "42P02", "42704"],
        means(Kind::Incompatible, "the schema holds no Factum store of this format"),
    ),
    (&["40002"], TWICE),
    (
        &["42501"],
        advised(
            Kind::Denied,
            "permission denied",
            "grant the role what the page of the PostgreSQL store lists under Roles",
        ),
    ),
    (&["42602", "42622", "42939"], means(Kind::Invalid, "the server refuses the name")),
    (
        &["42P06", "42P07", "42710", "42723"],
        means(Kind::Incompatible, "the schema holds something else under a name of the store"),
    ),
    (
        &["53100"],
        advised(Kind::StorageFull, "the server's disk is full", "make room on the server's disk"),
    ),
    (
        &["53300"],
        advised(
            Kind::Unavailable,
            "the server has too many connections",
            "lower connections_max, or raise max_connections of the server",
        ),
    ),
    (&["53400"], means(Kind::LimitExceeded, "a limit of the server is exceeded")),
    (&["55006"], means(Kind::Unavailable, "something is in use by others")),
    (
        &["55P02"],
        advised(
            Kind::Misconfigured,
            "the server or a pooler refuses a setting of the session",
            POOLER,
        ),
    ),
    (&["55P03"], means(Kind::Unavailable, "the log was held by others for too long")),
    (
        &["57014"],
        advised(
            Kind::TimedOut,
            "the server stopped the statement: it took longer than statement_timeout allows, or \
             somebody cancelled it",
            "if it comes again, raise statement_timeout for this role or database",
        ),
    ),
    (&["58P01"], means(Kind::Corrupt, "a file of the server is missing")),
    (&["72000"], means(Kind::Unavailable, "what was read is gone; read again")),
    (&["F0000"], means(Kind::Misconfigured, "the server's configuration is wrong")),
    (&["P0002", "P0003"], TWICE),
    (&["XX001", "XX002"], means(Kind::Corrupt, "tables of the server are damaged")),
];

fn exactly(code: &str) -> Option<Meaning> {
    CODES.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, meaning)| *meaning)
}

const TWICE: Meaning = means(
    Kind::Corrupt,
    "the tables contradict each other: they are damaged, or something else writes to them",
);

fn class(class: &str) -> Meaning {
    match class {
        "08" => means(Kind::Unavailable, "the connection broke"),
        "0A" => means(Kind::Unsupported, "the server does not have a feature that the store needs"),
        "0L" | "0P" | "28" => {
            means(Kind::Denied, "permission denied: the server does not let this account in")
        }
        "21" | "23" | "44" => TWICE,
        "22" => means(Kind::Invalid, "the server cannot take a value"),
        "40" => means(Kind::Unavailable, "another transaction was in the way"),
        "53" => means(Kind::Unavailable, "the server is short of resources"),
        "54" => means(Kind::LimitExceeded, "the request exceeds a limit of the server"),
        "57" => means(Kind::Unavailable, "the server starts, stops or was told to stop this"),
        "58" => advised(
            Kind::Failed,
            "the server failed: an I/O error or an error of its system",
            "check the server's disk and log",
        ),
        _ => advised(
            Kind::Failed,
            "the server failed, or refused a statement of the store",
            "check the server's log",
        ),
    }
}

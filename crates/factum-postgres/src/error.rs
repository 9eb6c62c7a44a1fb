//! How PostgreSQL's errors become the contract's, in one place.

use std::time::Duration;

use factum_core::{AppendError, Refusal, StoreError, StoreErrorKind};
use tokio_postgres::error::{DbError, Severity, SqlState};

/// A failure inside this crate, before it is known whether it happened in a read or an append.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server or the connection to it said no.
    Postgres(tokio_postgres::Error),
    /// No connection could be had; nothing was sent.
    NoConnection(String),
    /// No answer came in time.
    NoAnswer(Duration),
    /// Stored values contradict each other; names the place.
    Corrupt(String),
    /// The event at this position differs from its checksum.
    Damaged(i64),
    /// A read was refused.
    Refused(Refusal),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Failure {
    /// Whether the connection is to blame, so that the same read may go well on another one.
    pub(crate) fn is_connection(&self) -> bool {
        match self {
            Self::Postgres(error) => error.as_db_error().is_none_or(ends_session),
            _ => false,
        }
    }

    /// Whether the log was held by others for longer than an append waits.
    pub(crate) fn is_lock_timeout(&self) -> bool {
        matches!(self, Self::Postgres(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE))
    }

    /// Whether one request of a group may be to blame, by what it holds.
    pub(crate) fn blames_a_request(&self) -> bool {
        let Self::Postgres(error) = self else { return false };
        let class = error.code().map_or("", |code| &code.code()[..2]);
        ["22", "23", "54", "XX"].contains(&class) || error.code() == Some(&SqlState::QUERY_CANCELED)
    }

    /// Whether trying again changes nothing: the server answered, and will not have us.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Postgres(error) => error.as_db_error().is_some_and(|it| {
                // Too many sessions, a server that starts or stops: that passes.
                !ends_session(it) && !it.code().code().starts_with("53")
            }),
            _ => false,
        }
    }

    /// Whether a write after which this came may be stored all the same.
    ///
    /// An error that the server names came before the commit and rolled it back, unless it ended
    /// the session: then the commit may have come first.
    fn leaves_doubt(&self) -> bool {
        self.is_connection() || matches!(self, Self::NoAnswer(_))
    }

    /// The failure of an operation that stores nothing, or of one that can simply be repeated.
    pub(crate) fn into_store_error(self, operation: &'static str) -> StoreError {
        match self {
            Self::Postgres(error) => {
                // The driver's own error is not handed on: it shows the values of the row it is about.
                let (kind, message) = described(&error);
                StoreError::new(kind, operation, message)
            }
            Self::NoConnection(message) => {
                StoreError::new(StoreErrorKind::Unavailable, operation, message)
            }
            Self::NoAnswer(waited) => StoreError::new(
                StoreErrorKind::Unavailable,
                operation,
                format!("expected an answer of the server, found none within {waited:?}"),
            ),
            Self::Corrupt(message) => StoreError::new(StoreErrorKind::Corrupt, operation, message),
            Self::Damaged(position) => {
                let message = format!("the event at position {position} differs from its checksum");
                StoreError::new(StoreErrorKind::Corrupt, operation, message)
            }
            Self::Refused(refusal) => StoreError::refused(operation, &refusal),
        }
    }

    /// The failure of a write that had been sent to the server.
    pub(crate) fn into_write_error(self, operation: &'static str) -> StoreError {
        if !self.leaves_doubt() {
            return self.into_store_error(operation);
        }
        let cause = self.into_store_error(operation);
        let message =
            format!("the answer was lost, what was written may be stored ({})", cause.message());
        StoreError::new(StoreErrorKind::OutcomeUnknown, operation, message).with_source(cause)
    }

    /// The failure of an append that had been sent to the server.
    pub(crate) fn into_append_error(self) -> AppendError {
        match self {
            Self::Refused(refusal) => refusal.into(),
            other => other.into_write_error("append").into(),
        }
    }
}

/// Whether the server ends the session with this error, whatever it was doing: it may have come after
/// the commit.
fn ends_session(error: &DbError) -> bool {
    let fatal = matches!(error.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
    let code = error.code();
    // Poolers answer a violation of the protocol when they lost their server.
    let broken = *code == SqlState::PROTOCOL_VIOLATION || code.code().starts_with("08");
    fatal && !refuses_session(code) || broken
}

/// Errors with which the server refuses a session before it begins.
fn refuses_session(code: &SqlState) -> bool {
    code.code().starts_with("28") || ["3D000", "53300", "42501"].contains(&code.code())
}

/// What a failure after which nothing has changed means to the caller.
fn described(error: &tokio_postgres::Error) -> (StoreErrorKind, String) {
    let Some(db) = error.as_db_error() else {
        let cause = std::error::Error::source(error).map_or(String::new(), |it| format!(": {it}"));
        return (StoreErrorKind::Unavailable, format!("the connection failed ({error}{cause})"));
    };
    let (kind, expected) = meaning(db.code());
    (kind, format!("{expected} ({}: {})", db.code().code(), said(db)))
}

/// The server's own words; never the detail, which may repeat stored values.
fn said(error: &DbError) -> &str {
    error.message()
}

fn meaning(code: &SqlState) -> (StoreErrorKind, &'static str) {
    match code.code() {
        "55P03" => {
            (StoreErrorKind::Unavailable, "expected the log free, found it held for too long")
        }
        "53100" => {
            (StoreErrorKind::StorageFull, "expected room for the write, found the disk full")
        }
        "42501" => (StoreErrorKind::Denied, "expected permission for this, found none"),
        "28000" | "28P01" => (StoreErrorKind::Denied, "expected to be let in, was refused"),
        "25006" => (
            StoreErrorKind::Unavailable,
            "expected a server that takes writes, found a read-only one",
        ),
        "25000" => (StoreErrorKind::Invalid, "expected another kind of transaction"),
        "25P02" => (
            StoreErrorKind::Invalid,
            "expected an open transaction, found one that had failed; nothing of it is stored",
        ),
        "3D000" => (StoreErrorKind::Invalid, "expected a database of this name, found none"),
        "3F000" | "42P01" | "42883" => {
            (StoreErrorKind::Incompatible, "expected a Factum store in the schema, found none")
        }
        "XX001" | "XX002" => (StoreErrorKind::Corrupt, "expected sound tables, found them damaged"),
        "23505" => (
            StoreErrorKind::Corrupt,
            "expected places that are free, found them taken; something else writes to the tables",
        ),
        "54000" | "54001" | "54011" | "54023" => {
            (StoreErrorKind::LimitExceeded, "expected a request within the server's limits")
        }
        _ => (StoreErrorKind::Unavailable, "the server failed"),
    }
}

/// The answer when the store's own tasks are gone.
pub(crate) fn closed(kind: StoreErrorKind, operation: &'static str) -> StoreError {
    StoreError::new(kind, operation, "the store was closed before it answered")
}

/// The same failure again, for the next request of a group.
pub(crate) fn copy(error: &StoreError) -> StoreError {
    StoreError::new(error.kind(), error.operation(), error.message())
}

//! How PostgreSQL's errors become the contract's, in one place.

use std::time::Duration;

use factum_core::{AppendError, Refusal, StoreError, StoreErrorKind};
use tokio_postgres::error::{DbError, Severity, SqlState};

use crate::place::Place;

pub(crate) mod codes;
mod driver;

use codes::meaning;

/// A failure inside this crate, before it is known whether it happened in a read or an append.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server or the connection to it said no.
    Postgres(tokio_postgres::Error),
    /// The same with where that was.
    At(tokio_postgres::Error, Place),
    /// No connection could be had; nothing was sent.
    NoConnection(StoreErrorKind, String, Option<&'static str>),
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
    /// The same failure with where it happened.
    pub(crate) fn at(self, place: &Place) -> Self {
        match self {
            Self::Postgres(error) => Self::At(error, place.clone()),
            other => other,
        }
    }

    /// A failure to connect: what the server says, or that there is none.
    pub(crate) fn to_connect(error: tokio_postgres::Error, place: &Place) -> Self {
        if error.as_db_error().is_some() {
            return Self::At(error, place.clone());
        }
        let told = driver::told(&error);
        let message = format!("could not connect to {}: {}", place.hosts(), told.message);
        Self::NoConnection(told.kind, message, told.advice)
    }

    /// No connection in time, which may pass.
    pub(crate) fn not_connected(message: impl Into<String>) -> Self {
        Self::NoConnection(StoreErrorKind::Unavailable, message.into(), None)
    }

    fn postgres(&self) -> Option<&tokio_postgres::Error> {
        match self {
            Self::Postgres(error) | Self::At(error, _) => Some(error),
            _ => None,
        }
    }

    /// Whether the connection is to blame, so that the same read may go well on another one.
    pub(crate) fn is_connection(&self) -> bool {
        self.postgres().is_some_and(|error| error.as_db_error().is_none_or(ends_session))
    }

    /// Whether a statement was prepared for tables that have changed since: on a connection that is
    /// new it goes well.
    pub(crate) fn is_outdated(&self) -> bool {
        let db = self.postgres().and_then(tokio_postgres::Error::as_db_error);
        db.is_some_and(|it| it.routine() == Some("RevalidateCachedQuery"))
    }

    /// Whether the log was held by others for longer than an append waits.
    pub(crate) fn is_lock_timeout(&self) -> bool {
        let code = self.postgres().and_then(tokio_postgres::Error::code);
        code == Some(&SqlState::LOCK_NOT_AVAILABLE)
    }

    /// Whether one request of a group may be to blame, by what it holds.
    pub(crate) fn blames_a_request(&self) -> bool {
        let Some(error) = self.postgres() else { return false };
        let class = error.code().map_or("", |code| &code.code()[..2]);
        ["22", "23", "54", "XX"].contains(&class) || error.code() == Some(&SqlState::QUERY_CANCELED)
    }

    /// Whether trying again changes nothing: the server answered, and will not have us.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::NoConnection(kind, ..) => *kind != StoreErrorKind::Unavailable,
            _ => self.postgres().and_then(tokio_postgres::Error::as_db_error).is_some_and(|it| {
                // Too many sessions, a server that starts or stops: that passes.
                !ends_session(it) && !it.code().code().starts_with("53")
            }),
        }
    }

    /// Whether a write after which this came may be stored all the same.
    ///
    /// An error that the server names came before the commit and rolled it back, unless it ended
    /// the session: then the commit may have come first.
    fn leaves_doubt(&self) -> bool {
        let code = self.postgres().and_then(tokio_postgres::Error::code);
        let untold = code == Some(&SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN);
        self.is_connection() || untold || matches!(self, Self::NoAnswer(_))
    }

    /// The failure of an operation that stores nothing, or of one that can simply be repeated.
    pub(crate) fn into_store_error(self, operation: &'static str) -> StoreError {
        match self {
            // The driver's own error is not handed on: it shows the values of the row it is about.
            Self::Postgres(error) => described(operation, &error, None),
            Self::At(error, place) => described(operation, &error, Some(&place)),
            Self::NoConnection(kind, message, advice) => {
                StoreError::new(kind, operation, message).with_advice(advice)
            }
            Self::NoAnswer(waited) => StoreError::new(
                StoreErrorKind::Unavailable,
                operation,
                format!("the server did not answer within {waited:?}"),
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
fn described(
    operation: &'static str,
    error: &tokio_postgres::Error,
    place: Option<&Place>,
) -> StoreError {
    let at = place.map_or(String::new(), |place| format!("; {place}"));
    let Some(db) = error.as_db_error() else {
        let told = driver::told(error);
        let message = match place {
            Some(place) => format!("{} ({place})", told.message),
            None => told.message,
        };
        return StoreError::new(told.kind, operation, message).with_advice(told.advice);
    };
    let (meaning, code) = (meaning(db.code().code()), db.code().code());
    let (mut kind, mut advice) = (meaning.kind, meaning.advice);
    if db.routine() == Some("RevalidateCachedQuery") {
        kind = StoreErrorKind::Unavailable;
    }
    // The server asks for encryption, in the only words it has for that.
    let unencrypted = ["no encryption", "SSL off"].iter().any(|it| db.message().contains(it));
    if code == "28000" && unencrypted {
        kind = StoreErrorKind::Misconfigured;
        advice = Some("the server may ask for an encrypted connection: add sslmode=require");
    }
    // What is said of values may repeat them; the detail, which does so as well, is never told.
    let said = if code.starts_with("22") { "" } else { db.message() };
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    let message = format!("{} ({code}{said}{at})", meaning.words);
    StoreError::new(kind, operation, message).with_advice(advice)
}

/// The failure of a step of opening, with where the store was to be.
pub(crate) fn placed(error: &StoreError, place: &Place) -> StoreError {
    let message = format!("{} ({place})", error.message());
    StoreError::new(error.kind(), error.operation(), message).with_advice(error.advice())
}

/// The answer when the store's own tasks are gone.
pub(crate) fn closed(kind: StoreErrorKind, operation: &'static str) -> StoreError {
    StoreError::new(kind, operation, "the store was closed before it answered")
}

#[cfg(test)]
mod tests;

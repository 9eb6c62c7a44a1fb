//! How SQLite's errors become the contract's, in one place.

use factum_core::{AppendError, Refusal, StoreError, StoreErrorKind};
use rusqlite::ErrorCode;

/// A failure inside this crate, before it is known whether it happened in a read or an append.
#[derive(Debug)]
pub(crate) enum Failure {
    /// SQLite said no.
    Sqlite(rusqlite::Error),
    /// Stored bytes contradict each other; names the place.
    Corrupt(String),
    /// A guard or a limit said no.
    Append(AppendError),
    /// A read was refused.
    Refused(Refusal),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        Self::Append(error)
    }
}

impl From<factum_core::Conflict> for Failure {
    fn from(conflict: factum_core::Conflict) -> Self {
        Self::Append(conflict.into())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Failure {
    /// What the contract's own judgement refuses; nothing was written.
    pub(crate) fn judged(error: StoreError) -> Self {
        Self::Append(error.into())
    }

    /// The failure of an operation that appends nothing.
    pub(crate) fn into_store_error(self, operation: &'static str) -> StoreError {
        match self {
            Self::Sqlite(error) => failed(operation, error),
            Self::Corrupt(message) => StoreError::new(StoreErrorKind::Corrupt, operation, message),
            Self::Refused(refusal) | Self::Append(AppendError::Refused(refusal)) => {
                StoreError::refused(operation, &refusal)
            }
            Self::Append(AppendError::Store(error)) => error,
            Self::Append(other) => {
                StoreError::new(StoreErrorKind::Invalid, operation, other.to_string())
            }
        }
    }

    /// The failure of an append that stored nothing.
    pub(crate) fn into_append_error(self) -> AppendError {
        match self {
            Self::Append(error) => error,
            Self::Refused(refusal) => refusal.into(),
            other => other.into_store_error("append").into(),
        }
    }
}

/// A failure of `operation` after which nothing has changed.
pub(crate) fn failed(operation: &'static str, error: rusqlite::Error) -> StoreError {
    let (kind, message) = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (StoreErrorKind::Unavailable, "expected the file free, found it busy for too long")
        }
        Some(ErrorCode::DiskFull) => {
            (StoreErrorKind::StorageFull, "expected room for the write, found the storage full")
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            (StoreErrorKind::Corrupt, "expected a sound file, found its pages damaged")
        }
        Some(ErrorCode::NotADatabase) => {
            (StoreErrorKind::Incompatible, "expected a Factum store, found another kind of file")
        }
        Some(
            ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly
            | ErrorCode::AuthorizationForStatementDenied,
        ) => (StoreErrorKind::Denied, "expected permission to use the file, found none"),
        Some(ErrorCode::CannotOpen) => {
            (StoreErrorKind::Denied, "expected a file that can be opened, found none")
        }
        _ => (StoreErrorKind::Unavailable, "SQLite failed"),
    };
    StoreError::new(kind, operation, format!("{message} ({error})")).with_source(error)
}

/// A failure of the commit itself.
///
/// Only where SQLite says that it gave up before the commit record is the outcome known.
pub(crate) fn commit_failed(error: rusqlite::Error) -> StoreError {
    let failure = failed("append", error);
    match failure.kind() {
        StoreErrorKind::StorageFull => failure,
        _ => StoreError::new(
            StoreErrorKind::OutcomeUnknown,
            "append",
            "the commit failed; what was written may be stored",
        )
        .with_source(failure),
    }
}

/// The answer when a thread of the store is gone.
pub(crate) fn closed(kind: StoreErrorKind, operation: &'static str) -> StoreError {
    StoreError::new(kind, operation, "the store was closed before it answered")
}

/// Why a statement of a view failed.
#[derive(Debug)]
pub(crate) enum StatementFailure {
    /// It is wrong, or a constraint does not hold; in words that repeat no values.
    Statement(String),
    /// SQLite could not do its work.
    Store(rusqlite::Error),
}

impl StatementFailure {
    /// The failure of a statement that was not yet run: the words are about its text.
    pub(crate) fn prepared(error: rusqlite::Error, denied: Option<String>) -> Self {
        Self::new(error, denied, |_, message| message)
    }

    /// The failure of a statement with its values: the words may repeat one, in quotes or after a
    /// colon, unless they name the constraint.
    pub(crate) fn ran(error: rusqlite::Error, denied: Option<String>) -> Self {
        Self::new(error, denied, |code, mut message| {
            if code != ErrorCode::ConstraintViolation {
                let end = message.find([':', '\'', '"', '`']).unwrap_or(message.len());
                message.truncate(end);
            }
            message
        })
    }

    fn new(
        error: rusqlite::Error,
        denied: Option<String>,
        safe: impl FnOnce(ErrorCode, String) -> String,
    ) -> Self {
        use ErrorCode as It;
        let (code, message) = match error {
            rusqlite::Error::SqlInputError { error, msg, .. } => (error.code, msg),
            rusqlite::Error::SqliteFailure(error, Some(message)) => (error.code, message),
            rusqlite::Error::MultipleStatement => {
                return Self::Statement("expected one statement, found several".into());
            }
            other => return Self::of_library(other),
        };
        match code {
            It::AuthorizationForStatementDenied => Self::Statement(denied.unwrap_or(message)),
            It::ConstraintViolation
            | It::TypeMismatch
            | It::TooBig
            | It::ApiMisuse
            | It::SchemaChanged
            | It::ParameterOutOfRange
            | It::OperationAborted
            | It::Unknown => Self::Statement(safe(code, message)),
            _ => {
                let error = rusqlite::ffi::Error { code, extended_code: 0 };
                Self::Store(rusqlite::Error::SqliteFailure(error, Some(message)))
            }
        }
    }

    /// Without words of SQLite's; the library's own may quote the statement or its values.
    fn of_library(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(_) => Self::Store(error),
            None => Self::Statement("expected a statement that can be prepared, found none".into()),
        }
    }
}

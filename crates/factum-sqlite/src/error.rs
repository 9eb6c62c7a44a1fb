//! How SQLite's errors become the contract's, in one place.

use factum_core::{AppendError, Refusal, StoreError, StoreErrorKind};
use rusqlite::ErrorCode;

mod codes;

use codes::{Doing, meaning};

/// A failure inside this crate, before it is known whether it happened in a read or an append.
#[derive(Debug)]
pub(crate) enum Failure {
    /// SQLite said no.
    Sqlite(rusqlite::Error),
    /// SQLite said no to a commit.
    Commit(rusqlite::Error),
    /// Stored bytes contradict each other; names the place.
    Corrupt(String),
    /// Another program began to change the file while it was read.
    ChangedMeanwhile,
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

    /// Whether there is no room for what was to be written.
    pub(crate) fn is_full(&self) -> bool {
        let kind = match self {
            Self::Sqlite(error) => told(error, Doing::Write).0,
            Self::Commit(error) => told(error, Doing::Commit).0,
            Self::Append(AppendError::Store(error)) => error.kind(),
            _ => return false,
        };
        kind == StoreErrorKind::StorageFull
    }

    /// The failure of a read.
    pub(crate) fn into_store_error(self, operation: &'static str) -> StoreError {
        self.into_error(operation, Doing::Read)
    }

    /// The failure of a write.
    pub(crate) fn into_write_error(self, operation: &'static str) -> StoreError {
        self.into_error(operation, Doing::Write)
    }

    fn into_error(self, operation: &'static str, doing: Doing) -> StoreError {
        match self {
            Self::Sqlite(error) => of_sqlite(operation, &error, doing),
            Self::Commit(error) => of_sqlite(operation, &error, Doing::Commit),
            Self::Corrupt(message) => StoreError::new(StoreErrorKind::Corrupt, operation, message),
            Self::ChangedMeanwhile => {
                let message = "another program changed the file while it was read; read again";
                StoreError::new(StoreErrorKind::Unavailable, operation, message)
            }
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
            other => other.into_write_error("append").into(),
        }
    }
}

/// A failure of `operation` after which nothing has changed.
pub(crate) fn failed(operation: &'static str, error: &rusqlite::Error) -> StoreError {
    of_sqlite(operation, error, Doing::Write)
}

fn of_sqlite(operation: &'static str, error: &rusqlite::Error, doing: Doing) -> StoreError {
    let (kind, message, advice) = told(error, doing);
    let told = StoreError::new(kind, operation, message).with_advice(advice);
    // The library's own error repeats the statement.
    match code_of(error) {
        Some(code) => told.with_source(code),
        None => told,
    }
}

fn code_of(error: &rusqlite::Error) -> Option<rusqlite::ffi::Error> {
    match error {
        rusqlite::Error::SqlInputError { error, .. } => Some(*error),
        other => other.sqlite_error().copied(),
    }
}

/// What the caller is told of an error: never the statement, nor a value.
fn told(error: &rusqlite::Error, doing: Doing) -> (StoreErrorKind, String, Option<&'static str>) {
    use rusqlite::Error as It;
    if let Some(error) = code_of(error) {
        let code = error.extended_code;
        let meaning = meaning(code, doing);
        let said = rusqlite::ffi::code_to_str(code);
        let message = format!("{} (SQLite {code}: {said})", meaning.words);
        return (meaning.kind, message, meaning.advice);
    }
    let (kind, message) = match error {
        It::FromSqlConversionFailure(column, ..)
        | It::IntegralValueOutOfRange(column, _)
        | It::Utf8Error(column, _)
        | It::InvalidColumnType(column, ..)
        | It::InvalidColumnIndex(column) => (
            StoreErrorKind::Corrupt,
            format!("the file is damaged: column {column} of a row holds what it cannot hold"),
        ),
        It::QueryReturnedNoRows => {
            (StoreErrorKind::Corrupt, "the file is damaged: a row is missing".into())
        }
        It::QueryReturnedMoreThanOneRow | It::StatementChangedRows(_) => {
            (StoreErrorKind::Corrupt, "the file is damaged: a row is there twice".into())
        }
        It::InvalidPath(_) => (StoreErrorKind::Invalid, "the path of the file is not UTF-8".into()),
        It::NulError(_) | It::ToSqlConversionFailure(_) => {
            (StoreErrorKind::Invalid, "a value cannot be stored".into())
        }
        _ => {
            (StoreErrorKind::Failed, "SQLite refused to go on, which is a defect of Factum".into())
        }
    };
    (kind, message, None)
}

/// The failure of a step of opening, with the file.
pub(crate) fn placed(error: &StoreError, path: &std::path::Path) -> StoreError {
    let message = format!("{} ({})", error.message(), path.display());
    StoreError::new(error.kind(), error.operation(), message).with_advice(error.advice())
}

/// The answer to whoever wants to write to a file that may only be read.
pub(crate) fn read_only(path: &std::path::Path) -> StoreError {
    let meaning = meaning(rusqlite::ffi::SQLITE_READONLY, Doing::Write);
    let message = format!("{} ({})", meaning.words, path.display());
    StoreError::new(meaning.kind, "append", message).with_advice(meaning.advice)
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
        let (error, message) = match error {
            rusqlite::Error::SqlInputError { error, msg, .. } => (error, msg),
            rusqlite::Error::SqliteFailure(error, Some(message)) => (error, message),
            rusqlite::Error::MultipleStatement => {
                return Self::Statement("expected one statement, found several".into());
            }
            other => return Self::of_library(other),
        };
        match error.code {
            It::AuthorizationForStatementDenied => Self::Statement(denied.unwrap_or(message)),
            It::ConstraintViolation
            | It::TypeMismatch
            | It::TooBig
            | It::ApiMisuse
            | It::SchemaChanged
            | It::ParameterOutOfRange
            | It::OperationAborted
            | It::Unknown => Self::Statement(safe(error.code, message)),
            _ => Self::Store(rusqlite::Error::SqliteFailure(error, Some(message))),
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

#[cfg(test)]
mod tests;

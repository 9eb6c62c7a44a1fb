//! Every result code of SQLite and every error of its library, with what the caller is told.

use factum_core::StoreErrorKind::{
    self, Corrupt, Denied, Failed, Invalid, LimitExceeded, OutcomeUnknown, StorageFull, Unavailable,
};
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Error, ffi as code};

use super::codes::{Doing, meaning};
use super::{Failure, failed};

/// Codes with their kind in a read, in a write and in a commit.
const CODES: &[([StoreErrorKind; 3], &[i32])] = &[
    (
        [Corrupt, Corrupt, OutcomeUnknown],
        &[
            code::SQLITE_ERROR,
            code::SQLITE_CORRUPT,
            code::SQLITE_CONSTRAINT,
            code::SQLITE_MISMATCH,
            code::SQLITE_FORMAT,
            code::SQLITE_NOTADB,
            code::SQLITE_ERROR_MISSING_COLLSEQ,
            code::SQLITE_IOERR_SHORT_READ,
            code::SQLITE_IOERR_DATA,
            code::SQLITE_IOERR_CORRUPTFS,
            code::SQLITE_IOERR_BADKEY,
            code::SQLITE_IOERR_CODEC,
            code::SQLITE_CORRUPT_VTAB,
            code::SQLITE_CORRUPT_SEQUENCE,
            code::SQLITE_CORRUPT_INDEX,
            code::SQLITE_CONSTRAINT_CHECK,
            code::SQLITE_CONSTRAINT_COMMITHOOK,
            code::SQLITE_CONSTRAINT_FOREIGNKEY,
            code::SQLITE_CONSTRAINT_FUNCTION,
            code::SQLITE_CONSTRAINT_NOTNULL,
            code::SQLITE_CONSTRAINT_PRIMARYKEY,
            code::SQLITE_CONSTRAINT_TRIGGER,
            code::SQLITE_CONSTRAINT_UNIQUE,
            code::SQLITE_CONSTRAINT_VTAB,
            code::SQLITE_CONSTRAINT_ROWID,
            code::SQLITE_CONSTRAINT_PINNED,
            code::SQLITE_CONSTRAINT_DATATYPE,
        ],
    ),
    (
        [Failed, Failed, OutcomeUnknown],
        &[
            code::SQLITE_INTERNAL,
            code::SQLITE_ABORT,
            code::SQLITE_NOMEM,
            code::SQLITE_INTERRUPT,
            code::SQLITE_IOERR,
            code::SQLITE_NOTFOUND,
            code::SQLITE_EMPTY,
            code::SQLITE_MISUSE,
            code::SQLITE_NOLFS,
            code::SQLITE_RANGE,
            code::SQLITE_NOTICE,
            code::SQLITE_WARNING,
            code::SQLITE_ROW,
            code::SQLITE_DONE,
            code::SQLITE_ERROR_RESERVESIZE,
            code::SQLITE_ERROR_KEY,
            code::SQLITE_ERROR_UNABLE,
            code::SQLITE_IOERR_READ,
            code::SQLITE_IOERR_WRITE,
            code::SQLITE_IOERR_FSYNC,
            code::SQLITE_IOERR_DIR_FSYNC,
            code::SQLITE_IOERR_TRUNCATE,
            code::SQLITE_IOERR_FSTAT,
            code::SQLITE_IOERR_UNLOCK,
            code::SQLITE_IOERR_RDLOCK,
            code::SQLITE_IOERR_DELETE,
            code::SQLITE_IOERR_BLOCKED,
            code::SQLITE_IOERR_NOMEM,
            code::SQLITE_IOERR_ACCESS,
            code::SQLITE_IOERR_CHECKRESERVEDLOCK,
            code::SQLITE_IOERR_LOCK,
            code::SQLITE_IOERR_CLOSE,
            code::SQLITE_IOERR_DIR_CLOSE,
            code::SQLITE_IOERR_SHMOPEN,
            code::SQLITE_IOERR_SHMLOCK,
            code::SQLITE_IOERR_SHMMAP,
            code::SQLITE_IOERR_SEEK,
            code::SQLITE_IOERR_DELETE_NOENT,
            code::SQLITE_IOERR_MMAP,
            code::SQLITE_IOERR_GETTEMPPATH,
            code::SQLITE_IOERR_CONVPATH,
            code::SQLITE_IOERR_VNODE,
            code::SQLITE_IOERR_AUTH,
            code::SQLITE_IOERR_BEGIN_ATOMIC,
            code::SQLITE_IOERR_COMMIT_ATOMIC,
            code::SQLITE_IOERR_ROLLBACK_ATOMIC,
            code::SQLITE_IOERR_IN_PAGE,
            code::SQLITE_CANTOPEN_NOTEMPDIR,
            code::SQLITE_READONLY_DBMOVED,
            code::SQLITE_ABORT_ROLLBACK,
            code::SQLITE_NOTICE_RECOVER_WAL,
            code::SQLITE_NOTICE_RECOVER_ROLLBACK,
            code::SQLITE_NOTICE_RBU,
            code::SQLITE_WARNING_AUTOINDEX,
        ],
    ),
    (
        [Denied, Denied, Denied],
        &[
            code::SQLITE_PERM,
            code::SQLITE_READONLY,
            code::SQLITE_CANTOPEN,
            code::SQLITE_AUTH,
            code::SQLITE_CANTOPEN_DIRTYWAL,
            code::SQLITE_READONLY_RECOVERY,
            code::SQLITE_READONLY_CANTLOCK,
            code::SQLITE_READONLY_ROLLBACK,
            code::SQLITE_READONLY_CANTINIT,
            code::SQLITE_READONLY_DIRECTORY,
            code::SQLITE_AUTH_USER,
        ],
    ),
    (
        [Unavailable, Unavailable, Unavailable],
        &[
            code::SQLITE_BUSY,
            code::SQLITE_LOCKED,
            code::SQLITE_PROTOCOL,
            code::SQLITE_SCHEMA,
            code::SQLITE_ERROR_RETRY,
            code::SQLITE_ERROR_SNAPSHOT,
            code::SQLITE_LOCKED_SHAREDCACHE,
            code::SQLITE_LOCKED_VTAB,
            code::SQLITE_BUSY_RECOVERY,
            code::SQLITE_BUSY_SNAPSHOT,
            code::SQLITE_BUSY_TIMEOUT,
        ],
    ),
    ([StorageFull, StorageFull, StorageFull], &[code::SQLITE_FULL, code::SQLITE_IOERR_SHMSIZE]),
    ([Corrupt, LimitExceeded, OutcomeUnknown], &[code::SQLITE_TOOBIG]),
    (
        [Invalid, Invalid, OutcomeUnknown],
        &[
            code::SQLITE_CANTOPEN_ISDIR,
            code::SQLITE_CANTOPEN_FULLPATH,
            code::SQLITE_CANTOPEN_CONVPATH,
            code::SQLITE_CANTOPEN_SYMLINK,
        ],
    ),
];

/// How many codes the SQLite that is compiled in has, but for success, rows and their end.
const COUNT: usize = 110;

const DOING: [Doing; 3] = [Doing::Read, Doing::Write, Doing::Commit];

/// As SQLite words the failure of a statement of ours.
fn error(code: i32) -> Error {
    let said = Some("no such column: secret in SELECT secret FROM events".to_owned());
    Error::SqliteFailure(code::Error::new(code), said)
}

/// What the caller can see of an error, its causes included.
fn shown(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |it| it.source());
    causes.fold(error.to_string(), |shown, cause| format!("{shown}: {cause}"))
}

#[test]
fn every_code_says_what_the_caller_can_do() {
    let mut codes: Vec<i32> = CODES.iter().flat_map(|(_, codes)| codes.iter().copied()).collect();
    for (expected, codes) in CODES {
        for code in *codes {
            let kinds = DOING.map(|doing| meaning(*code, doing).kind);
            assert_eq!(kinds, *expected, "code {code}: {}", code::code_to_str(*code));
        }
    }
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), COUNT);
}

/// A newer SQLite may have codes that are not in the table.
#[test]
fn an_unknown_code_means_what_its_primary_code_means() {
    for primary in (code::SQLITE_ERROR..code::SQLITE_ROW).filter(|it| *it <= code::SQLITE_WARNING) {
        for doing in DOING {
            assert_eq!(meaning(primary | 99 << 8, doing).kind, meaning(primary, doing).kind);
        }
    }
    assert_eq!(meaning(99, Doing::Read).kind, Failed);
}

#[test]
fn nothing_that_is_shown_repeats_a_statement() {
    for code in CODES.iter().flat_map(|(_, codes)| codes.iter().copied()) {
        for failure in [Failure::Sqlite(error(code)), Failure::Commit(error(code))] {
            let shown = shown(&failure.into_write_error("append"));
            assert!(!shown.contains("SELECT") && !shown.contains("secret"), "{shown}");
            assert!(shown.contains(&format!("SQLite {code}: ")), "{shown}");
        }
    }
    let sql = "SELECT secret FROM events".to_owned();
    let (error, msg) = (code::Error::new(code::SQLITE_ERROR), "no such column".to_owned());
    let input = Error::SqlInputError { error, msg, sql, offset: 7 };
    let shown = shown(&failed("read log", &input));
    assert!(!shown.contains("SELECT"), "{shown}");
}

#[test]
fn errors_of_the_library_say_what_the_caller_can_do() {
    let not_utf8 = String::from_utf8(vec![0xff]).expect_err("it is not").utf8_error();
    let errors = [
        (Error::InvalidColumnType(0, "secret".into(), Type::Text), Corrupt),
        (Error::FromSqlConversionFailure(1, Type::Blob, FromSqlError::InvalidType.into()), Corrupt),
        (Error::IntegralValueOutOfRange(2, -1), Corrupt),
        (Error::Utf8Error(3, not_utf8), Corrupt),
        (Error::QueryReturnedNoRows, Corrupt),
        (Error::QueryReturnedMoreThanOneRow, Corrupt),
        (Error::StatementChangedRows(2), Corrupt),
        (Error::InvalidPath("secret".into()), Invalid),
        (Error::ToSqlConversionFailure("secret".into()), Invalid),
        (Error::InvalidColumnName("secret".into()), Failed),
        (Error::InvalidParameterName("secret".into()), Failed),
        (Error::InvalidParameterCount(1, 2), Failed),
        (Error::ExecuteReturnedResults, Failed),
        (Error::InvalidQuery, Failed),
        (Error::MultipleStatement, Failed),
    ];
    for (error, expected) in errors {
        let told = failed("read log", &error);
        assert_eq!(told.kind(), expected, "{error}");
        assert!(!shown(&told).contains("secret"), "{}", shown(&told));
    }
}

//! What each result code of SQLite means to the caller, when a statement of the store's own meets it.
//!
//! The store's statements are fixed and fit its format, so a statement that SQLite does not
//! understand, or a constraint that does not hold, says that the file is not what its format says.

use factum_core::StoreErrorKind as Kind;
use rusqlite::ffi as code;

/// What was going on when a code came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Nothing is changed.
    Read,
    /// Before the commit: what was changed is rolled back.
    Write,
    /// The commit itself: what was changed may be in the write-ahead log.
    Commit,
}

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

const DAMAGED: Meaning = means(Kind::Corrupt, "the file is damaged");
const INCONSISTENT: Meaning =
    means(Kind::Corrupt, "the file is damaged, or another program has changed its tables");
const BUSY: Meaning =
    means(Kind::Unavailable, "another program or thread held the file for too long");
const READ_ONLY: Meaning = Meaning {
    kind: Kind::Denied,
    words: "permission denied: the file may only be read",
    advice: Some("to write, an account needs write permission on the file and on its folder"),
};
const UNOPENED: Meaning = Meaning {
    kind: Kind::Denied,
    words: "could not open the file, or its companions -wal and -shm",
    advice: Some(
        "check the permissions of the file and of its folder, and the limit of open files",
    ),
};
const LOCKING: Meaning = Meaning {
    kind: Kind::Failed,
    words: "I/O error: the file cannot be locked",
    advice: Some("the file must be on a local disk, not on a network file system"),
};
const IO: Meaning = Meaning {
    kind: Kind::Failed,
    words: "I/O error",
    advice: Some("check the disk and the system's log"),
};
const OUT_OF_MEMORY: Meaning = means(Kind::Failed, "out of memory");
const DEFECT: Meaning = means(Kind::Failed, "SQLite refused to go on, which is a defect of Factum");

/// The meaning of a code, primary or extended.
pub(crate) fn meaning(extended: i32, doing: Doing) -> Meaning {
    let meaning = before_commit(extended, doing);
    let known = matches!(meaning.kind, Kind::StorageFull | Kind::Unavailable | Kind::Denied);
    if doing != Doing::Commit || known {
        return meaning;
    }
    // The commit record may be in the write-ahead log, and a recovery would find it there.
    means(Kind::OutcomeUnknown, "the commit failed; what was written may be stored")
}

fn before_commit(extended: i32, doing: Doing) -> Meaning {
    match extended {
        // They mean that something else is to be done than the primary code says.
        code::SQLITE_ERROR_RETRY | code::SQLITE_ERROR_SNAPSHOT => BUSY,
        code::SQLITE_ERROR_RESERVESIZE | code::SQLITE_ERROR_KEY | code::SQLITE_ERROR_UNABLE => {
            DEFECT
        }
        code::SQLITE_CANTOPEN_ISDIR => means(Kind::Invalid, "the path is that of a directory"),
        code::SQLITE_CANTOPEN_FULLPATH | code::SQLITE_CANTOPEN_CONVPATH => {
            means(Kind::Invalid, "the path cannot be resolved")
        }
        code::SQLITE_CANTOPEN_SYMLINK => {
            means(Kind::Invalid, "the path is that of a symbolic link")
        }
        code::SQLITE_CANTOPEN_NOTEMPDIR => IO,
        code::SQLITE_READONLY_DBMOVED => Meaning {
            kind: Kind::Failed,
            words: "the file was moved or replaced while it was open",
            advice: Some("open the store again"),
        },
        _ if extended & 0xff == code::SQLITE_IOERR => io(extended),
        _ => primary(extended & 0xff, doing),
    }
}

fn io(extended: i32) -> Meaning {
    match extended {
        code::SQLITE_IOERR_SHORT_READ
        | code::SQLITE_IOERR_CORRUPTFS
        | code::SQLITE_IOERR_DATA
        | code::SQLITE_IOERR_BADKEY
        | code::SQLITE_IOERR_CODEC => DAMAGED,
        code::SQLITE_IOERR_NOMEM => OUT_OF_MEMORY,
        // The memory that processes share is a file: it cannot grow on a full disk.
        code::SQLITE_IOERR_SHMSIZE => FULL,
        code::SQLITE_IOERR_LOCK
        | code::SQLITE_IOERR_RDLOCK
        | code::SQLITE_IOERR_UNLOCK
        | code::SQLITE_IOERR_CHECKRESERVEDLOCK
        | code::SQLITE_IOERR_BLOCKED
        | code::SQLITE_IOERR_SHMLOCK => LOCKING,
        _ => IO,
    }
}

const FULL: Meaning = Meaning {
    kind: Kind::StorageFull,
    words: "the disk is full, or the file has reached its largest size",
    advice: Some("make room on the disk, or raise bytes_max"),
};

fn primary(primary: i32, doing: Doing) -> Meaning {
    match primary {
        code::SQLITE_CORRUPT | code::SQLITE_NOTADB | code::SQLITE_FORMAT => DAMAGED,
        code::SQLITE_ERROR | code::SQLITE_CONSTRAINT | code::SQLITE_MISMATCH => INCONSISTENT,
        code::SQLITE_TOOBIG if doing == Doing::Read => DAMAGED,
        code::SQLITE_TOOBIG => means(Kind::LimitExceeded, "a value is too large"),
        code::SQLITE_BUSY | code::SQLITE_LOCKED | code::SQLITE_PROTOCOL => BUSY,
        code::SQLITE_SCHEMA => {
            means(Kind::Unavailable, "another program keeps changing the tables of the file")
        }
        code::SQLITE_FULL => FULL,
        code::SQLITE_PERM | code::SQLITE_READONLY | code::SQLITE_AUTH => READ_ONLY,
        code::SQLITE_CANTOPEN => UNOPENED,
        code::SQLITE_NOMEM => OUT_OF_MEMORY,
        code::SQLITE_NOLFS => means(Kind::Failed, "the system has no files of this size"),
        _ => DEFECT,
    }
}

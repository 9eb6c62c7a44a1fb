//! Why a program does not pass its schema lock.

use std::path::PathBuf;

use factum_core::{EventType, RegistryError};
use serde_json::Value;

use super::message;

/// Why a program does not pass its schema lock. The file is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Stored data would not be readable any more.
    #[error("{}", message::incompatible(path, findings))]
    Incompatible {
        /// The file.
        path: PathBuf,
        /// Everything that was found, types in order of their names.
        findings: Vec<Finding>,
    },
    /// There is no file, and machines that only check do not write one.
    #[error(
        "expected {}, found no such file: run this test once locally and commit the file (`CI` is \
         set, so it is not written here)", path.display()
    )]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The program has shapes that are not in the file, and machines that only check do not
    /// write them.
    #[error("{}", message::out_of_date(path, changes))]
    OutOfDate {
        /// The file.
        path: PathBuf,
        /// What is to be written, one line each.
        changes: Vec<String>,
    },
    /// The file is not one, or has been damaged.
    #[error(
        "{}: expected a schema lock of format 1, found {found}; restore it from version control",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
    },
    /// A newer version of this library wrote the file.
    #[error(
        "{}: expected format {expected} or lower, found {found}; update factum-testkit",
        path.display()
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The newest format that is understood.
        expected: u64,
        /// The file's.
        found: u64,
    },
    /// The file could not be read or written.
    #[error("could not {action} {}: {source}", path.display())]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The program could not start: its event types and upcasters contradict each other.
    #[error("{events}: {source}")]
    Registry {
        /// The Rust type of the events.
        events: &'static str,
        /// What is wrong.
        source: RegistryError,
    },
    /// A union was listed.
    #[error(
        "{union}: expected events of its own, found {event_type}, which is {rust_name}; list the \
         parts of a union instead of the union"
    )]
    Union {
        /// What was listed.
        union: &'static str,
        /// An event type that belongs to another Rust type.
        event_type: EventType,
        /// Where it belongs.
        rust_name: &'static str,
    },
    /// serde has another name for a variant.
    #[error(
        "{rust_name}: expected a variant of that name in the JSON schema, found {}; leave out \
         `#[serde(rename)]` (the name in the log is `#[factum(name = \"..\")]`) and serde's `tag` \
         and `untagged`, and derive `JsonSchema`",
        message::list(found)
    )]
    Variant {
        /// The variant that is looked for.
        rust_name: &'static str,
        /// The variants of the schema.
        found: Vec<String>,
    },
    /// Two states go by one kind and version.
    #[error("snapshot {kind} version {version}: expected one state, found two that differ")]
    TwoStates {
        /// The kind.
        kind: String,
        /// The version.
        version: u32,
    },
}

/// One change that would leave stored data unreadable.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// What was stored: `event account.opened` or `snapshot account`.
    pub subject: String,
    /// The version of its shape.
    pub version: u32,
    /// Where in the payload, such as `$.owner.name`.
    pub path: String,
    /// What is wrong there.
    pub problem: String,
    /// The locked schema of that place, if it had one.
    pub old: Option<Value>,
    /// The program's schema of that place, if it has one.
    pub new: Option<Value>,
    /// What can be done.
    pub ways_out: String,
}

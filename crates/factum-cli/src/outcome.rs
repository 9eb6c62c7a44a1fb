//! How a command ends: exit codes, and failures that say what to do.

mod hints;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use crate::output::{INDENT, terminal_width, wrapped};
use factum::{AppendError, InstructError, InvalidName, StoreError, StoreErrorKind, UrlError};

const DELETED: &str = "its events are still in the log: factum events search";

/// The exit codes, by kind. Listed in `--help` and in `docs/cli.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All went well.
    Ok = 0,
    /// A check found something.
    Findings = 1,
    /// The arguments make no sense.
    Usage = 2,
    /// What was asked for does not exist.
    NotFound = 3,
    /// A guard or a claim did not hold.
    Conflict = 4,
    /// A file or a payload is not as it should be.
    BadInput = 5,
    /// The store, or a file, cannot be used now.
    Unavailable = 6,
    /// Not a store, of another format, or damaged.
    Corrupt = 7,
    /// No room is left.
    StorageFull = 8,
    /// Permission was denied.
    Denied = 9,
    /// The answer was lost: the append may be stored.
    OutcomeUnknown = 10,
    /// Ctrl-C.
    Interrupted = 130,
}

impl Exit {
    /// The code for the process.
    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(self as u8)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Findings => "findings",
            Self::Usage => "usage",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::BadInput => "bad-input",
            Self::Unavailable => "unavailable",
            Self::Corrupt => "corrupt",
            Self::StorageFull => "storage-full",
            Self::Denied => "denied",
            Self::OutcomeUnknown => "outcome-unknown",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Why a command did not do what it was asked to, in one line, and what to do, in another.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    message: String,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Exit::NotFound, message)
    }

    pub(crate) fn bad_input(message: impl Into<String>) -> Self {
        Self::new(Exit::BadInput, message)
    }

    /// A file that cannot be read or written; `what` names it.
    pub(crate) fn io(what: &str, error: &io::Error) -> Self {
        let exit = match error.kind() {
            io::ErrorKind::NotFound => Exit::NotFound,
            io::ErrorKind::AlreadyExists => Exit::Usage,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Exit::Denied,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Exit::StorageFull,
            _ => Exit::Unavailable,
        };
        match error.kind() {
            io::ErrorKind::AlreadyExists => {
                Self::new(exit, format!("{what}: expected no file of this name, found one"))
            }
            _ => Self::new(exit, format!("{what}: {error}")),
        }
    }

    /// Writing to standard output failed. Nobody listening any more is not an error.
    pub(crate) fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Exit::Ok, String::new()),
            _ => Self::io("standard output", error),
        }
    }

    /// The same with what to do about it.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Prints it to standard error and gives the exit code.
    pub(crate) fn report(&self, json: bool) -> ExitCode {
        if self.message.is_empty() {
            return self.exit.exit_code();
        }
        if json {
            let error = serde_json::json!({ "error": {
                "kind": self.exit.name(),
                "code": self.exit as u8,
                "message": self.message,
                "hint": self.hint,
            }});
            eprintln!("{error}");
        } else {
            let width = terminal_width(io::stderr().is_terminal());
            let say = |line: String| match width {
                Some(width) => eprintln!("{}", wrapped(&line, width, INDENT)),
                None => eprintln!("{line}"),
            };
            say(format!("error: {}", self.message));
            if let Some(hint) = &self.hint {
                say(format!("hint: {hint}"));
            }
        }
        self.exit.exit_code()
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match error.kind() {
            StoreErrorKind::OutcomeUnknown => Exit::OutcomeUnknown,
            StoreErrorKind::StorageFull => Exit::StorageFull,
            StoreErrorKind::NoStore | StoreErrorKind::StreamDeleted => Exit::NotFound,
            StoreErrorKind::Incompatible | StoreErrorKind::Corrupt => Exit::Corrupt,
            StoreErrorKind::Denied => Exit::Denied,
            StoreErrorKind::Fenced => Exit::Conflict,
            StoreErrorKind::LimitExceeded
            | StoreErrorKind::Unsupported
            | StoreErrorKind::Misconfigured
            | StoreErrorKind::Invalid => Exit::Usage,
            _ => Exit::Unavailable,
        };
        // What the store advises is the hint.
        let message = format!("{}: {}", error.operation(), error.message());
        Self { exit, message, hint: hints::hint(&error) }
    }
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict(conflict) => Self::new(Exit::Conflict, conflict.to_string())
                .hint("nothing was stored; look at the stream, decide again"),
            AppendError::Refused(refusal) => match refusal {
                factum::Refusal::StreamUnknown { .. } => Self::not_found(refusal.to_string())
                    .hint("factum streams list shows the streams there are"),
                factum::Refusal::StreamDeleted { .. } => {
                    Self::not_found(refusal.to_string()).hint(DELETED)
                }
                factum::Refusal::TenantRequired => Self::usage(refusal.to_string())
                    .hint("name the tenant with --tenant instead of --all-tenants"),
                _ => Self::bad_input(refusal.to_string()),
            },
            AppendError::Store(error) => error.into(),
            other => Self::new(Exit::Unavailable, other.to_string()),
        }
    }
}

impl From<InstructError> for Failure {
    fn from(error: InstructError) -> Self {
        let message = error.to_string();
        match error {
            InstructError::Store(error) => error.into(),
            InstructError::Unknown { .. } => Self::not_found(message),
            InstructError::NoView { .. } => Self::usage(message),
            InstructError::Rebuilding { name, .. } => Self::new(Exit::Conflict, message).hint(
                format!("factum projections rebuild {name} --cancel takes it back; then order another"),
            ),
            InstructError::Begun { name, .. } => Self::new(Exit::Conflict, message).hint(format!(
                "factum projections status {name} --watch shows how far it is, and whether it is run"
            )),
            InstructError::NotRebuilding { name } => Self::new(Exit::Conflict, message)
                .hint(format!("factum projections status {name} shows what it does")),
            _ => Self::new(Exit::Conflict, message),
        }
    }
}

impl From<UrlError> for Failure {
    fn from(error: UrlError) -> Self {
        let failure = Self::usage(format!("store address: {error}"));
        match error {
            UrlError::UnknownScheme { .. } => failure.hint("for a file write --store sqlite:PATH"),
            UrlError::Unescaped { .. } => failure.hint(
                "in a password write @ as %40, / as %2F, ? as %3F, # as %23, % as %25, : as %3A",
            ),
            UrlError::NotBuiltIn { scheme } if scheme.starts_with("postgres") => failure
                .hint("in a checkout: cargo install --path crates/factum-cli --features postgres"),
            _ => failure,
        }
    }
}

impl From<InvalidName> for Failure {
    fn from(error: InvalidName) -> Self {
        Self::usage(error.to_string())
    }
}

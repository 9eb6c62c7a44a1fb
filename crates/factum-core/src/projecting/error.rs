//! Why one event could not be handled.

use std::any::Any;
use std::error::Error;

use crate::{EventError, EventProblem, ViewError, ViewErrorKind};

/// What a handler says when it cannot handle an event. Made of any error by `?`.
///
/// Its words are stored with the event that is set aside and shown to operators: keep what is
/// private out of them.
#[derive(Debug)]
pub struct HandlerError {
    source: Box<dyn Error + Send + Sync>,
}

impl HandlerError {
    /// A failure in words.
    pub fn new(message: impl Into<String>) -> Self {
        Self { source: message.into().into() }
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self { source: error.into() }
    }
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// The event could not be upcast or decoded, or its type is not known.
    Undecodable,
    /// The handler returned an error.
    Refused,
    /// A statement of the handler failed.
    Statement,
    /// The handler panicked.
    Panicked,
}

impl FailureKind {
    /// The stable name shown to people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undecodable => "undecodable",
            Self::Refused => "refused",
            Self::Statement => "statement failed",
            Self::Panicked => "panicked",
        }
    }
}

/// Why one event could not be handled.
#[derive(Debug)]
pub struct EventFailure {
    kind: FailureKind,
    source: Box<dyn Error + Send + Sync>,
}

impl EventFailure {
    /// A failure of a kind, with its cause.
    pub fn new(kind: FailureKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, source: source.into() }
    }

    /// A panic. A formatted message may repeat what the event holds and is withheld; a literal one
    /// stands in the source.
    pub fn panicked(panic: &(dyn Any + Send)) -> Self {
        let words = panic.downcast_ref::<&'static str>().copied();
        Self::new(FailureKind::Panicked, words.unwrap_or("its message is withheld"))
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// The error itself, to be told apart by `downcast_ref`.
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.source
    }

    /// Whether `error` is of type `T`.
    pub fn is<T: Error + 'static>(&self) -> bool {
        self.source.is::<T>()
    }
}

impl std::fmt::Display for EventFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind.as_str(), self.source)?;
        let mut cause = self.source.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl From<EventError> for EventFailure {
    fn from(error: EventError) -> Self {
        let kind = match error.problem {
            EventProblem::Panicked(_) => FailureKind::Panicked,
            _ => FailureKind::Undecodable,
        };
        Self::new(kind, error)
    }
}

impl From<HandlerError> for EventFailure {
    fn from(error: HandlerError) -> Self {
        let statement = error.source.downcast_ref::<ViewError>();
        let statement = statement.is_some_and(|it| it.kind() == ViewErrorKind::Statement);
        let kind = if statement { FailureKind::Statement } else { FailureKind::Refused };
        Self::new(kind, error.source)
    }
}

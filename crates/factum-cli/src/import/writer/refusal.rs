//! What a store refuses because of one row, as opposed to all of them.

use factum::{AppendError, Conflict, Refusal, StoreError, StoreErrorKind, StreamId};

use super::super::source::BadRow;
use crate::outcome::Failure;

/// Why a store takes an append only without one of its rows.
#[derive(Debug)]
pub(super) struct RowRefusal {
    reason: String,
    /// The stream whose rows are all refused, where it is one.
    pub(super) stream: Option<StreamId>,
}

impl RowRefusal {
    /// What an append of rows was refused for; the error, if that is no fault of a row.
    pub(super) fn of(error: AppendError) -> Result<Self, AppendError> {
        let reason = error.to_string();
        match error {
            AppendError::Refused(Refusal::StreamDeleted { stream }) => {
                Ok(Self { reason, stream: Some(stream) })
            }
            AppendError::Conflict(Conflict::Claim { .. })
            | AppendError::Refused(
                Refusal::EventTooLarge { .. }
                | Refusal::TooManyTags { .. }
                | Refusal::TooManyClaims { .. }
                | Refusal::ReservedType { .. }
                | Refusal::StreamUnknown { .. }
                | Refusal::TruncateOutOfRange { .. }
                | Refusal::Hook { .. },
            ) => Ok(Self { reason, stream: None }),
            AppendError::Store(error)
                if matches!(
                    error.kind(),
                    StoreErrorKind::StreamDeleted
                        | StoreErrorKind::LimitExceeded
                        | StoreErrorKind::Invalid
                ) =>
            {
                Ok(Self { reason, stream: None })
            }
            other => Err(other),
        }
    }

    /// The row, as one that was left out.
    pub(super) fn row(&self, line: u64) -> BadRow {
        BadRow::new(line, None, &self.reason)
    }
}

/// An append that failed and ended the import, when the store held `held` events of the file.
pub(super) fn ended(error: AppendError, held: u64) -> Failure {
    let hint = match &error {
        AppendError::Store(error) if error.kind() == StoreErrorKind::OutcomeUnknown => {
            "what came before is stored, and the last batch may be; \
             run the same command again: it passes over what is stored and goes on there"
                .to_owned()
        }
        // What the append itself says of nothing being stored is true.
        _ if held == 0 => return error.into(),
        AppendError::Store(error) => format!("what came before it is stored; {}", next_step(error)),
        _ => "what came before it is stored; run the same command again to go on".to_owned(),
    };
    Failure::from(error).hint(hint)
}

/// What to do before the import can go on.
fn next_step(error: &StoreError) -> String {
    let advice = error.advice().unwrap_or(match error.kind() {
        StoreErrorKind::StorageFull => "make room",
        StoreErrorKind::TimedOut => "raise the limit that stopped it",
        StoreErrorKind::Corrupt => {
            return "stop writing; factum store verify names the damage".into();
        }
        StoreErrorKind::Failed => "look at the machine of the store, and at its log",
        StoreErrorKind::Misconfigured => "change the address, or how the server is set up",
        _ => return "run the same command again to go on".into(),
    });
    format!("{advice}; then run the same command again to go on")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_that_ends_half_way_is_not_said_to_have_stored_nothing() {
        for kind in [
            StoreErrorKind::Unavailable,
            StoreErrorKind::OutcomeUnknown,
            StoreErrorKind::TimedOut,
            StoreErrorKind::Failed,
            StoreErrorKind::Misconfigured,
            StoreErrorKind::StorageFull,
            StoreErrorKind::Denied,
            StoreErrorKind::Corrupt,
        ] {
            let error = || AppendError::Store(StoreError::new(kind, "append", "it failed"));
            let (exit, said) = (Failure::from(error()).exit, ended(error(), 7));
            assert_eq!(said.exit, exit, "{kind:?}");
            let hint = format!("{said:?}");
            assert!(hint.contains("what came before") && !hint.contains("nothing"), "{hint}");
        }
        let first = ended(
            AppendError::Store(StoreError::new(StoreErrorKind::StorageFull, "append", "full")),
            0,
        );
        assert!(format!("{first:?}").contains("nothing was stored; make room"), "{first:?}");
    }
}

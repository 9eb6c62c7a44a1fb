//! What a store refuses because of one row, as opposed to all of them.

use factum::{AppendError, Conflict, Refusal, StoreErrorKind, StreamId};

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
    /// What an append of rows was refused for; the failure, if that is no fault of a row.
    pub(super) fn of(error: AppendError) -> Result<Self, Failure> {
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
            other => Err(other.into()),
        }
    }

    /// The row, as one that was left out.
    pub(super) fn row(&self, line: u64) -> BadRow {
        BadRow::new(line, None, &self.reason)
    }
}

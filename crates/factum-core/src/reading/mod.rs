//! What everything that reads the log keeps in the store: how far it got, who runs it, what it set
//! aside; and the transaction in which a view and its checkpoint move together.
//!
//! - [`Registration`] makes a subscription known; [`Progress`] is what is stored of it.
//! - [`CheckpointStore`] moves it on, [`LeaseStore`] says who may, [`DeadLetters`] holds what failed.
//! - [`ViewStore`] runs a [`ViewTransaction`] whose changes commit with an [`Advance`].
//! - [`judge`] is what stores share.

mod advance;
mod checkpoint;
mod dead_letter;
pub mod judge;
mod lease;
mod name;
mod progress;
mod sql;
mod view;

pub use advance::{Advance, Advanced, HandledEvent, LetterChange, RebuildStep};
pub use checkpoint::{CheckpointStore, InstructError, Instruction, ProgressKey, ProgressList};
pub use dead_letter::{
    DeadLetter, DeadLetterKey, DeadLetterList, DeadLetterSelection, DeadLetterStatus, DeadLetters,
};
pub use lease::{Epoch, Lease, LeaseAnswer, LeaseClaim, LeaseSeen, LeaseStore};
pub use name::{LaneKey, OwnerId, SubscriptionName};
pub use progress::{
    Pause, Progress, Rebuild, Registration, RegistrationFit, ShapeError, SubscriptionKind,
    SubscriptionReport, SubscriptionState,
};
pub use sql::{SqlDialect, SqlRow, SqlType, SqlValue};
pub use view::{
    InlineView, Transacted, ViewError, ViewErrorKind, ViewMigration, ViewStore, ViewTransaction,
    ViewWork,
};

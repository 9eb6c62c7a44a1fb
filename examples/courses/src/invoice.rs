//! Invoice numbers without a gap: the next one is one more than the last.

use factum::prelude::*;
use serde::{Deserialize, Serialize};

/// What can have happened.
#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum InvoiceEvent {
    /// An invoice was written.
    Issued {
        /// Its number.
        #[factum(tag = "invoice")]
        number: u64,
        /// What it is about.
        subject: String,
    },
}

/// The last number that was given.
#[derive(Debug, Default)]
pub struct LastNumber(u64);

impl DecisionModel for LastNumber {
    type Event = InvoiceEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        Ok(QueryItem::default().types([InvoiceEvent::ISSUED]).into())
    }

    fn evolve(&mut self, InvoiceEvent::Issued { number, .. }: &InvoiceEvent) {
        self.0 = *number;
    }
}

/// Writes an invoice.
#[derive(Clone, Debug)]
pub struct Issue {
    /// What it is about.
    pub subject: String,
}

impl Decision for Issue {
    const NAME: &'static str = "issue-invoice";
    type Models = LastNumber;
    type Error = std::convert::Infallible;

    fn models(&self) -> LastNumber {
        LastNumber::default()
    }

    fn decide(&self, last: &LastNumber) -> Result<Vec<InvoiceEvent>, Self::Error> {
        Ok(vec![InvoiceEvent::Issued { number: last.0 + 1, subject: self.subject.clone() }])
    }
}

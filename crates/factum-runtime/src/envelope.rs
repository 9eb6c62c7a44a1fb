//! Events on their way into the log: id, payload, tags, claims, context.

use std::cell::Cell;

use bytes::Bytes;
use factum_core::codec::EncodeError;
use factum_core::{
    CausationId, Claim, ClaimChange, Command, Context, Event, EventId, EventType, Facts,
    InvalidName, NewEvent, Tag,
};

use crate::settings::Settings;
use crate::{ExecuteError, Options, SeedError};

/// Why an event cannot be put into an envelope.
#[derive(Debug)]
pub(crate) enum EnvelopeError {
    Encode { event_type: EventType, error: EncodeError },
    Name { event_type: EventType, error: InvalidName },
}

/// Puts events into envelopes, one after the other.
pub(crate) struct Envelopes<'a> {
    settings: &'a Settings,
    context: &'a Context,
    command: Option<&'a Command>,
    options: &'a Options,
    facts: Facts,
    made: usize,
}

thread_local! {
    /// Payloads are written here first, so that each is stored in one allocation of its size.
    static PAYLOAD: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// What a thread keeps of the buffer between payloads, in bytes.
const PAYLOAD_KEPT_MAX: usize = 64 << 10;

impl<'a> Envelopes<'a> {
    pub(crate) fn new(
        settings: &'a Settings,
        context: &'a Context,
        command: Option<&'a Command>,
        options: &'a Options,
    ) -> Self {
        Self { settings, context, command, options, facts: Facts::default(), made: 0 }
    }

    /// The event with everything around it, and its tags in the order they are declared.
    pub(crate) fn wrap<E: Event>(&mut self, event: &E) -> Result<NewEvent, EnvelopeError> {
        self.wrap_as(event, self.settings.ids.next_id(), |_| Ok(()))
    }

    /// As [`Envelopes::wrap`], with an id of the caller's and a look at the declared tags.
    pub(crate) fn wrap_as<E: Event>(
        &mut self,
        event: &E,
        id: EventId,
        tags: impl FnOnce(&[Tag]) -> Result<(), InvalidName>,
    ) -> Result<NewEvent, EnvelopeError> {
        let spec = event.spec();
        let event_type = spec.event_type();
        let name = |error| EnvelopeError::Name { event_type: event_type.clone(), error };
        let payload = encoded(event)
            .map_err(|error| EnvelopeError::Encode { event_type: event_type.clone(), error })?;
        event.facts(&mut self.facts).map_err(name)?;
        tags(self.facts.tags()).map_err(name)?;
        let mut new = NewEvent::new(id, event_type.clone(), spec.codec(), payload);
        new.schema_version = spec.schema_version();
        (new.tags, new.claims) = self.facts.drain();
        if self.made == 0 {
            new.claims.extend(self.options.claims.iter().cloned());
        }
        if let Some(key) = &self.settings.claim_key {
            new.claims = new.claims.into_iter().map(|change| hashed(change, key)).collect();
        }
        self.context.write_on(&mut new);
        if let Some(command) = self.command {
            // Nearer than whatever caused the command. An id too long for it names no cause.
            new.causation = CausationId::new(command.id.as_str()).ok().or(new.causation);
        }
        for (key, value) in self.options.metadata.iter() {
            new.metadata.insert(key, value).map_err(name)?;
        }
        self.made += 1;
        Ok(new)
    }
}

fn encoded<E: Event>(event: &E) -> Result<Bytes, EncodeError> {
    let mut buffer = PAYLOAD.take();
    buffer.clear();
    let payload = event.encode(&mut buffer).map(|()| Bytes::copy_from_slice(&buffer));
    buffer.clear();
    buffer.shrink_to(PAYLOAD_KEPT_MAX);
    PAYLOAD.set(buffer);
    payload
}

fn hashed(change: ClaimChange, key: &[u8; 32]) -> ClaimChange {
    match change {
        ClaimChange::Take(claim) => ClaimChange::Take(Claim::hashed(claim, key)),
        ClaimChange::Release(claim) => ClaimChange::Release(Claim::hashed(claim, key)),
    }
}

impl<E> From<EnvelopeError> for ExecuteError<E> {
    fn from(error: EnvelopeError) -> Self {
        match error {
            EnvelopeError::Encode { event_type, error } => Self::Encode { event_type, error },
            EnvelopeError::Name { event_type, error } => {
                Self::Name { event_type: Some(event_type), error }
            }
        }
    }
}

impl From<EnvelopeError> for SeedError {
    fn from(error: EnvelopeError) -> Self {
        match error {
            EnvelopeError::Encode { event_type, error } => Self::Encode { event_type, error },
            EnvelopeError::Name { error, .. } => Self::Name(error),
        }
    }
}

//! Where an event comes from: what it belongs to, what caused it, who did it.

use std::collections::BTreeMap;

use crate::limits::{CONTEXT_BYTES_MAX, METADATA_ENTRIES_MAX, METADATA_KEY_BYTES_MAX};
use crate::name::{InvalidName, check_text, text_name};
use crate::{CommandId, IdSource, NewEvent, RecordedEvent, TenantId};

text_name!(
    /// What ties together everything that one request set off.
    CorrelationId, "correlation", check_text, CONTEXT_BYTES_MAX
);

text_name!(
    /// The event id or command id that directly caused an event.
    CausationId, "causation", check_text, CONTEXT_BYTES_MAX
);

text_name!(
    /// Who acted.
    Principal, "principal", check_text, CONTEXT_BYTES_MAX
);

/// Further facts about an event, by key, in key order.
///
/// At most [`METADATA_ENTRIES_MAX`] entries; keys are one line of at most
/// [`METADATA_KEY_BYTES_MAX`] bytes; values count towards the event's size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// Adds or replaces an entry.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if the key breaks its rule or there are too many entries; nothing changes.
    pub fn insert(&mut self, key: &str, value: impl Into<String>) -> Result<(), InvalidName> {
        check_text("metadata key", key, METADATA_KEY_BYTES_MAX)?;
        if self.0.len() >= METADATA_ENTRIES_MAX && !self.0.contains_key(key) {
            let expected = format!("at most {METADATA_ENTRIES_MAX} entries");
            return Err(InvalidName::new("metadata", expected, key));
        }
        self.0.insert(key.into(), value.into());
        Ok(())
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// All entries in key order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whose data, who acts, and what it belongs to: set once where a request comes in, and passed on.
///
/// # Examples
///
/// ```
/// use factum_core::{Context, Principal, RandomIds};
///
/// let mut request = Context::start(&RandomIds);
/// request.principal = Some(Principal::new("ann")?);
/// request.set_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None)?;
/// assert!(request.correlation.is_some());
/// assert_eq!(request.trace_parent(), request.metadata.get("traceparent"));
/// # Ok::<(), factum_core::InvalidName>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Whose data; `None` for the tenant of the store's handle.
    pub tenant: Option<TenantId>,
    /// Who acts.
    pub principal: Option<Principal>,
    /// What ties together everything that the request sets off.
    pub correlation: Option<CorrelationId>,
    /// What directly caused what happens next.
    pub causation: Option<CausationId>,
    /// Further facts, written on every event.
    pub metadata: Metadata,
}

impl Context {
    /// The key that W3C Trace Context gives the trace and span.
    pub const TRACE_PARENT: &'static str = "traceparent";
    /// The key that W3C Trace Context gives vendors' additions.
    pub const TRACE_STATE: &'static str = "tracestate";

    /// A context with a correlation of its own: the beginning of something.
    #[expect(clippy::missing_panics_doc, reason = "an id is a valid name")]
    pub fn start(ids: &dyn IdSource) -> Self {
        let id = ids.next_id().to_string();
        let correlation = CorrelationId::new(id).expect("an id is a valid name");
        Self { correlation: Some(correlation), ..Self::default() }
    }

    /// The context of what `event` causes: same tenant, principal, correlation and metadata, and
    /// the event as the cause. An event without a correlation begins one, named after it.
    #[expect(clippy::missing_panics_doc, reason = "an id is a valid name")]
    pub fn caused_by(event: &RecordedEvent) -> Self {
        let id = event.id.to_string();
        let begun = || CorrelationId::new(&id).expect("an id is a valid name");
        Self {
            tenant: Some(event.tenant.clone()),
            principal: event.principal.clone(),
            correlation: Some(event.correlation.clone().unwrap_or_else(begun)),
            causation: Some(CausationId::new(&id).expect("an id is a valid name")),
            metadata: event.metadata.clone(),
        }
    }

    /// The context of what `command` causes within this one.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if the command's id is too long to be a causation.
    pub fn child(&self, command: &CommandId) -> Result<Self, InvalidName> {
        let causation = Some(CausationId::new(command.as_str())?);
        Ok(Self { causation, ..self.clone() })
    }

    /// Sets the trace that this belongs to, in the words of W3C Trace Context.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if there is too much metadata already.
    pub fn set_trace(&mut self, parent: &str, state: Option<&str>) -> Result<(), InvalidName> {
        self.metadata.insert(Self::TRACE_PARENT, parent)?;
        state.map_or(Ok(()), |state| self.metadata.insert(Self::TRACE_STATE, state))
    }

    /// The trace and span that this belongs to.
    pub fn trace_parent(&self) -> Option<&str> {
        self.metadata.get(Self::TRACE_PARENT)
    }

    /// Writes the context on an event that is about to be appended.
    pub fn write_on(&self, event: &mut NewEvent) {
        event.principal.clone_from(&self.principal);
        event.correlation.clone_from(&self.correlation);
        event.causation.clone_from(&self.causation);
        if !self.metadata.is_empty() {
            event.metadata = self.metadata.clone();
        }
    }
}

//! How older shapes become the current ones: one link for each type and version that was left.

use std::panic::Location;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::codec::DecodeError;
use crate::schema::{RawEvent, RawPayload};
use crate::{EventType, RecordedEvent, SchemaVersion};

/// What a link makes of an event; `Err` says why it cannot, and is shown as it is.
type Change = dyn Fn(RawEvent, &RecordedEvent) -> Result<Vec<RawEvent>, String> + Send + Sync;

/// A type and the version of its shape.
pub(super) type Shape = (String, SchemaVersion);

/// One step away from an older shape.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) from: Shape,
    /// Everything that the step may lead to.
    pub(super) to: Vec<Shape>,
    pub(super) change: Arc<Change>,
    /// Where in the source it was declared.
    pub(super) declared_at: &'static Location<'static>,
}

/// The links of one context, in any order. They are chained by type and version.
///
/// They work on raw values, before decoding, wherever events are read. Each function gets the
/// recorded event as well, so that it can merge in fields from metadata or tags. What a function
/// says of an event that it cannot change is shown as it is: do not repeat the payload in it.
///
/// # Examples
///
/// ```
/// use factum_core::Upcasters;
/// use serde_json::json;
///
/// let upcasters = Upcasters::default()
///     // Version 2 counts cents.
///     .change("account.deposited", 1, |value, _| {
///         let units = value["amount"].as_u64().ok_or("amount is no whole number")?;
///         value["amount"] = json!(units * 100);
///         Ok(())
///     })
///     // The type got a better name.
///     .rename("account.created", 1, "account.opened", 1)
///     // Nobody needs these any more.
///     .drop("account.viewed", 1);
/// # drop(upcasters);
/// ```
#[derive(Clone, Default)]
pub struct Upcasters {
    pub(super) links: Vec<Link>,
}

impl Upcasters {
    /// Changes the value of `event_type` from version `from` to the next one.
    #[must_use]
    #[track_caller]
    pub fn change(
        self,
        event_type: &str,
        from: u32,
        change: impl Fn(&mut Value, &RecordedEvent) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        let next = from.saturating_add(1);
        self.link(event_type, from, &[(event_type, next)], move |mut raw, recorded| {
            let mut value = raw.payload.into_value()?;
            change(&mut value, recorded)?;
            raw.payload = RawPayload::Value(value);
            raw.schema_version = SchemaVersion::new(next);
            Ok(vec![raw])
        })
    }

    /// Changes the stored bytes of `event_type`, whatever their codec, from version `from` to the
    /// next one.
    #[must_use]
    #[track_caller]
    pub fn change_bytes(
        self,
        event_type: &str,
        from: u32,
        change: impl Fn(&[u8], &RecordedEvent) -> Result<Vec<u8>, String> + Send + Sync + 'static,
    ) -> Self {
        let next = from.saturating_add(1);
        self.link(event_type, from, &[(event_type, next)], move |mut raw, recorded| {
            match &mut raw.payload {
                RawPayload::Bytes { bytes, .. } => *bytes = Bytes::from(change(bytes, recorded)?),
                RawPayload::Value(_) => {
                    return Err("expected stored bytes, found a value of another upcaster".into());
                }
            }
            raw.schema_version = SchemaVersion::new(next);
            Ok(vec![raw])
        })
    }

    /// Gives events of a retired type and version another type and version; the payload stays.
    #[must_use]
    #[track_caller]
    pub fn rename(self, from: &str, from_version: u32, to: &str, to_version: u32) -> Self {
        let named = EventType::new(to);
        self.link(from, from_version, &[(to, to_version)], move |mut raw, _| {
            raw.event_type = named.clone().map_err(|error| error.to_string())?;
            raw.schema_version = SchemaVersion::new(to_version);
            Ok(vec![raw])
        })
    }

    /// Makes several events of one, possibly none. `to` lists the types and versions that may
    /// come of it.
    #[must_use]
    #[track_caller]
    pub fn split(
        self,
        event_type: &str,
        from: u32,
        to: &[(&str, u32)],
        split: impl Fn(Value, &RecordedEvent) -> Result<Vec<RawEvent>, String> + Send + Sync + 'static,
    ) -> Self {
        self.link(event_type, from, to, move |raw, recorded| {
            split(raw.payload.into_value()?, recorded)
        })
    }

    /// Leaves events of a retired type and version out.
    #[must_use]
    #[track_caller]
    pub fn drop(self, event_type: &str, version: u32) -> Self {
        self.link(event_type, version, &[], |_, _| Ok(vec![]))
    }

    /// Adds all links of `others`.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.links.extend(others.links);
        self
    }

    #[track_caller]
    fn link(
        mut self,
        event_type: &str,
        version: u32,
        to: &[(&str, u32)],
        change: impl Fn(RawEvent, &RecordedEvent) -> Result<Vec<RawEvent>, String>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let shape = |(name, version): (&str, u32)| (name.to_owned(), SchemaVersion::new(version));
        self.links.push(Link {
            from: shape((event_type, version)),
            to: to.iter().copied().map(shape).collect(),
            change: Arc::new(change),
            declared_at: Location::caller(),
        });
        self
    }
}

impl Link {
    /// Takes the step, and holds it to what it declared.
    pub(super) fn run(
        &self,
        raw: RawEvent,
        recorded: &RecordedEvent,
    ) -> Result<Vec<RawEvent>, DecodeError> {
        let made = (self.change)(raw, recorded).map_err(DecodeError::new)?;
        for event in &made {
            if !self.to.iter().any(|(name, version)| event.is(name, *version)) {
                let (name, version) = (event.event_type.as_str(), event.schema_version);
                let reason =
                    format!("the upcaster made {name} version {version}, which it did not declare");
                return Err(DecodeError::new(reason));
            }
        }
        Ok(made)
    }
}

impl std::fmt::Debug for Upcasters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.links).finish()
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} v{} ->", self.from.0, self.from.1)?;
        self.to.iter().try_for_each(|(name, version)| write!(f, " {name} v{version}"))
    }
}

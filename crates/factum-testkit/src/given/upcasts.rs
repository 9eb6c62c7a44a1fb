//! Given an older shape, then current events.

use std::fmt::Debug;

use bytes::Bytes;
use factum_core::codec::encode_value;
use factum_core::{Codec, Event, EventType, RecordedEvent, Registry, SchemaVersion};
use serde_json::Value;

use super::{difference, record};

/// A stored event in an older shape.
#[must_use = "say what should come of it: `then`"]
pub struct Upcast<E> {
    record: RecordedEvent,
    registry: Registry,
    events: std::marker::PhantomData<fn() -> E>,
}

/// An event that was stored as `event_type` in this version, with this value as its payload.
///
/// # Panics
///
/// If the type is no name, or the registry of `E` cannot be built.
#[track_caller]
pub fn upcast<E: Event + Debug>(event_type: &str, version: u32, value: Value) -> Upcast<E> {
    upcast_bytes(event_type, version, Codec::Json, value.to_string())
}

#[track_caller]
fn upcast_bytes<E: Event + Debug>(
    event_type: &str,
    version: u32,
    codec: Codec,
    bytes: impl Into<Bytes>,
) -> Upcast<E> {
    let registry = record::registry::<E>();
    let event_type = match EventType::new(event_type) {
        Ok(event_type) => event_type,
        Err(error) => panic!("the arrangement failed: {error}"),
    };
    let record = record::raw(event_type, SchemaVersion::new(version), codec, bytes, 0);
    Upcast { record, registry, events: std::marker::PhantomData }
}

impl<E: Event + Debug> Upcast<E> {
    /// Stores it in this stream, `category/id`.
    ///
    /// # Panics
    ///
    /// If that is no stream.
    #[track_caller]
    pub fn on_stream(mut self, stream: &str) -> Self {
        match stream.parse() {
            Ok(stream) => self.record.stream = stream,
            Err(error) => panic!("the arrangement failed: {error}"),
        }
        self
    }

    /// Stores it with this entry in its metadata.
    ///
    /// # Panics
    ///
    /// If the key is none.
    #[track_caller]
    pub fn with_metadata(mut self, key: &str, value: &str) -> Self {
        if let Err(error) = self.record.metadata.insert(key, value) {
            panic!("the arrangement failed: {error}");
        }
        self
    }

    /// Stores it as CBOR.
    ///
    /// # Panics
    ///
    /// If the value cannot be written as CBOR.
    #[track_caller]
    pub fn as_cbor(mut self) -> Self {
        let value: Value =
            serde_json::from_slice(&self.record.payload).expect("it was made of a value");
        let mut bytes = Vec::new();
        if let Err(error) = encode_value(&value, Codec::Cbor, &mut bytes) {
            panic!("the arrangement failed: {error}");
        }
        (self.record.codec, self.record.payload) = (Codec::Cbor, bytes.into());
        self
    }

    /// These events come of it.
    ///
    /// # Panics
    ///
    /// If others do, or it cannot be read.
    #[track_caller]
    pub fn then(self, expected: impl IntoIterator<Item = E>)
    where
        E: PartialEq,
    {
        let expected: Vec<E> = expected.into_iter().collect();
        match self.read() {
            Ok(found) if found == expected => {}
            Ok(found) => panic!("expected other events\n\n{}", difference::of(&expected, &found)),
            Err(error) => panic!("expected {expected:#?}\nfound the error: {error}"),
        }
    }

    /// It is left out.
    ///
    /// # Panics
    ///
    /// If something comes of it, or it cannot be read.
    #[track_caller]
    pub fn then_nothing(self) {
        match self.read() {
            Ok(found) if found.is_empty() => {}
            Ok(found) => panic!("expected no events, found {found:#?}"),
            Err(error) => panic!("expected no events, found the error: {error}"),
        }
    }

    /// It cannot be read, and the error says this.
    ///
    /// # Panics
    ///
    /// If it can, or the error says something else.
    #[track_caller]
    pub fn then_error_containing(self, expected: &str) {
        match self.read() {
            Err(error) if error.contains(expected) => {}
            Err(error) => panic!("expected an error that says {expected:?}, found: {error}"),
            Ok(found) => panic!("expected an error, found events {found:#?}"),
        }
    }

    fn read(&self) -> Result<Vec<E>, String> {
        let mut events = Vec::new();
        let read = self.registry.decode(&self.record, |event| events.push(event));
        read.map(|()| events).map_err(|error| error.to_string())
    }
}

impl<E> Debug for Upcast<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Upcast").field(&self.record).finish()
    }
}

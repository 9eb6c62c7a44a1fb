//! First events, put into a store once.

use factum_core::{
    AppendError, AppendRequest, Conflict, Context, Event, EventId, EventStoreExt, Expected, Guard,
    InvalidName, NewEvent, Revision, SharedStore, StoreError, StoreErrorKind, StreamId, StreamRead,
    Tag, Tags,
};

use crate::envelope::Envelopes;
use crate::settings::Settings;
use crate::{Options, Retry, SeedError};

/// A named set of first events, to be put into a store as often as one likes: it is there once.
///
/// Every event gets an id made from the seed's name, its stream, its place and its content, and
/// the tag `seed:<name>`, which says where it came from. The first events of a stream have to be
/// the seed's; others may follow. A seed is one append: all of it, or nothing.
///
/// Content is the event as it is written: after a new version or field it is another seed, and one
/// that was sown is in its way. Nor can a seed be sown again over a truncated or deleted stream.
///
/// # Examples
///
/// See the example `bank` of this repository.
#[derive(Debug)]
pub struct Seed {
    tag: Tag,
    settings: Settings,
    context: Context,
    streams: Vec<(StreamId, Vec<NewEvent>)>,
}

/// What seeding found and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeded {
    /// How many events were stored now.
    pub saved: usize,
    /// How many were there already.
    pub skipped: usize,
}

impl Seed {
    /// An empty seed. Its name is part of its events' ids: another name is another seed.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if the name cannot be a tag's value.
    pub fn new(name: &str) -> Result<Self, InvalidName> {
        let settings = Settings::new(factum_core::Registry::default());
        let tag = Tag::new(factum_core::EventSpec::SEED_TAG, name)?;
        Ok(Self { tag, settings, context: Context::default(), streams: Vec::new() })
    }

    /// Writes this context on the events that follow. The tenant is that of the store's handle.
    #[must_use]
    pub fn in_context(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// Stores keyed hashes of unique values of the events that follow, as the repositories do.
    #[must_use]
    pub fn with_claim_key(mut self, key: [u8; 32]) -> Self {
        self.settings.claim_key = Some(key);
        self
    }

    /// Adds events to a stream, after those already added to it.
    ///
    /// # Errors
    ///
    /// A [`SeedError`] if an event cannot be written.
    pub fn stream<E: Event>(
        mut self,
        stream: &StreamId,
        events: impl IntoIterator<Item = E>,
    ) -> Result<Self, SeedError> {
        let known = self.streams.iter().position(|(name, _)| name == stream);
        let place = known.unwrap_or_else(|| {
            self.streams.push((stream.clone(), Vec::new()));
            self.streams.len() - 1
        });
        for event in events {
            let ordinal = self.streams[place].1.len() as u64;
            let wrapped = self.wrap(stream, ordinal, &event)?;
            self.streams[place].1.push(wrapped);
        }
        Ok(self)
    }

    fn wrap<E: Event>(
        &self,
        stream: &StreamId,
        ordinal: u64,
        event: &E,
    ) -> Result<NewEvent, SeedError> {
        let options = Options::default();
        let mut envelopes = Envelopes::new(&self.settings, &self.context, None, &options);
        let mut new = envelopes.wrap_as(event, EventId::from_content(&[]), |_| Ok(()))?;
        new.id = EventId::from_content(&[
            self.tag.as_str().as_bytes(),
            stream.as_str().as_bytes(),
            &ordinal.to_le_bytes(),
            new.event_type.as_str().as_bytes(),
            &new.schema_version.get().to_le_bytes(),
            &new.payload,
        ]);
        let tags: Tags = new.tags.iter().cloned().chain([self.tag.clone()]).collect();
        new.tags = tags;
        Ok(new)
    }

    /// Stores what is missing.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe, and harmless: seeding again stores what is still missing.
    ///
    /// # Errors
    ///
    /// A [`SeedError`]; nothing is stored, except that after
    /// [`OutcomeUnknown`](factum_core::StoreErrorKind::OutcomeUnknown) all of it may be.
    pub async fn run(&self, store: &SharedStore) -> Result<Seeded, SeedError> {
        let retry = Retry::default();
        let mut made = 0;
        loop {
            made += 1;
            match self.attempt(store).await {
                Err(error) if retry.allows(made) && is_retryable(&error) => {}
                other => return other,
            }
            retry.pause(made).await;
        }
    }

    async fn attempt(&self, store: &SharedStore) -> Result<Seeded, SeedError> {
        let mut request = AppendRequest::default();
        let mut skipped = 0;
        for (stream, events) in &self.streams {
            let there = self.there(store, stream, events).await?;
            skipped += there;
            let missing = events[there..].iter().map(|event| (stream.clone(), event.clone()));
            request.events.extend(missing);
            let last = (there as u64).checked_sub(1).map(Revision::new);
            if there < events.len() {
                let expected = last.map_or(Expected::NoStream, Expected::Revision);
                request.guards.push(Guard::Stream { stream: stream.clone(), expected });
            }
        }
        let saved = request.events.len();
        if saved > 0 {
            store.append(request).await?;
        }
        Ok(Seeded { saved, skipped })
    }

    /// How many of the events stand at the beginning of the stream already.
    async fn there(
        &self,
        store: &SharedStore,
        stream: &StreamId,
        events: &[NewEvent],
    ) -> Result<usize, SeedError> {
        let limit = Some(events.len() as u64);
        let read = StreamRead { limit, ..StreamRead::forward(stream.clone()) };
        let stored = store.collect_stream(read).await?;
        for (place, (found, expected)) in stored.iter().zip(events).enumerate() {
            if found.id != expected.id || found.revision.get() != place as u64 {
                let (stream, revision) = (stream.clone(), found.revision);
                return Err(SeedError::Occupied { stream, revision });
            }
        }
        Ok(stored.len())
    }
}

fn is_retryable(error: &SeedError) -> bool {
    match error {
        SeedError::Conflict(conflict) => !matches!(conflict, Conflict::Claim { .. }),
        // The ids say what is there already, so an unknown outcome is settled by looking.
        SeedError::Store(error) => {
            matches!(
                error.kind(),
                StoreErrorKind::Unavailable
                    | StoreErrorKind::TimedOut
                    | StoreErrorKind::OutcomeUnknown
            )
        }
        _ => false,
    }
}

impl From<AppendError> for SeedError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict(conflict) => Self::Conflict(conflict),
            AppendError::Refused(refusal) => Self::Refused(refusal),
            AppendError::Store(error) => Self::Store(error),
            other => {
                Self::Store(StoreError::new(StoreErrorKind::Unsupported, "seed", other.to_string()))
            }
        }
    }
}

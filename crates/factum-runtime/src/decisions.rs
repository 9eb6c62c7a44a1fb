//! Decisions over whatever their queries find.

use std::marker::PhantomData;
use std::sync::Arc;

use factum_core::{
    AppendRequest, Appended, Command, CommandTarget, Context, Decision, Event, EventStoreExt,
    Guard, IdSource, LogRead, Models, Position, Query, Registry, RegistryError, SharedStore,
    StoreError,
};
use futures::TryStreamExt;

use crate::envelope::Envelopes;
use crate::fold::fold;
use crate::settings::{Place, Settings};
use crate::{Decided, ExecuteError, LoadError, Options, Retry};

/// Executes decisions over the events of one context, or of a union of contexts.
///
/// Cheap to clone.
///
/// # Examples
///
/// See the example `courses` of this repository.
pub struct Decisions<E> {
    place: Place,
    settings: Arc<Settings>,
    events: PhantomData<fn() -> E>,
}

impl<E: Event> Decisions<E> {
    /// Decisions on `store`, over the event types of `E`.
    ///
    /// # Errors
    ///
    /// A [`RegistryError`] if the event types or their upcasters contradict each other.
    pub fn new(store: SharedStore) -> Result<Self, RegistryError> {
        let settings = Arc::new(Settings::new(Registry::of::<E>()?));
        Ok(Self { place: Place::new(store), settings, events: PhantomData })
    }

    /// Reads events by `registry`, which may know more upcasters, other contexts, and what to do
    /// with unknown types.
    #[must_use]
    pub fn with_registry(self, registry: Registry) -> Self {
        self.with(|settings| settings.registry = Arc::new(registry))
    }

    /// Tries again as often as said; see [`Retry`].
    #[must_use]
    pub fn with_retry(self, retry: Retry) -> Self {
        self.with(|settings| settings.retry = retry)
    }

    /// Takes event ids from `ids`.
    #[must_use]
    pub fn with_ids(self, ids: Arc<dyn IdSource>) -> Self {
        self.with(|settings| settings.ids = ids)
    }

    /// Stores keyed hashes of unique values instead of the values; see
    /// [`Claim::hashed`](factum_core::Claim::hashed).
    #[must_use]
    pub fn with_claim_key(self, key: [u8; 32]) -> Self {
        self.with(|settings| settings.claim_key = Some(key))
    }

    /// These decisions, made for whom and for what the context says.
    ///
    /// # Errors
    ///
    /// [`Invalid`](factum_core::StoreErrorKind::Invalid) if the context's tenant is not one that
    /// the store's handle may see.
    pub fn in_context(&self, context: Context) -> Result<Self, StoreError> {
        let place = self.place.in_context(context)?;
        Ok(Self { place, settings: Arc::clone(&self.settings), events: PhantomData })
    }

    /// Executes a decision: reads what its models ask for, decides, and appends what was decided
    /// if nothing came after that which would make it wrong. If something did, it does so again.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a dropped future leaves open whether the events are stored. Execute with
    /// a [command id](Options::command_id) to be able to ask again.
    ///
    /// # Errors
    ///
    /// An [`ExecuteError`]. Nothing is stored, except that after
    /// [`OutcomeUnknown`](factum_core::StoreErrorKind::OutcomeUnknown) all of it may be.
    pub async fn execute<D>(&self, decision: &D) -> Result<Decided<E>, ExecuteError<D::Error>>
    where
        D: Decision<Models: Models<Event = E>>,
    {
        self.execute_with(decision, Options::default()).await
    }

    /// As [`Decisions::execute`], with a command id, claims or metadata. A decision has no
    /// revision to expect: [`Options::expected`] is refused.
    ///
    /// # Cancel safety
    ///
    /// As [`Decisions::execute`].
    ///
    /// # Errors
    ///
    /// As [`Decisions::execute`].
    pub async fn execute_with<D>(
        &self,
        decision: &D,
        options: Options,
    ) -> Result<Decided<E>, ExecuteError<D::Error>>
    where
        D: Decision<Models: Models<Event = E>>,
    {
        let mut made = 0;
        loop {
            made += 1;
            let error = match self.attempt(decision, &options).await {
                Ok(decided) => return Ok(decided),
                Err(error) => error,
            };
            let again = error.is_retryable(&options, self.settings.clock.now());
            if !again || !self.settings.retry.allows(made) {
                return Err(error.after(made));
            }
            self.settings.retry.pause(made).await;
        }
    }

    async fn attempt<D>(
        &self,
        decision: &D,
        options: &Options,
    ) -> Result<Decided<E>, ExecuteError<D::Error>>
    where
        D: Decision<Models: Models<Event = E>>,
    {
        let command = command::<D>(options)?;
        if let Some(command) = &command
            && let Some(first) =
                self.place.store.recall(&command.id).await.map_err(ExecuteError::Store)?
        {
            return Ok(self.repeated(&first.answer(command)?).await?);
        }
        let done = self.decide(decision, command.clone(), options).await;
        let (Err(error), Some(command)) = (&done, &command) else { return done };
        if !error.is_judgement() {
            return done;
        }
        // A judgement may be due to this very command: another copy of it may have been stored
        // since the command log was asked.
        match self.place.store.recall(&command.id).await.map_err(ExecuteError::Store)? {
            Some(first) => Ok(self.repeated(&first.answer(command)?).await?),
            None => done,
        }
    }

    async fn decide<D>(
        &self,
        decision: &D,
        command: Option<Command>,
        options: &Options,
    ) -> Result<Decided<E>, ExecuteError<D::Error>>
    where
        D: Decision<Models: Models<Event = E>>,
    {
        let (models, query, through) = self.read(decision).await?;
        let events = decision.decide(&models).map_err(ExecuteError::Rejected)?;
        if events.is_empty() && command.is_none() {
            return Ok(Decided { events, position: through, repeated: false });
        }
        let query = match decision.validation().map_err(LoadError::from)? {
            Some(narrower) => {
                narrower.check_possible::<E>().map_err(LoadError::from)?;
                self.settings.registry.widened::<E>(&narrower)
            }
            None => query,
        };
        let request = self.request(decision, &events, command, options)?;
        let request =
            AppendRequest { guards: vec![Guard::NoneMatch { query, after: through }], ..request };
        let appended = self.place.store.append(request).await?;
        if appended.repeated {
            return Ok(self.repeated(&appended).await?);
        }
        Ok(Decided { events, position: appended.last, repeated: false })
    }

    /// The models as the log has them, the query that found their events, and how far it looked.
    async fn read<D>(&self, decision: &D) -> Result<(D::Models, Query, Position), LoadError>
    where
        D: Decision<Models: Models<Event = E>>,
    {
        let mut models = decision.models();
        let queries = models.queries()?;
        queries.iter().try_for_each(Query::check_possible::<E>)?;
        let registry = &self.settings.registry;
        let wide = queries.iter().map(|query| registry.widened::<E>(query));
        let query = Query::any_of(wide.flat_map(|query| query.items().to_vec()));
        let mut pages = self.place.store.read(LogRead::after(query.clone(), Position::START));
        let mut through = Position::START;
        while let Some(page) = pages.try_next().await? {
            fold(&page.events, |record| {
                registry.decode(record, |event: E| {
                    let kind = event.spec().event_type();
                    models.evolve_found(&event, &|part| queries[part].matches_as(record, kind));
                })
            })?;
            through = page.through;
        }
        Ok((models, query, through))
    }

    fn request<D>(
        &self,
        decision: &D,
        events: &[E],
        command: Option<Command>,
        options: &Options,
    ) -> Result<AppendRequest, ExecuteError<D::Error>>
    where
        D: Decision<Models: Models<Event = E>>,
    {
        let context = &self.place.context;
        let mut envelopes = Envelopes::new(&self.settings, context, command.as_ref(), options);
        let mut request = AppendRequest::default();
        for event in events {
            let mut stream = None;
            let id = self.settings.ids.next_id();
            let wrapped = envelopes.wrap_as(event, id, |tags| {
                stream = Some(decision.stream(event, tags)?);
                Ok(())
            })?;
            let stream = stream.expect("the envelope asked for it");
            request.events.push((stream, wrapped));
        }
        request.command = command;
        Ok(request)
    }

    /// The first answer again, from the log.
    async fn repeated(&self, first: &Appended) -> Result<Decided<E>, LoadError> {
        let mut events = Vec::new();
        if let Some(position) = first.first {
            let after = Position::new(position.get() - 1);
            let read = LogRead { through: Some(first.last), ..LogRead::after(Query::all(), after) };
            let records = self.place.store.collect(read).await?;
            fold(&records, |record| self.settings.registry.decode(record, |it| events.push(it)))?;
        }
        Ok(Decided { events, position: first.last, repeated: true })
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

fn command<D: Decision>(options: &Options) -> Result<Option<Command>, ExecuteError<D::Error>> {
    if options.expected.is_some() {
        return Err(ExecuteError::NoRevision { decision: D::NAME });
    }
    let target =
        CommandTarget::new(D::NAME).map_err(|error| ExecuteError::Name { event_type: None, error });
    options.command_id.as_ref().map_or(Ok(None), |_| Ok(options.command(target?)))
}

impl<E> Clone for Decisions<E> {
    fn clone(&self) -> Self {
        Self {
            place: self.place.clone(),
            settings: Arc::clone(&self.settings),
            events: PhantomData,
        }
    }
}

impl<E> std::fmt::Debug for Decisions<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decisions")
            .field("place", &self.place)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

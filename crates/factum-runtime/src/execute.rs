//! One command on one entity: load, decide, append; and again if something came in between.

use std::sync::Arc;

use factum_core::{
    Aggregate, AppendRequest, Appended, Command, Conflict, EventStoreExt, Expected, Guard,
    InvalidName, Position, Recorded, Revision, StreamId, StreamRead,
};

use crate::envelope::Envelopes;
use crate::load::Until;
use crate::{ExecuteError, Executed, Loaded, Options, Repository};

type Answer<A> = Result<Executed<A>, ExecuteError<<A as Aggregate>::Error>>;

pub(crate) async fn execute<A: Aggregate>(
    repository: &Repository<A>,
    id: &str,
    mut work: impl FnMut(&mut Recorded<A>) -> Result<(), A::Error>,
    options: &Options,
) -> Answer<A> {
    let retry = repository.shared.settings.retry;
    let mut made = 0;
    loop {
        made += 1;
        let error = match attempt(repository, id, &mut work, options).await {
            Ok(executed) => return Ok(executed),
            Err(error) => error,
        };
        let now = repository.shared.settings.clock.now();
        if !retry.allows(made) || !error.is_retryable(options, now) {
            return Err(error.after(made));
        }
        retry.pause(made).await;
    }
}

async fn attempt<A: Aggregate>(
    repository: &Repository<A>,
    id: &str,
    work: &mut impl FnMut(&mut Recorded<A>) -> Result<(), A::Error>,
    options: &Options,
) -> Answer<A> {
    let kept = repository.cache.as_ref().and_then(|cache| cache.take(id));
    let (stream, kept) = match kept {
        Some((stream, kept)) => (stream, kept),
        None => (repository.stream(id).map_err(no_name)?, None),
    };
    let command = options.command(&stream);
    if let Some(command) = &command
        && let Some(first) = recall(repository, command).await?
    {
        return repeated(repository, &stream, &first).await;
    }
    let attempt = Attempt { repository, stream: &stream, command, options };
    let done = attempt.on_kept_or_loaded(kept, work).await;
    let (Err(error), Some(command)) = (&done, &attempt.command) else { return done };
    if !error.is_judgement() {
        return done;
    }
    // A judgement may be due to this very command: another copy of it may have been stored since
    // the command log was asked.
    match recall(repository, command).await? {
        Some(first) => repeated(repository, &stream, &first).await,
        None => done,
    }
}

async fn recall<A: Aggregate>(
    repository: &Repository<A>,
    command: &Command,
) -> Result<Option<Appended>, ExecuteError<A::Error>> {
    let known = repository.place.store.recall(&command.id).await.map_err(ExecuteError::Store)?;
    known.map(|first| Ok(first.answer(command)?)).transpose()
}

/// What a unit of work came to.
enum Outcome<A: Aggregate> {
    /// The events, and the state after them, still with the place of the state before.
    Events(Vec<A::Event>, Loaded<A>),
    /// No event; the state as it was.
    Nothing(Loaded<A>),
    /// Why not; and the state, if it is as it was.
    Rejected(A::Error, Option<Loaded<A>>),
}

fn decide<A: Aggregate>(
    mut loaded: Loaded<A>,
    work: &mut impl FnMut(&mut Recorded<A>) -> Result<(), A::Error>,
) -> Outcome<A> {
    let mut unit = Recorded::resume(loaded.state);
    let done = work(&mut unit);
    let (state, events) = unit.into_shared();
    loaded.state = state;
    match done {
        Ok(()) if events.is_empty() => Outcome::Nothing(loaded),
        Ok(()) => Outcome::Events(events, loaded),
        Err(reason) => Outcome::Rejected(reason, events.is_empty().then_some(loaded)),
    }
}

struct Attempt<'a, A: Aggregate> {
    repository: &'a Repository<A>,
    stream: &'a StreamId,
    command: Option<Command>,
    options: &'a Options,
}

impl<A: Aggregate> Attempt<'_, A> {
    async fn on_kept_or_loaded(
        &self,
        kept: Option<Loaded<A>>,
        work: &mut impl FnMut(&mut Recorded<A>) -> Result<(), A::Error>,
    ) -> Answer<A> {
        let now = self.repository.loader();
        let loaded = match kept {
            None => now.load(self.stream, Until::End).await?,
            Some(kept) if self.check_expected(kept.revision).is_err() => {
                now.forward(self.stream, kept).await?
            }
            // A kept state may be behind the log. If it leads to an append, the guard will tell;
            // if not, nothing would, so it is brought forward and asked again.
            Some(kept) => match decide(kept, work) {
                Outcome::Events(events, before) => match self.append(events, before).await {
                    Err(error) if error.is_about_the_events() => {
                        now.load(self.stream, Until::End).await?
                    }
                    done => return done,
                },
                Outcome::Nothing(same) | Outcome::Rejected(_, Some(same)) => {
                    now.forward(self.stream, same).await?
                }
                Outcome::Rejected(_, None) => now.load(self.stream, Until::End).await?,
            },
        };
        self.check_expected(loaded.revision)?;
        match decide(loaded, work) {
            Outcome::Events(events, after) => self.append(events, after).await,
            Outcome::Nothing(same) => self.append(vec![], same).await,
            Outcome::Rejected(reason, same) => {
                if let Some(same) = same {
                    self.keep(same);
                }
                Err(ExecuteError::Rejected(reason))
            }
        }
    }

    /// Refuses what the caller did not expect before anything is decided.
    fn check_expected(&self, actual: Option<Revision>) -> Result<(), ExecuteError<A::Error>> {
        match self.options.expected {
            Some(expected) if !expected.holds(actual) => {
                let stream = self.stream.clone();
                let conflict = Conflict::Stream { stream, expected, actual };
                Err(ExecuteError::Conflict { conflict, attempts: 1 })
            }
            _ => Ok(()),
        }
    }

    async fn append(&self, events: Vec<A::Event>, mut after: Loaded<A>) -> Answer<A> {
        let before = after.revision;
        if !events.is_empty() || self.command.is_some() {
            let request = self.request(&events, before)?;
            let appended = self.repository.place.store.append(request).await?;
            if appended.repeated {
                return repeated(self.repository, self.stream, &appended).await;
            }
            if let Some(revision) = appended.revision(self.stream) {
                (after.revision, after.position) = (Some(revision), appended.last);
                self.count(before, &mut after).await;
            }
        }
        let replayed = std::mem::take(&mut after.replayed);
        if let Some(snapshots) = &self.repository.shared.snapshots
            && self.is_complete(&after)
        {
            let before = before.map_or(0, |it| it.get() + 1);
            let (store, clock) =
                (&self.repository.place.store, &self.repository.shared.settings.clock);
            snapshots.offer(store, self.stream, (before, replayed), &after, clock.as_ref());
        }
        let executed = Executed {
            events,
            state: Arc::clone(&after.state),
            revision: after.revision,
            position: after.position,
            repeated: false,
            analytics: after.analytics.clone(),
        };
        self.keep(after);
        Ok(executed)
    }

    fn request(
        &self,
        events: &[A::Event],
        before: Option<Revision>,
    ) -> Result<AppendRequest, ExecuteError<A::Error>> {
        let context = &self.repository.place.context;
        let settings = &self.repository.shared.settings;
        let mut envelopes = Envelopes::new(settings, context, self.command.as_ref(), self.options);
        let mut request = AppendRequest::default();
        request.events.reserve_exact(events.len());
        for event in events {
            request.events.push((self.stream.clone(), envelopes.wrap(event)?));
        }
        let expected = before.map_or(Expected::NoStream, Expected::Revision);
        request.guards.push(Guard::Stream { stream: self.stream.clone(), expected });
        request.command.clone_from(&self.command);
        Ok(request)
    }

    /// Counts the new events by the times the store gave them. If they cannot be read, the counts
    /// are dropped: the events are stored, and the next load counts again.
    async fn count(&self, before: Option<Revision>, after: &mut Loaded<A>) {
        let Some(analytics) = &mut after.analytics else { return };
        let from = before.map_or(Revision::FIRST, Revision::next);
        let read = StreamRead {
            from: Some(from),
            through: Some(after.position),
            ..StreamRead::forward(self.stream.clone())
        };
        match self.repository.place.store.collect_stream(read).await {
            Ok(events) => events.iter().for_each(|event| analytics.note(event)),
            Err(error) => {
                tracing::warn!(stream = %self.stream, %error, "new events not counted");
                after.analytics = None;
            }
        }
    }

    fn keep(&self, loaded: Loaded<A>) {
        if let Some(cache) = self.repository.cache.as_ref().filter(|_| self.is_complete(&loaded)) {
            cache.put(self.stream, loaded);
        }
    }

    /// Without the counts that it should have, a state is not worth keeping.
    fn is_complete(&self, loaded: &Loaded<A>) -> bool {
        loaded.analytics.is_some() == self.repository.shared.analytics
    }
}

/// The first answer again, from the log: its events, and the state right after them.
async fn repeated<A: Aggregate>(
    repository: &Repository<A>,
    stream: &StreamId,
    first: &Appended,
) -> Answer<A> {
    let mut events = Vec::new();
    let from = first.first.unwrap_or(first.last.plus(1));
    let before = Until::Position(Position::new(from.get() - 1));
    let then = repository
        .loader()
        .load_seeing(stream, before, Until::Position(first.last), |record, event| {
            if record.position >= from {
                events.push(event);
            }
        })
        .await?;
    Ok(Executed {
        events,
        state: then.state,
        revision: then.revision,
        position: then.position,
        repeated: true,
        analytics: then.analytics,
    })
}

fn no_name<E>(error: InvalidName) -> ExecuteError<E> {
    ExecuteError::Name { event_type: None, error }
}

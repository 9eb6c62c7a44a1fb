//! A second import meets the events of the first in the order it stored them: so the log is read
//! beside the file, and most events are recognised without looking any stream up.

use std::collections::VecDeque;

use factum::{EventId, LogRead, Position, Query, SharedStore, StreamId, TenantId};
use futures::StreamExt;

use super::source::Item;
use crate::outcome::Failure;

const PAGE_EVENTS_MIN: usize = 16;
const PAGE_EVENTS_MAX: usize = 1_000;

/// A place in the log as it was before the import.
#[derive(Debug)]
pub(super) struct Cursor {
    store: SharedStore,
    query: Query,
    after: Position,
    end: Position,
    page_events: usize,
    ahead: VecDeque<Ahead>,
}

/// An event of the log that is not passed yet.
#[derive(Debug)]
struct Ahead {
    tenant: TenantId,
    stream: StreamId,
    id: EventId,
    position: Position,
}

impl Ahead {
    /// Whether this is the event of the file: other tenants and streams may have events of its id.
    /// Where the file names no tenant, the log is that of the only one.
    fn is(&self, item: &Item) -> bool {
        self.id == item.event.id
            && self.stream == item.stream
            && item.tenant.as_ref().is_none_or(|tenant| *tenant == self.tenant)
    }
}

impl Cursor {
    pub(super) fn new(store: SharedStore, query: Query, end: Position) -> Self {
        let (after, page_events, ahead) = (Position::START, PAGE_EVENTS_MAX, VecDeque::new());
        Self { store, query, after, end, page_events, ahead }
    }

    /// Whether the next event of the log is this one; if so, moves past it.
    pub(super) async fn meets(&mut self, item: &Item) -> Result<bool, Failure> {
        while self.ahead.is_empty() && self.after < self.end {
            self.read_on().await?;
        }
        let met = self.ahead.front().is_some_and(|ahead| ahead.is(item));
        if met {
            self.ahead.pop_front();
        }
        Ok(met)
    }

    /// Goes to just after `position`, where a stored event was found. Small pages at first, in
    /// case the next one is somewhere else again.
    pub(super) fn go_after(&mut self, position: Position) {
        if position >= self.end {
            return;
        }
        (self.after, self.page_events) = (position, PAGE_EVENTS_MIN);
        self.ahead.clear();
    }

    async fn read_on(&mut self) -> Result<(), Failure> {
        let mut read = LogRead::after(self.query.clone(), self.after);
        read.through = Some(self.end);
        read.limit = Some(self.page_events as u64);
        read.page_events_max = self.page_events;
        let mut pages = self.store.read(read);
        while let Some(page) = pages.next().await.transpose()? {
            self.after = self.after.max(page.through);
            self.ahead.extend(page.events.into_iter().map(|it| Ahead {
                tenant: it.tenant,
                stream: it.stream,
                id: it.id,
                position: it.position,
            }));
        }
        if let Some(last) = self.ahead.back()
            && self.ahead.len() == self.page_events
        {
            self.after = last.position; // The limit was reached: the read did not look further.
        }
        self.page_events = (self.page_events * 4).min(PAGE_EVENTS_MAX);
        Ok(())
    }
}

//! A memory store that can be reopened: what it did is noted, and done again when it is opened.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};

use factum_core::{
    AdminRecord, Advance, AppendRequest, Clock, DeadLetterSelection, Expected, Instruction, Lease,
    LeaseClaim, MemoryStore, Registration, Revision, SharedStore, Snapshot, StreamId,
    SubscriptionName, SubscriptionReport, TenantId, TenantScope, Timestamp,
};

use futures::FutureExt;

use crate::sabotage::Sabotage;

/// Something that a store did.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Append(AppendRequest),
    Tombstone(StreamId, Expected, AdminRecord),
    Truncate(StreamId, Revision, AdminRecord),
    Snapshot(Snapshot),
    Register(Registration),
    Advance(Advance),
    Instruct(SubscriptionName, Instruction),
    Forget(SubscriptionName),
    Claim(LeaseClaim),
    Renew(Lease, SubscriptionReport),
    Release(Lease, SubscriptionReport),
    Replay(SubscriptionName, DeadLetterSelection),
    Discard(SubscriptionName, DeadLetterSelection),
}

/// What was done, for whom, and when.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) tenant: TenantId,
    pub(crate) at: Timestamp,
    pub(crate) deed: Deed,
}

/// A store for all tenants, with the journal that makes it last.
#[derive(Debug)]
pub(crate) struct Journaled {
    pub(crate) all: SharedStore,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) home: PathBuf,
    pub(crate) homes: Arc<Homes>,
}

/// What lies in each home, and which stores are open there.
#[derive(Debug, Default)]
pub(crate) struct Homes {
    journals: Mutex<HashMap<PathBuf, Vec<Entry>>>,
    open: Mutex<HashMap<PathBuf, Weak<Journaled>>>,
}

impl Homes {
    pub(crate) fn note(&self, home: &Path, entry: Entry) {
        self.journals.lock().unwrap().entry(home.to_path_buf()).or_default().push(entry);
    }

    pub(crate) fn copy(&self, from: &Path, to: &Path) {
        let mut journals = self.journals.lock().unwrap();
        let journal = journals.get(from).cloned().unwrap_or_default();
        journals.insert(to.to_path_buf(), journal);
    }
}

/// All homes of one fixture.
#[derive(Debug, Default)]
pub(crate) struct Journals(Arc<Homes>);

impl Journals {
    /// Opens the store in `home`, or joins the one that is open there.
    pub(crate) fn open(
        &self,
        home: &Path,
        clock: Arc<dyn Clock>,
        sabotage: &Sabotage,
    ) -> Arc<Journaled> {
        let mut open = self.0.open.lock().unwrap();
        let joined = open.get(home).and_then(Weak::upgrade);
        if let Some(store) = joined.filter(|_| !matches!(sabotage, Sabotage::OpenApart)) {
            return store;
        }
        let mut journal = self.0.journals.lock().unwrap().get(home).cloned().unwrap_or_default();
        if let Sabotage::Reopen(forget) = sabotage {
            forget(&mut journal);
        }
        let all: SharedStore = Arc::new(MemoryStore::new(TenantScope::All, Arc::clone(&clock)));
        for entry in journal {
            replay(&all, entry).now_or_never().expect("the memory store never waits");
        }
        let (home, homes) = (home.to_path_buf(), Arc::clone(&self.0));
        let store = Arc::new(Journaled { all, clock, home: home.clone(), homes });
        open.insert(home, Arc::downgrade(&store));
        store
    }

    pub(crate) fn restore(&self, copy: &Path, home: &Path) {
        self.0.copy(copy, home);
    }
}

async fn replay(all: &SharedStore, entry: Entry) {
    let store = all.for_tenant(&entry.tenant).unwrap();
    let at = Some(entry.at);
    match entry.deed {
        Deed::Append(mut request) => {
            for (_, event) in &mut request.events {
                event.recorded_at = event.recorded_at.or(at);
            }
            // What a saboteur made of the journal may no longer hold.
            let _ = store.append(request).await;
        }
        Deed::Tombstone(stream, expected, record) => {
            let record = AdminRecord { recorded_at: record.recorded_at.or(at), ..record };
            let _ = store.tombstone(&stream, expected, record).await;
        }
        Deed::Truncate(stream, first, record) => {
            let record = AdminRecord { recorded_at: record.recorded_at.or(at), ..record };
            let _ = store.truncate_before(&stream, first, record).await;
        }
        Deed::Snapshot(snapshot) => {
            let _ = store.save_snapshot(snapshot).await;
        }
        read => replay_reading(&store, read).await,
    }
}

async fn replay_reading(store: &SharedStore, deed: Deed) {
    match deed {
        Deed::Register(registration) => drop(store.register(registration).await),
        Deed::Advance(advance) => drop(store.advance(advance).await),
        Deed::Instruct(name, instruction) => drop(store.instruct(&name, instruction).await),
        Deed::Forget(name) => drop(store.forget(&name).await),
        Deed::Claim(claim) => drop(store.claim_lease(claim).await),
        Deed::Renew(lease, report) => drop(store.renew_lease(&lease, report).await),
        Deed::Release(lease, report) => drop(store.release_lease(&lease, report).await),
        Deed::Replay(name, meant) => drop(store.replay(&name, meant).await),
        Deed::Discard(name, meant) => drop(store.discard(&name, meant).await),
        _ => unreachable!("what changes the log is replayed by itself"),
    }
}

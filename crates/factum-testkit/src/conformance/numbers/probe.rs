//! Operations that take numbers, drawn at random around the edges, with their answers as text.

use factum_core::{
    Advance, AppendError, AppendRequest, Appended, DeadLetterList, DeadLetterSelection, Direction,
    Epoch, EventStoreExt, Expected, HandledEvent, InstructError, Instruction, Lease, LeaseClaim,
    LeaseSeen, LetterChange, LogRead, NewEvent, Progress, ProgressList, Query, RebuildStep,
    Registration, SchemaVersion, SharedStore, Snapshot, SnapshotKind, SnapshotList, StoreError,
    StreamRead, SubscriptionReport,
};
use proptest::prelude::{Just, Strategy, any, prop_oneof};

use super::super::snapshots::snapshot;
use super::super::subscribers::{declared, handled, named, owner_id, parked};
use super::super::support::{account, event, guard, position, record, revision};

/// An operation. `None` stands for the number that is right as things stand.
#[derive(Clone, Debug)]
pub(super) enum Probe {
    Register { name: u8, version: u32, start: u64 },
    Claim { name: u8, epoch: Option<u64>, beat: Option<u64> },
    Renew { name: u8, epoch: Option<u64>, head: u64, release: bool },
    Step { name: u8, epoch: Option<u64>, from: Option<u64>, to: u64, extra: Extra },
    Rebuild { name: u8, after: Option<u64> },
    Letters { after: u64, limit: u64 },
    Settle { name: u8, at: u64, discard: bool },
    Save { version: u32, revision: u64, position: u64 },
    Latest(u64),
    Snapshots { after: u64, limit: u64 },
    Prune(u64),
    Append { expected: u64, after: u64, version: u32 },
    Act { expected: u64, truncate: Option<u64> },
    Read { after: u64, through: Option<u64>, limit: Option<u64> },
    ReadStream { from: Option<u64>, through: Option<u64>, limit: Option<u64>, backward: bool },
    Listed(u64),
}

/// What a step does besides.
#[derive(Clone, Debug)]
pub(super) enum Extra {
    Nothing,
    Last(u64),
    Put(u64),
    Remove(u64),
    Begin(u64),
    Upgrade(u32, u64, u64),
}

const STREAM: &str = "ann";

/// Numbers around those at which something counts differently.
fn number() -> impl Strategy<Value = u64> {
    let edge = prop_oneof![
        1 => Just(1_u64 << 31),
        1 => Just(1_u64 << 32),
        1 => Just(1_u64 << 53),
        3 => Just(1_u64 << 63),
        1 => Just(u64::MAX - 1),
    ];
    let near = (edge, 0..4_u64).prop_map(|(edge, off)| (edge - 2).saturating_add(off));
    prop_oneof![2 => 0..6_u64, 3 => near]
}

fn version() -> impl Strategy<Value = u32> {
    prop_oneof![0..3_u32, Just(1 << 31), Just(u32::MAX - 1), Just(u32::MAX)]
}

fn perhaps() -> impl Strategy<Value = Option<u64>> {
    proptest::option::of(number())
}

fn extra() -> impl Strategy<Value = Extra> {
    prop_oneof![
        3 => Just(Extra::Nothing),
        1 => number().prop_map(Extra::Last),
        1 => number().prop_map(Extra::Put),
        1 => number().prop_map(Extra::Remove),
        1 => number().prop_map(Extra::Begin),
        1 => (version(), number(), number()).prop_map(|(version, a, b)| Extra::Upgrade(version, a, b)),
    ]
}

pub(super) fn probes() -> impl Strategy<Value = Probe> {
    let name = || 0..4_u8;
    let mostly = || proptest::option::weighted(0.3, number());
    let reading = prop_oneof![
        (number(), number()).prop_map(|(after, limit)| Probe::Letters { after, limit }),
        number().prop_map(Probe::Latest),
        (number(), number()).prop_map(|(after, limit)| Probe::Snapshots { after, limit }),
        (number(), perhaps(), perhaps()).prop_map(|(after, through, limit)| Probe::Read {
            after,
            through,
            limit
        }),
        (perhaps(), perhaps(), perhaps(), any::<bool>()).prop_map(
            |(from, through, limit, backward)| Probe::ReadStream { from, through, limit, backward }
        ),
        number().prop_map(Probe::Listed),
    ];
    let writing = prop_oneof![
        (number(), number(), version()).prop_map(|(expected, after, version)| Probe::Append {
            expected,
            after,
            version
        }),
        (number(), perhaps()).prop_map(|(expected, truncate)| Probe::Act { expected, truncate }),
        (version(), number(), number()).prop_map(|(version, revision, position)| Probe::Save {
            version,
            revision,
            position
        }),
        number().prop_map(Probe::Prune),
    ];
    prop_oneof![
        2 => (name(), version(), number())
            .prop_map(|(name, version, start)| Probe::Register { name, version, start }),
        2 => (name(), perhaps(), perhaps())
            .prop_map(|(name, epoch, beat)| Probe::Claim { name, epoch, beat }),
        1 => (name(), mostly(), number(), proptest::bool::weighted(0.2))
            .prop_map(|(name, epoch, head, release)| Probe::Renew { name, epoch, head, release }),
        6 => (name(), mostly(), mostly(), number(), extra())
            .prop_map(|(name, epoch, from, to, extra)| Probe::Step { name, epoch, from, to, extra }),
        1 => (name(), mostly()).prop_map(|(name, after)| Probe::Rebuild { name, after }),
        1 => (name(), number(), any::<bool>())
            .prop_map(|(name, at, discard)| Probe::Settle { name, at, discard }),
        4 => reading,
        3 => writing,
    ]
}

/// Carries an operation out and gives the answer as text.
pub(super) async fn answer(store: &SharedStore, number: usize, probe: &Probe) -> String {
    match probe {
        Probe::Register { .. }
        | Probe::Claim { .. }
        | Probe::Renew { .. }
        | Probe::Step { .. }
        | Probe::Rebuild { .. } => subscription(store, probe).await,
        Probe::Letters { after, limit } => {
            let after = Some((store.scope().tenant().cloned(), sub(1), position(*after)));
            let list = DeadLetterList { after, limit: size(*limit), ..DeadLetterList::default() };
            shown(store.dead_letters(list).await)
        }
        Probe::Settle { name, at, discard } => {
            let (name, at) = (sub(*name), DeadLetterSelection::At(position(*at)));
            shown(match discard {
                true => store.discard(&name, at).await,
                false => store.replay(&name, at).await,
            })
        }
        Probe::Save { .. } | Probe::Latest(_) | Probe::Snapshots { .. } | Probe::Prune(_) => {
            of_snapshots(store, probe).await
        }
        Probe::Append { expected, after, version } => {
            let schema_version = SchemaVersion::new(*version);
            let number = number as u64;
            let event = NewEvent { schema_version, ..event(number) };
            let id = if number.is_multiple_of(3) { "bob" } else { STREAM };
            let request = AppendRequest::default().stream(account(id), Expected::Any, [event]);
            let mut request = request.none_match(Query::all(), position(*after));
            if !number.is_multiple_of(2) {
                let expected = Expected::Revision(revision(*expected));
                request.guards = vec![guard(id, expected)];
            }
            appended(store.append(request).await)
        }
        Probe::Act { expected, truncate } => {
            let (stream, record) = (account(STREAM), record(number as u64));
            if let Some(first) = truncate {
                let truncated = store.truncate_before(&stream, revision(*first), record).await;
                return appended(truncated);
            }
            // A stream that nobody wrote: the guard comes before the question whether it is there.
            let expected = Expected::Revision(revision(*expected));
            appended(store.tombstone(&account("bob"), expected, record).await)
        }
        Probe::Read { after, through, limit } => {
            let read = LogRead::after(Query::all(), position(*after));
            let through = through.map(position);
            shown(store.collect(LogRead { through, limit: *limit, ..read }).await)
        }
        Probe::ReadStream { from, through, limit, backward } => {
            let direction = if *backward { Direction::Backward } else { Direction::Forward };
            let (from, through) = (from.map(revision), through.map(position));
            let read = StreamRead::forward(account(STREAM));
            let read = StreamRead { direction, from, through, limit: *limit, ..read };
            shown(store.collect_stream(read).await)
        }
        Probe::Listed(limit) => {
            let list = ProgressList { after: None, limit: size(*limit) };
            shown(store.subscriptions(list).await)
        }
    }
}

async fn subscription(store: &SharedStore, probe: &Probe) -> String {
    match probe {
        Probe::Register { name, version, start } => {
            let start = position(*start);
            let registration =
                Registration { name: sub(*name), version: *version, start, ..declared("s0") };
            shown(store.register(registration).await)
        }
        Probe::Claim { name, epoch, beat } => {
            let known = known(store, *name).await;
            let seen = known.and_then(|it| {
                let (epoch, beat) = (epoch.map_or(it.epoch, Epoch::new), beat.unwrap_or(it.beat));
                Some(LeaseSeen { owner: it.owner?, epoch, beat })
            });
            let owner = owner_id(if beat.is_some() { "runner" } else { "other" });
            let claim = LeaseClaim { name: sub(*name), owner, expired: seen };
            shown(store.claim_lease(claim).await)
        }
        Probe::Renew { name, epoch, head, release } => {
            let lease = lease(store, *name, *epoch).await;
            let report =
                SubscriptionReport { head: position(*head), ..SubscriptionReport::default() };
            match release {
                true => shown(store.release_lease(&lease, report).await),
                false => shown(store.renew_lease(&lease, report).await),
            }
        }
        Probe::Step { name, epoch, from, to, extra } => {
            let lease = lease(store, *name, *epoch).await;
            let known = known(store, *name).await.map_or(0, |it| it.position.get());
            let from = position(from.unwrap_or(known));
            let step = Advance::new(lease, from, position(*to));
            shown(store.advance(with(step, extra)).await)
        }
        Probe::Rebuild { name, after } => {
            let order = after.map_or(Instruction::CancelRebuild, |after| Instruction::Rebuild {
                after: position(after),
            });
            match store.instruct(&sub(*name), order).await {
                Err(InstructError::Store(error)) => kind(&error),
                other => format!("{other:?}"),
            }
        }
        other => unreachable!("{other:?} is not about a subscription"),
    }
}

async fn of_snapshots(store: &SharedStore, probe: &Probe) -> String {
    let kind = SnapshotKind::new("account").expect("the name is valid");
    match probe {
        Probe::Save { version, revision: at, position: place } => {
            let schema_version = SchemaVersion::new(*version);
            let (at, place) = (revision(*at), position(*place));
            let kept = snapshot(STREAM, 0);
            let kept = Snapshot { schema_version, revision: at, position: place, ..kept };
            shown(store.save_snapshot(kept).await)
        }
        Probe::Latest(through) => {
            let stream = account(STREAM);
            shown(store.latest_snapshot(&stream, &kind, Some(revision(*through))).await)
        }
        Probe::Snapshots { after, limit } => {
            let tenant = store.scope().tenant().cloned().expect("the handle is of one tenant");
            let after = Some((tenant, account(STREAM), kind, revision(*after)));
            let list = SnapshotList { after, limit: size(*limit), ..SnapshotList::default() };
            shown(store.snapshots(list).await)
        }
        Probe::Prune(keep) => {
            shown(store.delete_snapshots(&account(STREAM), None, size(*keep)).await)
        }
        other => unreachable!("{other:?} is not about snapshots"),
    }
}

fn with(step: Advance, extra: &Extra) -> Advance {
    let letter = |at: u64| factum_core::DeadLetter { position: position(at), ..parked(1, "key") };
    let put = |change| vec![change];
    match *extra {
        Extra::Nothing => step,
        Extra::Last(at) => {
            let last = HandledEvent { position: position(at), ..handled(1) };
            Advance { last: Some(last), ..step }
        }
        Extra::Put(at) => Advance { letters: put(LetterChange::Put(letter(at))), ..step },
        Extra::Remove(at) => Advance { letters: put(LetterChange::Remove(position(at))), ..step },
        Extra::Begin(target) => {
            let rebuild = RebuildStep::Begin { target: position(target) };
            Advance { rebuild: Some(rebuild), ..step }
        }
        Extra::Upgrade(version, start, target) => {
            let (start, name) = (position(start), step.lease.name.clone());
            let registration = Registration { name, version, start, ..declared("s0") };
            let rebuild = RebuildStep::Upgrade { registration, target: position(target) };
            Advance { rebuild: Some(rebuild), ..step }
        }
    }
}

fn sub(name: u8) -> factum_core::SubscriptionName {
    named(&format!("s{name}"))
}

async fn known(store: &SharedStore, name: u8) -> Option<Progress> {
    store.progress(&sub(name)).await.expect("subscriptions can be looked up")
}

async fn lease(store: &SharedStore, name: u8, epoch: Option<u64>) -> Lease {
    let known = known(store, name).await.map(|it| it.epoch).unwrap_or_default();
    Lease { name: sub(name), epoch: epoch.map_or(known, Epoch::new) }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn shown<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Ok(found) => format!("{found:?}"),
        Err(error) => kind(&error),
    }
}

fn appended(result: Result<Appended, AppendError>) -> String {
    match result {
        Err(AppendError::Store(error)) => kind(&error),
        other => format!("{other:?}"),
    }
}

/// Messages are the store's own; the kind is the contract's.
fn kind(error: &StoreError) -> String {
    format!("failure {:?}", error.kind())
}

//! What the contract says of a write to a subscription, as functions over what is stored of it: so
//! that every store answers alike. For stores, which write down what these give.

use super::advance::{Advance, LetterChange, RebuildStep};
use super::checkpoint::{InstructError, Instruction};
use super::lease::{Lease, LeaseAnswer, LeaseClaim, LeaseSeen};
use super::name::SubscriptionName;
use super::progress::{
    Pause, Progress, Rebuild, Registration, SubscriptionKind, SubscriptionReport,
};
use crate::limits::{CAUSE_BYTES_MAX, SHAPE_BYTES_MAX};
use crate::position::check_place;
use crate::{Position, StoreError, StoreErrorKind, Timestamp};

/// What becomes of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JudgedAdvance {
    /// This is stored from now on. Where the step has a [`RebuildStep`], every letter is removed;
    /// then the changes of letters are made.
    Stored(Box<Progress>),
    /// Nothing is stored; this is what is.
    Moved(Box<Progress>),
}

/// A reason or a cause as it is stored: at most [`CAUSE_BYTES_MAX`] bytes, cut between characters.
pub fn cut_cause(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(CAUSE_BYTES_MAX));
    text
}

/// Judges a subscription that is made known.
///
/// # Errors
///
/// As [`CheckpointStore::register`](crate::CheckpointStore::register).
pub fn registration(declared: &Registration) -> Result<(), StoreError> {
    const OPERATION: &str = "register subscription";
    let name = &declared.name;
    if declared.version == 0 {
        let message = format!("subscription {name}: expected a version of 1 or more, found 0");
        return Err(StoreError::new(StoreErrorKind::Invalid, OPERATION, message));
    }
    let found = declared.shape.len();
    if found > SHAPE_BYTES_MAX {
        let message = format!(
            "subscription {name}: expected a shape of at most {SHAPE_BYTES_MAX} bytes, found {found}"
        );
        return Err(StoreError::new(StoreErrorKind::LimitExceeded, OPERATION, message));
    }
    check_place(OPERATION, format_args!("subscription {name}, start"), declared.start.get())
}

/// Judges the numbers of a step, whatever is stored: each one that would be kept can be. Those that
/// are only compared, like where it starts, may be any.
///
/// # Errors
///
/// [`LimitExceeded`](StoreErrorKind::LimitExceeded) for a position above
/// [`POSITION_MAX`](crate::limits::POSITION_MAX).
pub fn step(advance: &Advance) -> Result<(), StoreError> {
    let name = &advance.lease.name;
    let check = |what: &str, position: Position| {
        let whose = format_args!("subscription {name}, {what}");
        check_place("advance subscription", whose, position.get())
    };
    check("checkpoint", advance.to)?;
    if let Some(last) = advance.last {
        check("last event", last.position)?;
    }
    for change in &advance.letters {
        if let LetterChange::Put(letter) = change {
            check("dead letter", letter.position)?;
        }
    }
    match &advance.rebuild {
        None => Ok(()),
        Some(RebuildStep::Begin { target }) => check("target of the rebuild", *target),
        Some(RebuildStep::Upgrade { registration, target }) => {
            check("start", registration.start)?;
            check("target of the rebuild", *target)
        }
    }
}

/// Judges a step against what is stored, in this order: its [numbers](step), the lease, the
/// checkpoint, the direction.
///
/// # Errors
///
/// As [`CheckpointStore::advance`](crate::CheckpointStore::advance), and for an
/// [`Upgrade`](RebuildStep::Upgrade) as [`registration`].
pub fn advance(
    stored: Option<Progress>,
    advance: &Advance,
    now: Timestamp,
) -> Result<JudgedAdvance, StoreError> {
    const OPERATION: &str = "advance subscription";
    step(advance)?;
    let mut progress = held(OPERATION, stored, &advance.lease)?;
    let (name, from, to) = (&advance.lease.name, advance.from, advance.to);
    if progress.position != from {
        return Ok(JudgedAdvance::Moved(Box::new(progress)));
    }
    match &advance.rebuild {
        Some(step) => begin_rebuild(&mut progress, step, to, now)?,
        None if to < from => {
            let message = format!(
                "subscription {name}: expected a step from {from} forward, found one to {to}"
            );
            return Err(StoreError::new(StoreErrorKind::Invalid, OPERATION, message));
        }
        None => {}
    }
    let reached = |it: &Rebuild| it.target.is_some_and(|target| to >= target);
    if progress.rebuild.as_ref().is_some_and(reached) {
        progress.rebuild = None;
    }
    progress.last = advance.last.or(progress.last);
    if to != from {
        progress.position = to;
        progress.updated_at = now;
    }
    Ok(JudgedAdvance::Stored(Box::new(progress)))
}

fn begin_rebuild(
    progress: &mut Progress,
    step: &RebuildStep,
    after: Position,
    now: Timestamp,
) -> Result<(), StoreError> {
    let target = match step {
        RebuildStep::Begin { target } => *target,
        RebuildStep::Upgrade { registration: declared, target } => {
            registration(declared)?;
            progress.kind = declared.kind;
            progress.version = declared.version;
            progress.shape.clone_from(&declared.shape);
            *target
        }
    };
    if progress.kind != SubscriptionKind::Projection {
        return Ok(()); // There is no view to make anew.
    }
    let requested_at = progress.rebuild.take().map_or(now, |ordered| ordered.requested_at);
    progress.rebuild = Some(Rebuild { after, requested_at, target: Some(target) });
    progress.last = None;
    (progress.parked_keys, progress.waiting_events, progress.dead_letters) = (0, 0, 0);
    Ok(())
}

/// Judges an order against what is stored, and gives what is stored from now on. An order that
/// changes nothing leaves [`Progress::instructions`] as it is.
///
/// # Errors
///
/// As [`CheckpointStore::instruct`](crate::CheckpointStore::instruct).
pub fn instruction(
    stored: Option<Progress>,
    name: &SubscriptionName,
    order: Instruction,
    now: Timestamp,
) -> Result<Progress, InstructError> {
    if let Instruction::Rebuild { after } = &order {
        let whose = format_args!("subscription {name}, start of the rebuild");
        check_place("instruct subscription", whose, after.get())?;
    }
    let mut progress = stored.ok_or_else(|| InstructError::Unknown { name: name.clone() })?;
    let changed = match order {
        Instruction::Pause { reason } => pause(&mut progress, cut_cause(reason), now),
        Instruction::Resume => progress.paused.take().is_some(),
        Instruction::Rebuild { .. } | Instruction::CancelRebuild
            if progress.kind == SubscriptionKind::Subscription =>
        {
            return Err(InstructError::NoView { name: name.clone() });
        }
        Instruction::Rebuild { after } => {
            match progress.rebuild {
                Some(Rebuild { target: Some(target), .. }) => {
                    return Err(InstructError::Begun { name: name.clone(), target });
                }
                Some(Rebuild { after, target: None, .. }) => {
                    return Err(InstructError::Rebuilding { name: name.clone(), after });
                }
                None => {}
            }
            progress.rebuild = Some(Rebuild { after, requested_at: now, target: None });
            true
        }
        Instruction::CancelRebuild => match progress.rebuild.take() {
            None => return Err(InstructError::NotRebuilding { name: name.clone() }),
            Some(Rebuild { target: Some(target), .. }) => {
                return Err(InstructError::Begun { name: name.clone(), target });
            }
            Some(_) => true,
        },
    };
    progress.instructions = progress.instructions.saturating_add(changed.into());
    Ok(progress)
}

/// Pauses, or puts another reason in the place of an older one: the pause then began before.
fn pause(progress: &mut Progress, reason: String, now: Timestamp) -> bool {
    let older = progress.paused.take();
    let changed = older.as_ref().is_none_or(|it| it.reason != reason);
    progress.paused = Some(Pause { reason, at: older.map_or(now, |it| it.at) });
    changed
}

/// Judges a claim against what is stored. What [`Granted`](LeaseAnswer::Granted) carries is stored
/// from now on.
///
/// # Errors
///
/// As [`LeaseStore::claim_lease`](crate::LeaseStore::claim_lease).
pub fn claim(
    stored: Option<Progress>,
    claim: &LeaseClaim,
    now: Timestamp,
) -> Result<LeaseAnswer, StoreError> {
    let mut progress = stored.ok_or_else(|| {
        let message =
            format!("subscription {}: expected one that was registered, found none", claim.name);
        StoreError::new(StoreErrorKind::Invalid, "claim lease", message)
    })?;
    if let Some(owner) = progress.owner.take()
        && owner != claim.owner
    {
        let seen = LeaseSeen { owner, epoch: progress.epoch, beat: progress.beat };
        if claim.expired.as_ref() != Some(&seen) {
            return Ok(LeaseAnswer::Held(seen));
        }
    }
    progress.epoch = progress.epoch.next();
    progress.owner = Some(claim.owner.clone());
    progress.beat = 0;
    progress.beat_at = Some(now);
    let lease = Lease { name: claim.name.clone(), epoch: progress.epoch };
    Ok(LeaseAnswer::Granted(lease, Box::new(progress)))
}

/// Judges a renewal against what is stored, and gives what is stored from now on.
///
/// # Errors
///
/// As [`LeaseStore::renew_lease`](crate::LeaseStore::renew_lease).
pub fn renewal(
    stored: Option<Progress>,
    lease: &Lease,
    report: SubscriptionReport,
    now: Timestamp,
) -> Result<Progress, StoreError> {
    const OPERATION: &str = "renew lease";
    check_report(OPERATION, lease, &report)?;
    let mut progress = held(OPERATION, stored, lease)?;
    progress.beat = progress.beat.saturating_add(1);
    progress.beat_at = Some(now);
    progress.report = cut_report(report);
    Ok(progress)
}

/// What is stored once a lease is given up; `None` if it is no longer the caller's, which leaves
/// everything as it is.
///
/// # Errors
///
/// As [`LeaseStore::release_lease`](crate::LeaseStore::release_lease).
pub fn release(
    stored: Option<Progress>,
    lease: &Lease,
    report: SubscriptionReport,
) -> Result<Option<Progress>, StoreError> {
    const OPERATION: &str = "release lease";
    check_report(OPERATION, lease, &report)?;
    let Ok(mut progress) = held(OPERATION, stored, lease) else { return Ok(None) };
    progress.owner = None;
    progress.report = cut_report(report);
    Ok(Some(progress))
}

/// Judges the numbers of a report; for stores that renew and release without looking first.
///
/// # Errors
///
/// [`LimitExceeded`](StoreErrorKind::LimitExceeded) for a head above
/// [`POSITION_MAX`](crate::limits::POSITION_MAX).
pub fn check_report(
    operation: &'static str,
    lease: &Lease,
    report: &SubscriptionReport,
) -> Result<(), StoreError> {
    let whose = format_args!("subscription {}, head of the log", lease.name);
    check_place(operation, whose, report.head.get())
}

/// Judges whether a subscription may be forgotten.
///
/// # Errors
///
/// As [`CheckpointStore::forget`](crate::CheckpointStore::forget).
pub fn forgetting(stored: &Progress) -> Result<(), StoreError> {
    let Some(owner) = &stored.owner else { return Ok(()) };
    let message =
        format!("subscription {}: expected one that nobody runs, found owner {owner}", stored.name);
    Err(StoreError::new(StoreErrorKind::Invalid, "forget subscription", message))
}

fn cut_report(report: SubscriptionReport) -> SubscriptionReport {
    SubscriptionReport { reason: report.reason.map(cut_cause), ..report }
}

/// What is stored, if the lease is its owner's.
fn held(
    operation: &'static str,
    stored: Option<Progress>,
    lease: &Lease,
) -> Result<Progress, StoreError> {
    let found = match stored {
        Some(progress) if progress.epoch == lease.epoch && progress.owner.is_some() => {
            return Ok(progress);
        }
        Some(Progress { owner: Some(owner), epoch, .. }) => format!("{epoch} of owner {owner}"),
        Some(Progress { epoch, .. }) => format!("{epoch}, given up"),
        None => "no subscription".into(),
    };
    let message =
        format!("subscription {}: expected lease {}, found {found}", lease.name, lease.epoch);
    Err(StoreError::new(StoreErrorKind::Fenced, operation, message))
}

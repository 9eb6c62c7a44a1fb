//! Sabotage of numbers: they are cut to what a signed column holds, without a word.

use factum_core::limits::POSITION_MAX;
use factum_core::{
    Advance, DeadLetterSelection, Epoch, Instruction, LetterChange, Position,
    Registration as Declared, Revision,
};

use super::Row;
use crate::sabotage::Sabotage::{
    ClaimLease, Instruct, Registration, Renew, Replay, SaveSnapshot, Step, Through,
};

pub(super) fn rows() -> Vec<Row> {
    vec![
        ("numbers::every_number_is_answered_as_the_memory_store_answers", Step(cut_step)),
        ("numbers::the_highest_numbers_come_back", Step(|it| it.to = it.to.min(position(1 << 53)))),
        ("numbers::a_start_that_cannot_be_kept_is_refused", Registration(cut_start)),
        ("numbers::a_step_that_cannot_be_kept_is_refused", Step(cut_step)),
        (
            "numbers::a_rebuild_that_cannot_be_kept_is_refused",
            Instruct(|store, name, order| {
                let order = match order {
                    Instruction::Rebuild { after } => Instruction::Rebuild { after: cut(after) },
                    other => other,
                };
                Box::pin(async move { store.instruct(&name, order).await })
            }),
        ),
        (
            "numbers::a_report_that_cannot_be_kept_is_refused",
            Renew(|store, lease, mut report| {
                report.head = cut(report.head);
                Box::pin(async move { store.renew_lease(&lease, report).await })
            }),
        ),
        (
            "numbers::a_step_from_beyond_any_log_is_one_from_elsewhere",
            Step(|it| it.from = cut(it.from)),
        ),
        (
            "numbers::a_lease_of_a_number_beyond_any_is_fenced",
            Step(|it| it.lease.epoch = Epoch::new(1)),
        ),
        (
            "numbers::a_lease_seen_under_a_number_beyond_any_is_not_given_over",
            ClaimLease(|store, mut claim| {
                Box::pin(async move {
                    if let Some(seen) = &mut claim.expired {
                        seen.epoch = seen.epoch.min(Epoch::new(1));
                        seen.beat = 0;
                    }
                    store.claim_lease(claim).await
                })
            }),
        ),
        (
            "numbers::no_letter_stands_beyond_any_log",
            Replay(|store, name, mut selection| {
                if let DeadLetterSelection::At(position) = &mut selection {
                    *position = cut(*position);
                }
                Box::pin(async move { store.replay(&name, selection).await })
            }),
        ),
        (
            "numbers::a_snapshot_that_cannot_be_kept_is_refused",
            SaveSnapshot(|it| {
                it.revision = it.revision.min(Revision::new(POSITION_MAX));
                it.position = cut(it.position);
            }),
        ),
        (
            "numbers::snapshots_are_looked_for_up_to_any_revision",
            Through(|it| it.filter(|it| it.get() <= POSITION_MAX).or(Some(Revision::FIRST))),
        ),
    ]
}

fn position(number: u64) -> Position {
    Position::new(number)
}

fn cut(found: Position) -> Position {
    found.min(position(POSITION_MAX))
}

fn cut_start(declared: &mut Declared) {
    declared.start = cut(declared.start);
}

fn cut_step(step: &mut Advance) {
    step.to = cut(step.to);
    for change in &mut step.letters {
        if let LetterChange::Put(letter) = change {
            letter.position = cut(letter.position);
        }
    }
}

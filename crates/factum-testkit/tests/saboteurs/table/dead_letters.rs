//! Sabotage of dead letters.

use factum_core::limits::PAGE_MAX;
use factum_core::{
    DeadLetter, DeadLetterKey, DeadLetterList, DeadLetterSelection, DeadLetterStatus, LaneKey,
    LetterChange, ProgressList, SharedStore, StoreError, SubscriptionName,
};

use super::admin::ONE_FOR_ALL;
use super::{Row, shorter};
use crate::sabotage::Sabotage::{self, Discard, Found, Letters, ListLetters, Replay, Step};

pub(super) fn rows() -> Vec<Row> {
    [kept(), listed(), replayed(), discarded()].concat()
}

fn kept() -> Vec<Row> {
    vec![
        (
            "dead_letters::a_letter_comes_back_with_every_field",
            Letters(|it| each(it, |it| it.attempts = it.attempts.min(1))),
        ),
        (
            "dead_letters::a_letter_put_again_is_replaced",
            Sabotage::Advance(|store, mut step| {
                Box::pin(async move {
                    let kept = store.dead_letters(DeadLetterList::default()).await?;
                    let known =
                        |it: &DeadLetter| kept.iter().any(|((.., at), _)| *at == it.position);
                    let new = |it: &_| !matches!(it, LetterChange::Put(it) if known(it));
                    step.letters.retain(new);
                    store.advance(step).await
                })
            }),
        ),
        (
            "dead_letters::a_long_cause_is_cut_between_characters",
            Step(|it| {
                for change in &mut it.letters {
                    if let LetterChange::Put(letter) = change {
                        shorter(&mut letter.cause, 100);
                    }
                }
            }),
        ),
        ("dead_letters::letters_are_counted", Found(|it| it.parked_keys = it.dead_letters)),
    ]
}

fn each(letters: &mut [(DeadLetterKey, DeadLetter)], change: fn(&mut DeadLetter)) {
    for (_, letter) in letters {
        change(letter);
    }
}

fn listed() -> Vec<Row> {
    vec![
        ("dead_letters::letters_are_listed_in_order", Letters(|it| it.reverse())),
        (
            "dead_letters::letters_are_listed_in_pages",
            Letters(|it| {
                if it.len() > 1 {
                    it.pop();
                }
            }),
        ),
        ("dead_letters::letters_are_listed_by_subscription", ListLetters(|it| it.name = None)),
        ("dead_letters::letters_are_listed_by_key", ListLetters(|it| it.key = None)),
        (
            "dead_letters::waiting_letters_are_listed_if_asked_for",
            ListLetters(|it| it.waiting = true),
        ),
        ("dead_letters::due_letters_are_listed", ListLetters(|it| it.due = false)),
        ("dead_letters::the_list_of_letters_is_per_tenant", ONE_FOR_ALL),
        (
            "dead_letters::a_list_of_letters_has_a_limit",
            ListLetters(|it| it.limit = it.limit.clamp(1, PAGE_MAX)),
        ),
    ]
}

fn of_ann() -> DeadLetterSelection {
    DeadLetterSelection::Key(LaneKey::new("ann").unwrap())
}

/// The key of what is selected by its place, whether it failed or waits.
async fn widened(store: &SharedStore, meant: DeadLetterSelection) -> DeadLetterSelection {
    let list = DeadLetterList { waiting: true, ..DeadLetterList::default() };
    let letters = store.dead_letters(list).await.unwrap();
    let found = letters.into_iter().find(|(_, it)| meant == DeadLetterSelection::At(it.position));
    found.map_or(meant, |(_, it)| DeadLetterSelection::Key(it.key))
}

async fn names(store: &SharedStore) -> Result<Vec<SubscriptionName>, StoreError> {
    let found = store.subscriptions(ProgressList::default()).await?;
    Ok(found.into_iter().map(|it| it.name).collect())
}

/// Nobody is shown that there is something to do.
const NEVER_SHOWN: Sabotage = Found(|it| it.instructions = 0);

fn replayed() -> Vec<Row> {
    let all = Replay(|store, name, _| {
        Box::pin(async move { store.replay(&name, DeadLetterSelection::All).await })
    });
    vec![
        (
            "dead_letters::all_that_failed_are_tried_again",
            Replay(|store, name, _| Box::pin(async move { store.replay(&name, of_ann()).await })),
        ),
        ("dead_letters::those_of_one_key_are_tried_again", all),
        ("dead_letters::the_one_at_a_place_is_tried_again", all),
        (
            "dead_letters::a_waiting_letter_is_not_tried_by_itself",
            Replay(|store, name, meant| {
                Box::pin(async move {
                    let meant = widened(&store, meant).await;
                    store.replay(&name, meant).await
                })
            }),
        ),
        ("dead_letters::a_replay_is_counted_as_an_order", NEVER_SHOWN),
        (
            "dead_letters::a_replay_touches_no_other_subscription",
            Replay(|store, _, meant| {
                Box::pin(async move {
                    let mut count = 0;
                    for name in names(&store).await? {
                        count += store.replay(&name, meant.clone()).await?;
                    }
                    Ok(count)
                })
            }),
        ),
    ]
}

fn discarded() -> Vec<Row> {
    let all = Discard(|store, name, _| {
        Box::pin(async move { store.discard(&name, DeadLetterSelection::All).await })
    });
    vec![
        (
            "dead_letters::all_that_failed_are_left_out",
            Discard(|store, name, _| Box::pin(async move { store.discard(&name, of_ann()).await })),
        ),
        ("dead_letters::those_of_one_key_are_left_out", all),
        ("dead_letters::the_one_at_a_place_is_left_out", all),
        (
            "dead_letters::a_waiting_letter_is_not_left_out",
            Discard(|store, name, meant| {
                Box::pin(async move {
                    let meant = widened(&store, meant).await;
                    store.discard(&name, meant).await
                })
            }),
        ),
        (
            "dead_letters::what_waits_behind_a_discarded_letter_is_tried",
            Letters(|it| each(it, |it| it.due = it.due && it.status != WAITING)),
        ),
        (
            "dead_letters::what_waits_behind_another_failed_letter_goes_on_waiting",
            Letters(|it| each(it, |it| it.due = it.due || it.status == WAITING)),
        ),
        ("dead_letters::a_discard_is_counted_as_an_order", NEVER_SHOWN),
        (
            "dead_letters::a_discard_touches_no_other_subscription",
            Discard(|store, _, meant| {
                Box::pin(async move {
                    let mut count = 0;
                    for name in names(&store).await? {
                        count += store.discard(&name, meant.clone()).await?;
                    }
                    Ok(count)
                })
            }),
        ),
    ]
}

const WAITING: DeadLetterStatus = DeadLetterStatus::Waiting;

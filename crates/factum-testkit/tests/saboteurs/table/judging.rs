//! Sabotage of the order of judgement, claims and commands.

use factum_core::{
    AppendError, AppendRequest, ClaimChange, Conflict, Expected, Refusal, Timestamp,
};

use super::writes::{HALF_STORED, changed};
use super::{Row, drop_command, drop_digest, drop_guards, each_event, strip_claims};
use crate::sabotage::Sabotage::{Answer, Append, Owner, Recall, Request};
use crate::sabotage::{self, Sabotage};

pub(super) fn rows() -> Vec<Row> {
    [judging(), claims(), commands()].concat()
}

/// A repetition is refused because of something else.
fn refuse_repeated(answer: sabotage::Answer) -> sabotage::Answer {
    match answer {
        Ok(it) if it.repeated => {
            Err(Refusal::StreamDeleted { stream: "account/ann".parse().unwrap() }.into())
        }
        other => other,
    }
}

fn judging() -> Vec<Row> {
    vec![
        (
            "judging::limits_come_before_the_command_id",
            Append(|store, request| {
                Box::pin(async move {
                    let command = request.command.clone().unwrap();
                    match store.recall(&command.id).await? {
                        Some(known) => known.answer(&command),
                        None => store.append(request).await,
                    }
                })
            }),
        ),
        ("judging::the_command_id_comes_before_deleted_streams", Answer(refuse_repeated)),
        ("judging::the_command_id_comes_before_guards", Answer(refuse_repeated)),
        ("judging::the_command_id_comes_before_claims", Answer(refuse_repeated)),
        (
            "judging::deleted_streams_come_before_guards",
            Answer(|it| match it {
                Err(AppendError::Refused(Refusal::StreamDeleted { stream })) => {
                    let expected = Expected::NoStream;
                    Err(Conflict::Stream { stream, expected, actual: None }.into())
                }
                other => other,
            }),
        ),
        ("judging::guards_come_before_claims", Request(drop_guards)),
    ]
}

/// Every stream may release every value.
const ANYBODY_RELEASES: Sabotage = Append(|store, request| {
    Box::pin(async move {
        for (_, event) in &request.events {
            for change in &event.claims {
                let owner = store.claim_owner(change.claim()).await?;
                if let (ClaimChange::Release(_), Some(owner)) = (change, owner) {
                    let release =
                        factum_core::NewEvent { claims: vec![change.clone()], ..event.clone() };
                    let released = AppendRequest::default().stream(owner, Expected::Any, [release]);
                    store.append(released).await?;
                }
            }
        }
        store.append(request).await
    })
});

/// A stream cannot take what it holds.
const NOT_EVEN_ONES_OWN: Sabotage = Append(|store, request| {
    Box::pin(async move {
        for (stream, event) in &request.events {
            for change in &event.claims {
                let held = store.claim_owner(change.claim()).await?;
                if let (ClaimChange::Take(claim), Some(owner)) = (change, held) {
                    let (name, stream) = (claim.name().to_owned(), stream.clone());
                    return Err(Conflict::Claim { name, stream, owner }.into());
                }
            }
        }
        store.append(request).await
    })
});

fn claims() -> Vec<Row> {
    vec![
        ("claims::a_value_belongs_to_the_stream_that_took_it", Owner(|it| *it = None)),
        ("claims::a_value_held_by_another_stream_is_a_conflict", Request(strip_claims)),
        ("claims::a_claim_conflict_stores_nothing", HALF_STORED),
        ("claims::taking_ones_own_value_again_changes_nothing", NOT_EVEN_ONES_OWN),
        ("claims::release_by_another_stream_changes_nothing", ANYBODY_RELEASES),
        (
            "claims::a_released_value_is_free",
            Request(|it| {
                each_event(it, |it| it.claims.retain(|it| matches!(it, ClaimChange::Take(_))));
            }),
        ),
        (
            "claims::changes_of_an_append_apply_in_the_order_of_its_events",
            Request(|it| it.events.reverse()),
        ),
        (
            "claims::changes_of_an_event_apply_in_the_order_of_its_list",
            Request(|it| each_event(it, |it| it.claims.reverse())),
        ),
        (
            "claims::the_same_value_under_another_name_is_another_claim",
            Request(|it| {
                each_event(it, |it| {
                    for change in &mut it.claims {
                        let value = change.claim().value();
                        *change =
                            ClaimChange::Take(factum_core::Claim::new("email", value).unwrap());
                    }
                });
            }),
        ),
        (
            "claims::values_are_compared_byte_by_byte",
            Request(|it| {
                each_event(it, |it| {
                    for change in &mut it.claims {
                        *change = ClaimChange::Take(change.claim().clone().normalized().unwrap());
                    }
                });
            }),
        ),
        (
            "claims::a_tombstone_frees_the_streams_claims",
            Owner(|it| {
                it.get_or_insert_with(|| "account/ann".parse().unwrap());
            }),
        ),
        (
            "claims::truncation_keeps_the_streams_claims",
            Sabotage::Act(|store, stream, record, _| {
                Box::pin(async move { store.tombstone(&stream, Expected::Any, record).await })
            }),
        ),
    ]
}

/// Remembers the command of an append that fails.
const FAILURES_REMEMBERED: Sabotage = Append(|store, request| {
    Box::pin(async move {
        let command = request.command.clone();
        let answer = store.append(request).await;
        if answer.is_err() {
            store.append(AppendRequest { command, ..AppendRequest::default() }).await?;
        }
        answer
    })
});

fn never_expires(request: &mut AppendRequest) {
    request.command.iter_mut().for_each(|it| it.expires_at = None);
}

fn expires_soon(request: &mut AppendRequest) {
    request.command.iter_mut().for_each(|it| it.expires_at = Some(Timestamp::from_micros(0)));
}

fn commands() -> Vec<Row> {
    vec![
        (
            "commands::a_first_answer_is_not_marked_as_repeated",
            Answer(|it| changed(it, |it| it.repeated = true)),
        ),
        ("commands::a_repetition_stores_nothing", Request(drop_command)),
        (
            "commands::a_repetition_gives_the_first_answer",
            Answer(|it| {
                changed(it, |it| {
                    if it.repeated {
                        it.streams.clear();
                    }
                })
            }),
        ),
        ("commands::a_repetition_may_bring_other_events", Request(drop_command)),
        (
            "commands::a_command_without_events_is_remembered",
            Request(|it| {
                if it.events.is_empty() {
                    expires_soon(it);
                }
            }),
        ),
        (
            "commands::a_command_without_events_says_the_head_it_was_judged_at",
            Answer(|it| changed(it, |it| it.last = it.first.unwrap_or_default())),
        ),
        (
            "commands::a_command_on_another_target_is_refused",
            Request(|it| {
                it.command.iter_mut().for_each(|it| it.target = "same".parse().unwrap());
            }),
        ),
        ("commands::a_command_with_another_digest_is_refused", Request(drop_digest)),
        (
            "commands::a_command_without_a_digest_is_answered_whatever_it_asks",
            Request(|it| {
                let made_up = factum_core::CommandDigest::from_bytes([7; 32]);
                it.command.iter_mut().for_each(|it| it.digest = it.digest.or(Some(made_up)));
            }),
        ),
        ("commands::a_failed_append_remembers_no_command", FAILURES_REMEMBERED),
        ("commands::an_expired_command_is_forgotten", Request(never_expires)),
        ("commands::a_command_is_remembered_until_it_expires", Request(expires_soon)),
        ("commands::a_command_without_expiry_is_never_forgotten", Request(expires_soon)),
        ("commands::recall_gives_the_stored_answer", Recall(|it| *it = None)),
        (
            "commands::recall_knows_no_unknown_command",
            Recall(|it| {
                let target = factum_core::CommandTarget::new("made up").unwrap();
                let appended = factum_core::Appended {
                    first: None,
                    last: factum_core::Position::START,
                    streams: Vec::new(),
                    outcome: None,
                    repeated: true,
                };
                it.get_or_insert(factum_core::Recalled { target, digest: None, appended });
            }),
        ),
        ("commands::recall_forgets_an_expired_command", Request(never_expires)),
    ]
}

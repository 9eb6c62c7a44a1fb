//! Sabotage of watches, concurrency, maintenance, reopening, openings and backups.

use factum_core::{
    AppendRequest, Digester, EventStoreExt, HeadSignal, HeadWatch, LogRead as LogReadRequest,
    Position,
};

use super::leases::NEVER_HELD;
use super::{Row, drop_command, drop_digest, drop_guards, each_event, strip_claims};
use crate::journal::{Deed, Entry};
use crate::sabotage::Sabotage::{
    self, Answer, Append, Backup, Compact, Health, LogPage, OpenApart, Owner, Rebuilt, Reopen,
    Request, Stats, Verified, Watch,
};

pub(super) fn rows() -> Vec<Row> {
    [watches(), concurrency(), maintenance(), durability(), openings(), backups()].concat()
}

/// A watch that ends instead of waking.
fn closed(_: HeadWatch) -> HeadWatch {
    HeadSignal::new(Position::START).watch()
}

/// A watch that has seen what is yet to come.
fn ahead(_: HeadWatch) -> HeadWatch {
    HeadSignal::new(Position::new(u64::MAX)).watch()
}

fn watches() -> Vec<Row> {
    vec![
        ("watch::an_append_wakes_a_watch", Watch(closed)),
        ("watch::a_deletion_or_truncation_wakes_a_watch", Watch(closed)),
        ("watch::an_append_through_any_handle_wakes_every_watch", Watch(closed)),
        ("watch::a_watch_does_not_wait_for_what_has_happened", Watch(closed)),
        ("watch::a_watch_knows_no_position_beyond_the_head", Watch(ahead)),
        ("watch::a_failed_append_wakes_nobody", Watch(ahead)),
        ("watch::a_watch_ends_when_the_store_is_closed", Watch(ahead)),
    ]
}

/// Leaves out every seventh event.
const HOLES: Sabotage = LogPage(|it| it.events.retain(|it| it.position.get() % 7 != 0));

/// Appends event by event.
const PIECEMEAL: Sabotage = Append(|store, request| {
    Box::pin(async move {
        let mut last = store.append(AppendRequest::default()).await;
        for event in &request.events {
            let one = AppendRequest { events: vec![event.clone()], ..AppendRequest::default() };
            last = Ok(store.append(one).await?);
        }
        last
    })
});

fn concurrency() -> Vec<Row> {
    vec![
        ("concurrency::of_many_appends_to_no_stream_one_wins", Request(drop_guards)),
        ("concurrency::of_many_appends_at_a_revision_one_wins", Request(drop_guards)),
        ("concurrency::of_many_appends_under_a_query_guard_one_wins", Request(drop_guards)),
        ("concurrency::of_many_takers_of_a_value_one_wins", Request(strip_claims)),
        (
            "concurrency::f14_many_uses_of_one_command_have_one_effect_and_answer",
            Request(drop_command),
        ),
        (
            "concurrency::guards_alone_are_judged_in_one_order_with_appends",
            Answer(|it| {
                super::writes::changed(it, |it| {
                    if it.first.is_none() {
                        it.last = it.last.plus(1); // As if the head were read later.
                    }
                })
            }),
        ),
        (
            "concurrency::a_failing_request_fails_no_other",
            Append(|store, request| {
                Box::pin(async move {
                    // As if an earlier request of the same group had failed.
                    if store.head().await?.get() > 3 {
                        return Err(factum_core::Refusal::EmptyAppend.into());
                    }
                    store.append(request).await
                })
            }),
        ),
        ("concurrency::positions_are_dense_under_concurrency", HOLES),
        ("concurrency::appends_are_whole_under_concurrency", PIECEMEAL),
        ("concurrency::a_reader_never_sees_a_gap_or_goes_back", HOLES),
        (
            "concurrency::a_deletion_among_appends_is_the_last_word",
            LogPage(|it| it.events.retain(|it| !it.event_type.is_reserved())),
        ),
        (
            "random::random_operations_are_answered_as_the_memory_store_answers",
            Request(strip_claims),
        ),
    ]
}

fn maintenance() -> Vec<Row> {
    vec![
        ("maintenance::stats_count_what_is_held", Stats(|it| it.tags += 1)),
        ("maintenance::health_knows_the_head", Health(|it| it.head = Position::START)),
        (
            "maintenance::a_verified_store_has_no_findings",
            Verified(|it| it.findings.push("a false alarm".into())),
        ),
        (
            "maintenance::the_digest_is_of_the_events_the_handle_sees",
            Verified(|it| it.digest = Digester::default().digest()),
        ),
        (
            "maintenance::equal_logs_have_equal_digests",
            Request(|it| {
                each_event(it, |it| it.recorded_at = Some(factum_core::Timestamp::from_micros(0)));
            }),
        ),
        (
            "maintenance::different_logs_have_different_digests",
            Verified(|it| it.digest = Digester::default().digest()),
        ),
        ("maintenance::rebuilt_claims_are_the_same", Rebuilt(|it| it + 1)),
        ("maintenance::compaction_forgets_expired_commands", Compact(|_| Box::pin(async {}))),
        (
            "maintenance::compaction_loses_no_event",
            Compact(|store| {
                Box::pin(async move {
                    let read = LogReadRequest { limit: Some(1), ..LogReadRequest::default() };
                    let event = store.collect(read).await.unwrap().remove(0);
                    let again = (event.stream.clone(), event.into_new());
                    let request = AppendRequest { events: vec![again], ..AppendRequest::default() };
                    store.append(request).await.unwrap();
                })
            }),
        ),
    ]
}

/// Changes every append in the journal.
fn appends(journal: &mut [Entry], change: fn(&mut AppendRequest)) {
    for entry in journal {
        if let Deed::Append(request) = &mut entry.deed {
            change(request);
        }
    }
}

fn forget_deletions(journal: &mut Vec<Entry>) {
    journal.retain(|it| matches!(it.deed, Deed::Append(_)));
}

fn forget_snapshots(journal: &mut Vec<Entry>) {
    journal.retain(|it| !matches!(it.deed, Deed::Snapshot(_)));
}

fn forget_steps(journal: &mut Vec<Entry>) {
    journal.retain(|it| !matches!(it.deed, Deed::Advance(_)));
}

fn forget_orders(journal: &mut Vec<Entry>) {
    let order = |it: &Deed| {
        matches!(it, Deed::Instruct(..) | Deed::Replay(..) | Deed::Discard(..) | Deed::Forget(_))
    };
    journal.retain(|it| !order(&it.deed));
}

fn forget_claims(journal: &mut Vec<Entry>) {
    journal.retain(|it| !matches!(it.deed, Deed::Claim(_)));
}

fn forget_commands(journal: &mut [Entry]) {
    appends(journal, drop_command);
}

fn forget_the_last(journal: &mut Vec<Entry>) {
    journal.pop();
}

fn durability() -> Vec<Row> {
    vec![
        ("durability::acknowledged_events_survive_a_reopen", Reopen(forget_the_last)),
        ("durability::positions_and_revisions_go_on_after_a_reopen", Reopen(Vec::clear)),
        ("durability::guards_judge_events_from_before_a_reopen", Reopen(Vec::clear)),
        ("durability::claims_survive_a_reopen", Reopen(|it| appends(it, strip_claims))),
        ("durability::f14_commands_survive_a_reopen", Reopen(|it| forget_commands(it))),
        (
            "durability::f14_digests_of_commands_survive_a_reopen",
            Reopen(|it| appends(it, drop_digest)),
        ),
        (
            "durability::f14_commands_without_events_survive_a_reopen",
            Reopen(|it| forget_commands(it)),
        ),
        ("durability::deletions_survive_a_reopen", Reopen(forget_deletions)),
        ("durability::truncations_survive_a_reopen", Reopen(forget_deletions)),
        ("durability::snapshots_survive_a_reopen", Reopen(forget_snapshots)),
        ("durability::checkpoints_survive_a_reopen", Reopen(forget_steps)),
        ("durability::orders_survive_a_reopen", Reopen(forget_orders)),
        ("durability::leases_survive_a_reopen", Reopen(forget_claims)),
        ("durability::letters_survive_a_reopen", Reopen(forget_steps)),
        ("durability::replays_survive_a_reopen", Reopen(forget_orders)),
        ("durability::discards_survive_a_reopen", Reopen(forget_orders)),
        ("durability::the_digest_survives_a_reopen", Reopen(forget_deletions)),
        ("durability::a_watch_starts_at_the_head_after_a_reopen", Watch(closed)),
    ]
}

fn openings() -> Vec<Row> {
    vec![
        ("openings::each_opening_sees_the_others_events", OpenApart),
        ("openings::guards_see_the_other_openings_events", OpenApart),
        ("openings::claims_see_the_other_openings_events", Owner(|it| *it = None)),
        ("openings::f14_commands_are_known_to_every_opening", OpenApart),
        ("openings::deletions_are_known_to_every_opening", OpenApart),
        ("openings::positions_are_dense_across_openings", OpenApart),
        ("openings::of_many_openings_one_wins_a_race", OpenApart),
        ("openings::subscriptions_are_known_to_every_opening", OpenApart),
        ("openings::of_many_openings_one_is_granted_a_lease", NEVER_HELD),
        ("openings::an_append_wakes_the_other_openings_watch", Watch(closed)),
    ]
}

fn backups() -> Vec<Row> {
    vec![
        (
            "backup::f28_a_backup_holds_everything_up_to_its_position",
            Backup(|it| it.map(|it| it.plus(1))),
        ),
        ("backup::a_backup_holds_claims_commands_and_deletions", Reopen(|it| forget_commands(it))),
        ("backup::a_backup_holds_snapshots", Reopen(forget_snapshots)),
        ("backup::a_backup_holds_subscriptions", Reopen(forget_steps)),
        ("backup::a_backup_never_overwrites", Sabotage::BackupOverwrites),
        ("backup::the_store_goes_on_after_a_backup", Reopen(forget_the_last)),
        (
            "no_backup::a_store_without_backups_says_so_and_leaves_no_file",
            Backup(|_| Ok(Position::START)),
        ),
        ("no_views::a_store_without_views_says_so", Sabotage::Views),
    ]
}

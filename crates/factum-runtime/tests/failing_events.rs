//! An event that cannot be handled: what becomes of it, of its key, and of everything else.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod reading;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use factum_core::{
    DeadLetter, DeadLetterList, DeadLetterSelection, DeadLetterStatus, EventSubscriber,
    FailureKind, HandlerError, LaneKey, Position, Receive, RecordedEvent, SharedStore, Subscriber,
    SubscriberHandlers, SubscriptionState,
};
use factum_runtime::{
    FailurePolicy, OnFailure, Reaction, Retry, Subscription, SubscriptionError, SubscriptionHandle,
    SubscriptionSettings,
};
use reading::{Seen, Step, append, handling, in_time, memory, number, raw, settings, take};

/// Refuses events with the number 13 as long as it is told to.
fn superstitious(store: &SharedStore, seen: &Seen, afraid: &Arc<AtomicBool>) -> Subscription {
    let (seen, afraid) = (seen.clone(), Arc::clone(afraid));
    handling(store, move |event| {
        let refused = number(&event) == 13 && afraid.load(Ordering::SeqCst);
        if !refused {
            seen.note(event);
        }
        let handled = if refused { Err(HandlerError::new("13 is unlucky")) } else { Ok(()) };
        std::future::ready(handled)
    })
}

fn at_once(then: OnFailure) -> FailurePolicy {
    FailurePolicy::new(then).retried(Retry::NEVER)
}

async fn letters(handle: &SubscriptionHandle, waiting: bool) -> Vec<DeadLetter> {
    let list = DeadLetterList { waiting, ..DeadLetterList::default() };
    let letters = handle.ledger().dead_letters(list).await.unwrap();
    letters.into_iter().map(|(_, letter)| letter).collect()
}

fn key(text: &str) -> LaneKey {
    LaneKey::new(text).unwrap()
}

#[tokio::test]
async fn f17_a_poison_event_parks_its_key_and_the_rest_flows() {
    let (store, seen, afraid) = (memory(), Seen::default(), Arc::new(AtomicBool::new(true)));
    take(&store, "a", &[1, 13, 2]).await;
    for other in 0..999 {
        take(&store, format!("b{other}"), &[1, 2]).await;
    }
    take(&store, "a", &[3]).await;
    let running =
        superstitious(&store, &seen, &afraid).on_failure(at_once(OnFailure::Park)).spawn();
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(seen.events().len(), 1 + 2 * 999);
    let status = in_time(running.wait_for(|it| it.waiting_events == 2)).await.unwrap();
    assert_eq!((status.parked_keys, status.dead_letters), (1, 1));

    let failed = letters(&running, false).await;
    let [letter] = &failed[..] else { panic!("one failed: {failed:?}") };
    assert_eq!((letter.position, &letter.key), (Position::new(2), &key("walk/a")));
    assert_eq!((letter.status, letter.attempts), (DeadLetterStatus::Parked, 1));
    assert_eq!(letter.cause, "refused: 13 is unlucky");
    let statuses: Vec<_> = letters(&running, true).await.iter().map(|it| it.status).collect();
    let waiting = DeadLetterStatus::Waiting;
    assert_eq!(statuses, [DeadLetterStatus::Parked, waiting, waiting]);

    // Tried again while nothing is mended, it fails again and nothing behind it moves.
    assert_eq!(running.replay(DeadLetterSelection::All).await.unwrap(), 1);
    in_time(running.wait_for(|it| it.state == SubscriptionState::Live)).await.unwrap();
    in_time(async {
        while letters(&running, false).await[0].attempts < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(seen.events().len(), 1 + 2 * 999);

    // Mended, the key goes on in its order.
    afraid.store(false, Ordering::SeqCst);
    assert_eq!(running.replay(DeadLetterSelection::Key(key("walk/a"))).await.unwrap(), 1);
    in_time(running.wait_for(|it| it.parked_keys == 0)).await.unwrap();
    let own: Vec<u64> =
        seen.events().iter().filter(|it| it.stream.id() == "a").map(number).collect();
    assert_eq!(own, [1, 13, 2, 3]);
    assert!(letters(&running, true).await.is_empty());
    take(&store, "a", &[4]).await;
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(number(seen.events().last().unwrap()), 4);
}

#[tokio::test]
async fn parked_keys_survive_restarts() {
    let (store, seen, afraid) = (memory(), Seen::default(), Arc::new(AtomicBool::new(true)));
    take(&store, "a", &[13, 1]).await;
    let running =
        superstitious(&store, &seen, &afraid).on_failure(at_once(OnFailure::Park)).spawn();
    in_time(running.caught_up()).await.unwrap();
    in_time(running.stop()).await.unwrap();
    afraid.store(false, Ordering::SeqCst);
    take(&store, "a", &[2]).await;
    take(&store, "b", &[3]).await;
    let running = superstitious(&store, &seen, &afraid).spawn();
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(seen.events().iter().map(number).collect::<Vec<_>>(), [3]);
    running.replay(DeadLetterSelection::All).await.unwrap();
    in_time(running.wait_for(|it| it.parked_keys == 0 && it.handled == 4)).await.unwrap();
    assert_eq!(seen.events().iter().map(number).collect::<Vec<_>>(), [3, 13, 1, 2]);
}

#[tokio::test]
async fn what_is_ordered_while_nobody_runs_it_is_done_by_whoever_runs_it_next() {
    let (store, seen, afraid) = (memory(), Seen::default(), Arc::new(AtomicBool::new(true)));
    take(&store, "a", &[13, 1]).await;
    let running =
        superstitious(&store, &seen, &afraid).on_failure(at_once(OnFailure::Park)).spawn();
    let handle = running.clone();
    in_time(running.caught_up()).await.unwrap();
    in_time(running.stop()).await.unwrap();
    assert_eq!(handle.discard(DeadLetterSelection::At(Position::new(1))).await.unwrap(), 1);
    let running = superstitious(&store, &seen, &afraid).spawn();
    in_time(running.wait_for(|it| it.handled == 1)).await.unwrap();
    assert_eq!(seen.events().iter().map(number).collect::<Vec<_>>(), [1]);
    assert!(letters(&running, true).await.is_empty());
}

#[tokio::test]
async fn a_key_with_more_waiting_events_than_a_page_comes_back_whole() {
    let (store, seen, afraid) = (memory(), Seen::default(), Arc::new(AtomicBool::new(true)));
    let mut numbers = vec![13];
    numbers.extend(100..125);
    take(&store, "a", &numbers).await;
    let small = SubscriptionSettings { page_events_max: 4, ..settings() };
    let running = superstitious(&store, &seen, &afraid)
        .on_failure(at_once(OnFailure::Park))
        .with_settings(small)
        .spawn();
    in_time(running.caught_up()).await.unwrap();
    afraid.store(false, Ordering::SeqCst);
    running.replay(DeadLetterSelection::All).await.unwrap();
    in_time(running.wait_for(|it| it.parked_keys == 0 && it.handled == 26)).await.unwrap();
    assert_eq!(seen.events().iter().map(number).collect::<Vec<_>>(), numbers);
}

#[tokio::test]
async fn a_dead_letter_blocks_nothing() {
    let (store, seen, afraid) = (memory(), Seen::default(), Arc::new(AtomicBool::new(true)));
    take(&store, "a", &[1, 13, 2]).await;
    let subscription = superstitious(&store, &seen, &afraid);
    let running = subscription.on_failure(at_once(OnFailure::DeadLetter)).spawn();
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(seen.events().iter().map(number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(letters(&running, true).await[0].status, DeadLetterStatus::Dead);
    afraid.store(false, Ordering::SeqCst);
    running.replay(DeadLetterSelection::All).await.unwrap();
    in_time(running.wait_for(|it| it.dead_letters == 0 && it.handled == 3)).await.unwrap();
    assert_eq!(seen.events().iter().map(number).collect::<Vec<_>>(), [1, 2, 13]);
}

#[tokio::test]
async fn a_skipped_event_leaves_nothing_behind() {
    let (store, seen, afraid) = (memory(), Seen::default(), Arc::new(AtomicBool::new(true)));
    take(&store, "a", &[1, 13, 2]).await;
    let running =
        superstitious(&store, &seen, &afraid).on_failure(at_once(OnFailure::Skip)).spawn();
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(seen.events().iter().map(number).collect::<Vec<_>>(), [1, 2]);
    assert!(letters(&running, true).await.is_empty());
}

#[tokio::test]
async fn to_fail_ends_it_right_before_the_event() {
    let (store, seen, afraid) = (memory(), Seen::default(), Arc::new(AtomicBool::new(true)));
    take(&store, "a", &[1, 13, 2]).await;
    let running =
        superstitious(&store, &seen, &afraid).on_failure(at_once(OnFailure::Fail)).spawn();
    let handle = running.clone();
    let error = in_time(running.ended()).await.unwrap_err();
    let place = matches!(&error, SubscriptionError::Event { position, .. } if position.get() == 2);
    assert!(place && error.to_string().contains("13 is unlucky"), "{error}");
    let progress = store.progress(handle.name()).await.unwrap().unwrap();
    assert_eq!(progress.position, Position::new(1));
    assert_eq!((progress.report.state, progress.owner), (SubscriptionState::Failed, None));
    assert!(progress.report.reason.unwrap().contains("13 is unlucky"));
    assert!(in_time(handle.wait_until(Position::new(3))).await.is_err(), "waiting ends too");

    afraid.store(false, Ordering::SeqCst);
    let running = superstitious(&store, &seen, &afraid).spawn();
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(seen.events().iter().map(number).collect::<Vec<_>>(), [1, 13, 2]);
}

#[tokio::test(start_paused = true)]
async fn it_is_tried_again_with_growing_pauses() {
    let (store, tries) = (memory(), Arc::new(AtomicU64::new(0)));
    take(&store, "a", &[1]).await;
    let counted = Arc::clone(&tries);
    let retry = Retry { attempts_max: 5, pause_ms_first: 1_000, pause_ms_max: 60_000 };
    let subscription = handling(&store, move |_| {
        let count = counted.fetch_add(1, Ordering::SeqCst) + 1;
        let handled = if count < 4 { Err(HandlerError::new("not yet")) } else { Ok(()) };
        std::future::ready(handled)
    });
    let running =
        subscription.on_failure(FailurePolicy::new(OnFailure::Fail).retried(retry)).spawn();
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(tries.load(Ordering::SeqCst), 4);
    assert_eq!(running.status().dead_letters, 0);
}

#[tokio::test]
async fn a_panic_is_the_failure_of_its_event() {
    let (store, seen) = (memory(), Seen::default());
    take(&store, "a", &[13, 1]).await;
    take(&store, "b", &[2]).await;
    let own = seen.clone();
    let subscription = handling(&store, move |event| {
        let own = own.clone();
        async move {
            assert!(number(&event) != 13, "secret {}", number(&event));
            own.note(event);
            Ok(())
        }
    });
    let running = subscription.on_failure(at_once(OnFailure::Park)).spawn();
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(seen.events().iter().map(number).collect::<Vec<_>>(), [2]);
    let cause = letters(&running, false).await[0].cause.clone();
    assert_eq!(cause, "panicked: its message is withheld");
}

/// Takes steps as their type has them.
struct Typed(Seen);

impl Subscriber for Typed {
    const NAME: &'static str = "typed";

    fn handlers(on: SubscriberHandlers<Self>) -> SubscriberHandlers<Self> {
        on.events::<Step>()
    }
}

impl Receive<Step> for Typed {
    async fn receive(&self, step: Step, recorded: &RecordedEvent) -> Result<(), HandlerError> {
        let (Step::Taken { number } | Step::Undone { number }) = step;
        assert_eq!(number, reading::number(recorded));
        self.0.note(recorded.clone());
        Ok(())
    }
}

#[tokio::test]
async fn f17_events_that_cannot_be_decoded_follow_the_policy() {
    let (store, seen) = (memory(), Seen::default());
    append(&store, "a", vec![raw("step.taken", "{\"number\":".into())]).await;
    take(&store, "a", &[1]).await;
    take(&store, "b", &[2]).await;
    append(&store, "c", vec![raw("step.unheard", "{}".into())]).await;
    let policy = FailurePolicy::default().when(
        |failure| failure.kind() == FailureKind::Undecodable,
        Reaction::at_once(OnFailure::DeadLetter),
    );
    let subscriber = EventSubscriber::new(Typed(seen.clone())).unwrap();
    let typed = Subscription::deliver(Arc::clone(&store), subscriber).with_settings(settings());
    let running = typed.on_failure(policy).spawn();
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(seen.events().iter().map(number).collect::<Vec<_>>(), [1, 2]);
    let failed = letters(&running, false).await;
    assert_eq!(failed.len(), 1, "types that nobody takes are not read: {failed:?}");
    assert!(failed[0].cause.starts_with("undecodable: "), "{}", failed[0].cause);
    assert_eq!(failed[0].attempts, 1, "what is undecodable stays so: it is not tried again");
}

#[tokio::test]
async fn more_letters_than_may_be_end_it() {
    let store = memory();
    take(&store, "a", &[1, 2, 3, 4, 5]).await;
    let subscription =
        handling(&store, |_| std::future::ready(Err(HandlerError::new("always the same"))));
    let running = subscription
        .on_failure(at_once(OnFailure::DeadLetter))
        .with_settings(SubscriptionSettings { letters_max: 3, page_events_max: 1, ..settings() })
        .spawn();
    let error = in_time(running.ended()).await.unwrap_err();
    assert!(
        matches!(error, SubscriptionError::TooManyLetters { most: 3, found: 4, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn events_of_other_keys_are_handled_at_the_same_time_and_those_of_one_in_order() {
    let (store, seen) = (memory(), Seen::default());
    for round in 0..10 {
        for stream in 0..20 {
            take(&store, stream, &[round]).await;
        }
    }
    // Whoever comes first waits until eight are at work: one lane alone would wait for ever.
    let (own, gate) = (seen.clone(), Arc::new(tokio::sync::Barrier::new(2)));
    let subscription = handling(&store, move |event| {
        let (own, gate) = (own.clone(), Arc::clone(&gate));
        async move {
            if number(&event) == 0 && ["0", "1"].contains(&event.stream.id()) {
                gate.wait().await;
            }
            own.note(event);
            Ok(())
        }
    });
    let running =
        subscription.with_settings(SubscriptionSettings { lanes: 256, ..settings() }).spawn();
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(seen.events().len(), 200);
    for stream in 0..20 {
        let own: Vec<u64> = seen
            .events()
            .iter()
            .filter(|it| it.stream.id() == stream.to_string())
            .map(number)
            .collect();
        assert_eq!(own, (0..10).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn after_a_discard_the_key_flows_again() {
    let (store, seen, afraid) = (memory(), Seen::default(), Arc::new(AtomicBool::new(true)));
    take(&store, "a", &[13, 1]).await;
    let running =
        superstitious(&store, &seen, &afraid).on_failure(at_once(OnFailure::Park)).spawn();
    in_time(running.caught_up()).await.unwrap();
    running.discard(DeadLetterSelection::All).await.unwrap();
    in_time(running.wait_for(|it| it.parked_keys == 0)).await.unwrap();
    take(&store, "a", &[2, 3]).await;
    in_time(running.caught_up()).await.unwrap();
    in_time(running.wait_for(|it| it.handled == 3)).await.unwrap();
    assert_eq!(seen.events().iter().map(number).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(letters(&running, true).await.is_empty());
}

#[tokio::test]
async fn a_stop_in_the_middle_of_trying_again_strands_nothing() {
    let (store, seen, afraid) = (memory(), Seen::default(), Arc::new(AtomicBool::new(true)));
    take(&store, "a", &[13, 1, 2, 3, 4, 5]).await;
    let running =
        superstitious(&store, &seen, &afraid).on_failure(at_once(OnFailure::Park)).spawn();
    in_time(running.caught_up()).await.unwrap();
    in_time(running.stop()).await.unwrap();
    // Stopped when the third of them is begun.
    let (stopper, own) = (Arc::new(factum_runtime::Stopper::new()), seen.clone());
    let stop = stopper.signal();
    let again = handling(&store, move |event| {
        if number(&event) == 2 {
            stopper.stop();
        }
        own.note(event);
        std::future::ready(Ok(()))
    });
    let handle = again.handle();
    handle.replay(DeadLetterSelection::All).await.unwrap();
    in_time(again.run(stop)).await.unwrap();
    let before = seen.events().len();
    assert!(before < 6, "it was stopped in the middle: {before}");
    let running = superstitious(&store, &seen, &Arc::new(AtomicBool::new(false))).spawn();
    in_time(running.wait_for(|it| it.parked_keys == 0 && it.handled > 0)).await.unwrap();
    take(&store, "a", &[6]).await;
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(seen.events().iter().map(number).collect::<Vec<_>>(), [13, 1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_key_with_dead_and_waiting_events_comes_back_whole_page_by_page() {
    for page_events_max in [1, 2, 3] {
        let (store, seen) = (memory(), Seen::default());
        let afraid = Arc::new(AtomicBool::new(true));
        // 7 is left for dead before 13 is parked; the key then holds both kinds.
        let (own, fear) = (seen.clone(), Arc::clone(&afraid));
        let subscription = handling(&store, move |event| {
            let bad = fear.load(Ordering::SeqCst);
            let handled = match number(&event) {
                7 if bad => Err(std::io::Error::other("dead").into()),
                13 if bad => Err(HandlerError::new("parked")),
                _ => {
                    own.note(event);
                    Ok(())
                }
            };
            std::future::ready(handled)
        });
        let policy = at_once(OnFailure::Park).when(
            factum_core::EventFailure::is::<std::io::Error>,
            Reaction::at_once(OnFailure::DeadLetter),
        );
        take(&store, "a", &[7, 7, 7, 13, 1, 2, 3, 4]).await;
        let small = SubscriptionSettings { page_events_max, ..settings() };
        let running = subscription.on_failure(policy).with_settings(small).spawn();
        in_time(running.caught_up()).await.unwrap();
        afraid.store(false, Ordering::SeqCst);
        running.replay(DeadLetterSelection::At(Position::new(4))).await.unwrap();
        in_time(running.wait_for(|it| it.parked_keys == 0 && it.handled == 5)).await.unwrap();
        assert_eq!(seen.events().iter().map(number).collect::<Vec<_>>(), [13, 1, 2, 3, 4]);
        assert_eq!(letters(&running, true).await.len(), 3, "the dead ones were not meant");
    }
}

#[tokio::test]
async fn a_newer_version_of_a_subscriber_keeps_what_is_set_aside() {
    let (store, seen, afraid) = (memory(), Seen::default(), Arc::new(AtomicBool::new(true)));
    take(&store, "a", &[13, 1]).await;
    let running =
        superstitious(&store, &seen, &afraid).on_failure(at_once(OnFailure::Park)).spawn();
    in_time(running.caught_up()).await.unwrap();
    in_time(running.stop()).await.unwrap();
    let own = seen.clone();
    let newer = EventSubscriber::raw("handling", &factum_core::Query::all(), move |event| {
        own.note(event);
        std::future::ready(Ok(()))
    });
    let newer = Subscription::deliver(Arc::clone(&store), newer.versioned(2));
    let running = newer.with_settings(settings()).spawn();
    take(&store, "b", &[9]).await;
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(seen.events().iter().map(number).collect::<Vec<_>>(), [9]);
    running.replay(DeadLetterSelection::All).await.unwrap();
    in_time(running.wait_for(|it| it.handled == 3)).await.unwrap();
    assert_eq!(seen.events().iter().map(number).collect::<Vec<_>>(), [9, 13, 1]);
}

#[tokio::test]
async fn a_panic_before_the_handlers_future_is_the_failure_of_its_event_too() {
    let (store, seen) = (memory(), Seen::default());
    take(&store, "a", &[13]).await;
    take(&store, "b", &[2]).await;
    let own = seen.clone();
    let subscription = handling(&store, move |event| {
        assert_ne!(number(&event), 13);
        own.note(event);
        std::future::ready(Ok(()))
    });
    let running = subscription.on_failure(at_once(OnFailure::Park)).spawn();
    in_time(running.caught_up()).await.unwrap();
    assert_eq!(seen.events().len(), 1);
    assert_eq!(letters(&running, false).await.len(), 1);
}

#[tokio::test]
async fn keys_and_choices_that_panic_end_nothing() {
    let (store, seen) = (memory(), Seen::default());
    take(&store, "a", &[13, 1]).await;
    take(&store, "b", &[2]).await;
    let own = seen.clone();
    let subscriber = EventSubscriber::raw("keyed", &factum_core::Query::all(), move |event| {
        let handled = if number(&event) == 13 { Err(HandlerError::new("13")) } else { Ok(()) };
        own.note(event);
        std::future::ready(handled)
    });
    let keyed = subscriber.keyed(|event| panic!("no key for {}", event.position));
    let policy =
        at_once(OnFailure::Park).when(|_| panic!("no choice"), Reaction::at_once(OnFailure::Skip));
    let running = Subscription::deliver(Arc::clone(&store), keyed)
        .with_settings(SubscriptionSettings { lanes: 4, ..settings() })
        .on_failure(policy)
        .spawn();
    in_time(running.caught_up()).await.unwrap();
    let mut numbers: Vec<u64> = seen.events().iter().map(number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 13], "1 waits behind 13, by its stream");
}

#[tokio::test(start_paused = true)]
async fn an_order_interrupts_the_pauses_between_attempts() {
    let store = memory();
    take(&store, "a", &[1]).await;
    let subscription =
        handling(&store, |_| std::future::ready(Err(HandlerError::new("for a long time"))));
    let patient =
        Retry { attempts_max: u32::MAX, pause_ms_first: 86_400_000, pause_ms_max: 86_400_000 };
    let policy = FailurePolicy::new(OnFailure::Park).retried(patient);
    let running = subscription.on_failure(policy).spawn();
    let retrying = running.wait_for(|it| it.state == SubscriptionState::Retrying);
    let reason = in_time(retrying).await.unwrap().reason.unwrap();
    assert!(reason.contains("for a long time"), "{reason}");
    running.pause("enough").await.unwrap();
    in_time(running.wait_for(|it| it.state == SubscriptionState::Paused)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_order_between_attempts_begins_no_new_count() {
    let (store, tries) = (memory(), Arc::new(AtomicU64::new(0)));
    take(&store, "a", &[1]).await;
    let counted = Arc::clone(&tries);
    let subscription = handling(&store, move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Err(HandlerError::new("never")))
    });
    // The first of the pauses comes before the third attempt.
    let patient = Retry { attempts_max: 4, pause_ms_first: 86_400_000, pause_ms_max: 86_400_000 };
    let policy = FailurePolicy::new(OnFailure::DeadLetter).retried(patient);
    let running = subscription.on_failure(policy).spawn();
    for _ in 0..2 {
        let retrying = running.wait_for(|it| it.state == SubscriptionState::Retrying);
        in_time(retrying).await.unwrap();
        running.pause("for an order").await.unwrap();
        in_time(running.followed()).await.unwrap();
        running.resume().await.unwrap();
        in_time(running.followed()).await.unwrap();
    }
    let given_up = running.wait_for(|it| it.dead_letters == 1);
    tokio::time::timeout(std::time::Duration::from_hours(96), given_up).await.unwrap().unwrap();
    assert_eq!(tries.load(Ordering::SeqCst), 4);
    assert_eq!(letters(&running, false).await[0].attempts, 4);
}

/// Of a key, what comes after the discarded event fails too: whoever waits sees that, and not the moment
/// in which nothing had failed.
#[tokio::test]
async fn catching_up_waits_for_what_a_discard_or_a_replay_leads_to() {
    for from_outside in [false, true] {
        let (store, seen, afraid) = (memory(), Seen::default(), Arc::new(AtomicBool::new(true)));
        take(&store, "a", &[13, 13, 1, 13, 2]).await;
        take(&store, "b", &[7]).await;
        let running =
            superstitious(&store, &seen, &afraid).on_failure(at_once(OnFailure::Park)).spawn();
        let mut aside = in_time(running.caught_up()).await.unwrap().set_aside;
        for (failed, waiting, first) in [(1, 4, 1), (1, 3, 2), (1, 1, 4), (0, 0, 0)] {
            let found = aside.first.as_ref().map_or(0, |it| it.position.get());
            assert_eq!(
                (aside.failed_events, aside.waiting_events, found),
                (failed, waiting, first)
            );
            let all = DeadLetterSelection::All;
            let discarded = if from_outside {
                store.discard(running.name(), all).await
            } else {
                running.discard(all).await
            };
            assert_eq!(discarded.unwrap(), failed);
            aside = in_time(running.caught_up()).await.unwrap().set_aside;
        }
        assert!(aside.is_empty(), "{aside}");
        assert_eq!(seen.events().iter().map(number).collect::<Vec<_>>(), [7, 1, 2]);
        in_time(running.stop()).await.unwrap();
    }
    let (store, seen, afraid) = (memory(), Seen::default(), Arc::new(AtomicBool::new(true)));
    take(&store, "a", &[13, 1]).await;
    let running =
        superstitious(&store, &seen, &afraid).on_failure(at_once(OnFailure::Park)).spawn();
    in_time(running.caught_up()).await.unwrap();
    for attempts in 2..5 {
        store.replay(running.name(), DeadLetterSelection::All).await.unwrap();
        let first = in_time(running.caught_up()).await.unwrap().set_aside.first.unwrap();
        assert_eq!(first.attempts, attempts);
    }
}

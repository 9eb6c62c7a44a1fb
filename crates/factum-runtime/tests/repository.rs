//! A repository loads, decides and appends, and every answer is one that the log agrees with.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use common::{
    Account, AccountError, AccountEvent, Close, Deposit, Open, Withdraw, accounts, memory, opened,
};
use factum_core::limits::EVENTS_PER_APPEND_MAX;
use factum_core::{
    AppendRequest, Claim, Codec, CommandId, CommandReuse, Conflict, Context, EventId, EventProblem,
    EventStoreExt, EventType, Expected, IdSource, LogRead, NewEvent, Position, Principal,
    RandomIds, Recorded, Refusal, Revision, SharedStore, StoreErrorKind, StreamRead, TenantId,
};
use factum_runtime::{ExecuteError, LoadError, Options, Repository, Retry};

async fn put(store: &SharedStore, event_type: &str, payload: &'static str) {
    let event_type = EventType::new(event_type).unwrap();
    let event = NewEvent::new(RandomIds.next_id(), event_type, Codec::Json, payload);
    let request =
        AppendRequest::default().stream("account/ann".parse().unwrap(), Expected::Any, [event]);
    store.append(request).await.unwrap();
}

fn id(text: &str) -> CommandId {
    CommandId::new(text).unwrap()
}

#[tokio::test]
async fn what_was_executed_is_loaded() {
    let store = memory();
    let accounts = opened(&store, "ann", 2).await;
    let before = accounts.load("ann").await.unwrap();
    assert_eq!((before.state.balance, before.revision), (2, Some(Revision::new(2))));
    assert_eq!((before.position, before.replayed), (Position::new(3), 3));

    let executed = accounts.execute("ann", Withdraw(2)).await.unwrap();
    assert_eq!(executed.events, [AccountEvent::Withdrawn { amount: 2 }]);
    assert_eq!((executed.state.balance, executed.revision), (0, Some(Revision::new(3))));
    assert_eq!((executed.position, executed.repeated), (Position::new(4), false));
    assert_eq!(accounts.load("ann").await.unwrap().state, executed.state);
}

#[tokio::test]
async fn an_entity_without_events_has_the_initial_state() {
    let loaded = accounts(&memory()).load("nobody").await.unwrap();
    assert!(!loaded.exists() && loaded.revision.is_none());
    assert_eq!((&*loaded.state, loaded.position), (&Account::default(), Position::START));
}

#[tokio::test]
async fn a_rejection_stores_nothing() {
    let store = memory();
    let accounts = opened(&store, "ann", 1).await;
    let error = accounts.execute("ann", Withdraw(9)).await.unwrap_err();
    assert_eq!(error.rejection(), Some(&AccountError::TooLittle { balance: 1, asked: 9 }));
    assert_eq!(error.to_string(), "expected at most 1, found 9");
    assert_eq!(store.head().await.unwrap(), Position::new(2));
}

#[tokio::test]
async fn a_command_without_events_is_a_success() {
    let store = memory();
    let accounts = opened(&store, "ann", 1).await;
    let executed = accounts.execute("ann", Deposit(0)).await.unwrap();
    assert!(executed.events.is_empty());
    assert_eq!((executed.revision, executed.position), (Some(Revision::new(1)), Position::new(2)));
}

#[tokio::test]
async fn a_step_of_one_unit_of_work_sees_the_steps_before() {
    let store = memory();
    let accounts = opened(&store, "ann", 1).await;
    let work = |account: &mut Recorded<Account>| {
        account.execute(Deposit(5))?;
        account.execute(Withdraw(6))?;
        account.record(AccountEvent::Deposited { amount: account.events }); // 4 by now
        Ok(())
    };
    let executed = accounts.update("ann", work).await.unwrap();
    assert_eq!((executed.events.len(), executed.state.balance), (3, 4));

    let half = |account: &mut Recorded<Account>| {
        account.execute(Deposit(5))?;
        account.execute(Withdraw(600))
    };
    accounts.update("ann", half).await.unwrap_err();
    assert_eq!(accounts.load("ann").await.unwrap().state.balance, 4, "the whole unit is off");
}

#[tokio::test]
async fn a_conflict_is_decided_again_on_the_fresh_state() {
    let store = memory();
    let accounts = opened(&store, "ann", 5).await;
    let (other, calls) = (accounts.clone(), AtomicU64::new(0));
    let executed = accounts
        .update("ann", |account| {
            if calls.fetch_add(1, Ordering::Relaxed) == 0 {
                // Somebody else is quicker.
                let withdrawn = futures::executor::block_on(other.execute("ann", Withdraw(3)));
                assert_eq!(withdrawn.unwrap().state.balance, 2);
            }
            account.execute(Withdraw(2))
        })
        .await
        .unwrap();
    assert_eq!((executed.state.balance, calls.into_inner()), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn attempts_are_bounded() {
    let store = memory();
    let retry = Retry { attempts_max: 4, ..Retry::default() };
    let accounts = opened(&store, "ann", 1).await.with_retry(retry);
    let other = accounts.clone();
    let error = accounts
        .update("ann", |account| {
            futures::executor::block_on(other.execute("ann", Deposit(1))).unwrap();
            account.execute(Withdraw(1))
        })
        .await
        .unwrap_err();
    assert!(matches!(error, ExecuteError::Conflict { attempts: 4, .. }), "{error}");
    assert!(error.to_string().ends_with("(the last of 4 attempts)"), "{error}");
}

#[tokio::test]
async fn many_tasks_on_one_entity_lose_no_update() {
    let store = memory();
    let accounts = opened(&store, "ann", 0).await;
    let accounts = accounts.with_retry(Retry { attempts_max: 1_000, ..Retry::default() });
    let tasks = (0..32).map(|_| {
        let accounts = accounts.clone();
        tokio::spawn(async move { accounts.execute("ann", Deposit(1)).await.unwrap() })
    });
    futures::future::join_all(tasks).await;
    assert_eq!(accounts.load("ann").await.unwrap().state.balance, 32);
}

#[tokio::test]
async fn a_stale_edit_is_refused_without_a_second_attempt() {
    let store = memory();
    let accounts = opened(&store, "ann", 3).await;
    let seen = Options::default().expecting(Expected::Revision(Revision::new(1)));
    let calls = AtomicU64::new(0);
    let work = |account: &mut Recorded<Account>| {
        calls.fetch_add(1, Ordering::Relaxed);
        account.execute(Deposit(1))
    };
    let error = accounts.update_with("ann", work, seen).await.unwrap_err();
    let ExecuteError::Conflict { conflict: Conflict::Stream { expected, actual, .. }, .. } = error
    else {
        panic!("{error}")
    };
    assert_eq!(expected, Expected::Revision(Revision::new(1)));
    assert_eq!((actual, calls.into_inner()), (Some(Revision::new(3)), 0));

    let fresh = Options::default().expecting(Expected::Revision(Revision::new(3)));
    accounts.execute_with("ann", Deposit(1), fresh).await.unwrap();
    let first = Options::default().expecting(Expected::NoStream);
    accounts.execute_with("ann", Open("x"), first).await.unwrap_err();
}

#[tokio::test]
async fn a_repeated_command_gives_the_first_answer_and_decides_nothing() {
    let store = memory();
    let accounts = opened(&store, "ann", 5).await;
    let options = Options::default().command_id(id("form-1"));
    let first = accounts.execute_with("ann", Withdraw(4), options.clone()).await.unwrap();
    accounts.execute("ann", Deposit(90)).await.unwrap();

    // The rules would say no to this withdrawal; they are not asked.
    let again = accounts.execute_with("ann", Withdraw(4_000), options.clone()).await.unwrap();
    assert!(again.repeated && !first.repeated);
    assert_eq!((&again.events, again.revision), (&first.events, first.revision));
    assert_eq!((&again.state, again.position), (&first.state, first.position));

    let elsewhere = accounts.execute_with("bob", Open("b@x.org"), options).await.unwrap_err();
    let reused = matches!(elsewhere, ExecuteError::Refused(Refusal::CommandReused { .. }));
    assert!(reused, "{elsewhere}");
}

#[tokio::test]
async fn a_command_id_with_another_command_is_refused() {
    let store = memory();
    let accounts = opened(&store, "ann", 5).await;
    let options = |cents: u64| {
        let options = Options::default().command_id(id("form-1"));
        options.for_command(&("withdraw", cents)).unwrap()
    };
    accounts.execute_with("ann", Withdraw(4), options(4)).await.unwrap();
    let other = accounts.execute_with("ann", Withdraw(1), options(1)).await.unwrap_err();
    let ExecuteError::Refused(Refusal::CommandReused { reuse, .. }) = &other else {
        panic!("{other}")
    };
    assert!(matches!(reuse, CommandReuse::Content { target } if target.as_str() == "account/ann"));
    assert!(accounts.execute_with("ann", Withdraw(4), options(4)).await.unwrap().repeated);
    let unknown = Options::default().command_id(id("form-1"));
    assert!(accounts.execute_with("ann", Withdraw(9), unknown).await.unwrap().repeated);
}

#[tokio::test]
async fn a_command_without_events_is_remembered() {
    let store = memory();
    let accounts = opened(&store, "ann", 1).await;
    let options = Options::default().command_id(id("form-1"));
    accounts.execute_with("ann", Deposit(0), options.clone()).await.unwrap();
    let again = accounts.execute_with("ann", Deposit(7), options).await.unwrap();
    assert!(again.repeated && again.events.is_empty());
    assert_eq!((again.state.balance, again.revision), (1, Some(Revision::new(1))));
}

#[tokio::test]
async fn a_rejected_command_is_not_remembered() {
    let store = memory();
    let accounts = opened(&store, "ann", 1).await;
    let options = Options::default().command_id(id("form-1"));
    accounts.execute_with("ann", Withdraw(9), options.clone()).await.unwrap_err();
    let done = accounts.execute_with("ann", Withdraw(1), options).await.unwrap();
    assert!(!done.repeated);
}

#[tokio::test]
async fn concurrent_repetitions_have_one_effect() {
    let store = memory();
    let accounts = opened(&store, "ann", 0).await;
    let accounts = accounts.with_retry(Retry { attempts_max: 1_000, ..Retry::default() });
    let tasks = (0..16).map(|_| {
        let accounts = accounts.clone();
        let options = Options::default().command_id(id("form-1"));
        tokio::spawn(
            async move { accounts.execute_with("ann", Deposit(5), options).await.unwrap() },
        )
    });
    let answers = futures::future::join_all(tasks).await;
    let first = answers.iter().filter(|it| !it.as_ref().unwrap().repeated).count();
    assert_eq!((first, accounts.load("ann").await.unwrap().state.balance), (1, 5));
}

#[tokio::test]
async fn unique_values_of_events_are_claimed_and_released() {
    let store = memory();
    let accounts = accounts(&store);
    accounts.execute("ann", Open("ann@example.org")).await.unwrap();
    let error = accounts.execute("eve", Open("Ann@Example.ORG")).await.unwrap_err();
    let taken = matches!(
        &error,
        ExecuteError::Conflict { conflict: Conflict::Claim { name, .. }, attempts: 1 }
            if name == "email"
    );
    assert!(taken, "spellings are alike, and trying again is of no use: {error}");
    accounts.execute("ann", Close).await.unwrap();
    accounts.execute("eve", Open("Ann@Example.ORG")).await.unwrap();
}

#[tokio::test]
async fn options_claim_along() {
    let store = memory();
    let accounts = opened(&store, "ann", 0).await;
    let phone = Claim::new("phone", "+49 30 1").unwrap();
    let take = Options::default().take(phone.clone());
    accounts.execute_with("ann", Deposit(1), take).await.unwrap();
    assert_eq!(store.claim_owner(&phone).await.unwrap().unwrap().id(), "ann");
    let release = Options::default().release(phone.clone());
    accounts.execute_with("ann", Deposit(1), release).await.unwrap();
    assert_eq!(store.claim_owner(&phone).await.unwrap(), None);
}

#[tokio::test]
async fn unique_values_are_hashed_under_a_key() {
    let store = memory();
    let key = [7; 32];
    let accounts = accounts(&store).with_claim_key(key);
    accounts.execute("ann", Open("ann@example.org")).await.unwrap();
    let clear = Claim::new("email", "ann@example.org").unwrap();
    assert_eq!(store.claim_owner(&clear).await.unwrap(), None);
    assert!(store.claim_owner(&clear.hashed(&key)).await.unwrap().is_some());
    accounts.execute("eve", Open("ann@example.org")).await.unwrap_err();
}

#[tokio::test]
async fn the_context_is_written_on_every_event() {
    let store = memory();
    let mut context = Context::start(&RandomIds);
    context.principal = Some(Principal::new("clerk").unwrap());
    context.metadata.insert("ip", "::1").unwrap();
    let mut more = factum_core::Metadata::default();
    more.insert("form", "F1").unwrap();
    let accounts = accounts(&store).in_context(context.clone()).unwrap();
    let options = Options::default().command_id(id("c-1")).metadata(more);
    accounts.execute_with("ann", Open("a@x.org"), options).await.unwrap();

    let events = store.collect(LogRead::default()).await.unwrap();
    let event = &events[0];
    assert_eq!((&event.principal, &event.correlation), (&context.principal, &context.correlation));
    assert_eq!(event.causation.as_ref().unwrap().as_str(), "c-1");
    let metadata: Vec<_> = event.metadata.iter().collect();
    assert_eq!(metadata, [("form", "F1"), ("ip", "::1")]);

    let child = Context::caused_by(event);
    assert_eq!((&child.correlation, &child.principal), (&context.correlation, &context.principal));
    assert_eq!(child.causation.unwrap().as_str(), event.id.to_string());
    assert_eq!(child.metadata.get("ip"), Some("::1"));
}

#[tokio::test]
async fn a_context_leads_to_its_tenant_and_not_over_walls() {
    let store: SharedStore = Arc::new(factum_core::MemoryStore::new(
        factum_core::TenantScope::All,
        Arc::new(factum_core::SystemClock),
    ));
    let accounts = accounts(&store).with_cache(10.try_into().unwrap());
    let of =
        |tenant| Context { tenant: Some(TenantId::new(tenant).unwrap()), ..Context::default() };
    let acme = accounts.in_context(of("acme")).unwrap();
    acme.execute("ann", Open("a@x.org")).await.unwrap();
    let umbrella = accounts.in_context(of("umbrella")).unwrap();
    assert!(!umbrella.load("ann").await.unwrap().exists());
    umbrella.execute("ann", Open("a@x.org")).await.unwrap();
    let error = acme.in_context(of("umbrella")).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Invalid);
}

#[tokio::test]
async fn an_unknown_event_is_an_error_unless_told_otherwise() {
    let store = memory();
    let accounts = opened(&store, "ann", 1).await;
    put(&store, "account.audited", "{}").await;
    let LoadError::Event(error) = accounts.load("ann").await.unwrap_err() else { panic!() };
    assert_eq!(error.problem, EventProblem::UnknownType);
    let lenient = factum_core::Registry::of::<AccountEvent>()
        .unwrap()
        .on_unknown(factum_core::UnknownEvents::Skip);
    let loaded = accounts.with_registry(lenient).load("ann").await.unwrap();
    assert_eq!((loaded.state.balance, loaded.revision), (1, Some(Revision::new(2))));
}

#[tokio::test]
async fn an_undecodable_event_is_named_and_its_payload_is_not() {
    let store = memory();
    let accounts = opened(&store, "ann", 1).await;
    put(&store, "account.deposited", r#"{"amount":"secret"}"#).await;
    let error = accounts.load("ann").await.unwrap_err().to_string();
    assert_eq!(
        error,
        "event account.deposited version 1 (json) at revision 2 of stream account/ann, position \
         3: its payload could not be decoded: invalid type: string, expected u64 at line 1 column 18"
    );
}

#[tokio::test]
async fn a_panic_while_loading_names_the_event() {
    let store = memory();
    let accounts = opened(&store, "ann", 1).await;
    put(&store, "account.deposited", r#"{"amount":666}"#).await;
    let LoadError::Event(error) = accounts.load("ann").await.unwrap_err() else { panic!() };
    let said = "the number of the beast".to_owned();
    assert_eq!((error.revision, &error.problem), (Revision::new(2), &EventProblem::Panicked(said)));
}

#[tokio::test]
async fn too_many_events_are_refused() {
    let store = memory();
    let accounts = opened(&store, "ann", 0).await;
    let work =
        |account: &mut Recorded<Account>| (0..10_000).try_for_each(|_| account.execute(Deposit(1)));
    let error = accounts.update("ann", work).await.unwrap_err();
    let ExecuteError::Refused(Refusal::TooManyEvents { found }) = error else { panic!("{error}") };
    assert_eq!((found, EVENTS_PER_APPEND_MAX), (10_000, 4_096));
    assert_eq!(store.head().await.unwrap(), Position::new(1), "nothing was stored");
}

#[tokio::test]
async fn a_truncated_stream_is_not_loaded_as_if_it_were_whole() {
    let store = memory();
    let accounts = opened(&store, "ann", 5).await;
    let stream = accounts.stream("ann").unwrap();
    let record = factum_core::AdminRecord::new(EventId::from_content(&[]), "retention");
    store.truncate_before(&stream, Revision::new(3), record).await.unwrap();
    let error = accounts.load("ann").await.unwrap_err();
    let expected_and_found = matches!(
        error,
        LoadError::Truncated { expected: Revision::FIRST, found, .. } if found == Revision::new(3)
    );
    assert!(expected_and_found, "{error}");
}

#[tokio::test]
async fn a_bad_id_is_a_typed_error() {
    let accounts = accounts(&memory());
    let error = accounts.execute("", Open("a@x.org")).await.unwrap_err();
    assert!(matches!(error, ExecuteError::Name { event_type: None, .. }), "{error}");
    let error = accounts.execute("ann", Open("  ")).await.unwrap_err();
    let said = error.to_string();
    assert!(said.starts_with("event account.opened: invalid tag value"), "{said}");
}

#[tokio::test]
async fn events_carry_what_the_type_declares() {
    let store = memory();
    let _: Repository<Account> = opened(&store, "ann", 1).await;
    let events = store.collect_stream(StreamRead::forward("account/ann".parse().unwrap())).await;
    let events = events.unwrap();
    assert_eq!(events[0].event_type.as_str(), "account.opened");
    assert_eq!(events[0].tags.iter().next().unwrap().as_str(), "owner:ann@example.org");
    assert_eq!(&events[1].payload[..], br#"{"amount":1}"#);
    assert_eq!(events[1].codec, Codec::Json);
}

//! Deciders, aggregates, and units of work.

use factum_testkit::{Given, given};

use crate::doors::DoorCommand::{Close, CloseAndLock, Lock, Open};
use crate::doors::{Door, DoorError, DoorEvent, Gate, LetIn, LockUp, opened};
use crate::{failure, says};

#[test]
fn events_are_compared_in_their_order() {
    let both = [DoorEvent::Closed, DoorEvent::Locked { code: 7 }];
    given::<Door>([opened("ann")]).when(CloseAndLock(7)).then(both.clone());

    let turned = [both[1].clone(), both[0].clone()];
    let said = failure(|| given::<Door>([opened("ann")]).when(CloseAndLock(7)).then(turned));
    says(&said, &["given", "Opened { by: \"ann\" }", "-     Closed,", "+     Closed,"]);

    let said = failure(|| given::<Door>([]).when(Lock(7)).then([DoorEvent::Locked { code: 8 }]));
    says(&said, &["-         code: 8,", "+         code: 7,", "given nothing"]);

    let few = || given::<Door>([opened("ann")]).when(CloseAndLock(7)).then([DoorEvent::Closed]);
    says(&failure(few), &["+     Locked {"]);
}

#[test]
fn an_error_is_no_events() {
    let refused = || given::<Door>([opened("ann")]).when(Open("bob"));
    says(&failure(|| refused().then([opened("bob")])), &["bob", "error Open"]);
    says(&failure(|| refused().then([])), &["error Open"]);
    says(&failure(|| refused().then_nothing()), &["error Open"]);
    says(&failure(|| refused().then_events_where(|_| true)), &["error Open"]);
}

#[test]
fn nothing_is_success_without_events() {
    given::<Door>([]).when(Close).then_nothing().then([]);
    let said = failure(|| given::<Door>([]).when(Lock(7)).then_nothing());
    says(&said, &["no events", "Locked", "code: 7"]);
}

#[test]
fn errors_are_compared() {
    let locked = || given::<Door>([DoorEvent::Locked { code: 7 }]).when(Open("ann"));
    locked().then_error(DoorError::Locked { code: 7 });
    let said = failure(|| locked().then_error(DoorError::Locked { code: 8 }));
    says(&said, &["-     code: 8,", "+     code: 7,", "Locked { code: 7 }"]);

    let said = failure(|| given::<Door>([]).when(Lock(7)).then_error(DoorError::Open));
    says(&said, &["error Open", "Locked", "code: 7"]);
    let said = failure(|| given::<Door>([]).when(Close).then_error(DoorError::Open));
    says(&said, &["error Open"]);
}

#[test]
fn errors_are_described() {
    let open = || given::<Door>([opened("ann")]).when(Lock(7));
    open().then_error_where(|error| *error == DoorError::Open);
    says(&failure(|| open().then_error_where(|_| false)), &["Open"]);
    let said = failure(|| given::<Door>([]).when(Lock(7)).then_error_where(|_| true));
    says(&said, &["expected an error", "Locked"]);
}

#[test]
fn events_are_described() {
    let locked = || given::<Door>([]).when(Lock(7));
    locked().then_events_where(|events| events.len() == 1);
    says(&failure(|| locked().then_events_where(<[_]>::is_empty)), &["Locked", "code: 7"]);
}

#[test]
fn the_state_is_the_one_after_the_events() {
    let locked = || given::<Door>([opened("ann")]).when(CloseAndLock(7));
    locked()
        .then_state(|door| !door.open)
        .then_state_is(&Door { open: false, code: Some(7) })
        .then_events_where(|events| events.len() == 2);
    let said = failure(|| locked().then_state(|door| door.open));
    says(&said, &["state", "Opened", "found the events [Closed, Locked { code: 7 }]"]);
    let said = failure(|| locked().then_state_is(&Door { open: true, code: Some(7) }));
    says(&said, &["-     open: true,", "+     open: false,"]);
}

#[test]
fn a_rejected_command_leaves_the_state() {
    given::<Door>([opened("ann")])
        .when(Open("bob"))
        .then_error(DoorError::Open)
        .then_state_is(&Door { open: true, code: None });
}

#[test]
fn every_step_of_a_chain_is_checked() {
    let said = failure(|| given::<Door>([]).when(Close).then_nothing().then_state(|it| it.open));
    says(&said, &["the state is not as expected"]);
}

#[test]
fn arrangements_add_up() {
    given::<Door>([opened("ann")])
        .and([DoorEvent::Closed])
        .given_command(Lock(7))
        .when(Open("bob"))
        .then_error(DoorError::Locked { code: 7 });
    Given::<Door>::nothing().when(Close).then_nothing();
    Given::state(Door { open: true, code: None })
        .and([DoorEvent::Closed])
        .when(Lock(7))
        .then([DoorEvent::Locked { code: 7 }]);
}

#[test]
fn a_rejected_arrangement_fails_whatever_is_expected() {
    let wrong = || given::<Door>([opened("ann")]).given_command(Open("bob"));
    let expected = [
        "the arrangement failed",
        "rejected with Open",
        "Opened { by: \"ann\" }",
        "command 1, of type",
        "DoorCommand",
    ];
    says(&failure(|| wrong().when(Open("bob")).then_error(DoorError::Open)), &expected);
    says(&failure(|| wrong().when(Open("bob")).then_error_where(|_| true)), &expected);
    says(&failure(|| wrong().when(Close).then([DoorEvent::Closed])), &expected);
    says(&failure(|| wrong().when(Lock(0)).then_nothing()), &expected);
}

#[test]
fn a_test_that_expects_nothing_fails() {
    says(&failure(|| drop(given::<Door>([]).when(Lock(7)))), &["expects nothing", "`then`"]);
    let said = failure(|| drop(given::<Door>([opened("ann")]).when(Lock(7))));
    says(&said, &["expects nothing", "expectations/aggregates.rs:"]);
}

#[test]
fn what_fails_already_is_not_failed_again() {
    let said = failure(|| {
        let _outcome = given::<Door>([]).when(Lock(7));
        panic!("the reason");
    });
    assert_eq!(said, "the reason");
}

#[test]
fn a_decider_that_panics_fails_the_test() {
    let said = failure(|| given::<Door>([]).when(Lock(0)).then_error_where(|_| true));
    assert_eq!(said, "a door has no code 0");
    let said = failure(|| given::<Door>([]).given_command(Lock(0)).when(Close).then_nothing());
    assert_eq!(said, "a door has no code 0");
}

#[test]
fn an_aggregate_handles_each_kind_of_command() {
    given::<Gate>([])
        .given_command(LetIn("ann"))
        .when(LockUp)
        .then([DoorEvent::Locked { code: 1 }]);
    given::<Gate>([opened("ann")])
        .given_command(LetIn("bob"))
        .when(LetIn("cyd"))
        .then_error("two are enough")
        .then_state_is(&Gate { opened: 2 });
}

#[test]
fn a_unit_of_work_records_step_by_step() {
    given::<Gate>([opened("ann")])
        .when_recording(|gate| {
            gate.execute(LetIn("bob"))?;
            assert_eq!(gate.opened, 2, "a step sees the one before");
            gate.record(DoorEvent::Closed);
            Ok(())
        })
        .then([opened("bob"), DoorEvent::Closed])
        .then_state_is(&Gate { opened: 2 });
    given::<Gate>([]).when_recording(|_| Ok(())).then_nothing();
}

#[test]
fn a_unit_of_work_is_rejected_as_a_whole() {
    let rejected = || {
        given::<Gate>([opened("ann")]).when_recording(|gate| {
            gate.execute(LetIn("bob"))?;
            gate.execute(LetIn("cyd"))
        })
    };
    rejected().then_error("two are enough");
    says(&failure(|| rejected().then([opened("bob")])), &["two are enough"]);
    says(&failure(|| drop(rejected())), &["expects nothing"]);
}

//! Older shapes of events.

use factum_core::Upcasters;
use factum_derive::Event;
use factum_testkit::upcast;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::doors::{DoorEvent, opened};
use crate::{failure, says};

#[test]
fn an_older_shape_becomes_the_current_one() {
    let older = || upcast::<DoorEvent>("door.opened", 1, json!({})).with_metadata("by", "ann");
    older().then([opened("ann")]);
    older().as_cbor().then([opened("ann")]);
    let said = failure(|| older().then([opened("bob")]));
    says(&said, &["-         by: \"bob\",", "+         by: \"ann\","]);
    says(&failure(|| older().then_nothing()), &["no events", "ann"]);
    says(&failure(|| older().then_error_containing("nobody")), &["expected an error", "ann"]);
}

#[test]
fn the_current_shape_stays() {
    upcast::<DoorEvent>("door.opened", 2, json!({ "by": "ann" })).then([opened("ann")]);
}

#[test]
fn one_event_becomes_several_in_their_order() {
    let slammed = || upcast::<DoorEvent>("door.slammed", 1, json!({ "code": 7 }));
    slammed().then([DoorEvent::Closed, DoorEvent::Locked { code: 7 }]);
    let said = failure(|| slammed().then([DoorEvent::Closed]));
    says(&said, &["+     Locked {"]);
}

#[test]
fn a_retired_event_is_left_out() {
    upcast::<DoorEvent>("door.knocked", 1, json!({})).then_nothing();
    let said =
        failure(|| upcast::<DoorEvent>("door.knocked", 1, json!({})).then([DoorEvent::Closed]));
    says(&said, &["-     Closed,"]);
}

#[test]
fn what_cannot_be_read_says_why() {
    let nobody = || upcast::<DoorEvent>("door.opened", 1, json!({}));
    nobody().then_error_containing("nobody opened it");
    says(&failure(|| nobody().then_error_containing("knocked")), &["knocked", "nobody opened it"]);
    says(&failure(|| nobody().then([opened("ann")])), &["nobody opened it"]);
    says(&failure(|| nobody().then_nothing()), &["nobody opened it"]);

    upcast::<DoorEvent>("door.painted", 1, json!({})).then_error_containing("unknown");
    upcast::<DoorEvent>("door.opened", 3, json!({})).then_error_containing("newer program");
    upcast::<DoorEvent>("door.locked", 1, json!({ "code": "x" })).then_error_containing("decoded");
}

#[test]
fn arrangements_that_no_log_holds_fail() {
    let fine = || upcast::<DoorEvent>("door.opened", 1, json!({}));
    let wrong = failure(|| upcast::<DoorEvent>("", 1, json!({})).then_error_containing(""));
    says(&wrong, &["the arrangement failed"]);
    let wrong = failure(|| fine().with_metadata("", "ann").then_error_containing(""));
    says(&wrong, &["the arrangement failed"]);
    let wrong = failure(|| fine().on_stream("").then_error_containing(""));
    says(&wrong, &["the arrangement failed"]);
}

/// Version 1 of it leads nowhere.
#[derive(Event, Serialize, Deserialize, Debug, PartialEq)]
#[factum(crate = "factum_core", upcasters = Upcasters::default)]
enum LostEvent {
    #[factum(version = 2)]
    Found,
}

#[test]
fn events_that_contradict_each_other_fail_every_test() {
    let said = failure(|| upcast::<LostEvent>("lost.found", 2, json!({})).then([LostEvent::Found]));
    says(&said, &["lost.found", "expected an upcaster from version 1"]);
    let said =
        failure(|| upcast::<LostEvent>("lost.found", 1, json!({})).then_error_containing(""));
    says(&said, &["expected an upcaster from version 1"]);
}

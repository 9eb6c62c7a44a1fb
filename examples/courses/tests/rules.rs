//! The rules, decision by decision, without a store.

use factum_example_courses::booking::{Book, Occupied, RoomEvent};
use factum_example_courses::invoice::{InvoiceEvent, Issue};
use factum_example_courses::price::{GRACE_S, Order, PriceError, ProductEvent};
use factum_example_courses::subscription::{
    COURSES_PER_STUDENT_MAX, ChangeCapacity, CourseError, CourseEvent, DefineCourse, Subscribe,
    Unsubscribe,
};
use factum_example_courses::token::{Confirm, Initiate, SignUpEvent, TokenError};
use factum_example_courses::username::{Register, Taken, UserEvent};
use factum_testkit::given_facts;

fn defined(course: &str, capacity: u32) -> CourseEvent {
    CourseEvent::Defined { course: course.into(), capacity }
}

fn subscribed(course: &str, student: &str) -> CourseEvent {
    CourseEvent::Subscribed { course: course.into(), student: student.into() }
}

fn subscribe(course: &str, student: &str) -> Subscribe {
    Subscribe { course: course.into(), student: student.into() }
}

#[test]
fn a_free_seat_is_taken() {
    given_facts([defined("logic", 1), defined("latin", 1), subscribed("latin", "bob")])
        .when(subscribe("logic", "ann"))
        .then([subscribed("logic", "ann")])
        .then_tags(0, ["student:ann", "course:logic"]);
}

#[test]
fn a_full_course_is_full_until_somebody_leaves() {
    let full = [defined("logic", 1), subscribed("logic", "bob")];
    given_facts(full.clone()).when(subscribe("logic", "ann")).then_error(CourseError::Full);
    let left = CourseEvent::Unsubscribed { course: "logic".into(), student: "bob".into() };
    given_facts(full.into_iter().chain([left]))
        .when(subscribe("logic", "ann"))
        .then([subscribed("logic", "ann")]);
}

#[test]
fn a_student_has_a_limit_over_all_courses() {
    let courses: Vec<String> = (0..=COURSES_PER_STUDENT_MAX).map(|it| format!("c{it}")).collect();
    let there = courses.iter().map(|it| defined(it, 9));
    let goes = courses.iter().skip(1).map(|it| subscribed(it, "ann"));
    given_facts(there.chain(goes))
        .when(subscribe("c0", "ann"))
        .then_error(CourseError::EnoughCourses);
}

#[test]
fn nobody_sits_twice_or_in_no_course() {
    given_facts([defined("logic", 5), subscribed("logic", "ann")])
        .when(subscribe("logic", "ann"))
        .then_error(CourseError::Subscribed);
    given_facts::<CourseEvent>([])
        .when(subscribe("logic", "ann"))
        .then_error(CourseError::NoCourse);
    given_facts([defined("logic", 5)])
        .when(Unsubscribe { course: "logic".into(), student: "ann".into() })
        .then_error(CourseError::NotSubscribed);
}

#[test]
fn a_course_is_defined_once_and_changes_rooms() {
    given_facts([defined("logic", 5)])
        .when(DefineCourse { course: "logic".into(), capacity: 5 })
        .then_error(CourseError::Defined);
    let change = |capacity| ChangeCapacity { course: "logic".into(), capacity };
    given_facts([defined("logic", 5)]).when(change(5)).then_error(CourseError::SameCapacity);
    let changed = CourseEvent::CapacityChanged { course: "logic".into(), capacity: 1 };
    given_facts([defined("logic", 5)]).when(change(1)).then([changed.clone()]);
    given_facts([defined("logic", 5), subscribed("logic", "bob"), changed])
        .when(subscribe("logic", "ann"))
        .then_error(CourseError::Full);
}

#[test]
fn a_name_given_up_is_free() {
    let register = |name: &str| Register { username: name.into() };
    let registered = |name: &str| UserEvent::Registered { username: name.into() };
    given_facts([registered("ann")]).when(register("ann")).then_error(Taken);
    given_facts([registered("ann"), UserEvent::Left { username: "ann".into() }])
        .when(register("ann"))
        .then([registered("ann")]);
    let renamed = UserEvent::Renamed { from: "ann".into(), to: "eve".into() };
    given_facts([registered("ann"), renamed.clone()])
        .when(register("ann"))
        .then([registered("ann")]);
    given_facts([registered("ann"), renamed]).when(register("eve")).then_error(Taken);
}

#[test]
fn invoices_are_numbered_from_one() {
    let issued = |number| InvoiceEvent::Issued { number, subject: "rent".into() };
    let issue = Issue { subject: "rent".into() };
    given_facts([]).when(issue.clone()).then([issued(1)]);
    given_facts([issued(1), issued(2)]).when(issue).then([issued(3)]);
}

#[test]
fn a_token_is_used_once() {
    let initiated = SignUpEvent::Initiated { token: "t1".into(), email: "ann@example.org".into() };
    let confirmed = SignUpEvent::Confirmed { token: "t1".into(), email: "ann@example.org".into() };
    let confirm = Confirm { token: "t1".into() };
    given_facts([]).when(confirm.clone()).then_error(TokenError::Unknown);
    given_facts([initiated.clone()]).when(confirm.clone()).then([confirmed.clone()]);
    given_facts([initiated, confirmed]).when(confirm).then_error(TokenError::Used);
}

#[test]
fn a_request_that_carries_its_token_is_carried_out_once() {
    let initiate = Initiate { token: "t1".into(), email: "ann@example.org".into() };
    let initiated = SignUpEvent::Initiated { token: "t1".into(), email: "ann@example.org".into() };
    given_facts([]).when(initiate.clone()).then([initiated.clone()]);
    given_facts([initiated]).when(initiate).then_nothing();
}

#[test]
fn a_displayed_price_is_honoured_for_a_while() {
    let priced = |cents, at_s| ProductEvent::Priced { product: "tea".into(), cents, at_s };
    let order = |displayed_cents, now_s| Order { product: "tea".into(), displayed_cents, now_s };
    let ordered = |cents| ProductEvent::Ordered { product: "tea".into(), cents };
    let history = [priced(300, 0), priced(350, 1_000)];
    let then = 1_000 + GRACE_S;
    given_facts(history.clone()).when(order(350, 1_001)).then([ordered(350)]);
    given_facts(history.clone()).when(order(300, then - 1)).then([ordered(300)]);
    given_facts(history.clone()).when(order(300, then)).then_error(PriceError::NotValid);
    given_facts(history).when(order(1, 1_001)).then_error(PriceError::NotValid);
    given_facts([]).when(order(300, 0)).then_error(PriceError::Unknown);
}

#[test]
fn a_room_has_one_guest_a_night() {
    let booked = |first_night, nights, guest: &str| RoomEvent::Booked {
        room: "7".into(),
        first_night,
        nights,
        guest: guest.into(),
    };
    let book =
        |first_night, nights| Book { room: "7".into(), first_night, nights, guest: "ann".into() };
    let there = [booked(10, 3, "bob")];
    given_facts(there.clone()).when(book(8, 3)).then_error(Occupied(10));
    given_facts(there.clone()).when(book(12, 1)).then_error(Occupied(12));
    given_facts(there.clone()).when(book(8, 2)).then([booked(8, 2, "ann")]);
    given_facts(there).when(book(13, 2)).then([booked(13, 2, "ann")]);
}

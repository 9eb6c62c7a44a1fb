//! What events say of themselves: tags to be found by, unique values taken and released.
#![allow(clippy::unwrap_used, reason = "a test may")]

use factum_core::{
    ClaimChange, Codec, Event, EventSpec, EventType, Facts, ImpossibleQuery, Query, QueryItem, Tag,
};
use factum_derive::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[factum(crate = "factum_core")]
enum CourseEvent {
    Defined {
        #[factum(tag)]
        course: u32,
        #[factum(tag)]
        r#type: String,
    },
    Planned(#[factum(tag = "course")] u32, #[factum(tag = "room")] Option<String>, u8),
    Joined {
        #[factum(tag = "student")]
        students: Vec<String>,
        #[factum(tag, tag = "seat-owner", claim = "seat")]
        seat: String,
    },
    Registered {
        #[factum(claim = "email")]
        email: String,
        #[factum(claim = "code", exact)]
        code: String,
        #[factum(claim = "phone")]
        phones: Vec<String>,
    },
    Moved {
        #[factum(release = "email")]
        from: Option<String>,
        #[factum(release = "code", exact)]
        code: String,
        #[factum(claim = "email", release = "old-email")]
        to: String,
    },
    Closed,
}

fn facts(event: &impl Event) -> Facts {
    let mut facts = Facts::default();
    event.facts(&mut facts).unwrap();
    facts
}

fn tags(event: &impl Event) -> Vec<String> {
    facts(event).tags().iter().map(ToString::to_string).collect()
}

/// As `+name:value` where it is taken, `-name:value` where it is released.
fn claims(event: &impl Event) -> Vec<String> {
    let shown = |change: &ClaimChange| {
        let sign = if matches!(change, ClaimChange::Take(_)) { '+' } else { '-' };
        format!("{sign}{}:{}", change.claim().name(), change.claim().value())
    };
    facts(event).claims().iter().map(shown).collect()
}

#[test]
fn a_tag_goes_by_the_fields_name_even_a_raw_one() {
    let defined = CourseEvent::Defined { course: 7, r#type: "evening".into() };
    assert_eq!(tags(&defined), ["course:7", "type:evening"]);
}

#[test]
fn an_option_is_one_tag_or_none() {
    assert_eq!(tags(&CourseEvent::Planned(7, Some("a1".into()), 0)), ["course:7", "room:a1"]);
    assert_eq!(tags(&CourseEvent::Planned(7, None, 0)), ["course:7"]);
}

#[test]
fn a_vector_is_a_tag_for_each_and_a_field_may_be_several_facts() {
    let joined =
        CourseEvent::Joined { students: vec!["ann".into(), "bob".into()], seat: "A 1".into() };
    assert_eq!(tags(&joined), ["student:ann", "student:bob", "seat:A 1", "seat-owner:A 1"]);
    assert_eq!(claims(&joined), ["+seat:a 1"]);
}

#[test]
fn claims_are_normalised_unless_they_are_exact() {
    let registered = CourseEvent::Registered {
        email: "Ann@Example.org".into(),
        code: "AbC".into(),
        phones: vec!["1".into(), "2".into()],
    };
    assert_eq!(
        claims(&registered),
        ["+email:ann@example.org", "+code:AbC", "+phone:1", "+phone:2"]
    );
}

#[test]
fn releases_come_before_what_is_taken() {
    let moved = |from| CourseEvent::Moved { from, code: "AbC".into(), to: "Bob@x".into() };
    assert_eq!(
        claims(&moved(Some("Ann@x".into()))),
        ["-email:ann@x", "-code:AbC", "-old-email:bob@x", "+email:bob@x"]
    );
    assert_eq!(claims(&moved(None)), ["-code:AbC", "-old-email:bob@x", "+email:bob@x"]);
}

#[test]
fn an_event_may_say_nothing() {
    assert!(tags(&CourseEvent::Closed).is_empty());
    assert!(claims(&CourseEvent::Closed).is_empty());
}

#[test]
fn a_value_that_is_no_tag_is_refused() {
    let defined = CourseEvent::Defined { course: 7, r#type: String::new() };
    assert!(defined.facts(&mut Facts::default()).is_err());
}

#[test]
fn an_inner_event_adds_to_what_the_field_says() {
    #[derive(Event, Serialize, Deserialize)]
    #[factum(crate = "factum_core", name = "code.given")]
    struct Code(#[factum(claim = "code")] String);
    impl std::fmt::Display for Code {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(&self.0)
        }
    }
    #[derive(Event, Serialize, Deserialize)]
    #[factum(crate = "factum_core")]
    enum DoorEvent {
        Unlocked(#[factum(inner, tag = "code")] Code),
    }
    let unlocked = DoorEvent::Unlocked(Code("x1".into()));
    assert_eq!(
        (tags(&unlocked), claims(&unlocked)),
        (vec!["code:x1".into()], vec!["+code:x1".into()])
    );
}

#[test]
fn events_may_be_written_by_a_macro() {
    macro_rules! event {
        ($name:ident, $tag:literal, $version:literal, $id:ty) => {
            #[derive(Event, Serialize, Deserialize)]
            #[factum(crate = "factum_core", name = "made.by-macro", version = $version)]
            struct $name {
                #[factum(tag = $tag)]
                id: $id,
                #[factum(tag)]
                other: Option<u8>,
            }
        };
    }
    event!(Made, "made", 2, Vec<u32>);
    assert_eq!(tags(&Made { id: vec![1, 2], other: Some(3) }), ["made:1", "made:2", "other:3"]);
}

#[derive(Event, Serialize, Deserialize)]
#[factum(crate = "factum_core", name = "row.read", also_tagged = "course")]
struct Row(#[factum(tag = "room")] String);

#[derive(Event, Serialize, Deserialize)]
#[factum(crate = "factum_core", also_tagged = "type")]
enum FileEvent {
    #[factum(also_tagged = "student", also_tagged = "students")]
    Imported(#[factum(inner, tag = "seat")] Row),
    Closed,
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

static UNTOLD: EventSpec = EventSpec::new("till.opened", 1, Codec::Json, "Opened");

#[test]
fn which_tags_a_type_may_carry_is_known() {
    let carried = |spec: &EventSpec| {
        let names = ["course", "type", "room", "student", "students", "seat", "seat-owner", "seed"];
        names.into_iter().filter(|it| spec.may_carry(it)).collect::<Vec<_>>()
    };
    assert_eq!(carried(CourseEvent::DEFINED), ["course", "type", "seed"]);
    assert_eq!(carried(CourseEvent::PLANNED), ["course", "room", "seed"]);
    assert_eq!(carried(CourseEvent::JOINED), ["student", "seat", "seat-owner", "seed"]);
    assert_eq!(carried(CourseEvent::CLOSED), ["seed"]);
    assert_eq!(carried(Row::SPEC), ["course", "room", "seed"]);
    let all = ["course", "type", "room", "student", "students", "seat", "seed"];
    assert_eq!(carried(FileEvent::IMPORTED), all);
    assert_eq!(carried(FileEvent::CLOSED), ["type", "seed"]);
    let _ = (FileEvent::Closed, FileEvent::Imported(Row(String::new())));

    assert!(UNTOLD.may_carry("anything"), "nobody says which it carries");
}

#[test]
fn a_query_that_can_match_nothing_is_told_apart() {
    #[derive(Event)]
    #[factum(crate = "factum_core", union)]
    enum All {
        Course(CourseEvent),
    }
    let tagged = |names: &[&str]| {
        let tags = names.iter().map(|it| Tag::new(it, "x").unwrap()).collect();
        QueryItem { tags, ..QueryItem::default() }
    };
    let foreign = EventType::new("till.opened").unwrap();
    for possible in [
        QueryItem::default(),
        tagged(&["course"]),
        tagged(&["course", "room"]),
        tagged(&["student", "student", "seat-owner"]),
        tagged(&["course"]).types([CourseEvent::DEFINED, CourseEvent::CLOSED]),
        tagged(&["members"]).event_type(foreign),
        tagged(&["seed"]),
    ] {
        let query = Query::from(possible);
        assert_eq!(query.check_possible::<CourseEvent>(), Ok(()), "{query:?}");
        assert_eq!(query.check_possible::<All>(), Ok(()), "{query:?}");
    }
    for (slip, known, found) in [
        (tagged(&["courses"]), "course, room, seat, seat-owner, student, type", "courses"),
        (
            tagged(&["room", "student"]),
            "course, room, seat, seat-owner, student, type",
            "room, student",
        ),
        (tagged(&["room"]).types([CourseEvent::DEFINED]), "course, type", "room"),
        (tagged(&["course"]).types([CourseEvent::CLOSED]), "none", "course"),
    ] {
        let query = Query::any_of([tagged(&["course"]), slip]);
        let error = query.check_possible::<All>().unwrap_err();
        assert_eq!(query.check_possible::<CourseEvent>(), Err(error.clone()));
        let (known, found) = (known.into(), found.into());
        assert_eq!(error, ImpossibleQuery::Tags { item: 1, known, found });
    }
}

//! What `given`, `when`, `then` say: nothing when all is well, and what is wrong when it is not.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use factum_core::{
    Aggregate, Decision, DecisionModel, Handle, InvalidName, Query, QueryItem, Recorded, Upcasters,
};
use factum_derive::Event;
use factum_testkit::proptest::prelude::*;
use factum_testkit::{Given, check_decider, given, given_facts, upcast};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core", upcasters = upcasters)]
enum JarEvent {
    #[factum(version = 2)]
    Filled {
        #[factum(tag)]
        jar: String,
        grams: u64,
    },
    Emptied {
        #[factum(tag)]
        jar: String,
    },
}

fn upcasters() -> Upcasters {
    Upcasters::default()
        .change("jar.filled", 1, |value, recorded| {
            let spoons = value["spoons"].as_u64().ok_or("expected spoons")?;
            let by = recorded.metadata.get("grams").and_then(|it| it.parse().ok()).unwrap_or(5);
            *value = json!({ "jar": recorded.stream.id(), "grams": spoons * by });
            Ok(())
        })
        .drop("jar.admired", 1)
}

#[derive(Default, Clone, Debug, PartialEq)]
struct Jar {
    grams: u64,
}

impl Aggregate for Jar {
    const CATEGORY: &'static str = "jar";
    type Event = JarEvent;
    type Error = &'static str;

    fn apply(&mut self, event: &JarEvent) {
        match event {
            JarEvent::Filled { grams, .. } => self.grams += grams,
            JarEvent::Emptied { .. } => self.grams = 0,
        }
    }
}

/// Neither `Debug` nor `Clone`: commands need not be.
struct Fill(u64);

impl Handle<Fill> for Jar {
    fn handle(&self, Fill(grams): Fill) -> Result<Vec<JarEvent>, &'static str> {
        match grams {
            0 => Ok(vec![]),
            _ if self.grams + grams > 100 => Err("it runs over"),
            _ => Ok(vec![filled(grams)]),
        }
    }
}

fn filled(grams: u64) -> JarEvent {
    JarEvent::Filled { jar: "j1".into(), grams }
}

/// What a test that fails says.
#[track_caller]
fn said(test: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("the test fails");
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => (*panic.downcast_ref::<&str>().unwrap()).to_owned(),
    }
}

#[test]
fn events_are_compared_line_by_line() {
    given::<Jar>([filled(3)]).when(Fill(4)).then([filled(4)]);
    let said = said(|| drop(given::<Jar>([filled(3)]).when(Fill(4)).then([filled(5)])));
    assert!(said.contains("-         grams: 5,\n+         grams: 4,"), "{said}");
    assert!(said.contains("given \n    Filled { jar: \"j1\", grams: 3 }"), "{said}");
    let rejected = self::said(|| drop(given::<Jar>([]).when(Fill(400)).then([filled(5)])));
    assert!(rejected.contains("found the error \"it runs over\""), "{rejected}");
}

#[test]
fn no_events_are_a_success() {
    given::<Jar>([]).when(Fill(0)).then_nothing();
    assert!(said(|| drop(given::<Jar>([]).when(Fill(4)).then_nothing())).contains("Filled"));
    let rejected = said(|| drop(given::<Jar>([]).when(Fill(400)).then_nothing()));
    assert!(rejected.contains("it runs over"), "{rejected}");
}

#[test]
fn errors_are_expected_by_value_or_by_predicate() {
    let full = || given::<Jar>([filled(99)]).when(Fill(4));
    full().then_error("it runs over");
    full().then_error_where(|error| error.contains("over"));
    assert!(said(|| drop(full().then_error("it is broken"))).contains("+ \"it runs over\""));
    assert!(said(|| drop(full().then_error_where(|error| error.is_empty()))).contains("runs over"));
    let fits = || given::<Jar>([]).when(Fill(4));
    assert!(said(|| drop(fits().then_error("it runs over"))).contains("Filled"));
    assert!(said(|| drop(fits().then_error_where(|_| true))).contains("Filled"));
}

#[test]
fn states_and_events_are_expected_by_predicate() {
    let fill = || given::<Jar>([filled(3)]).when(Fill(4));
    fill().then_state(|jar| jar.grams == 7).then_state_is(&Jar { grams: 7 });
    fill().then_events_where(|events| events.len() == 1);
    assert!(said(|| drop(fill().then_state(|jar| jar.grams == 8))).contains("state is not as"));
    assert!(said(|| drop(fill().then_state_is(&Jar { grams: 8 }))).contains("-     grams: 8,"));
    assert!(said(|| drop(fill().then_events_where(<[_]>::is_empty))).contains("Filled"));
    given::<Jar>([filled(99)])
        .when(Fill(4))
        .then_error("it runs over")
        .then_state(|it| it.grams == 99);
    Given::state(Jar { grams: 98 }).and([filled(1)]).when(Fill(1)).then_state(|it| it.grams == 100);
}

#[test]
fn a_failed_arrangement_fails_the_test_whatever_comes_after() {
    given::<Jar>([]).given_command(Fill(60)).when(Fill(60)).then_error("it runs over");
    let said = said(|| {
        let broken = given::<Jar>([filled(60)]).given_command(Fill(60));
        drop(broken.when(Fill(60)).then_error("it runs over"));
    });
    assert!(said.starts_with("the arrangement failed: a given command was rejected"), "{said}");
}

#[test]
fn a_test_that_expects_nothing_fails() {
    let said = said(|| drop(given::<Jar>([]).when(Fill(1))));
    assert!(said.starts_with("the test expects nothing"), "{said}");
}

#[test]
fn a_unit_of_work_is_recorded_step_by_step() {
    let twice = |jar: &mut Recorded<Jar>| {
        jar.execute(Fill(60))?;
        jar.record(JarEvent::Emptied { jar: "j1".into() });
        jar.execute(Fill(70))
    };
    given::<Jar>([]).when_recording(twice).then_state(|jar| jar.grams == 70);
    let over = |jar: &mut Recorded<Jar>| {
        jar.execute(Fill(60))?;
        jar.execute(Fill(60))
    };
    given::<Jar>([]).when_recording(over).then_error("it runs over");
}

/// How full one jar is.
#[derive(Debug, PartialEq)]
struct Fullness {
    jar: &'static str,
    grams: u64,
}

impl DecisionModel for Fullness {
    type Event = JarEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        Ok(QueryItem::tagged("jar", self.jar)?.types([JarEvent::FILLED]).into())
    }

    fn evolve(&mut self, event: &JarEvent) {
        let JarEvent::Filled { grams, .. } = event else { panic!("not asked for: {event:?}") };
        self.grams += grams;
    }
}

struct Pour(u64);

impl Decision for Pour {
    const NAME: &'static str = "pour";
    type Models = (Fullness, Fullness);
    type Error = &'static str;

    fn models(&self) -> Self::Models {
        (Fullness { jar: "j1", grams: 0 }, Fullness { jar: "j2", grams: 0 })
    }

    fn decide(&self, (one, two): &Self::Models) -> Result<Vec<JarEvent>, &'static str> {
        if one.grams + two.grams + self.0 > 100 { Err("no room") } else { Ok(vec![filled(self.0)]) }
    }
}

#[test]
fn each_model_of_a_decision_sees_what_its_query_finds() {
    let other = |jar: &str, grams| JarEvent::Filled { jar: jar.into(), grams };
    let emptied = JarEvent::Emptied { jar: "j1".into() };
    let facts = [other("j1", 10), other("j2", 20), other("j3", 900), emptied];
    given_facts(facts.clone())
        .when(Pour(70))
        .then([filled(70)])
        .then_tags(0, ["jar:j1"])
        .then_state(|(one, two)| (one.grams, two.grams) == (80, 20));
    given_facts(facts.clone()).when(Pour(71)).then_error("no room");
    let said = said(|| drop(given_facts(facts).when(Pour(7)).then_tags(0, ["jar:j2"])));
    assert!(said.contains("-     \"jar:j2\",\n+     \"jar:j1\","), "{said}");
}

#[test]
fn facts_that_cannot_be_tagged_are_a_failed_arrangement() {
    let nameless = JarEvent::Emptied { jar: String::new() };
    let said = said(|| drop(given_facts([nameless]).when(Pour(1)).then_nothing()));
    assert!(said.starts_with("the arrangement failed"), "{said}");
}

#[test]
fn older_shapes_become_current_events() {
    let old = || upcast::<JarEvent>("jar.filled", 1, json!({ "spoons": 2 })).on_stream("jar/j1");
    old().then([filled(10)]);
    old().as_cbor().with_metadata("grams", "7").then([filled(14)]);
    upcast::<JarEvent>("jar.admired", 1, json!({})).then_nothing();
    upcast::<JarEvent>("jar.filled", 1, json!({})).then_error_containing("expected spoons");
    assert!(said(|| old().then([filled(11)])).contains("-         grams: 11,"));
    assert!(said(|| old().then_nothing()).contains("Filled"));
    assert!(said(|| old().then_error_containing("spoons")).contains("Filled"));
    let unknown = || upcast::<JarEvent>("jar.thrown", 1, json!({}));
    assert!(said(|| unknown().then_nothing()).contains("found an unknown one"));
    assert!(said(|| unknown().then_error_containing("spoons")).contains("unknown"));
}

#[derive(Clone, Debug)]
struct Try(u64);

impl Handle<Try> for Jar {
    fn handle(&self, Try(grams): Try) -> Result<Vec<JarEvent>, &'static str> {
        self.handle(Fill(grams))
    }
}

#[test]
fn a_broken_rule_is_shown_by_a_short_sequence() {
    let commands = || (0_u64..60).prop_map(Try);
    check_decider::<Jar, _, _>(commands(), |jar, _| {
        if jar.grams <= 100 { Ok(()) } else { Err("over".into()) }
    });
    let said = said(|| {
        check_decider::<Jar, _, _>(commands(), |jar, _| {
            if jar.grams <= 50 { Ok(()) } else { Err(format!("{} grams", jar.grams)) }
        });
    });
    assert!(said.contains("51 grams") && said.contains("[\n    Try("), "{said}");
    assert_eq!(said.matches("Try(").count(), 1, "as short as can be: {said}");
}

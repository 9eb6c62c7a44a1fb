//! Each rule, passing and failing, with the schemas that `schemars` makes of Rust types.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::shape::of_type;
use super::{carried, compare};

/// The paths and problems from `A` to `B`.
fn between<A: JsonSchema, B: JsonSchema>() -> Vec<String> {
    listed(&of_type::<A>(), &of_type::<B>())
}

fn listed(old: &Value, new: &Value) -> Vec<String> {
    compare(old, new).into_iter().map(|it| format!("{} {}", it.path, it.problem)).collect()
}

#[track_caller]
fn fine<A: JsonSchema, B: JsonSchema>() {
    assert_eq!(between::<A, B>(), [""; 0]);
}

#[track_caller]
fn refused<A: JsonSchema, B: JsonSchema>(expected: &str) {
    assert_eq!(between::<A, B>(), [expected]);
}

/// One set of types, at different times.
macro_rules! times {
    ($($time:ident { $($(#[$attribute:meta])* $kind:ident $name:ident $body:tt)* })*) => {
        $(mod $time {
            #![allow(dead_code, reason = "only their schemas are used")]
            use super::*;
            $(
                #[derive(JsonSchema, Serialize, Deserialize)]
                $(#[$attribute])*
                pub(super) $kind $name $body
            )*
        })*
    };
}

times! {
    before {
        struct Opened { email: String, note: Option<String> }
        struct Map { #[serde(flatten)] by_name: BTreeMap<String, u64> }
        enum Plan { Free, Paid { price: u32 }, Trial { days: u8 } }
        enum Currency { Eur, Usd }
        struct Tree { value: u32, next: Option<Box<Tree>> }
        struct Deep { plan: Option<Plan>, lines: Vec<Opened> }
        #[serde(tag = "kind")]
        enum Tagged { Card { number: String }, Cash { coins: u32 } }
    }
    after {
        struct Opened { email: String, note: Option<String>, #[serde(default)] age: u8 }
        enum Plan { Free, Paid { price: u64 }, Trial { days: u8 }, Gift }
        /// Money.
        enum Currency {
            /// Everywhere.
            Usd,
            Chf,
            Eur,
        }
        struct Tree { value: u64, next: Option<Box<Tree>> }
        struct Deep { plan: Option<Plan>, lines: Vec<Opened> }
        #[serde(tag = "kind")]
        enum Tagged { Card { number: Option<String> }, Cash { coins: u64 } }
    }
    broken {
        struct Opened { email: u32, note: Option<String> }
        struct Demanding { email: String, note: Option<String>, age: u8 }
        struct Picky { email: String, #[serde(default)] note: Vec<String> }
        #[serde(deny_unknown_fields)]
        struct Strict { email: String }
        struct Short { email: String }
        enum Plan { Free, Paid { price: u16 } }
        enum Currency { Eur }
        struct Tree { value: u32, next: Option<Box<Tree>>, depth: u8 }
        struct Deep { plan: Option<Plan>, lines: Vec<Opened> }
        #[serde(tag = "kind")]
        enum Tagged { Card { number: u64 } }
        struct Map { #[serde(default)] ann: bool }
    }
}

#[test]
fn what_has_not_changed_is_fine() {
    fine::<before::Deep, before::Deep>();
    fine::<before::Tree, before::Tree>();
    fine::<before::Tagged, before::Tagged>();
    fine::<before::Map, before::Map>();
    fine::<Value, Value>();
}

#[test]
fn a_type_may_accept_more_and_not_less() {
    fine::<String, Option<String>>();
    refused::<Option<String>, String>("$ cannot be read any more: null");
    refused::<String, u32>("$ is integer now, was string");
    fine::<u32, f64>();
    refused::<f64, u32>("$ is integer now, was number");
    fine::<bool, Value>();
    assert_eq!(listed(&json!(true), &of_type::<bool>()), ["$ accepts less than before"]);
}

#[test]
fn numbers_may_become_wider() {
    fine::<u8, u64>();
    fine::<u32, i64>();
    fine::<i8, i128>();
    fine::<f32, f64>();
    fine::<u8, u8>();
    assert_eq!(between::<u64, u32>(), ["$ uint32 does not hold every uint64"]);
    assert_eq!(between::<u64, i64>(), ["$ int64 does not hold every uint64"]);
    assert_eq!(between::<i32, u64>(), ["$ uint64 does not hold every int32"]);
    assert_eq!(between::<f64, f32>(), ["$ float does not hold every double"]);
    assert_eq!(between::<u64, f64>(), ["$ double does not hold every uint64"]);
    assert_eq!(between::<Option<u64>, Option<u16>>(), ["$ uint16 does not hold every uint64"]);
}

#[test]
fn other_formats_may_be_dropped_and_not_changed() {
    let [plain, day, time] = [
        json!({ "type": "string" }),
        json!({ "type": "string", "format": "date" }),
        json!({ "type": "string", "format": "date-time" }),
    ];
    assert!(compare(&day, &day).is_empty());
    assert!(compare(&day, &plain).is_empty());
    assert_eq!(listed(&plain, &day), ["$ has the format date now, had none"]);
    assert_eq!(listed(&day, &time), ["$ has the format date-time now, had date"]);
}

#[test]
fn bounds_may_become_wider() {
    let bounded = |least: i64, most: i64| json!({ "minimum": least, "maxLength": most });
    assert!(compare(&bounded(1, 5), &bounded(0, 6)).is_empty());
    assert!(compare(&bounded(1, 5), &json!({ "minimum": 1 })).is_empty());
    assert_eq!(listed(&bounded(1, 5), &bounded(2, 5)), ["$ `minimum` became narrower"]);
    assert_eq!(listed(&bounded(1, 5), &bounded(1, 4)), ["$ `maxLength` became narrower"]);
    assert_eq!(listed(&json!({ "minimum": 1 }), &bounded(1, 4)), ["$ `maxLength` became narrower"]);
    refused::<u8, std::num::NonZeroU8>("$ `minimum` became narrower");
}

#[test]
fn a_new_field_must_not_be_required() {
    fine::<before::Opened, after::Opened>();
    refused::<before::Opened, broken::Demanding>(
        "$.age is new and required, and stored data lacks it",
    );
}

#[test]
fn an_optional_field_must_not_become_required() {
    let schema = |required: &[&str]| {
        let properties = json!({ "a": { "type": "string" } });
        json!({ "type": "object", "properties": properties, "required": required })
    };
    assert!(compare(&schema(&["a"]), &schema(&[])).is_empty());
    assert_eq!(listed(&schema(&[]), &schema(&["a"])), ["$.a is required now, and was optional"]);
}

#[test]
fn a_field_may_go_unless_unknown_ones_are_refused() {
    fine::<before::Opened, broken::Short>();
    refused::<before::Opened, broken::Strict>(
        "$.note was removed, and unknown fields are not accepted",
    );
}

#[test]
fn fields_are_compared_at_any_depth() {
    fine::<before::Deep, after::Deep>();
    let found = between::<before::Deep, broken::Deep>();
    assert_eq!(
        found,
        [
            "$.lines[*].email is integer now, was string",
            "$.plan.Paid.price uint16 does not hold every uint32",
            "$.plan cannot be read any more: object with Trial",
        ]
    );
    refused::<before::Opened, broken::Picky>("$.note cannot be read any more: null, string");
}

#[test]
fn enums_may_get_variants_and_not_lose_them() {
    fine::<before::Plan, after::Plan>();
    fine::<before::Currency, after::Currency>();
    fine::<before::Tagged, after::Tagged>();
    refused::<before::Currency, broken::Currency>("$ cannot be read any more: \"Usd\"");
    assert_eq!(
        between::<before::Tagged, broken::Tagged>(),
        [
            "$.number is integer now, was string",
            "$ cannot be read any more: object with coins, kind"
        ]
    );
}

#[test]
fn lists_tuples_and_maps_are_compared_by_their_elements() {
    fine::<Vec<u8>, Vec<u16>>();
    fine::<BTreeSet<u8>, Vec<u8>>();
    refused::<Vec<u8>, BTreeSet<u8>>("$ `uniqueItems` changed");
    refused::<Vec<String>, Vec<u8>>("$[*] is integer now, was string");
    fine::<(u8, String), (u16, String)>();
    refused::<(u8, String), (u8, bool)>("$[1] is boolean now, was string");
    assert_eq!(between::<(u8, String), (u8, String, u8)>()[0], "$ `minItems` became narrower");
    refused::<[u8; 2], [u8; 3]>("$ `minItems` became narrower");
    fine::<BTreeMap<String, u8>, BTreeMap<String, u16>>();
    fine::<BTreeMap<u32, u8>, BTreeMap<String, u16>>();
    refused::<BTreeMap<String, u8>, BTreeMap<String, bool>>("$.* is boolean now, was integer");
    refused::<BTreeMap<u32, u8>, BTreeMap<u32, bool>>("$.* is boolean now, was integer");
    refused::<before::Map, broken::Map>("$.ann is boolean now, was integer");
}

#[test]
fn recursive_types_are_compared_once_around() {
    fine::<before::Tree, after::Tree>();
    refused::<before::Tree, broken::Tree>("$.depth is new and required, and stored data lacks it");
    let found = between::<after::Tree, before::Tree>();
    assert_eq!(found, ["$.value uint32 does not hold every uint64"]);
}

#[test]
fn any_other_change_is_refused() {
    let [three, four] = [3, 4].map(|it| json!({ "type": "integer", "multipleOf": it }));
    assert!(compare(&three, &three).is_empty());
    assert_eq!(listed(&three, &four), ["$ `multipleOf` changed"]);
    assert_eq!(listed(&json!({ "type": "integer" }), &four), ["$ `multipleOf` changed"]);
}

#[test]
fn a_variant_without_fields_is_an_empty_map() {
    assert!(compare(&json!({}), &of_type::<before::Map>()).is_empty());
    assert!(compare(&of_type::<before::Opened>(), &json!({})).is_empty());
    let found = listed(&json!({}), &of_type::<broken::Short>());
    assert_eq!(found, ["$.email is new and required, and stored data lacks it"]);
    assert_eq!(listed(&json!({}), &of_type::<String>()), ["$ is string now, was object"]);
}

#[test]
fn a_field_that_was_removed_is_remembered() {
    let (old, short) = (of_type::<before::Opened>(), of_type::<broken::Short>());
    let kept = carried(&old, &short);
    assert_eq!(kept["properties"]["note"], old["properties"]["note"]);
    assert_eq!(kept["required"], json!(["email"]));
    assert_eq!(carried(&kept, &short), kept);
    assert!(compare(&kept, &short).is_empty());
    assert!(
        !compare(&kept, &of_type::<broken::Picky>()).is_empty(),
        "it came back as another type"
    );
    assert!(!compare(&kept, &of_type::<broken::Strict>()).is_empty(), "it is refused");

    let (old, new) =
        (of_type::<Vec<Option<before::Opened>>>(), of_type::<Vec<Option<broken::Short>>>());
    let kept = carried(&old, &new);
    assert!(kept.to_string().contains("note"), "{kept}");
    assert_eq!(carried(&kept, &new), kept);
    assert!(carried(&of_type::<before::Opened>(), &json!({})).to_string().contains("note"));
}

#[test]
fn removed_fields_are_remembered_at_any_depth() {
    let variants = |name: &str, fields: Value| {
        let object = json!({ "type": "object", "properties": fields });
        let nested = json!({ "type": "object", "properties": { "inner": object } });
        let named = json!({ "type": "object", "properties": { name: nested }, "required": [name] });
        json!({ "oneOf": [{ "type": "string", "enum": ["None"] }, named] })
    };
    let number = json!({ "type": "integer" });
    let old = variants("Some", json!({ "kept": number, "gone": number }));
    let new = variants("Some", json!({ "kept": number }));
    assert_eq!(carried(&old, &new), old);
    let other = variants("Other", json!({ "kept": number }));
    assert_eq!(carried(&old, &other), other, "where nothing reads it, nothing is kept");
}

#[test]
fn of_several_variants_the_one_with_the_same_tag_is_meant() {
    let tagged = |tag: &str, one: &str| {
        let tag = json!({ "type": "string", "enum": [tag] });
        json!({ "type": "object", "properties": { "tag": tag, "value": { "type": one } } })
    };
    let old = json!({ "oneOf": [tagged("a", "integer"), tagged("b", "integer")] });
    let new = json!({ "oneOf": [tagged("a", "string"), tagged("b", "integer")] });
    assert_eq!(listed(&old, &new), ["$.value is string now, was integer"]);
}

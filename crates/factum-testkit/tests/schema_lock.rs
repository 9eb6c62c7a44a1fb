//! A program changes, and its schema lock says whether the data of the older ones stays readable.

use std::fs;
use std::path::PathBuf;

use factum_core::{Registry, Upcasters};
use factum_derive::Event;
use factum_testkit::schema_lock::{LockError, Locked, SchemaLock};
use factum_testkit::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};

/// The program at different times: everything in a module is called the same in the next.
macro_rules! times {
    ($($time:ident { $($(#[$attribute:meta])* enum $name:ident $body:tt)* })*) => {
        $(mod $time {
            #![allow(dead_code, reason = "only their shapes are used")]
            use super::*;
            $(
                #[derive(Event, Serialize, Deserialize, JsonSchema)]
                #[factum(crate = "factum_core")]
                $(#[$attribute])*
                pub(crate) enum $name $body
            )*
        })*
    };
}

times! {
    first {
        enum AccountEvent {
            Opened { owner: Owner, currency: Currency },
            Deposited { amount: u32, note: Option<String> },
            /// Nothing to say about it.
            Closed,
        }
    }
    compatible {
        enum AccountEvent {
            Opened { owner: Owner, currency: Currency, #[serde(default)] tags: Vec<String> },
            Deposited { amount: u64 },
            Closed { reason: Option<String> },
            Frozen(Owner),
        }
    }
    incompatible {
        enum AccountEvent {
            Opened { owner: Owner, currency: Currency, branch: String },
            Deposited { amount: u16, note: Option<String> },
            Closed,
        }
    }
    second {
        #[factum(upcasters = super::cents)]
        enum AccountEvent {
            Opened { owner: Owner, currency: Currency },
            #[factum(version = 2)]
            Deposited { cents: u64 },
            Closed,
        }
    }
    smaller {
        enum AccountEvent {
            Opened { owner: Owner, currency: Currency },
            Closed,
        }
    }
    retired {
        #[factum(upcasters = super::nothing_deposited)]
        enum AccountEvent {
            Opened { owner: Owner, currency: Currency },
            Closed,
        }
    }
    cbor {
        #[factum(codec = "cbor")]
        enum AccountEvent {
            Opened { owner: Owner, currency: Currency },
            Deposited { amount: u32, note: Option<String> },
            Closed,
        }
    }
    returned {
        enum AccountEvent {
            Opened { owner: Owner, currency: Currency },
            Deposited { amount: u64, note: Option<Vec<String>> },
            Closed,
            Frozen(Owner),
        }
    }
}

/// Persons have others who vouch for them: a recursive type.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Owner {
    /// In full.
    name: String,
    vouched_for_by: Vec<Owner>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum Currency {
    Eur,
    Usd,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its shape is used")]
struct Account {
    balance: u64,
}

fn cents() -> Upcasters {
    Upcasters::default().change("account.deposited", 1, |_, _| Ok(()))
}

fn nothing_deposited() -> Upcasters {
    Upcasters::default().drop("account.deposited", 1)
}

/// A file that goes with the test.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// With the first program's shapes.
    fn locked() -> Self {
        let place = Self::new();
        assert_eq!(place.check(&first()).expect("a new file"), Locked::Written);
        place
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("factum.lock.json")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).expect("the file")
    }

    /// On a developer's machine.
    fn check(&self, lock: &SchemaLock) -> Result<Locked, LockError> {
        lock.check_with(self.path(), |_| None)
    }

    fn check_in_ci(&self, lock: &SchemaLock) -> Result<Locked, LockError> {
        lock.check_with(self.path(), |name| (name == "CI").then(|| "true".into()))
    }

    /// What is said of a change that is refused, here and in CI, and nothing is written.
    #[track_caller]
    fn refused(&self, lock: &SchemaLock) -> String {
        let before = self.text();
        let error = self.check(lock).expect_err("a refusal");
        assert!(matches!(error, LockError::Incompatible { .. }), "{error}");
        let in_ci = self.check_in_ci(lock).expect_err("a refusal");
        assert_eq!(error.to_string(), in_ci.to_string());
        assert_eq!(self.text(), before);
        error.to_string().replace(&self.path().display().to_string(), "factum.lock.json")
    }
}

fn lock<E: factum_core::Event + JsonSchema>() -> SchemaLock {
    SchemaLock::new().events::<E>().expect("events that can be listed")
}

fn first() -> SchemaLock {
    lock::<first::AccountEvent>().snapshot::<Account>("account", 2)
}

#[test]
fn the_file_is_as_it_always_was() {
    let (one, other) = (Place::locked(), Place::locked());
    assert_eq!(one.text(), include_str!("golden/factum.lock.json"));
    assert_eq!(one.text(), other.text());
    let names: Vec<_> = fs::read_dir(one.0.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing is left beside it: {names:?}");
}

#[test]
fn what_has_not_changed_passes_and_writes_nothing() {
    let place = Place::locked();
    let by_hand = place.text().replace('\n', "\r\n");
    fs::write(place.path(), &by_hand).unwrap();
    assert_eq!(place.check(&first()).unwrap(), Locked::Unchanged);
    assert_eq!(place.check_in_ci(&first()).unwrap(), Locked::Unchanged);
    assert_eq!(place.text(), by_hand, "line endings are the version control's affair");
}

#[test]
fn a_compatible_change_is_written_down() {
    let place = Place::locked();
    let changed = lock::<compatible::AccountEvent>().snapshot::<Account>("account", 2);
    assert_eq!(place.check(&changed).unwrap(), Locked::Updated);
    assert_eq!(place.check(&changed).unwrap(), Locked::Unchanged);
    for added in ["tags", "uint64", "reason", "account.frozen"] {
        assert!(place.text().contains(added), "{added}");
    }
}

#[test]
fn a_removed_field_does_not_come_back_as_something_else() {
    let place = Place::locked();
    assert_eq!(place.check(&lock::<compatible::AccountEvent>()).unwrap(), Locked::Updated);
    let said = place.refused(&lock::<returned::AccountEvent>());
    assert!(said.contains("at $.note: cannot be read any more: string"), "{said}");
}

#[test]
fn ci_writes_nothing_and_says_what_to_do() {
    let place = Place::new();
    let error = place.check_in_ci(&first()).unwrap_err();
    assert!(matches!(error, LockError::Missing { .. }));
    assert!(error.to_string().contains("run this test once locally and commit the file"));
    assert!(!place.path().exists());

    let place = Place::locked();
    let before = place.text();
    let error = place.check_in_ci(&lock::<compatible::AccountEvent>()).unwrap_err();
    assert!(matches!(error, LockError::OutOfDate { .. }));
    let said = error.to_string();
    assert!(said.contains("is out of date: run this test once locally and commit"), "{said}");
    assert!(said.contains("event account.frozen version 1 is new"), "{said}");
    assert!(said.contains("event account.opened version 1 has changed compatibly"), "{said}");
    assert_eq!(place.text(), before);

    for off in ["", "0", "false"] {
        let place = Place::new();
        let lock = first();
        let written = lock.check_with(place.path(), |_| Some(off.into())).unwrap();
        assert_eq!(written, Locked::Written, "{off:?}");
    }
}

#[test]
fn an_incompatible_change_is_refused_with_the_ways_out() {
    let said = Place::locked().refused(&lock::<incompatible::AccountEvent>());
    assert_eq!(said, include_str!("golden/incompatible.txt"));
}

#[test]
fn a_new_version_with_an_upcaster_passes_and_the_old_one_stays() {
    let place = Place::locked();
    assert_eq!(place.check(&lock::<second::AccountEvent>()).unwrap(), Locked::Updated);
    let text = place.text();
    assert!(text.contains("\"amount\"") && text.contains("\"cents\""), "{text}");
}

#[test]
fn a_version_does_not_go_back() {
    let place = Place::locked();
    assert_eq!(place.check(&lock::<second::AccountEvent>()).unwrap(), Locked::Updated);
    let said = place.refused(&first());
    assert!(said.contains("event account.deposited version 1, at $: the version went back, 2"));
    assert!(said.contains("#[factum(version = 2)]") && said.contains("by a version 3"), "{said}");
}

#[test]
fn a_type_that_is_gone_needs_an_upcaster() {
    let place = Place::locked();
    let said = place.refused(&lock::<smaller::AccountEvent>());
    assert!(said.contains("event account.deposited version 1, at $: no type has this name any"));
    assert!(said.contains(".rename(\"account.deposited\", 1, \"new.name\", 1)"), "{said}");
    assert!(said.contains(".drop(\"account.deposited\", 1)"), "{said}");
    assert_eq!(place.check(&lock::<retired::AccountEvent>()).unwrap(), Locked::Unchanged);
    assert!(place.text().contains("account.deposited"), "it stays in the file");

    let of_the_union = Registry::new([], nothing_deposited()).unwrap();
    let lock = lock::<smaller::AccountEvent>().registry(of_the_union);
    assert_eq!(place.check(&lock).unwrap(), Locked::Unchanged);
}

#[test]
fn every_version_of_a_type_that_is_gone_needs_an_upcaster() {
    let place = Place::locked();
    assert_eq!(place.check(&lock::<second::AccountEvent>()).unwrap(), Locked::Updated);
    let said = place.refused(&lock::<retired::AccountEvent>());
    assert!(said.contains("event account.deposited version 2, at $: no type"), "{said}");
    assert!(!said.contains("event account.deposited version 1"), "{said}");
}

#[test]
fn json_and_cbor_may_change_places() {
    let place = Place::locked();
    assert_eq!(place.check(&lock::<cbor::AccountEvent>()).unwrap(), Locked::Updated);
    assert!(place.text().contains("\"codec\": \"cbor\""));
    assert_eq!(place.check(&first()).unwrap(), Locked::Updated);
    assert_eq!(place.text(), include_str!("golden/factum.lock.json"));
}

#[test]
fn a_snapshot_needs_another_version_and_nothing_else() {
    let place = Place::locked();
    let events = lock::<first::AccountEvent>();
    assert_eq!(place.check(&events).unwrap(), Locked::Unchanged, "snapshots may go");
    let said = place.refused(&events.clone().snapshot::<Currency>("account", 2));
    assert!(
        said.contains("snapshot account version 2, at $: cannot be read any more: object"),
        "{said}"
    );
    assert!(said.contains("raise the version given to `Snapshots::version` to 3"), "{said}");
    assert!(!said.contains("upcaster"), "{said}");
    let raised = events.snapshot::<Currency>("account", 3);
    assert_eq!(place.check(&raised).unwrap(), Locked::Updated);
    assert!(place.text().contains("balance"), "the old one stays");
}

#[test]
fn a_damaged_file_is_refused_and_left_alone() {
    let conflict = "<<<<<<< ours\n{}";
    let unknown = r#"{"format":1,"events":{},"snapshots":{},"more":{}}"#;
    let codec = r#"{"format":1,"events":{"a":{"1":{"codec":"xml","shape":{}}}},"snapshots":{}}"#;
    for (text, found) in [
        (conflict, "expected value at line 1"),
        ("{}", "found no format"),
        (r#"{"format":"one"}"#, "found format \"one\""),
        (unknown, "unknown field `more`"),
        (codec, "xml"),
    ] {
        let place = Place::new();
        fs::write(place.path(), text).unwrap();
        let error = place.check(&first()).unwrap_err();
        assert!(matches!(error, LockError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(found), "{error}");
        assert!(error.to_string().contains("expected a schema lock of format 1"), "{error}");
        assert_eq!(place.text(), text);
    }
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let place = Place::new();
    fs::write(place.path(), r#"{"format":2,"events":[]}"#).unwrap();
    let error = place.check(&first()).unwrap_err();
    assert!(matches!(error, LockError::NewerFormat { expected: 1, found: 2, .. }), "{error}");
    assert_eq!(place.text(), r#"{"format":2,"events":[]}"#);
}

#[test]
fn a_file_that_cannot_be_written_is_an_error() {
    let place = Place::new();
    let error = first().check_with(place.0.path().join("gone/factum.lock.json"), |_| None);
    assert!(error.unwrap_err().to_string().starts_with("could not write"));
}

#[test]
fn writers_at_once_do_not_tear_the_file() {
    let place = Place::new();
    let (first, more) = (first(), lock::<compatible::AccountEvent>());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let read = first.check_with(place.path(), |_| None);
                    assert!(!matches!(read, Err(LockError::Damaged { .. })), "{read:?}");
                    fs::remove_file(place.path()).ok();
                    assert!(more.check_with(place.path(), |_| None).is_ok());
                }
            });
        }
    });
    assert!(place.check(&more).is_ok());
}

//! Equal commands have equal digests, and different ones do not.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::CommandDigest;

fn of<C: Serialize>(command: C) -> CommandDigest {
    CommandDigest::of(&command).unwrap()
}

#[derive(Serialize)]
struct Deposit {
    cents: u64,
    note: Option<&'static str>,
}

#[derive(Serialize)]
enum Command {
    Close,
    Rename(&'static str),
    Move { from: &'static str, to: &'static str },
    Pair(u8, u8),
}

#[test]
fn commands_that_differ_have_digests_that_differ() {
    #[derive(Serialize)]
    struct Withdraw {
        cents: u64,
        note: Option<&'static str>,
    }
    #[derive(Serialize)]
    struct Name(&'static str);
    #[derive(Serialize)]
    struct Title(&'static str);
    #[derive(Serialize)]
    struct Nothing;
    let all = [
        of(Deposit { cents: 5, note: None }),
        of(Deposit { cents: 6, note: None }),
        of(Deposit { cents: 5, note: Some("") }),
        of(Withdraw { cents: 5, note: None }),
        of(Command::Close),
        of(Command::Rename("")),
        of(Command::Rename("a")),
        of(Command::Move { from: "a", to: "b" }),
        of(Command::Move { from: "b", to: "a" }),
        of(Command::Pair(1, 2)),
        of(Command::Pair(2, 1)),
        of(Name("a")),
        of(Title("a")),
        of(Nothing),
        of("a"),
        of(["a", "b"]),
        of(["Name", "a"]),
        of([Name("a")]),
        of(["ab", ""]),
        of((["a"], ["b"])),
        of((["a", "b"], [""; 0])),
        of(1),
        of(-1),
        of(1.0),
        of(-0.0),
        of(0.0),
        of(f64::NAN),
        of(u128::MAX),
        of(i128::MIN),
        of(true),
        of(()),
        of(None::<u8>),
        of(Some(())),
        of(Some(Some(1))),
        of(Some(1)),
        of(BTreeMap::from([("a", "b"), ("c", "d")])),
        of(BTreeMap::from([("a", "d"), ("c", "b")])),
    ];
    for (place, one) in all.iter().enumerate() {
        let same = all.iter().position(|it| it == one);
        assert_eq!(same, Some(place));
    }
}

#[test]
fn what_means_the_same_has_the_same_digest() {
    mod swapped {
        #[derive(serde::Serialize)]
        pub(super) struct Deposit {
            pub(super) note: Option<&'static str>,
            pub(super) cents: u8,
        }
    }
    let narrow = swapped::Deposit { note: Some("x"), cents: 5 };
    assert_eq!(of(Deposit { cents: 5, note: Some("x") }), of(narrow));
    assert_eq!(of(f64::NAN), of(-f64::NAN));
    assert_eq!(of(1.5_f32), of(1.5_f64));
    assert_eq!(of('a'), of("a"));
    for seed in 0..20 {
        let keys = (0..50_u32).map(|key| (key.wrapping_mul(7 + seed), key));
        let ordered: BTreeMap<u32, u32> = keys.clone().collect();
        let hashed: HashMap<u32, u32> = keys.collect();
        assert_eq!(of(ordered), of(hashed));
    }
}

#[test]
fn digests_stay_what_they_are() {
    // They are stored: another number here would refuse every command that is repeated.
    let hex = |digest: CommandDigest| blake3::Hash::from_bytes(*digest.as_bytes()).to_hex();
    let found = hex(of(Deposit { cents: 5, note: Some("x") }));
    assert_eq!(found.as_str(), "8be6adc269830a9323739e62d8c850ef31b29dda201df9255435bc354d0fd4e5");
}

#[test]
fn a_command_that_cannot_be_written_has_none() {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("the secret of it"))
        }
    }
    let error = CommandDigest::of(&[Broken]).unwrap_err();
    assert!(!error.to_string().contains("secret"));
}

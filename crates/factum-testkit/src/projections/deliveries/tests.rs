//! What a plan makes of a run of keys.

use super::Delivery::{Attempt, Keep, Lose, Reset};
use super::Disturbance::{Again, Crash, Cut, Delay, Later, Overlap, Rebuild};
use super::{Deliveries, Delivery, Disturbance, LaneKey, Lanes};
use crate::projections::disturbance::Kind;
use crate::projections::plan::seeded;

fn keys(text: &str) -> Vec<LaneKey> {
    text.chars().map(|it| LaneKey::of(&it.to_string())).collect()
}

fn done(plan: &[Disturbance], of: &str) -> Vec<Delivery> {
    Deliveries::new(plan, &keys(of)).collect()
}

#[test]
fn without_disturbances_everything_comes_once() {
    assert_eq!(done(&[], "abc"), [Keep(vec![0, 1, 2])]);
    assert_eq!(done(&[], ""), []);
}

#[test]
fn pages_are_cut() {
    let plan = [Cut { place: 2 }, Cut { place: 0 }, Cut { place: 2 }];
    assert_eq!(done(&plan, "abc"), [Keep(vec![0, 1]), Keep(vec![2])]);
}

#[test]
fn what_is_lost_comes_again_from_the_checkpoint_on() {
    let plan = [Cut { place: 1 }, Crash { place: 2, at: Some(1), restart: true }];
    let lost = Lose { places: vec![1, 2], at: Some(1), restart: true };
    assert_eq!(done(&plan, "aaaa"), [Keep(vec![0]), lost, Keep(vec![1, 2, 3])]);
}

#[test]
fn an_attempt_is_an_event_of_its_own() {
    let plan = [Again { place: 1 }, Again { place: 1 }];
    assert_eq!(done(&plan, "aaa"), [Keep(vec![0]), Attempt(1), Attempt(1), Keep(vec![1, 2])]);
}

#[test]
fn a_rebuild_begins_anew() {
    let plan = [Rebuild { place: 1 }, Cut { place: 1 }];
    let again = [Reset, Keep(vec![0]), Keep(vec![1])];
    assert_eq!(done(&plan, "aa")[..2], [Keep(vec![0]), Keep(vec![1])]);
    assert_eq!(done(&plan, "aa")[2..], again);
}

#[test]
fn an_event_lets_those_of_other_keys_pass() {
    assert_eq!(done(&[Later { place: 0, by: 9 }], "abba"), [Keep(vec![1, 2, 0, 3])]);
    assert_eq!(done(&[Later { place: 0, by: 1 }], "abba"), [Keep(vec![1, 0, 2, 3])]);
    assert_eq!(done(&[Later { place: 1, by: 1 }], "abba"), [Keep(vec![0, 1, 2, 3])]);
}

#[test]
fn whatever_the_plan_every_event_is_kept_and_keys_keep_their_order() {
    let keys = keys("abcabcaabbcc");
    for seed in 0..500 {
        let plan = seeded(seed, keys.len(), Kind::PARKED);
        let mut kept = Vec::new();
        for it in Deliveries::new(&plan, &keys) {
            match it {
                Keep(places) => kept.extend(places),
                Reset => kept.clear(),
                Lose { .. } | Attempt(_) => {}
            }
        }
        for key in &keys[..3] {
            let found: Vec<usize> = kept.iter().copied().filter(|it| keys[*it] == *key).collect();
            let expected: Vec<usize> = (0..keys.len()).filter(|it| keys[*it] == *key).collect();
            assert_eq!(found, expected, "seed {seed}");
        }
    }
}

#[test]
fn events_of_one_key_are_never_side_by_side() {
    let plan = [1, 2, 3, 4].map(|place| Overlap { place });
    let lanes = Lanes::new(&plan);
    assert_eq!(lanes.groups(&[0, 1, 2, 3, 4], &keys("abaab")), [vec![0, 1], vec![2], vec![3, 4]]);
    assert_eq!(Lanes::new(&[]).groups(&[0, 1], &keys("ab")), [[0], [1]]);
}

#[test]
fn delays_add_up() {
    let lanes = Lanes::new(&[Delay { place: 1, turns: 2 }, Delay { place: 1, turns: 3 }]);
    assert_eq!((lanes.turns(0), lanes.turns(1)), (0, 5));
}

#[test]
#[should_panic(expected = "expected a disturbance of one of 2 events")]
fn a_disturbance_is_about_an_event_that_is_there() {
    done(&[Cut { place: 2 }], "ab");
}

//! Disturbances made of a seed, and fewer of them that still show a failure.

use factum_core::RecordedEvent;
use fastrand::Rng;

use super::disturbance::{Disturbance, Kind};

/// Most disturbances in one round.
const DISTURBANCES_MAX: usize = 12;

/// Disturbances of these kinds for so many events, which depend on nothing but the arguments.
pub(super) fn seeded(seed: u64, events: usize, kinds: &[Kind]) -> Vec<Disturbance> {
    if events == 0 {
        return Vec::new();
    }
    let mut rng = Rng::with_seed(seed);
    let count = rng.usize(1..=DISTURBANCES_MAX);
    (0..count).map(|_| one(&mut rng, events, kinds)).collect()
}

fn one(rng: &mut Rng, events: usize, kinds: &[Kind]) -> Disturbance {
    let (kind, place) = (kinds[rng.usize(..kinds.len())], rng.usize(..events));
    match kind {
        Kind::Cut => Disturbance::Cut { place },
        Kind::Again => Disturbance::Again { place },
        Kind::Crash => {
            let at = Some(rng.u32(0..4)).filter(|it| *it > 0);
            Disturbance::Crash { place, at, restart: rng.bool() }
        }
        Kind::Rebuild => Disturbance::Rebuild { place },
        Kind::Later => Disturbance::Later { place, by: rng.usize(1..=8) },
        Kind::Overlap => Disturbance::Overlap { place },
        Kind::Delay => Disturbance::Delay { place, turns: rng.u32(1..=4) },
    }
}

/// Leaves out of a plan that failed whatever need not be there for it to fail. `fails` says how a
/// plan fails, if it does.
pub(super) async fn shrunk(
    mut plan: Vec<Disturbance>,
    mut said: String,
    fails: impl AsyncFn(&[Disturbance]) -> Option<String>,
) -> (Vec<Disturbance>, String) {
    let mut place = 0;
    while place < plan.len() {
        let mut fewer = plan.clone();
        fewer.remove(place);
        match fails(&fewer).await {
            // What was needed before may be superfluous without it: from the beginning.
            Some(still) => (plan, said, place) = (fewer, still, 0),
            None => place += 1,
        }
    }
    (plan, said)
}

/// A plan in words, a line each.
pub(super) fn told(plan: &[Disturbance], events: &[RecordedEvent]) -> String {
    let lines: Vec<String> = plan.iter().map(|it| it.told(events)).collect();
    format!("    {}\n", lines.join("\n    "))
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::{Disturbance, Kind, seeded, shrunk};

    #[test]
    fn the_same_seed_gives_the_same_plan() {
        assert_eq!(seeded(7, 20, Kind::LANES), seeded(7, 20, Kind::LANES));
        let different = (1..50)
            .filter(|seed| seeded(*seed, 20, Kind::LANES) != seeded(seed + 1, 20, Kind::LANES));
        assert!(different.count() > 40);
        assert_eq!(seeded(7, 0, Kind::LANES), []);
    }

    #[test]
    fn every_kind_that_was_asked_for_is_made_and_no_other() {
        let made: Vec<Kind> =
            (1..100).flat_map(|seed| seeded(seed, 20, Kind::VIEW)).map(Disturbance::kind).collect();
        assert!(Kind::VIEW.iter().all(|kind| made.contains(kind)), "{made:?}");
        assert!(made.iter().all(|kind| Kind::VIEW.contains(kind)), "{made:?}");
    }

    #[test]
    fn what_need_not_be_there_is_left_out() {
        let needed = [Disturbance::Cut { place: 3 }, Disturbance::Again { place: 9 }];
        let mut plan: Vec<Disturbance> = (20..28).map(|place| Disturbance::Cut { place }).collect();
        plan.insert(1, needed[0]);
        plan.insert(6, needed[1]);
        let fails = async |plan: &[Disturbance]| {
            needed.iter().all(|it| plan.contains(it)).then(|| plan.len().to_string())
        };
        let (plan, said) = shrunk(plan, "10".into(), fails).now_or_never().expect("it never waits");
        assert_eq!((&plan[..], &said[..]), (&needed[..], "2"));
    }
}

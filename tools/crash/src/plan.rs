//! How each round goes, decided by the seed alone.

use crate::arguments::Arguments;

/// How the children of a round die.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// Killed by the parent, each after it has said so many lines and so many microseconds more.
    Killed(Vec<(u32, u32)>),
    /// The store ends its process at the n-th time it passes a named point.
    FailPoint(&'static str, u32),
    /// Not at all: the work is finished, and the store closed in good order.
    Finished,
}

/// One round.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) round: u32,
    /// Whether it starts with a store that does not exist yet.
    pub(crate) fresh: bool,
    pub(crate) children: u32,
    pub(crate) backups: bool,
    pub(crate) death: Death,
}

/// Rounds that one store lives through.
const ROUNDS_PER_STORE: u32 = 5;

/// The rounds that belong to the arguments. Every kind of death comes in every ten rounds.
pub(crate) fn plans(arguments: &Arguments) -> Vec<Plan> {
    let mut random = fastrand::Rng::with_seed(arguments.seed);
    (0..arguments.rounds).map(|round| plan(round, &mut random)).collect()
}

fn plan(round: u32, random: &mut fastrand::Rng) -> Plan {
    let killed = |children: u32, random: &mut fastrand::Rng| {
        Death::Killed((0..children).map(|_| (random.u32(1..1_400), random.u32(..3_000))).collect())
    };
    let mut plan = Plan {
        round,
        fresh: round.is_multiple_of(ROUNDS_PER_STORE),
        children: 1,
        backups: random.u8(..3) == 0,
        death: Death::Finished,
    };
    plan.death = match round % 10 {
        0 => Death::FailPoint("migrate", random.u32(1..=3)),
        2 => Death::FailPoint("append-before-commit", random.u32(1..40)),
        4 => Death::FailPoint("append-after-commit", random.u32(1..40)),
        6 => Death::FailPoint("backup", random.u32(1..=3)),
        8 if random.u8(..4) == 0 => Death::Finished,
        1 | 7 => {
            plan.children = 2;
            killed(2, random)
        }
        _ => killed(1, random),
    };
    plan.backups |= matches!(plan.death, Death::FailPoint("backup", _));
    plan
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "round {}", self.round)?;
        f.write_str(if self.fresh { ", new store" } else { "" })?;
        f.write_str(if self.children > 1 { ", two children" } else { "" })?;
        f.write_str(if self.backups { ", backups" } else { "" })?;
        match &self.death {
            Death::Killed(after) => {
                let lines: Vec<_> = after.iter().map(|(lines, _)| lines.to_string()).collect();
                write!(f, ", killed after {} lines", lines.join(" and "))
            }
            Death::FailPoint(name, hit) => write!(f, ", dies at {name} number {hit}"),
            Death::Finished => f.write_str(", finishes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_rounds_and_25_hold_every_death() {
        let words = ["--seed", "7"].map(String::from);
        let arguments = Arguments::parse(words.into_iter()).expect("they are valid");
        let shown = || plans(&arguments).iter().map(Plan::to_string).collect::<Vec<_>>();
        assert_eq!(shown(), shown());
        for name in ["migrate", "append-before-commit", "append-after-commit", "backup", "killed"] {
            assert!(shown().iter().any(|it| it.contains(name)), "{name}");
        }
    }
}

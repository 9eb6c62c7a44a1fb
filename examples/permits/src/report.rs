//! Which cases broke which rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use factum::prelude::*;

use crate::case::{Case, CaseEvent, Rule, Step};

/// How many cases of a rule are named.
const NAMED_MAX: usize = 3;

/// What a replay found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) steps: u64,
    pub(crate) repeated: u64,
    pub(crate) cases: BTreeSet<String>,
    pub(crate) broken: BTreeMap<Rule, BTreeMap<String, u64>>,
    by_step: BTreeMap<Step, u64>,
}

impl Report {
    pub(crate) fn note(&mut self, case: &str, step: Step, done: &Executed<Case>) {
        self.steps += 1;
        self.repeated += u64::from(done.repeated);
        *self.by_step.entry(step).or_default() += 1;
        if !self.cases.contains(case) {
            self.cases.insert(case.into());
        }
        for event in &done.events {
            if let CaseEvent::RuleBroken { rule, .. } = event {
                let times = self.broken.entry(*rule).or_default().entry(case.into());
                *times.or_default() += 1;
            }
        }
    }

    /// The cases that broke any rule.
    pub(crate) fn breakers(&self) -> BTreeSet<&str> {
        self.broken.values().flat_map(BTreeMap::keys).map(String::as_str).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (steps, cases) = (self.steps, self.cases.len());
        writeln!(f, "{steps} steps in {cases} cases; {} known from before", self.repeated)?;
        writeln!(f, "{} cases broke a rule:\n", self.breakers().len())?;
        writeln!(f, "{:>6} {:>6}  rule, and some of the cases", "cases", "times")?;
        for (rule, cases) in &self.broken {
            let times: u64 = cases.values().sum();
            let named: Vec<&str> = cases.keys().take(NAMED_MAX).map(String::as_str).collect();
            let more = if cases.len() > NAMED_MAX { ", ..." } else { "" };
            writeln!(f, "{:>6} {times:>6}  {rule} ({}{more})", cases.len(), named.join(", "))?;
        }
        Ok(())
    }
}

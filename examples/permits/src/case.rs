//! The rules of one permit case.

use std::collections::BTreeMap;

use factum::prelude::*;
use serde::{Deserialize, Serialize};

/// A step of the process. The log has more; those are free.
#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Step {
    ConfirmReceipt,
    Check,
    Adjust,
    Determine,
    Send,
    DecideStopAdvice,
    DecideStopIndication,
    Other,
}

impl Step {
    /// Every step, in the order of the process.
    pub(crate) const ALL: [Self; 8] = [
        Self::ConfirmReceipt,
        Self::Check,
        Self::Adjust,
        Self::Determine,
        Self::Send,
        Self::DecideStopAdvice,
        Self::DecideStopIndication,
        Self::Other,
    ];

    /// Its name, in events and in tables.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ConfirmReceipt => "confirm-receipt",
            Self::Check => "check",
            Self::Adjust => "adjust",
            Self::Determine => "determine",
            Self::Send => "send",
            Self::DecideStopAdvice => "decide-stop-advice",
            Self::DecideStopIndication => "decide-stop-indication",
            Self::Other => "other",
        }
    }

    /// The step that an activity of the log is.
    pub(crate) fn of(activity: &str) -> Self {
        match activity.split_whitespace().next().unwrap_or_default() {
            "Confirmation" => Self::ConfirmReceipt,
            "T02" => Self::Check,
            "T03" => Self::Adjust,
            "T04" => Self::Determine,
            "T05" => Self::Send,
            "T06" => Self::DecideStopAdvice,
            "T10" => Self::DecideStopIndication,
            _ => Self::Other,
        }
    }
}

/// Microseconds since 1970.
type Micros = i64;

/// What can have happened.
#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(context = "permit")]
pub(crate) enum CaseEvent {
    /// Somebody asked for a permit.
    Received { by: String, at: Micros, deadline: Option<Micros> },
    /// Somebody took a step, as the rules allow.
    StepTaken { step: Step, activity: String, by: String, at: Micros },
    /// Somebody took a step against a rule.
    #[factum(name = "permit.rule-broken")]
    RuleBroken { rule: Rule, step: Step, activity: String, by: String, at: Micros },
}

impl CaseEvent {
    /// The step that was taken, and when.
    pub(crate) fn taken(&self) -> (Step, Micros) {
        match self {
            Self::Received { at, .. } => (Step::ConfirmReceipt, *at),
            Self::StepTaken { step, at, .. } | Self::RuleBroken { step, at, .. } => (*step, *at),
        }
    }
}

/// The rules.
#[derive(
    Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Rule {
    #[error("a case begins with its receipt, once")]
    ReceiptFirst,
    #[error("only what was checked is adjusted")]
    CheckBeforeAdjust,
    #[error("whoever adjusted does not check the adjustment")]
    FourEyes,
    #[error("only what was checked is determined")]
    CheckBeforeDetermine,
    #[error("it is determined once")]
    DetermineOnce,
    #[error("only what was determined is sent")]
    DetermineBeforeSend,
    #[error("only what was determined gets a stop advice")]
    DetermineBeforeStopAdvice,
    #[error("the stop advice comes before the stop indication")]
    AdviceBeforeIndication,
    #[error("no step is taken after the deadline")]
    Deadline,
}

/// A row of the log.
#[derive(Clone, Debug)]
pub(crate) struct TakeStep {
    pub(crate) activity: String,
    pub(crate) by: String,
    pub(crate) at: Timestamp,
    pub(crate) deadline: Option<Timestamp>,
}

/// A step that was taken although a rule says no.
#[derive(Clone, Debug)]
pub(crate) struct RecordBreach {
    pub(crate) rule: Rule,
    pub(crate) taken: TakeStep,
}

/// One case.
#[derive(Default, Clone, Debug)]
pub(crate) struct Case {
    received: bool,
    checked: bool,
    deadline: Option<Timestamp>,
    last_by: BTreeMap<Step, String>,
}

impl Aggregate for Case {
    const CATEGORY: &'static str = "permit";
    type Event = CaseEvent;
    type Error = Rule;

    fn apply(&mut self, event: &CaseEvent) {
        match event {
            CaseEvent::Received { by, deadline, .. } => {
                self.received = true;
                self.deadline = deadline.map(Timestamp::from_micros);
                self.last_by.insert(Step::ConfirmReceipt, by.clone());
            }
            CaseEvent::StepTaken { step, by, .. } | CaseEvent::RuleBroken { step, by, .. } => {
                match step {
                    Step::Check => self.checked = true,
                    Step::Adjust => self.checked = false,
                    _ => {}
                }
                self.last_by.insert(*step, by.clone());
            }
        }
    }
}

impl Case {
    fn took(&self, step: Step) -> bool {
        self.last_by.contains_key(&step)
    }

    /// The first rule that says no to the step.
    fn allows(&self, step: Step, by: &str, at: Timestamp) -> Result<(), Rule> {
        let must = |allowed: bool, rule: Rule| if allowed { Ok(()) } else { Err(rule) };
        must(self.received != (step == Step::ConfirmReceipt), Rule::ReceiptFirst)?;
        must(self.deadline.is_none_or(|deadline| at <= deadline), Rule::Deadline)?;
        match step {
            Step::Check => {
                let adjusted_by = self.last_by.get(&Step::Adjust).filter(|_| !self.checked);
                must(adjusted_by.is_none_or(|adjusted_by| adjusted_by != by), Rule::FourEyes)
            }
            Step::Adjust => must(self.took(Step::Check), Rule::CheckBeforeAdjust),
            Step::Determine => {
                must(self.checked, Rule::CheckBeforeDetermine)?;
                must(!self.took(Step::Determine), Rule::DetermineOnce)
            }
            Step::Send => must(self.took(Step::Determine), Rule::DetermineBeforeSend),
            Step::DecideStopAdvice => {
                must(self.took(Step::Determine), Rule::DetermineBeforeStopAdvice)
            }
            Step::DecideStopIndication => {
                must(self.took(Step::DecideStopAdvice), Rule::AdviceBeforeIndication)
            }
            Step::ConfirmReceipt | Step::Other => Ok(()),
        }
    }
}

impl Handle<TakeStep> for Case {
    fn handle(&self, taken: TakeStep) -> Result<Vec<CaseEvent>, Rule> {
        let TakeStep { activity, by, at, deadline } = taken;
        let step = Step::of(&activity);
        self.allows(step, &by, at)?;
        let (at, deadline) = (at.as_micros(), deadline.map(Timestamp::as_micros));
        Ok(vec![match step {
            Step::ConfirmReceipt => CaseEvent::Received { by, at, deadline },
            _ => CaseEvent::StepTaken { step, activity, by, at },
        }])
    }
}

impl Handle<RecordBreach> for Case {
    fn handle(&self, RecordBreach { rule, taken }: RecordBreach) -> Result<Vec<CaseEvent>, Rule> {
        let TakeStep { activity, by, at, .. } = taken;
        let (step, at) = (Step::of(&activity), at.as_micros());
        Ok(vec![CaseEvent::RuleBroken { rule, step, activity, by, at }])
    }
}

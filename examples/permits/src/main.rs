//! Real permit cases of a municipality, replayed as commands against the rules of their process.
//!
//! Each row of the log is a step that somebody took. The rules say whether the step may be taken;
//! where they say no, the step is recorded all the same, as the deviation it is, and counted.

mod case;
mod replay;
mod report;

use std::process::ExitCode;

use crate::replay::replay;

/// A few cases, for those who have no log at hand.
const SAMPLE: &[u8] = include_bytes!("../sample.csv");

const USAGE: &str = "usage: permits [LOG.csv [STORE]]

LOG.csv  an event log of permit cases with the columns of the receipt log: case:concept:name,
         concept:name, org:resource, time:timestamp, concept:instance, case:deadline; unless
         given, a few cases that come with the program
STORE    where to keep the events, for example sqlite:permits.db; in memory unless given";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (log, store) = match &arguments[..] {
        [] => (None, "memory:"),
        [help] if help == "--help" || help == "-h" => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        [log] => (Some(log.as_str()), "memory:"),
        [log, store] => (Some(log.as_str()), store.as_str()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(log, store).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(log: Option<&str>, store: &str) -> Result<(), Box<dyn std::error::Error>> {
    let store = factum::connect(store).await?;
    let report = match log {
        None => replay(store, SAMPLE).await?,
        Some(log) => {
            let file = std::fs::File::open(log).map_err(|error| format!("{log}: {error}"))?;
            replay(store, std::io::BufReader::new(file)).await?
        }
    };
    print!("{report}");
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may")]

    use std::collections::BTreeMap;

    use factum_testkit::given;

    use super::SAMPLE;
    use crate::case::{Case, CaseEvent, Rule, Step, TakeStep};
    use crate::replay::replay;
    use crate::report::Report;

    fn broken(report: &Report) -> BTreeMap<Rule, Vec<&str>> {
        let named = report.broken.iter();
        named.map(|(rule, cases)| (*rule, cases.keys().map(String::as_str).collect())).collect()
    }

    #[tokio::test]
    async fn the_sample_breaks_the_rules_it_was_made_to_break() {
        let store = factum::connect("memory:").await.unwrap();
        let first = replay(store.clone(), SAMPLE).await.unwrap();
        let expected = BTreeMap::from([
            (Rule::FourEyes, vec!["case-3"]),
            (Rule::DetermineOnce, vec!["case-5"]),
            (Rule::DetermineBeforeSend, vec!["case-5"]),
            (Rule::DetermineBeforeStopAdvice, vec!["case-4"]),
            (Rule::Deadline, vec!["case-6"]),
        ]);
        assert_eq!(broken(&first), expected);
        assert_eq!((first.cases.len(), first.breakers().len(), first.repeated), (6, 4, 0));

        let again = replay(store, SAMPLE).await.unwrap();
        assert_eq!(broken(&again), expected, "a replay of known rows finds the same");
        assert_eq!(again.repeated, again.steps);
    }

    #[tokio::test]
    async fn a_row_that_makes_no_sense_is_named() {
        let text = "case:concept:name,concept:instance,concept:name,org:resource,case:deadline,\
                    time:timestamp\ncase-1,t,Confirmation of receipt,ann,,yesterday\n";
        let store = factum::connect("memory:").await.unwrap();
        let error = replay(store, text.as_bytes()).await.unwrap_err().to_string();
        assert!(error.starts_with("row 2: invalid time"), "{error}");
    }

    #[test]
    fn whoever_adjusted_does_not_check() {
        let taken = |step, by: &str| CaseEvent::StepTaken {
            step,
            activity: String::new(),
            by: by.into(),
            at: 0,
        };
        let before = [
            CaseEvent::Received { by: "ann".into(), at: 0, deadline: None },
            taken(Step::Check, "bob"),
            taken(Step::Adjust, "ann"),
        ];
        let check = |by: &str| TakeStep {
            activity: "T02 Check confirmation of receipt".into(),
            by: by.into(),
            at: factum::Timestamp::from_micros(1),
            deadline: None,
        };
        given::<Case>(before.clone()).when(check("ann")).then_error(Rule::FourEyes);
        given::<Case>(before).when(check("bob")).then_events_where(|events| events.len() == 1);
    }

    /// The receipt log of a Dutch municipality, where it is at hand.
    #[tokio::test]
    async fn the_real_log_is_replayed() {
        let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
        let folder = std::env::var_os("FACTUM_DATA").unwrap_or_else(|| beside.into());
        let Ok(file) = std::fs::File::open(std::path::Path::new(&folder).join("receipt.csv"))
        else {
            println!("not run: no receipt.csv in the folder that FACTUM_DATA names");
            return;
        };
        let store = factum::connect("memory:").await.unwrap();
        let report = replay(store, std::io::BufReader::new(file)).await.unwrap();
        assert_eq!((report.steps, report.cases.len()), (8_577, 1_434));
        let broken: Vec<(Rule, usize, u64)> = report
            .broken
            .iter()
            .map(|(rule, cases)| (*rule, cases.len(), cases.values().sum()))
            .collect();
        // Counted apart from this program, by a script that folds the log without any of it.
        let expected = [
            (Rule::FourEyes, 23, 31),
            (Rule::DetermineOnce, 4, 4),
            (Rule::DetermineBeforeSend, 1, 1),
            (Rule::DetermineBeforeStopAdvice, 404, 439),
            (Rule::Deadline, 71, 320),
        ];
        assert_eq!((broken.as_slice(), report.breakers().len()), (&expected[..], 476));
    }
}

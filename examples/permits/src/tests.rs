//! The sample and the real log, replayed.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;

use factum::prelude::*;
use factum::settle;
use factum_testkit::given;

use super::SAMPLE;
use crate::case::{Case, CaseEvent, Rule, Step, TakeStep};
use crate::dashboard;
use crate::dashboard::Waits;
use crate::replay::replay;
use crate::report::Report;

fn broken(report: &Report) -> BTreeMap<Rule, Vec<&str>> {
    let named = report.broken.iter();
    named.map(|(rule, cases)| (*rule, cases.keys().map(String::as_str).collect())).collect()
}

#[tokio::test]
async fn the_sample_breaks_the_rules_it_was_made_to_break() {
    let store = factum::connect("memory:").await.unwrap();
    let first = replay(store.clone(), SAMPLE, &Stop::never()).await.unwrap();
    let expected = BTreeMap::from([
        (Rule::FourEyes, vec!["case-3"]),
        (Rule::DetermineOnce, vec!["case-5"]),
        (Rule::DetermineBeforeSend, vec!["case-5"]),
        (Rule::DetermineBeforeStopAdvice, vec!["case-4"]),
        (Rule::Deadline, vec!["case-6"]),
    ]);
    assert_eq!(broken(&first), expected);
    assert_eq!((first.cases.len(), first.breakers().len(), first.repeated), (6, 4, 0));

    let again = replay(store, SAMPLE, &Stop::never()).await.unwrap();
    assert_eq!(broken(&again), expected, "a replay of known rows finds the same");
    assert_eq!(again.repeated, again.steps);
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_named() {
    let text = "case:concept:name,concept:instance,concept:name,org:resource,case:deadline,\
                time:timestamp\ncase-1,t,Confirmation of receipt,ann,,yesterday\n";
    let store = factum::connect("memory:").await.unwrap();
    let error = replay(store, text.as_bytes(), &Stop::never()).await.unwrap_err().to_string();
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
    let Ok(file) = std::fs::File::open(std::path::Path::new(&folder).join("receipt.csv")) else {
        println!("not run: no receipt.csv in the folder that FACTUM_DATA names");
        return;
    };
    let store = factum::connect("memory:").await.unwrap();
    let report =
        replay(store.clone(), std::io::BufReader::new(file), &Stop::never()).await.unwrap();
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

    let folder = tempfile::tempdir().unwrap();
    let tables = format!("sqlite:{}", folder.path().join("tables.db").display());
    let tables = factum::connect(tables).await.unwrap();
    let running = dashboard::subscription(&store, &tables).unwrap().spawn();
    settle(&[(*running).clone()]).await.unwrap();
    let rows = dashboard::rows(&tables).await.unwrap();
    let waits = |times, median, mean, longest| Some(Waits { times, median, mean, longest });
    // Counted by a script too: times, and the median, mean and longest wait in microseconds.
    let expected = [
        (Step::ConfirmReceipt, 116, None),
        (Step::Check, 9, waits(1_368, 41_301_000, 100_581_243_292, 9_588_298_164_000)),
        (Step::Adjust, 2, waits(55, 500_605_000, 466_776_900_290, 5_967_762_154_000)),
        (Step::Determine, 2, waits(1_307, 31_745_000, 36_815_495_504, 2_950_473_630_000)),
        (Step::Send, 416, waits(1_300, 36_353_000, 68_712_331_590, 1_906_331_952_000)),
        (Step::DecideStopAdvice, 17, waits(1_416, 45_535_000, 186_313_286_237, 23_239_178_127_000)),
        (
            Step::DecideStopIndication,
            872,
            waits(1_283, 31_918_000, 40_548_131_756, 3_618_586_270_000),
        ),
        (Step::Other, 0, waits(414, 57_264_500, 129_231_483_311, 7_764_094_620_000)),
    ];
    let rows: Vec<_> = rows.iter().map(|row| (row.step, row.cases, row.waits)).collect();
    assert_eq!(rows, expected);
    running.stop().await.unwrap();
}

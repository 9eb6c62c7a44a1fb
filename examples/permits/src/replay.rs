//! The log's rows as commands.

use std::fs::File;
use std::io::{BufReader, Read};

use factum::ServiceError;
use factum::prelude::*;
use serde::Deserialize;

use crate::case::{Case, RecordBreach, Step, TakeStep};
use crate::report::Report;

/// A row of the log; it has more columns.
#[derive(Debug, Deserialize)]
struct Row {
    #[serde(rename = "case:concept:name")]
    case: String,
    #[serde(rename = "concept:name")]
    activity: String,
    #[serde(rename = "org:resource")]
    resource: String,
    #[serde(rename = "time:timestamp")]
    at: String,
    #[serde(rename = "case:deadline")]
    deadline: String,
    #[serde(rename = "concept:instance")]
    task: String,
}

/// Opens a log in a file.
pub(crate) fn open(log: &str) -> Result<BufReader<File>, ServiceError> {
    let file = File::open(log).map_err(|error| format!("{log}: {error}"))?;
    Ok(BufReader::new(file))
}

/// Replays `log` into `store` and says which cases broke which rules.
///
/// Each row is a command with the row's task as its id, so a log may be replayed again, or after
/// it was interrupted: what is there is not done twice. It ends early if it is asked to stop.
pub(crate) async fn replay(
    store: SharedStore,
    log: impl Read,
    stop: &Stop,
) -> Result<Report, ServiceError> {
    let cases = Repository::<Case>::new(store)?.with_cache(4_096.try_into()?);
    let mut report = Report::default();
    for (row, place) in csv::Reader::from_reader(log).into_deserialize().zip(2_u64..) {
        if stop.is_requested() {
            break;
        }
        let row: Row = row?;
        let in_row = |error: &dyn std::fmt::Display| format!("row {place}: {error}");
        let at: Timestamp = row.at.replacen(' ', "T", 1).parse().map_err(|it| in_row(&it))?;
        let deadline: Option<Timestamp> = match row.deadline.as_str() {
            "" => None,
            text => Some(text.replacen(' ', "T", 1).parse().map_err(|it| in_row(&it))?),
        };
        let taken = TakeStep { activity: row.activity, by: row.resource, at, deadline };
        let kind = Step::of(&taken.activity);
        let command = CommandId::new(format!("{} {}", row.case, row.task))?;
        let options = Options::default().command_id(command);
        let done = cases.execute_with(&row.case, taken.clone(), options.clone()).await;
        let done = match done {
            Err(ExecuteError::Rejected(rule)) => {
                let breach = RecordBreach { rule, taken };
                cases.execute_with(&row.case, breach, options).await
            }
            done => done,
        };
        report.note(&row.case, kind, &done.map_err(|error| in_row(&error))?);
    }
    Ok(report)
}

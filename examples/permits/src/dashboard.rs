//! Where the cases are, and how long they waited for each step: tables in step with the log.

use factum::prelude::*;
use factum::{ServiceError, SubscriptionName};

use crate::case::{CaseEvent, Step};
use crate::show;

/// The step that each case took last, and the time that passed before each step.
#[derive(Debug)]
pub(crate) struct Dashboard;

impl Projection for Dashboard {
    const NAME: &'static str = "dashboard";
    const MIGRATIONS: &'static [ViewMigration] =
        &[ViewMigration::new("dashboard", include_str!("../sql/tables.sql"))];

    fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self> {
        on.events::<CaseEvent>()
    }

    async fn reset(
        &self,
        after: Position,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        if after != Position::START {
            let expected = "expected a rebuild from the beginning, found one after";
            return Err(HandlerError::new(format!("{expected} {after}")));
        }
        view.run(include_str!("../sql/empty_cases.sql"), &[]).await?;
        Ok(view.run(include_str!("../sql/empty_waits.sql"), &[]).await?)
    }
}

impl Project<CaseEvent> for Dashboard {
    async fn project(
        &self,
        event: CaseEvent,
        recorded: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        let (step, at) = event.taken();
        let (case, position) = (recorded.stream.id(), recorded.position.get());
        let wait = include_str!("../sql/wait.sql");
        view.run(wait, &[position.into(), step.as_str().into(), at.into(), case.into()]).await?;
        let go = match step {
            Step::Other => include_str!("../sql/touch.sql"),
            _ => include_str!("../sql/reach.sql"),
        };
        Ok(view.run(go, &[case.into(), step.as_str().into(), at.into()]).await?)
    }
}

/// Keeps the dashboard of `log` in `tables`, which may be the same store.
pub(crate) fn subscription(
    log: &SharedStore,
    tables: &SharedStore,
) -> Result<Subscription, ServiceError> {
    let projection = ViewProjection::new(Dashboard)?;
    Ok(Subscription::project_into(log.clone(), tables.clone(), projection))
}

/// What is known of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StepRow {
    pub(crate) step: Step,
    /// How many cases took it last.
    pub(crate) cases: u64,
    /// The waiting time before it, if there was any.
    pub(crate) waits: Option<Waits>,
}

/// How long cases waited, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waits {
    pub(crate) times: u64,
    pub(crate) median: i64,
    pub(crate) mean: i64,
    pub(crate) longest: i64,
}

/// A row for each step that was taken, in the order of the process.
pub(crate) async fn rows(tables: &SharedStore) -> Result<Vec<StepRow>, ServiceError> {
    let cases = tables.query_view(include_str!("../sql/cases.sql"), &[]).await?;
    let waits = tables.query_view(include_str!("../sql/waits.sql"), &[]).await?;
    let mut rows = Vec::new();
    for step in Step::ALL {
        let mut row = StepRow { step, cases: 0, waits: None };
        for of_step in &cases {
            if of_step.get::<String>(0)? == step.as_str() {
                row.cases = of_step.get(1)?;
            }
        }
        for of_step in &waits {
            if of_step.get::<String>(0)? == step.as_str() {
                let (times, median) = (of_step.get(1)?, of_step.get(2)?);
                let (mean, longest) = (of_step.get(3)?, of_step.get(4)?);
                row.waits = Some(Waits { times, median, mean, longest });
            }
        }
        if row.cases > 0 || row.waits.is_some() {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// The dashboard, for people.
pub(crate) async fn shown(log: &SharedStore, tables: &SharedStore) -> Result<String, ServiceError> {
    let progress = tables.progress(&SubscriptionName::new(Dashboard::NAME)?).await?;
    let progress = progress.ok_or("expected a dashboard, found none; `permits serve` keeps one")?;
    let rows = rows(tables).await?;
    let cases: u64 = rows.iter().map(|it| it.cases).sum();
    let behind = match progress.lag(log.head().await?) {
        0 => String::new(),
        lag => format!(", {} behind", show::number(lag)),
    };
    let position = show::number(progress.position.get());
    let headings = ["step", "cases there#", "waits#", "median#", "mean#", "longest#"];
    let table = show::table(&headings, rows.iter().map(cells).collect());
    Ok(format!("{} cases as of position {position}{behind}:\n\n{table}", show::number(cases)))
}

fn cells(row: &StepRow) -> Vec<String> {
    let name = row.step.as_str().replace('-', " ");
    let mut cells = vec![name, show::number(row.cases)];
    match row.waits {
        None => cells.extend(std::iter::repeat_n("-".into(), 4)),
        Some(Waits { times, median, mean, longest }) => {
            cells.push(show::number(times));
            cells.extend([median, mean, longest].map(show::duration));
        }
    }
    cells
}

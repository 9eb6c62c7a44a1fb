//! `factum demo`: a log of a loan desk, brought in by the importer, and a tour of it.

mod calendar;
mod desk;
mod feed;

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::{Args, Parser};
use factum::{EventStoreExt, LogRead, Position, Query, SharedStore};
use futures::TryStreamExt;

use self::desk::DeskEvent;
use self::feed::{Events, Feed, correlation};
use crate::arguments::{Arguments, Global, STORE_VARIABLE};
use crate::commands;
use crate::import::{
    Decoding, Input, JsonlSource, OnError, Progress, Rules, Source, Summary, TenantRule,
    TimeOptions,
};
use crate::interrupt::Interrupt;
use crate::outcome::{Exit, Failure};
use crate::output::Style;
use crate::session::{Session, text_of};
use crate::text;

/// Where the log goes unless `--store` says something else.
const STORE: &str = "sqlite:demo.db";

const STORE_HELP: &str = "\
The store to make, or to go on with: sqlite:PATH, postgres://HOST/DATABASE or memory:, with options \
as ?option=value [default: sqlite:demo.db]";

/// How large a log.
#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// How many events
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    events: u64,
    /// Which log: the same number gives the same log
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    // Takes the place of the option that every command has, for its default is another one.
    #[arg(long, value_name = "URL", env = STORE_VARIABLE, hide_env_values = true)]
    #[arg(global = true, help = STORE_HELP)]
    store: Option<OsString>,
}

pub(crate) async fn run(command: &Demo, global: &Global) -> Result<Exit, Failure> {
    let store = match &command.store {
        Some(store) => text_of(store)?,
        None => STORE.into(),
    };
    let global = Global { store: Some(store.clone().into()), ..global.clone() };
    let session = Session::new(&global)?;
    let mut interrupt = Interrupt::listen()?;
    if !session.output.json {
        session.output.line(&format!(
            "A loan desk, seed {}: {}, into {store}\n",
            command.seed,
            text::count(command.events, "event"),
        ))?;
    }
    let summary = import(command, &session, &mut interrupt).await?;
    let exit = summary.report(session.output)?;
    if session.output.json {
        return Ok(exit);
    }
    let tour = Tour::new(command.seed, command.events);
    for words in tour.commands() {
        session
            .output
            .line(&format!("\n{}", session.output.styled(Style::Good, &shown(&words))))?;
        let line =
            ["factum", "--store", &store].into_iter().chain(words.iter().map(String::as_str));
        let arguments = Arguments::try_parse_from(line);
        let arguments = arguments.map_err(|error| Failure::usage(error.to_string()))?;
        Box::pin(commands::run(arguments)).await?;
    }
    session.output.line(&format!("\nIt is yours now:\n\n  export FACTUM_STORE={store}"))?;
    for words in tour.ideas() {
        session.output.line(&format!("  {}", shown(&words).trim_start_matches("$ ")))?;
    }
    Ok(exit)
}

async fn import(
    command: &Demo,
    session: &Session,
    interrupt: &mut Interrupt,
) -> Result<Summary, Failure> {
    let store = session.open_or_make().await?;
    let Some(tenant) = store.scope().tenant().cloned() else {
        return Err(Failure::usage("expected one tenant for the demo, found all of them"));
    };
    check_it_is_ours(&store, command.seed, session).await?;
    let feed = Box::new(Feed::new(command.seed, command.events));
    let input = Input::new("the desk", feed, None, Decoding::default())?;
    let progress = Progress::new(&input, session.output.json);
    let rule = TenantRule::Only(tenant);
    let source = Box::new(JsonlSource::new(input, rule, TimeOptions::default()));
    let rules = Rules {
        name: "the desk".into(),
        on_error: OnError::Stop,
        kind: source.kind(),
        store_changed: false,
    };
    let into = (&store, Query::all());
    Summary::of_import(rules, source, into, &progress, interrupt).await
}

/// Refuses a store that holds something else.
async fn check_it_is_ours(
    store: &SharedStore,
    seed: u64,
    session: &Session,
) -> Result<(), Failure> {
    let mut read = LogRead::after(Query::all(), Position::START);
    read.limit = Some(1);
    let first = store.events(read).try_next().await?;
    if first.is_none_or(|first| Events::new(seed).next().is_some_and(|ours| ours.id == first.id)) {
        return Ok(());
    }
    let message = format!("expected no store or this demo's at {}, found another", session.address);
    Err(Failure::new(Exit::Conflict, message)
        .hint("nothing was changed; use another file: factum demo --store sqlite:other.db"))
}

/// What to show: an application to which enough happened to be worth a look.
struct Tour {
    application: u64,
    officer: &'static str,
}

/// The trace fits a screen and tells a story.
const STORY: std::ops::RangeInclusive<usize> = 14..=18;
/// So many events are looked through for one.
const LOOKED_THROUGH_MAX: u64 = 20_000;

impl Tour {
    fn new(seed: u64, count: u64) -> Self {
        let looked_through = usize::try_from(count.min(LOOKED_THROUGH_MAX)).unwrap_or(usize::MAX);
        let mut stories: BTreeMap<u64, Vec<DeskEvent>> = BTreeMap::new();
        for event in Events::new(seed).take(looked_through) {
            stories.entry(event.application).or_default().push(event);
        }
        let tells = |story: &&Vec<DeskEvent>| {
            let all = ["application.resubmitted", "applicant.called", "loan.paid-out"];
            let has = |wanted: &&str| story.iter().any(|event| event.event_type == *wanted);
            STORY.contains(&story.len()) && all.iter().all(has)
        };
        let story = stories.values().find(tells).or_else(|| stories.values().next());
        let last = story.and_then(|story| story.last());
        Self {
            application: last.map_or(1, |event| event.application),
            officer: last.and_then(|event| event.officer).unwrap_or("amal"),
        }
    }

    fn commands(&self) -> Vec<Vec<String>> {
        let officer = format!("officer:{}", self.officer);
        [
            "streams list --limit 3".to_owned(),
            format!("events search --type loan.paid-out --tag {officer} --limit 3"),
            format!("events show loan/{:05}@0", self.application),
            format!("trace {}", correlation(self.application)),
            "tail -n 3".to_owned(),
            "store verify".to_owned(),
        ]
        .map(|line| line.split(' ').map(Into::into).collect())
        .into()
    }

    fn ideas(&self) -> Vec<Vec<String>> {
        [
            format!("streams show loan/{:05}", self.application),
            format!("append loan/{:05} note.added --expected exists", self.application),
            "events search --type application.declined --since 2024-06-01 --limit 5".to_owned(),
            "tail --follow".to_owned(),
            "export jsonl desk.jsonl".to_owned(),
        ]
        .map(|line| line.split(' ').map(Into::into).collect())
        .into()
    }
}

fn shown(words: &[String]) -> String {
    format!("$ factum {}", words.join(" "))
}

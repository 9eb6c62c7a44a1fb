//! `factum trace`: what caused what, for one correlation.

use std::collections::HashMap;
use std::fmt::Write;

use clap::Args;
use factum::jsonl::Record;
use factum::{CausationId, CorrelationId, LogRead, Position, QueryItem, RecordedEvent, TenantId};
use futures::TryStreamExt;

use crate::outcome::{Exit, Failure};
use crate::output::{Output, Style};
use crate::session::Session;
use crate::text;

/// Which correlation.
#[derive(Args, Debug)]
pub(crate) struct Trace {
    /// What the events belong to
    correlation: String,
    /// At most this many events; 0 for all
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: u64,
}

pub(crate) async fn run(command: &Trace, session: &Session) -> Result<Exit, Failure> {
    let correlation = CorrelationId::new(&command.correlation)?;
    let store = session.open().await?;
    let item = QueryItem::default().correlation(correlation.clone());
    let mut read = LogRead::after(item, Position::START);
    let limit = if command.limit == 0 { u64::MAX } else { command.limit };
    read.limit = Some(limit.saturating_add(1));
    let mut events = Vec::new();
    let mut pages = store.read(read);
    while let Some(page) = pages.try_next().await? {
        events.extend(page.events);
    }
    if events.is_empty() {
        let message = format!("expected events of correlation {correlation}, found none");
        return Err(Failure::not_found(message)
            .hint("factum events show POSITION tells what an event belongs to"));
    }
    let more = events.len() as u64 > limit;
    events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let tree = Tree::new(&events);
    if session.output.json {
        for (index, event) in events.iter().enumerate() {
            let depth = tree.depth(index);
            session.output.json(&serde_json::json!({ "depth": depth, "event": Record(event) }))?;
        }
        return Ok(Exit::Ok);
    }
    let text = tree.drawn(session.output, correlation.as_str());
    session.output.line(text.trim_end())?;
    if more {
        session.output.line(&format!("... the first {limit}; --limit N for more, 0 for all"))?;
    }
    Ok(Exit::Ok)
}

/// Events under the event that caused them. Events with the same outside cause stand together.
struct Tree<'a> {
    events: &'a [RecordedEvent],
    parents: Vec<Option<usize>>,
    children: Vec<Vec<usize>>,
    /// Causes that are no event of the correlation, such as commands, with what they caused.
    roots: Vec<(Option<&'a CausationId>, Vec<usize>)>,
}

impl<'a> Tree<'a> {
    fn new(events: &'a [RecordedEvent]) -> Self {
        // Ids are the tenant's own, and where two streams have one, the first event with it is meant.
        let mut places: HashMap<(&TenantId, String), usize> = HashMap::new();
        for (index, event) in events.iter().enumerate() {
            places.entry((&event.tenant, event.id.to_string())).or_insert(index);
        }
        let mut tree = Self {
            events,
            parents: vec![None; events.len()],
            children: vec![Vec::new(); events.len()],
            roots: Vec::new(),
        };
        for (index, event) in events.iter().enumerate() {
            let cause = event.causation.as_ref();
            // An effect never comes before its cause; whoever claims so is shown as a root.
            let place = |it: &CausationId| places.get(&(&event.tenant, it.to_string()));
            let parent = cause.and_then(place).filter(|it| **it < index);
            match (parent, tree.roots.iter_mut().find(|(root, _)| *root == cause)) {
                (Some(&parent), _) => {
                    tree.parents[index] = Some(parent);
                    tree.children[parent].push(index);
                }
                (None, Some((_, caused))) if cause.is_some() => caused.push(index),
                (None, _) => tree.roots.push((cause, vec![index])),
            }
        }
        tree
    }

    fn depth(&self, mut index: usize) -> usize {
        let mut depth = 0;
        while let Some(parent) = self.parents[index] {
            (index, depth) = (parent, depth + 1);
        }
        depth
    }

    fn drawn(&self, output: Output, correlation: &str) -> String {
        let first = self.events[0].recorded_at;
        let last = self.events.iter().map(|it| it.recorded_at).max().unwrap_or(first);
        let took = text::later(last.as_micros() - first.as_micros());
        let took = took.trim_start_matches('+');
        let count = text::count(self.events.len() as u64, "event");
        let mut text = format!(
            "{}  {count} in {took}, from {}\n",
            output.styled(Style::Heading, correlation),
            text::time(first)
        );
        let mut left = Vec::new();
        let last_root = self.roots.len().saturating_sub(1);
        for (place, (cause, caused)) in self.roots.iter().enumerate() {
            let bars = vec![place == last_root];
            if let Some(cause) = cause {
                let cause = output.styled(Style::Faint, cause.as_str());
                let _ = writeln!(text, "{}{cause}", branch(output, &bars));
                left.extend(last_first(caused, &bars));
            } else {
                left.extend(caused.iter().map(|index| (*index, bars.clone())));
            }
            while let Some((index, bars)) = left.pop() {
                let line = self.line(output, index);
                let _ = writeln!(text, "{}{line}", branch(output, &bars));
                left.extend(last_first(&self.children[index], &bars));
            }
        }
        text
    }

    fn line(&self, output: Output, index: usize) -> String {
        let event = &self.events[index];
        let since = event.recorded_at.as_micros() - self.events[0].recorded_at.as_micros();
        let by = event.principal.as_ref().map(|it| format!(" by {it}")).unwrap_or_default();
        let place = format!("{}@{}{by}  {}", event.stream, event.revision, text::later(since));
        format!("{}  {}", event.event_type, output.styled(Style::Faint, &place))
    }
}

/// What to draw under a branch, in the order of a stack, each with its own branch.
fn last_first<'a>(
    caused: &'a [usize],
    bars: &'a [bool],
) -> impl Iterator<Item = (usize, Vec<bool>)> + 'a {
    let last = caused.len().saturating_sub(1);
    let with_bars = move |(place, index): (usize, &usize)| {
        let mut bars = bars.to_vec();
        bars.push(place == last);
        (*index, bars)
    };
    caused.iter().enumerate().map(with_bars).rev()
}

/// The lines before an entry; each level says whether its branch is the last one.
fn branch(output: Output, bars: &[bool]) -> String {
    const LINES: [&str; 4] = ["│  ", "   ", "├─ ", "└─ "];
    const PLAIN: [&str; 4] = ["|  ", "   ", "|- ", "`- "];
    let [through, end, fork, last] = if output.rich { LINES } else { PLAIN };
    let (own, above) = bars.split_last().map_or((true, bars), |(own, above)| (*own, above));
    let mut text: String = above.iter().map(|last| if *last { end } else { through }).collect();
    text.push_str(if own { last } else { fork });
    text
}

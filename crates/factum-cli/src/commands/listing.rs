//! Events as lines, written page by page.

use std::io::{self, BufWriter, StdoutLock, Write};

use factum::jsonl::write_line;
use factum::{EventStore, RecordedEvent, Tag, TenantScope};

use crate::outcome::Failure;
use crate::output::{Columns, Output, wrapped};
use crate::text;

/// Writes pages of events to standard output.
#[derive(Debug)]
pub(super) struct Listing {
    output: Output,
    /// Name the tenant, because there may be several.
    tenants: bool,
    columns: Option<Columns<5>>,
    pub(super) written: u64,
}

impl Listing {
    pub(super) fn new(output: Output, store: &(impl EventStore + ?Sized)) -> Self {
        let tenants = *store.scope() == TenantScope::All;
        Self { output, tenants, columns: None, written: 0 }
    }

    /// Writes a page.
    pub(super) fn page(&mut self, events: &[RecordedEvent]) -> Result<(), Failure> {
        let out = BufWriter::new(io::stdout().lock());
        let written = if self.output.json { json(out, events) } else { self.lines(out, events) };
        self.written += events.len() as u64;
        written.map_err(|error| Failure::output(&error))
    }

    fn lines(
        &mut self,
        mut out: BufWriter<StdoutLock<'_>>,
        events: &[RecordedEvent],
    ) -> io::Result<()> {
        let rows: Vec<_> = events.iter().map(|event| row(event, self.tenants)).collect();
        let columns = self.columns.get_or_insert_with(|| Columns::fitting(&rows));
        for row in &rows {
            let line = columns.row(row);
            match self.output.width {
                Some(width) => writeln!(out, "{}", wrapped(&line, width, columns.indent()))?,
                None => writeln!(out, "{line}")?,
            }
        }
        out.flush()
    }
}

fn json(mut out: BufWriter<StdoutLock<'_>>, events: &[RecordedEvent]) -> io::Result<()> {
    for event in events {
        write_line(&mut out, event)?;
    }
    out.flush()
}

fn row(event: &RecordedEvent, tenants: bool) -> [String; 5] {
    let tenant = if tenants { format!("{} ", event.tenant) } else { String::new() };
    [
        event.position.to_string(),
        text::time(event.recorded_at),
        format!("{tenant}{}@{}", event.stream, event.revision),
        event.event_type.to_string(),
        event.tags.iter().map(Tag::as_str).collect::<Vec<_>>().join(" "),
    ]
}

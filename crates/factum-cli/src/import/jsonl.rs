//! JSON Lines: what `export jsonl` writes, or lines with `stream`, `type` and `payload`.

mod shape;

use std::io::{self, BufRead};

use factum::jsonl::{self, Line};
use factum::{EventId, NewEvent, SchemaVersion, StreamId, TenantId, Timestamp};

use super::case::Cases;
use super::identity::{Content, Kind, Rows};
use super::input::{self, Input};
use super::lines::LineEnds;
use super::names::Names;
use super::source::{BadRow, Item, Source, Trouble};
use super::timestamps::TimeOptions;
use crate::acts::Act;

/// Longest line: the largest event, written as base64, and room to spare.
const LINE_BYTES_MAX: usize = 16 << 20;

/// What to do with the tenant that a line names.
#[derive(Clone, Debug)]
pub(crate) enum TenantRule {
    /// It must be this one.
    Only(TenantId),
    /// It is kept.
    Keep,
    /// It is not looked at.
    Ignore,
}

/// Reads events from JSON Lines.
pub(crate) struct JsonlSource {
    name: String,
    reader: Box<dyn BufRead + Send>,
    rule: TenantRule,
    times: TimeOptions,
    text: Vec<u8>,
    line: u64,
    ends: LineEnds,
    names: Names,
    cases: Cases,
    ids: Ids,
}

impl JsonlSource {
    pub(crate) fn new(input: Input, rule: TenantRule, times: TimeOptions) -> Self {
        Self {
            name: input.name,
            reader: input.reader,
            rule,
            times,
            text: Vec::new(),
            line: 0,
            ends: LineEnds::default(),
            names: Names::new("", 0),
            cases: Cases::default(),
            ids: Ids::default(),
        }
    }

    /// Reads a line, whatever ends it. False at the end of the file.
    fn read_line(&mut self) -> Result<bool, Trouble> {
        self.text.clear();
        let (mut begun, mut too_long) = (false, false);
        loop {
            let part = match self.reader.fill_buf() {
                Ok(part) => part,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(input::failure(&self.name, self.line + 1, &error).into()),
            };
            let mut ends = self.ends;
            let end = part.iter().position(|byte| ends.at(*byte));
            let taken = end.map_or(part.len(), |end| end + 1);
            self.ends = ends;
            if part.is_empty() && !begun {
                return Ok(false);
            }
            self.line += u64::from(!begun);
            begun = true;
            too_long |= self.text.len() + taken > LINE_BYTES_MAX;
            if !too_long {
                self.text.extend_from_slice(&part[..taken]);
            }
            let is_last = end.is_some() || part.is_empty();
            self.reader.consume(taken);
            if is_last && too_long {
                let reason = format!("expected at most {LINE_BYTES_MAX} bytes, found more");
                return Err(BadRow::new(self.line, None, reason).into());
            }
            if is_last {
                return Ok(true);
            }
        }
    }

    fn event(&mut self) -> Result<Item, BadRow> {
        let number = self.line;
        let bad = |column: Option<&str>, reason: &dyn std::fmt::Display| {
            BadRow::new(number, column, reason)
        };
        shape::check(&self.text, number)?;
        let mut line =
            jsonl::parse(&self.text).map_err(|error| shape::fault(&self.text, number, &error))?;
        let tenant = tenant(&self.rule, &line).map_err(|it| bad(Some("tenant"), &it))?;
        let stream =
            self.names.whole_stream(&line.stream).map_err(|it| bad(Some("stream"), &it))?;
        let codec = line.codec().map_err(|it| bad(Some("codec"), &it))?;
        let payload = line.payload().map_err(|it| bad(Some("payload"), &it))?;
        let event_type =
            self.names.exact_type(&line.event_type).map_err(|it| bad(Some("type"), &it))?;
        let own_id: Option<EventId> = line
            .id
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|error| bad(Some("id"), &error))?;
        let id = own_id.unwrap_or(EventId::from_bytes([0; 16])); // Until all of it is known.
        let at = self.time(&mut line).map_err(|it| bad(Some("recorded_at"), &it))?;
        let mut event = NewEvent::new(id, event_type, codec, payload);
        line.fill(&mut event).map_err(|error| bad(None, &error))?;
        counted(event.schema_version).map_err(|it| bad(Some("schema_version"), &it))?;
        event.recorded_at = at.or(event.recorded_at);
        let act = Act::of(&event).map_err(|error| bad(Some("payload"), &error))?;
        let (position, revision) = (line.position, line.revision);
        let tenant_name = tenant.as_ref().map_or("", TenantId::as_str);
        let is_new = if let Some(id) = own_id {
            self.ids.is_new(tenant_name, &stream, id, position)
        } else {
            let content = Content::of_line(&stream, &event);
            event.id = content.id(self.ids.rows.before(tenant_name, &content));
            !self.ids.unsure
        };
        let case = self.cases.of(tenant_name, stream.as_str());
        let place = is_new.then(|| case.next_place());
        Ok(Item { tenant, line: number, stream, place, event, repeats: false, act, revision })
    }

    /// The line's time as the options read it; what an export writes beyond the years of RFC 3339
    /// is left to [`Line::fill`].
    fn time(&self, line: &mut Line<'_>) -> Result<Option<Timestamp>, String> {
        let is_number =
            |text: &str| text.strip_suffix("us").is_some_and(|it| it.parse::<i64>().is_ok());
        let text = line.recorded_at.take_if(|text| !is_number(text));
        text.map(|text| self.times.read(&text)).transpose()
    }
}

/// Whether a line that brings its id may have come before. The positions of an export grow, so
/// nothing has to be remembered of one; where they do not, exports were put together.
#[derive(Debug, Default)]
struct Ids {
    rows: Rows,
    /// The position of the last line, while all lines had one that grew.
    position: Option<u64>,
    /// Whether positions stopped growing, or there was a line without.
    mixed: bool,
    /// Whether there were lines whose ids are not in `rows`, before positions stopped growing.
    unsure: bool,
}

impl Ids {
    fn is_new(&mut self, tenant: &str, stream: &StreamId, id: EventId, at: Option<u64>) -> bool {
        if !self.mixed && at > self.position {
            self.position = at;
            return true;
        }
        self.unsure |= !self.mixed && self.position.is_some();
        self.mixed = true;
        let before = self.rows.before(tenant, &Content::of_id(stream, id));
        before == 0 && !self.unsure
    }
}

impl Source for JsonlSource {
    fn next(&mut self) -> Result<Option<Item>, Trouble> {
        while self.read_line()? {
            if !self.text.trim_ascii().is_empty() {
                return Ok(Some(self.event()?));
            }
        }
        Ok(None)
    }

    fn kind(&self) -> Kind {
        Kind::Lines
    }
}

/// Schema versions count from 1.
fn counted(version: SchemaVersion) -> Result<(), String> {
    if version < SchemaVersion::FIRST {
        return Err(format!("expected a number from 1 on, found {version}"));
    }
    Ok(())
}

fn tenant(rule: &TenantRule, line: &Line<'_>) -> Result<Option<TenantId>, String> {
    let named = line.tenant.as_deref().map(TenantId::new).transpose();
    let named = named.map_err(|error| error.to_string())?;
    match (rule, named) {
        (TenantRule::Only(own), Some(named)) if *own != named => Err(format!(
            "expected {own}, found {named}; --all-tenants keeps tenants, --ignore-tenant drops them"
        )),
        (TenantRule::Only(_) | TenantRule::Ignore, _) => Ok(None),
        (TenantRule::Keep, named) => Ok(Some(named.unwrap_or_default())),
    }
}

//! JSON Lines: what `export jsonl` writes, or lines with `stream`, `type` and `payload`.

use std::io::{BufRead, Read};

use factum::jsonl::{self, Line};
use factum::{EventId, NewEvent, TenantId};

use super::case::Cases;
use super::input::{self, Input};
use super::names::Names;
use super::source::{BadRow, Item, Source, Trouble};
use crate::acts::Act;
use crate::outcome::Failure;

/// Longest line: the largest event, written as base64, and room to spare.
const LINE_BYTES_MAX: u64 = 16 << 20;

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
    text: Vec<u8>,
    line: u64,
    names: Names,
    cases: Cases,
}

impl JsonlSource {
    pub(crate) fn new(input: Input, rule: TenantRule) -> Self {
        Self {
            name: input.name,
            reader: input.reader,
            rule,
            text: Vec::new(),
            line: 0,
            names: Names::new("", 0),
            cases: Cases::default(),
        }
    }

    fn read_line(&mut self) -> Result<bool, Failure> {
        self.text.clear();
        self.line += 1;
        let read = (&mut self.reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut self.text);
        let bytes = read.map_err(|error| input::failure(&self.name, self.line, &error))?;
        if bytes as u64 == LINE_BYTES_MAX {
            let place = format!("{}, line {}", self.name, self.line);
            let expected = format!("{place}: expected at most {LINE_BYTES_MAX} bytes, found more");
            return Err(Failure::bad_input(expected));
        }
        Ok(bytes > 0)
    }

    fn event(&mut self) -> Result<Item, BadRow> {
        let number = self.line;
        let bad = |column: Option<&str>, reason: &dyn std::fmt::Display| {
            BadRow::new(number, column, reason)
        };
        let line = jsonl::parse(&self.text).map_err(|error| shape(number, &error))?;
        let tenant = tenant(&self.rule, &line).map_err(|it| bad(Some("tenant"), &it))?;
        let stream =
            self.names.whole_stream(&line.stream).map_err(|it| bad(Some("stream"), &it))?;
        let tenant_name = tenant.as_ref().map_or("", TenantId::as_str);
        let case = self.cases.of(tenant_name, stream.as_str());
        case.seen += 1;
        let codec = line.codec().map_err(|it| bad(Some("codec"), &it))?;
        let payload = line.payload().map_err(|it| bad(Some("payload"), &it))?;
        let event_type =
            self.names.event_type(&line.event_type).map_err(|it| bad(Some("type"), &it))?;
        let id = match &line.id {
            Some(id) => id.parse().map_err(|error| bad(Some("id"), &error))?,
            None => EventId::from_content(&[
                stream.as_str().as_bytes(),
                &case.seen.to_le_bytes(),
                event_type.as_str().as_bytes(),
                &payload,
            ]),
        };
        let mut event = NewEvent::new(id, event_type, codec, payload);
        line.fill(&mut event).map_err(|error| bad(None, &error))?;
        let act = Act::of(&event).map_err(|error| bad(Some("payload"), &error))?;
        let place = u64::from(case.given);
        case.given += 1;
        Ok(Item { tenant, stream, place, event, act, revision: line.revision })
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

    fn line(&self) -> u64 {
        self.line
    }
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

/// A line that is not JSON, or lacks something: says where.
fn shape(line: u64, error: &serde_json::Error) -> BadRow {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default();
    BadRow::new(line, Some(&error.column().to_string()), reason)
}

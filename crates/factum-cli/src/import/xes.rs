//! XES (IEEE 1849): one event per `<event>`, streamed; never more than one event in memory.

mod attribute;
mod lines;

use clap::Args;
use factum::{CorrelationId, StreamId, Tags, Timestamp};
use quick_xml::Reader;
use quick_xml::events::Event;

use self::attribute::{Attributes, Field};
use self::lines::Lines;
use super::case::Cases;
use super::input::{self, Input};
use super::json::Object;
use super::mapping::{CaseEvent, Mapping, TagField, tag_field};
use super::names::Names;
use super::source::{BadRow, Item, Source, Trouble};
use super::timestamps;
use crate::outcome::Failure;
use crate::text;

/// Which attributes mean what.
#[derive(Args, Clone, Debug)]
pub(crate) struct XesKeys {
    #[command(flatten)]
    mapping: Mapping,
    /// The attribute of the trace that names the case
    #[arg(long, value_name = "KEY", default_value = "concept:name")]
    stream_key: String,
    /// The attribute that names the event's type
    #[arg(long, value_name = "KEY", default_value = "concept:name")]
    type_key: String,
    /// The attribute with the event's time
    #[arg(long, value_name = "KEY", default_value = "time:timestamp")]
    time_key: String,
    /// An attribute of the event whose values become tags; may be repeated
    #[arg(long = "tag-key", value_name = "KEY[=NAME]")]
    tag_keys: Vec<String>,
    /// The attribute of the event that says what events belong together
    #[arg(long, value_name = "KEY")]
    correlation_key: Option<String>,
}

impl XesKeys {
    /// The category of the streams.
    pub(crate) fn category(&self) -> Result<factum::Category, Failure> {
        self.mapping.category()
    }
}

/// Reads events from XES.
pub(crate) struct XesSource {
    name: String,
    reader: Reader<Lines>,
    buffer: Vec<u8>,
    keys: XesKeys,
    fields: Vec<Field>,
    tags: Vec<TagField>,
    names: Names,
    cases: Cases,
    /// The trace that is being read.
    trace: Option<Trace>,
    attributes: Attributes,
    row: Object,
    payload: Vec<u8>,
    /// Attributes of the log itself, and traces without events: not brought in.
    left_out: (u64, u64),
    /// Whether `<log>` was seen, and whether `</log>` was.
    begun: bool,
    ended: bool,
}

#[derive(Default)]
struct Trace {
    stream: Option<StreamId>,
    object: Object,
    attributes: Vec<u8>,
    events: u64,
}

impl XesSource {
    pub(crate) fn new(input: Input, keys: &XesKeys) -> Result<Self, Failure> {
        let category = keys.category()?;
        let tags: Vec<TagField> =
            keys.tag_keys.iter().map(|it| tag_field(it)).collect::<Result<_, _>>()?;
        let mut wanted = vec![keys.type_key.clone(), keys.time_key.clone()];
        wanted.extend(tags.iter().map(|it| it.field.clone()));
        wanted.extend(keys.correlation_key.clone());
        Ok(Self {
            name: input.name,
            reader: Reader::from_reader(Lines::new(input.reader)),
            buffer: Vec::new(),
            keys: keys.clone(),
            fields: wanted.into_iter().map(Field::new).collect(),
            names: Names::new(category.as_str(), tags.len()),
            tags,
            cases: Cases::default(),
            trace: None,
            attributes: Attributes::default(),
            row: Object::default(),
            payload: Vec::new(),
            left_out: (0, 0),
            begun: false,
            ended: false,
        })
    }

    fn unexpected(&self, expected: &str, found: &str) -> Failure {
        let place = format!("{}, line {}", self.name, self.line());
        Failure::bad_input(format!("{place}: expected {expected}, found {found}"))
    }

    /// An attribute of a trace: part of the case, or its name.
    fn trace_attribute(&mut self, tag: &[u8], empty: bool) -> Result<(), Failure> {
        let Some(trace) = &mut self.trace else { return Ok(()) };
        let mut name = [Field::new(self.keys.stream_key.clone())];
        let read = self.attributes.read(
            (&mut self.reader, &mut self.buffer),
            (tag, empty),
            (&mut trace.object, &mut trace.attributes),
            &mut name,
        );
        read.map_err(|error| broken(&self.name, self.reader.get_ref().line(), &error))?;
        let [name] = name;
        if let Some(value) = name.value {
            let stream = self.names.stream(&value).map_err(|error| {
                let line = self.reader.get_ref().line();
                Failure::bad_input(format!("{}, line {line}: {error}", self.name))
            })?;
            if stream.id() != value {
                let key = &self.keys.stream_key;
                trace.object.key(&mut trace.attributes, key);
                super::json::string(&mut trace.attributes, &value);
            }
            trace.stream = Some(stream);
        }
        Ok(())
    }

    /// Everything inside an `<event>`, up to its end.
    fn event(&mut self, empty: bool) -> Result<Item, Trouble> {
        self.payload.clear();
        self.row.open_row(&mut self.payload);
        for field in &mut self.fields {
            field.value = None;
        }
        let line = self.line();
        let mut next = if empty { Next::End } else { self.step()? };
        while let Next::Start { tag, empty } = next {
            let read = self.attributes.read(
                (&mut self.reader, &mut self.buffer),
                (&tag, empty),
                (&mut self.row, &mut self.payload),
                &mut self.fields,
            );
            read.map_err(|error| broken(&self.name, self.line(), &error))?;
            next = self.step()?;
        }
        if matches!(next, Next::Eof) {
            return Err(self.unexpected("</event>", "the end of the file").into());
        }
        Ok(self.finish(line)?)
    }

    /// The event of the fields in hand.
    fn finish(&mut self, line: u64) -> Result<Item, BadRow> {
        let key = &self.keys;
        let trace = self.trace.as_mut();
        let trace = trace.ok_or_else(|| BadRow::new(line, None, "expected a trace around it"))?;
        trace.events += 1;
        let Some(stream) = trace.stream.clone() else {
            let reason = "expected it on the trace before its events, found none";
            return Err(BadRow::new(line, Some(&key.stream_key), reason));
        };
        let case = self.cases.of("", stream.as_str());
        case.seen += 1;
        let value = |index: usize| self.fields.get(index).and_then(|it| it.value.as_deref());
        let text = value(0).unwrap_or_default();
        let event_type = self.names.event_type(text);
        let event_type =
            event_type.map_err(|error| BadRow::new(line, Some(&key.type_key), error))?;
        let text = value(1).unwrap_or_default();
        let at: Timestamp = timestamps::parse(text)
            .map_err(|error| BadRow::new(line, Some(&key.time_key), error))?;
        let mut tags = Vec::with_capacity(self.tags.len());
        for (index, tag) in self.tags.iter().enumerate() {
            if let Some(value) = value(2 + index).filter(|it| !it.trim().is_empty()) {
                let made = self.names.tag(index, &tag.name, value);
                tags.push(made.map_err(|error| BadRow::new(line, Some(&tag.field), error))?);
            }
        }
        let correlation = value(2 + self.tags.len()).map(|it| CorrelationId::new(it.trim()));
        let correlation = correlation.transpose();
        let correlation = correlation
            .map_err(|error| BadRow::new(line, key.correlation_key.as_deref(), error))?;
        // The envelope holds these two: they are in the payload only where it holds less.
        for (index, exact) in [
            (0, value(0) == Some(event_type.as_str())),
            (1, timestamps::is_exact(at, value(1).unwrap_or_default())),
        ] {
            if let (false, Some(text)) = (exact, value(index)) {
                self.row.key(&mut self.payload, &self.fields[index].key);
                super::json::string(&mut self.payload, text);
            }
        }
        Object::close(&mut self.payload);
        let of_case = &trace.attributes;
        let write_case = !trace.object.is_empty() && case.attributes_changed(of_case);
        if write_case {
            trace.attributes.push(b'}');
        }
        let event = CaseEvent {
            stream,
            event_type,
            at,
            attributes: &self.payload,
            case: write_case.then_some(&trace.attributes),
            tags: Tags::from_iter(tags),
            correlation,
        };
        let item = event.into_item(case);
        if write_case {
            trace.attributes.pop();
        }
        Ok(item)
    }

    fn end_trace(&mut self) {
        if self.trace.take().is_some_and(|trace| trace.events == 0) {
            self.left_out.1 += 1;
        }
    }
}

/// What comes next at the level of the log or of a trace.
enum Next {
    Start { tag: Vec<u8>, empty: bool },
    End,
    Eof,
}

impl XesSource {
    fn step(&mut self) -> Result<Next, Failure> {
        loop {
            self.buffer.clear();
            return Ok(match self.reader.read_event_into(&mut self.buffer) {
                Ok(Event::Start(start)) => {
                    Next::Start { tag: start.as_bytes().to_vec(), empty: false }
                }
                Ok(Event::Empty(start)) => {
                    Next::Start { tag: start.as_bytes().to_vec(), empty: true }
                }
                Ok(Event::End(_)) => Next::End,
                Ok(Event::Eof) => Next::Eof,
                Ok(_) => continue,
                Err(error) => {
                    return Err(broken(&self.name, self.line(), &error));
                }
            });
        }
    }

    fn skip(&mut self) -> Result<(), Failure> {
        let mut depth = 1_u64;
        while depth > 0 {
            match self.step()? {
                Next::Start { empty, .. } => depth += u64::from(!empty),
                Next::End => depth -= 1,
                Next::Eof => return Err(self.unexpected("a closing tag", "the end of the file")),
            }
        }
        Ok(())
    }
}

impl Source for XesSource {
    fn next(&mut self) -> Result<Option<Item>, Trouble> {
        loop {
            match self.step()? {
                Next::Start { tag, empty } => match (element(&tag), self.trace.is_some()) {
                    (b"log", _) if !empty => self.begun = true,
                    (b"trace", _) => {
                        self.trace = Some(Trace::default());
                        if let Some(trace) = &mut self.trace {
                            trace.object.open(&mut trace.attributes);
                        }
                        if empty {
                            self.end_trace();
                        }
                    }
                    (b"event", _) => return Ok(Some(self.event(empty)?)),
                    (_, true) => self.trace_attribute(&tag, empty)?,
                    (b"extension" | b"global" | b"classifier", false) if empty => {}
                    (name, false) => {
                        self.left_out.0 +=
                            u64::from(!matches!(name, b"extension" | b"global" | b"classifier"));
                        if !empty {
                            self.skip()?;
                        }
                    }
                },
                Next::End if self.trace.is_some() => self.end_trace(),
                Next::End => self.ended = true,
                Next::Eof if self.ended => return Ok(None),
                Next::Eof if self.begun => {
                    return Err(self.unexpected("</log>", "the end of the file").into());
                }
                Next::Eof => return Err(self.unexpected("XES, a <log> element", "none").into()),
            }
        }
    }

    fn line(&self) -> u64 {
        self.reader.get_ref().line()
    }

    fn left_out(&self) -> Option<String> {
        let (attributes, traces) = self.left_out;
        let parts = [(attributes, "attribute of the log itself"), (traces, "trace without events")];
        let said = parts.iter().filter(|(count, _)| *count > 0);
        let said: Vec<_> = said.map(|(count, what)| counted(*count, what)).collect();
        (!said.is_empty()).then(|| said.join(", "))
    }
}

fn counted(count: u64, what: &str) -> String {
    let (noun, rest) = what.split_once(' ').unwrap_or((what, ""));
    format!("{} {rest}", text::count(count, noun))
}

/// The name at the start of a tag.
fn element(tag: &[u8]) -> &[u8] {
    tag.split(|it| it.is_ascii_whitespace() || *it == b'/').next().unwrap_or_default()
}

fn broken(name: &str, line: u64, error: &quick_xml::Error) -> Failure {
    match error {
        quick_xml::Error::Io(error) => input::failure(name, line, error),
        _ => Failure::bad_input(format!("{name}, line {line}: expected XES, found {error}")),
    }
}

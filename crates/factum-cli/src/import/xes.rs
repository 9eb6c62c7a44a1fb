//! XES (IEEE 1849): one event per `<event>`, streamed; never more than one event in memory.

mod attribute;
mod event;
mod lines;
mod xml;

use clap::{Args, ValueEnum};
use factum::{EventType, StreamId};

use self::attribute::Field;
use self::xml::{Element, LOG, Name, Step, Xml};
use super::case::Cases;
use super::identity::{Kind, Rows};
use super::input::Input;
use super::json::Object;
use super::mapping::{Mapping, TagField, tag_field};
use super::names::{Names, presentable};
use super::source::{Finding, Item, Source, Trouble};
use super::timestamps::TimeOptions;
use crate::outcome::Failure;

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
    /// What becomes of traces that have the name of an earlier one
    #[arg(long, value_enum, default_value_t = SharedNames::Merge)]
    shared_names: SharedNames,
    /// What becomes of traces without a name
    #[arg(long, value_enum, default_value_t = UnnamedTraces::Refuse)]
    unnamed_traces: UnnamedTraces,
    #[command(flatten)]
    times: TimeOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SharedNames {
    /// Their events go into the same stream, one trace after the other
    Merge,
    /// Each becomes a stream of its own: NAME, NAME#2, NAME#3
    Number,
    /// The events of all but the first are bad rows
    Refuse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum UnnamedTraces {
    /// Their events are bad rows
    Refuse,
    /// They are named by their place in the file: trace-1, trace-2
    Number,
}

impl XesKeys {
    /// The category of the streams.
    pub(crate) fn category(&self) -> Result<factum::Category, Failure> {
        self.mapping.category()
    }

    /// Whether changed rows of earlier imports are stored.
    pub(crate) fn store_changed(&self) -> bool {
        self.mapping.store_changed
    }
}

/// Reads events from XES.
pub(crate) struct XesSource {
    xml: Xml,
    keys: XesKeys,
    default_type: Option<EventType>,
    fields: Vec<Field>,
    tags: Vec<TagField>,
    names: Names,
    cases: Cases,
    rows: Rows,
    /// The trace that is being read.
    trace: Option<Trace>,
    row: Object,
    payload: Vec<u8>,
    counts: Counts,
    /// Whether `<log>` was seen, and whether `</log>` was.
    begun: bool,
    ended: bool,
}

#[derive(Default)]
struct Trace {
    stream: Option<StreamId>,
    /// Why its events cannot be stored.
    fault: Option<String>,
    object: Object,
    attributes: Vec<u8>,
    events: u64,
}

/// What is told of the file.
#[derive(Debug, Default)]
struct Counts {
    traces: u64,
    log_attributes: u64,
    empty_traces: u64,
    shared_names: u64,
    unnamed_traces: u64,
    untyped_events: u64,
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
            xml: Xml::new(input.name, input.reader),
            keys: keys.clone(),
            default_type: keys.mapping.default_type()?,
            fields: wanted.into_iter().map(Field::new).collect(),
            names: Names::new(category.as_str(), tags.len()),
            tags,
            cases: Cases::default(),
            rows: Rows::default(),
            trace: None,
            row: Object::default(),
            payload: Vec::new(),
            counts: Counts::default(),
            begun: false,
            ended: false,
        })
    }

    /// An element that is no event: of the log, or of the trace in hand.
    fn other_element(&mut self, element: Element) -> Result<(), Failure> {
        let Element { name, empty } = element;
        match (name, self.trace.is_some()) {
            (Name::Log, false) if !self.begun => {
                self.begun = true;
                self.ended = empty;
            }
            (Name::Trace, false) => self.begin_trace(empty),
            (Name::Log, false) => return Err(self.xml.unexpected("traces in a log", "<log>")),
            (Name::Log | Name::Trace, true) => {
                let found = name.tag().unwrap_or_default();
                return Err(self.xml.unexpected("attributes and events in a trace", found));
            }
            (_, true) => self.trace_attribute(element)?,
            (name, false) => {
                self.counts.log_attributes += u64::from(name.tag().is_none());
                self.xml.fault = None;
                if !empty {
                    self.xml.skip()?;
                }
            }
        }
        Ok(())
    }

    fn begin_trace(&mut self, empty: bool) {
        self.counts.traces += 1;
        let mut trace = Trace::default();
        trace.object.open(&mut trace.attributes);
        self.trace = Some(trace);
        if empty {
            self.end_trace();
        }
    }

    fn end_trace(&mut self) {
        if self.trace.take().is_some_and(|trace| trace.events == 0) {
            self.counts.empty_traces += 1;
        }
    }

    /// An attribute of a trace: part of the case, or its name.
    fn trace_attribute(&mut self, element: Element) -> Result<(), Failure> {
        let Some(trace) = &mut self.trace else { return Ok(()) };
        let mut field = Field::new(self.keys.stream_key.clone());
        // The first name counts; another one is an attribute like others.
        let named = trace.stream.is_some() || trace.fault.is_some();
        let fields = if named { &mut [][..] } else { std::slice::from_mut(&mut field) };
        let written = (&mut trace.object, &mut trace.attributes);
        attribute::read(&mut self.xml, ("a trace", element), written, fields)?;
        if let Some(fault) = self.xml.fault.take() {
            trace.fault.get_or_insert(fault);
        }
        if let Some(name) = field.value.filter(|it| !presentable(it).is_empty()) {
            self.name_trace(&name);
        }
        Ok(())
    }

    /// Finds the stream of a trace with this name.
    fn name_trace(&mut self, name: &str) {
        let Some(trace) = &mut self.trace else { return };
        let key = &self.keys.stream_key;
        let named = self.names.stream(name).and_then(|mut stream| {
            let id = stream.id().to_owned();
            let case = self.cases.of("", stream.as_str());
            case.traces += 1;
            let mut number = case.traces;
            self.counts.shared_names += u64::from(number > 1);
            if number > 1 && self.keys.shared_names == SharedNames::Refuse {
                trace.fault = Some(format!(
                    "expected a trace of its own, found another one named {id:?} before; --shared-names goes on"
                ));
            }
            while number > 1 && self.keys.shared_names == SharedNames::Number {
                stream = self.names.stream(&format!("{id}#{number}"))?;
                let case = self.cases.of("", stream.as_str());
                let is_taken = case.traces > 0;
                case.traces += 1;
                number = if is_taken { number + 1 } else { 1 };
            }
            Ok(stream)
        });
        match named {
            Ok(stream) => {
                if stream.id() != name {
                    trace.object.key(&mut trace.attributes, key);
                    super::json::string(&mut trace.attributes, name);
                }
                trace.stream = Some(stream);
            }
            Err(error) => trace.fault = Some(format!("{key}: {error}")),
        }
    }
}

impl Source for XesSource {
    fn next(&mut self) -> Result<Option<Item>, Trouble> {
        loop {
            match self.xml.step()? {
                Step::Start(Element { name: Name::Event, empty }) => {
                    return Ok(Some(self.event(empty)?));
                }
                Step::Start(element) => self.other_element(element)?,
                Step::End { .. } if self.trace.is_some() => self.end_trace(),
                Step::End { .. } => self.ended = true,
                Step::Eof if self.ended && self.begun => return Ok(None),
                Step::Eof if self.begun => {
                    return Err(self.xml.unexpected("</log>", "the end of the file").into());
                }
                Step::Eof => return Err(self.xml.unexpected(LOG, "none").into()),
            }
        }
    }

    fn kind(&self) -> Kind {
        Kind::Cases
    }

    fn findings(&self) -> Vec<Finding> {
        let counts = &self.counts;
        let left_out = |name, count, thing| Finding { name, count, thing, outcome: None };
        let taken =
            |name, count, thing, outcome: Option<String>| Finding { name, count, thing, outcome };
        let shared = match self.keys.shared_names {
            SharedNames::Merge => Some("their events went into its stream".to_owned()),
            SharedNames::Number => Some("each became a stream of its own".to_owned()),
            SharedNames::Refuse => None,
        };
        let numbered = self.keys.unnamed_traces == UnnamedTraces::Number;
        let numbered = numbered.then(|| "named by their place in the file".to_owned());
        let given = self.default_type.as_ref().map(|given| format!("taken as {given}"));
        vec![
            left_out("log_attributes", counts.log_attributes, "attribute of the log itself"),
            left_out("empty_traces", counts.empty_traces, "trace without events"),
            left_out("foreign_elements", self.xml.foreign, "element of another namespace"),
            taken(
                "shared_names",
                counts.shared_names,
                "trace with the name of an earlier one",
                shared,
            ),
            taken("unnamed_traces", counts.unnamed_traces, "trace without a name", numbered),
            taken("untyped_events", counts.untyped_events, "event without a type", given),
        ]
    }
}

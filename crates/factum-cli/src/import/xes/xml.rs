//! XML as the elements of XES: names by namespace, whatever their prefixes; elements of other
//! namespaces are passed over with everything in them, and counted.

use std::io::BufRead;

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};

use super::attribute::Kind;
use super::lines::Lines;
use crate::import::input;
use crate::outcome::Failure;

/// The namespaces that logs declare: of the standard, and of the first library for it.
const NAMESPACES: [&str; 3] =
    ["http://www.xes-standard.org/", "http://www.xes-standard.org", "http://code.deckfour.org/xes"];

/// What every file has.
pub(super) const LOG: &str = "XES, a <log> element";

/// What comes next.
#[derive(Debug)]
pub(super) enum Step {
    Start(Element),
    End { is_values: bool },
    Eof,
}

/// An element that begins. Its key and value are with the reader.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    pub(super) name: Name,
    /// Whether it ends at once.
    pub(super) empty: bool,
}

/// The elements of XES.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Log,
    Trace,
    Event,
    /// Extensions, classifiers, globals: what files say about themselves.
    Header(&'static str),
    /// What stands between a list and its items.
    Values,
    Attribute(Kind),
}

impl Name {
    fn of(local: &str) -> Self {
        match local {
            "log" => Self::Log,
            "trace" => Self::Trace,
            "event" => Self::Event,
            "extension" => Self::Header("<extension>"),
            "classifier" => Self::Header("<classifier>"),
            "global" => Self::Header("<global>"),
            "values" => Self::Values,
            other => Self::Attribute(Kind::of(other)),
        }
    }

    /// Its tag, if it is no attribute nor a part of one.
    pub(super) fn tag(self) -> Option<&'static str> {
        match self {
            Self::Log => Some("<log>"),
            Self::Trace => Some("<trace>"),
            Self::Event => Some("<event>"),
            Self::Header(tag) => Some(tag),
            Self::Values | Self::Attribute(_) => None,
        }
    }

    /// How its value is written where an attribute is expected.
    pub(super) fn kind(self) -> Kind {
        if let Self::Attribute(kind) = self { kind } else { Kind::Text }
    }
}

/// Reads a file element by element.
pub(super) struct Xml {
    name: String,
    reader: NsReader<Lines>,
    buffer: Vec<u8>,
    line: u64,
    /// The namespace of the root, once that was seen; empty for none.
    root: Option<String>,
    /// How many elements are open.
    depth: u64,
    /// Elements of other namespaces.
    pub(super) foreign: u64,
    /// Attributes `key` and `value` of the element that began last.
    pub(super) key: String,
    pub(super) value: String,
    /// The first thing that was wrong with an attribute since it was taken from here.
    pub(super) fault: Option<String>,
}

impl Xml {
    pub(super) fn new(name: String, reader: Box<dyn BufRead + Send>) -> Self {
        Self {
            name,
            reader: NsReader::from_reader(Lines::new(reader)),
            buffer: Vec::new(),
            line: 1,
            root: None,
            depth: 0,
            foreign: 0,
            key: String::new(),
            value: String::new(),
            fault: None,
        }
    }

    /// The line in which the last step began.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn unexpected(&self, expected: &str, found: &str) -> Failure {
        let place = format!("{}, line {}", self.name, self.line);
        Failure::bad_input(format!("{place}: expected {expected}, found {found}"))
    }

    /// The next element of XES that begins or ends.
    pub(super) fn step(&mut self) -> Result<Step, Failure> {
        loop {
            self.buffer.clear();
            self.line = self.reader.get_ref().line();
            let read = self.reader.read_resolved_event_into(&mut self.buffer);
            let (namespace, event) = match read {
                Ok(read) => read,
                Err(error) => return Err(broken(&self.name, self.line, &error)),
            };
            if self.depth == 0
                && let Some(found) = beside_root(&event, self.root.is_some())
            {
                let after = "the end of the file after </log>";
                let expected = if self.root.is_some() { after } else { LOG };
                return Err(self.unexpected(expected, found));
            }
            let (start, empty) = match event {
                Event::Start(start) => (start, false),
                Event::Empty(start) => (start, true),
                Event::End(end) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Step::End { is_values: end.local_name().as_ref() == "values" });
                }
                Event::Eof => return Ok(Step::Eof),
                _ => continue,
            };
            let bound = match &namespace {
                ResolveResult::Unbound => None,
                ResolveResult::Bound(bound) => Some(bound.as_ref()),
                ResolveResult::Unknown(prefix) => {
                    let found = format!("prefix {prefix:?}, which nothing declares");
                    return Err(self.unexpected("a declared prefix", &found));
                }
            };
            if self.root.is_none() && start.local_name().as_ref() != "log" {
                let found: String = start.local_name().as_ref().chars().take(40).collect();
                return Err(self.unexpected(LOG, &format!("<{found}>")));
            }
            self.depth += u64::from(!empty);
            let root = self.root.get_or_insert_with(|| bound.unwrap_or_default().to_owned());
            let ours = bound.is_none_or(|it| root == it || NAMESPACES.contains(&it));
            if ours {
                let local = start.local_name();
                let name = Name::of(local.as_ref());
                let read = attributes(&start, &mut self.key, &mut self.value);
                if let Err(error) = read {
                    self.fault.get_or_insert(error);
                }
                return Ok(Step::Start(Element { name, empty }));
            }
            self.foreign += 1;
            if !empty {
                self.skip()?;
            }
        }
    }

    /// Passes over the rest of the element that began last.
    pub(super) fn skip(&mut self) -> Result<(), Failure> {
        let (mut depth, line) = (1_u64, self.line);
        while depth > 0 {
            self.buffer.clear();
            match self.reader.read_event_into(&mut self.buffer) {
                Ok(Event::Start(_)) => depth += 1,
                Ok(Event::End(_)) => depth -= 1,
                Ok(Event::Eof) => {
                    let expected = format!("an end of the element that begins in line {line}");
                    return Err(self.unexpected(&expected, "the end of the file"));
                }
                Ok(_) => {}
                Err(error) => return Err(broken(&self.name, self.line, &error)),
            }
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }
}

/// What may not stand beside the root element, if this is it.
fn beside_root(event: &Event<'_>, after: bool) -> Option<&'static str> {
    match event {
        Event::Text(text) if text.chars().all(|it| " \t\r\n".contains(it)) => None,
        Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => Some("text"),
        Event::Start(_) | Event::Empty(_) if after => Some("a second root element"),
        Event::Decl(_) if after => Some("a second declaration"),
        Event::DocType(_) if after => Some("a document type"),
        _ => None,
    }
}

/// Reads key and value of an element.
fn attributes(start: &BytesStart<'_>, key: &mut String, value: &mut String) -> Result<(), String> {
    key.clear();
    value.clear();
    let mut seen = [false; 2];
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let (index, target) = match attribute.key.as_ref() {
            "key" => (0, &mut *key),
            "value" => (1, &mut *value),
            _ => continue,
        };
        if std::mem::replace(&mut seen[index], true) {
            return Err(format!("expected one {}, found two", ["key", "value"][index]));
        }
        let text = attribute.normalized_value(XmlVersion::Implicit1_0);
        target.push_str(&text.map_err(|error| error.to_string())?);
    }
    Ok(())
}

fn broken(name: &str, line: u64, error: &quick_xml::Error) -> Failure {
    match error {
        quick_xml::Error::Io(error) => input::failure(name, line, error),
        _ => Failure::bad_input(format!("{name}, line {line}: expected XES, found {error}")),
    }
}

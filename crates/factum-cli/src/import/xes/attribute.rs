//! Attributes as JSON: `string`, `date` and `id` as strings, `int` and `float` as numbers,
//! `boolean` as such, `list` as an array of one-member objects, `container` as an object. An
//! attribute with attributes of its own becomes an object with its value under `@value`.

use super::super::json::{self, Object};
use super::xml::{Element, Name, Step, Xml};
use crate::outcome::Failure;

/// Attributes inside attributes inside attributes: no deeper than this.
const DEPTH_MAX: usize = 64;

/// An attribute that means something to the importer; its value is kept aside.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) key: String,
    pub(super) value: Option<String>,
}

impl Field {
    pub(super) fn new(key: String) -> Self {
        Self { key, value: None }
    }
}

/// The first two fields of an event, and the only one of a trace, stand in the envelope and are
/// not written into the payload here.
const IN_ENVELOPE: usize = 2;

/// Reads one attribute of `place` from its tag to its end and writes it into `object`. The first
/// attribute of a key is the field of that key.
pub(super) fn read(
    xml: &mut Xml,
    (place, Element { name, empty }): (&str, Element),
    (object, out): (&mut Object, &mut Vec<u8>),
    fields: &mut [Field],
) -> Result<(), Failure> {
    if is_misplaced(xml, place, (name, empty))? {
        return Ok(());
    }
    let kind = name.kind();
    let is_field = |field: &Field| field.key == xml.key && field.value.is_none() && kind.is_text();
    let index = fields.iter().position(is_field);
    if let Some(index) = index {
        // A field may be wanted twice, as a tag and as the correlation.
        for field in &mut fields[index..] {
            if field.key == xml.key {
                field.value = Some(xml.value.clone());
            }
        }
        if empty && index < IN_ENVELOPE {
            return Ok(());
        }
    }
    let start = (out.len(), object.mark());
    object.key(out, &xml.key);
    let nested = value(xml, kind, empty, out, 0)?;
    if index.is_some_and(|index| index < IN_ENVELOPE) && !nested {
        out.truncate(start.0);
        object.back_to(start.1);
    }
    Ok(())
}

/// Passes over an element that is no attribute, and notes that it is none.
fn is_misplaced(xml: &mut Xml, place: &str, (name, empty): (Name, bool)) -> Result<bool, Failure> {
    let Some(tag) = name.tag() else { return Ok(false) };
    xml.fault.get_or_insert_with(|| format!("expected attributes in {place}, found {tag}"));
    if !empty {
        xml.skip()?;
    }
    Ok(true)
}

/// Writes the value of the element that began last, with what stands inside of it. Tells whether
/// anything does.
fn value(
    xml: &mut Xml,
    kind: Kind,
    empty: bool,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<bool, Failure> {
    let mut inside = Inside { kind, object: Object::default(), open: false, members: 0 };
    let value_text = std::mem::take(&mut xml.value);
    let mut open = !empty;
    if open && depth > DEPTH_MAX {
        let reason = format!("expected attributes in at most {DEPTH_MAX} others, found more");
        xml.fault.get_or_insert(reason);
        xml.skip()?;
        open = false;
    }
    while open {
        let Element { name, empty } = match xml.step()? {
            Step::Start(element) => element,
            Step::End { is_values } => {
                open = is_values && kind == Kind::List;
                continue;
            }
            Step::Eof => return Err(xml.unexpected("a closing tag", "the end of the file")),
        };
        if kind == Kind::List && name == Name::Values {
            continue;
        }
        if is_misplaced(xml, "an attribute", (name, empty))? {
            continue;
        }
        inside.member(out, &value_text, &xml.key);
        value(xml, name.kind(), empty, out, depth + 1)?;
        if kind == Kind::List {
            out.push(b'}');
        }
    }
    let nested = inside.members > 0;
    inside.close(out, &value_text);
    Ok(nested)
}

/// The types of XES.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Int,
    Float,
    Boolean,
    List,
    Container,
}

impl Kind {
    pub(super) fn of(name: &str) -> Self {
        match name {
            "int" => Self::Int,
            "float" => Self::Float,
            "boolean" => Self::Boolean,
            "list" => Self::List,
            "container" => Self::Container,
            _ => Self::Text, // string, date, id
        }
    }

    fn is_text(self) -> bool {
        !matches!(self, Self::List | Self::Container)
    }

    fn write(self, out: &mut Vec<u8>, value: &str) {
        match self {
            Self::Int => json::number(out, value, false),
            Self::Float => json::number(out, value, true),
            Self::Boolean if matches!(value.trim(), "true" | "1") => out.extend(b"true"),
            Self::Boolean if matches!(value.trim(), "false" | "0") => out.extend(b"false"),
            _ => json::string(out, value),
        }
    }
}

/// What stands inside an attribute, as it is written.
struct Inside {
    kind: Kind,
    object: Object,
    open: bool,
    members: usize,
}

impl Inside {
    fn start(&mut self, out: &mut Vec<u8>, value: &str) {
        if self.open {
            return;
        }
        self.open = true;
        match self.kind {
            Kind::List => out.push(b'['),
            Kind::Container => self.object.open(out),
            _ => {
                self.object.open(out);
                self.object.key(out, "@value");
                self.kind.write(out, value);
            }
        }
    }

    fn member(&mut self, out: &mut Vec<u8>, value: &str, key: &str) {
        self.start(out, value);
        if self.kind == Kind::List {
            out.extend_from_slice(if self.members > 0 { b",{" } else { b"{" });
            json::string(out, key);
            out.push(b':');
        } else {
            self.object.key(out, key);
        }
        self.members += 1;
    }

    fn close(&mut self, out: &mut Vec<u8>, value: &str) {
        match self.kind {
            Kind::List => {
                self.start(out, value);
                out.push(b']');
            }
            Kind::Container => {
                self.start(out, value);
                Object::close(out);
            }
            _ if self.open => Object::close(out),
            _ => self.kind.write(out, value),
        }
    }
}

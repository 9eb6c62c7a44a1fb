//! Attributes as JSON: `string`, `date` and `id` as strings, `int` and `float` as numbers,
//! `boolean` as such, `list` as an array of one-member objects, `container` as an object. An
//! attribute with attributes of its own becomes an object with its value under `@value`.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::super::json::{self, Object};
use super::lines::Lines;

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

/// Reads attributes; keeps its buffers.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    key: String,
    value: String,
}

/// The first two fields of an event, and the only one of a trace, stand in the envelope and are
/// not written into the payload here.
const IN_ENVELOPE: usize = 2;

type Xml<'a> = (&'a mut Reader<Lines>, &'a mut Vec<u8>);

impl Attributes {
    /// Reads one attribute from its tag to its end and writes it into `object`.
    pub(super) fn read(
        &mut self,
        (reader, buffer): Xml<'_>,
        (tag, empty): (&[u8], bool),
        (object, out): (&mut Object, &mut Vec<u8>),
        fields: &mut [Field],
    ) -> quick_xml::Result<()> {
        let kind = self.tag(tag)?;
        let index = fields.iter().position(|field| field.key == self.key && kind.is_text());
        if let Some(index) = index {
            fields[index].value = Some(self.value.clone());
            // A field may be wanted twice, as a tag and as the correlation.
            for other in &mut fields[index + 1..] {
                if other.key == self.key {
                    other.value = Some(self.value.clone());
                }
            }
            if empty && index < IN_ENVELOPE {
                return Ok(());
            }
        }
        let start = (out.len(), object.mark());
        object.key(out, &self.key);
        let nested = self.value((reader, buffer), kind, empty, out, 0)?;
        if index.is_some_and(|index| index < IN_ENVELOPE) && !nested {
            out.truncate(start.0);
            object.back_to(start.1);
        }
        Ok(())
    }

    /// Reads key and value of a tag.
    fn tag(&mut self, tag: &[u8]) -> quick_xml::Result<Kind> {
        let text = std::str::from_utf8(tag)?;
        let name_bytes = super::element(tag).len();
        let start = BytesStart::from_content(text, name_bytes);
        self.key.clear();
        self.value.clear();
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute?;
            let target = match attribute.key.as_ref() {
                "key" => &mut self.key,
                "value" => &mut self.value,
                _ => continue,
            };
            target.push_str(&attribute.normalized_value(XmlVersion::Implicit1_0)?);
        }
        Ok(Kind::of(&tag[..name_bytes]))
    }

    /// Writes the value of the tag that was read last, with what stands inside of it. Tells
    /// whether anything does.
    fn value(
        &mut self,
        (reader, buffer): Xml<'_>,
        kind: Kind,
        empty: bool,
        out: &mut Vec<u8>,
        depth: usize,
    ) -> quick_xml::Result<bool> {
        if depth > DEPTH_MAX {
            let reason = "attributes nested too deeply";
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, reason).into());
        }
        let mut inside = Inside { kind, object: Object::default(), open: false, members: 0 };
        let mut value = std::mem::take(&mut self.value);
        let mut open = !empty;
        while open {
            buffer.clear();
            let (tag, child_empty) = match reader.read_event_into(buffer)? {
                Event::Start(start) => (start.as_bytes().to_vec(), false),
                Event::Empty(start) => (start.as_bytes().to_vec(), true),
                Event::End(end) if end.name().as_ref() == "values" && kind == Kind::List => {
                    continue;
                }
                Event::End(_) => {
                    open = false;
                    continue;
                }
                Event::Eof => {
                    let eof = std::io::ErrorKind::InvalidData;
                    return Err(std::io::Error::new(eof, "the end of the file").into());
                }
                _ => continue,
            };
            if kind == Kind::List && super::element(&tag) == b"values" {
                continue;
            }
            let child = self.tag(&tag)?;
            inside.member(out, &value, &self.key);
            self.value((&mut *reader, &mut *buffer), child, child_empty, out, depth + 1)?;
            if kind == Kind::List {
                out.push(b'}');
            }
        }
        let nested = inside.members > 0;
        inside.close(out, &value);
        value.clear();
        self.value = value;
        Ok(nested)
    }
}

/// The types of XES.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Int,
    Float,
    Boolean,
    List,
    Container,
}

impl Kind {
    fn of(name: &[u8]) -> Self {
        match name {
            b"int" => Self::Int,
            b"float" => Self::Float,
            b"boolean" => Self::Boolean,
            b"list" => Self::List,
            b"container" => Self::Container,
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
            Self::Boolean if matches!(value, "true" | "false") => {
                out.extend_from_slice(value.as_bytes());
            }
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

//! CSV: one event per row.

mod scan;

use clap::Args;
use csv::{ByteRecord, Reader, ReaderBuilder};
use factum::{CorrelationId, EventType, Tags};

use self::scan::Scan;
use super::case::Cases;
use super::identity::{Kind, Rows};
use super::input::{self, Input};
use super::json::{self, Object};
use super::mapping::{CaseEvent, Mapping, TagField, tag_field};
use super::names::{Names, presentable};
use super::source::{BadRow, Finding, Item, Source, Trouble};
use super::timestamps::{self, TimeOptions};
use crate::outcome::Failure;

/// Which columns mean what.
#[derive(Args, Clone, Debug)]
pub(crate) struct CsvColumns {
    #[command(flatten)]
    mapping: Mapping,
    /// The column that names the case
    #[arg(long, value_name = "COLUMN", default_value = "case:concept:name")]
    stream_column: String,
    /// The column that names the event's type
    #[arg(long, value_name = "COLUMN", default_value = "concept:name")]
    type_column: String,
    /// The column with the event's time; without a zone it is UTC
    #[arg(long, value_name = "COLUMN", default_value = "time:timestamp")]
    time_column: String,
    /// A column whose values become tags; may be repeated
    #[arg(long = "tag-column", value_name = "COLUMN[=NAME]")]
    tag_columns: Vec<String>,
    /// The column that says what events belong together
    #[arg(long, value_name = "COLUMN")]
    correlation_column: Option<String>,
    /// What stands between columns: a character, or TAB
    #[arg(long, value_name = "CHARACTER", default_value = ",", value_parser = delimiter)]
    delimiter: u8,
    /// What fields with delimiters in them stand between: a character, or none
    #[arg(long, value_name = "CHARACTER", default_value = "\"", value_parser = quote)]
    quote: Quote,
    #[command(flatten)]
    times: TimeOptions,
}

#[derive(Clone, Copy, Debug)]
struct Quote(Option<u8>);

/// Reads a character; `TAB` and `\t` are tabulators.
fn delimiter(text: &str) -> Result<u8, String> {
    if text.eq_ignore_ascii_case("tab") || text == "\\t" {
        return Ok(b'\t');
    }
    match text.as_bytes() {
        [b'\n' | b'\r' | b'"'] => {
            Err("expected a character that ends no line and is no quote".into())
        }
        [byte] if byte.is_ascii() => Ok(*byte),
        _ => Err("expected one ASCII character, or TAB".into()),
    }
}

fn quote(text: &str) -> Result<Quote, String> {
    match text.as_bytes() {
        b"none" => Ok(Quote(None)),
        [b'\n' | b'\r'] => Err("expected a character that ends no line".into()),
        [byte] if byte.is_ascii() => Ok(Quote(Some(*byte))),
        _ => Err("expected one ASCII character, or none".into()),
    }
}

impl CsvColumns {
    /// The category of the streams.
    pub(crate) fn category(&self) -> Result<factum::Category, Failure> {
        self.mapping.category()
    }

    /// Whether changed rows of earlier imports are stored.
    pub(crate) fn store_changed(&self) -> bool {
        self.mapping.store_changed
    }
}

/// Columns of the case, not of the event, start with this.
const CASE_PREFIX: &str = "case:";

/// Reads events from CSV.
pub(crate) struct CsvSource {
    name: String,
    encoding: &'static str,
    reader: Reader<Scan>,
    record: ByteRecord,
    headings: Vec<String>,
    stream: usize,
    event_type: usize,
    time: usize,
    tags: Vec<(usize, TagField)>,
    correlation: Option<usize>,
    times: TimeOptions,
    default_type: Option<EventType>,
    /// Rows without a type.
    untyped: u64,
    names: Names,
    cases: Cases,
    rows: Rows,
    objects: (Object, Object),
    attributes: Vec<u8>,
    case: Vec<u8>,
}

impl CsvSource {
    /// Reads the headings and finds the columns.
    pub(crate) fn new(input: Input, columns: &CsvColumns) -> Result<Self, Failure> {
        let Quote(quote) = columns.quote;
        if quote == Some(columns.delimiter) {
            return Err(Failure::usage(
                "expected two characters, found --delimiter and --quote alike",
            ));
        }
        let category = columns.category()?;
        let scan = Scan::new(input.reader, columns.delimiter, quote);
        let mut builder = ReaderBuilder::new();
        builder.delimiter(columns.delimiter).quote(quote.unwrap_or(b'"')).quoting(quote.is_some());
        let mut reader = builder.from_reader(scan);
        let headings: Vec<String> = match reader.headers() {
            Ok(headings) => headings.iter().map(Into::into).collect(),
            Err(error) => return Err(broken(&input.name, 1, error)),
        };
        if let Some(row) = unreadable(&mut reader, 1) {
            return Err(Failure::bad_input(format!("{}, {row}", input.name)));
        }
        let find = |column: &str| find(&input.name, &headings, column);
        let fields: Vec<TagField> =
            columns.tag_columns.iter().map(|it| tag_field(it)).collect::<Result<_, _>>()?;
        let tags = fields.into_iter().map(|it| Ok((find(&it.field)?, it)));
        let tags = tags.collect::<Result<Vec<_>, Failure>>()?;
        Ok(Self {
            stream: find(&columns.stream_column)?,
            event_type: find(&columns.type_column)?,
            time: find(&columns.time_column)?,
            correlation: columns.correlation_column.as_deref().map(find).transpose()?,
            times: columns.times.clone(),
            default_type: columns.mapping.default_type()?,
            untyped: 0,
            names: Names::new(category.as_str(), tags.len()),
            tags,
            name: input.name,
            encoding: input.encoding,
            reader,
            record: ByteRecord::new(),
            headings,
            cases: Cases::default(),
            rows: Rows::default(),
            objects: <(Object, Object)>::default(),
            attributes: Vec::new(),
            case: Vec::new(),
        })
    }

    /// The type of the record in hand.
    fn event_type(&mut self, line: u64) -> Result<EventType, BadRow> {
        let text = field((&self.record, &self.headings, self.encoding), self.event_type, line)?;
        if presentable(text).is_empty() {
            self.untyped += 1;
            if let Some(given) = &self.default_type {
                return Ok(given.clone());
            }
        }
        let column = &self.headings[self.event_type];
        self.names.event_type(text).map_err(|error| BadRow::new(line, Some(column), error))
    }

    fn tags(&mut self, line: u64) -> Result<Tags, BadRow> {
        let row = (&self.record, &self.headings[..], self.encoding);
        let mut tags = Vec::with_capacity(self.tags.len());
        for (index, (column, tag)) in self.tags.iter().enumerate() {
            let value = field(row, *column, line)?;
            if !presentable(value).is_empty() {
                let made = self.names.tag(index, &tag.name, value);
                tags.push(made.map_err(|it| BadRow::new(line, Some(&self.headings[*column]), it))?);
            }
        }
        Ok(Tags::from_iter(tags))
    }

    /// The event of the record in hand.
    fn event(&mut self, line: u64) -> Result<Item, BadRow> {
        let event_type = self.event_type(line)?;
        let tags = self.tags(line)?;
        let row = (&self.record, &self.headings[..], self.encoding);
        let bad = |column: usize, reason: &dyn std::fmt::Display| {
            BadRow::new(line, Some(&self.headings[column]), reason)
        };
        let id = field(row, self.stream, line)?;
        let stream = self.names.stream(id).map_err(|error| bad(self.stream, &error))?;
        let text = field(row, self.time, line)?;
        let at = self.times.read(text).map_err(|error| bad(self.time, &error))?;
        let correlation = match self.correlation {
            Some(column) => {
                let value = presentable(field(row, column, line)?);
                let correlation = (!value.is_empty()).then(|| CorrelationId::new(value));
                correlation.transpose().map_err(|error| bad(column, &error))?
            }
            None => None,
        };
        let case = self.cases.of("", stream.as_str());
        let (own, of_case) = (&mut self.objects.0, &mut self.objects.1);
        self.attributes.clear();
        self.case.clear();
        own.open_row(&mut self.attributes);
        of_case.open(&mut self.case);
        for column in 0..self.headings.len() {
            let value = field(row, column, line)?;
            let in_envelope = (column == self.stream && value == stream.id())
                || (column == self.event_type && value == event_type.as_str())
                || (column == self.time && timestamps::is_exact(at, value));
            if value.is_empty() || in_envelope {
                continue;
            }
            let heading = &self.headings[column];
            if let Some(key) = heading.strip_prefix(CASE_PREFIX).filter(|it| !it.is_empty()) {
                of_case.key(&mut self.case, key);
                json::string(&mut self.case, value);
            } else {
                own.key(&mut self.attributes, heading);
                json::string(&mut self.attributes, value);
            }
        }
        Object::close(&mut self.attributes);
        Object::close(&mut self.case);
        let write_case = case.attributes_changed(&self.case) && !of_case.is_empty();
        let event = CaseEvent {
            line,
            stream,
            event_type,
            at,
            attributes: &self.attributes,
            case: write_case.then_some(&self.case),
            tags,
            correlation,
        };
        Ok(event.into_item(case, &mut self.rows))
    }
}

impl Source for CsvSource {
    fn next(&mut self) -> Result<Option<Item>, Trouble> {
        let read = self.reader.read_byte_record(&mut self.record);
        let begin = self.record.position().map_or(0, csv::Position::byte);
        let line = self.reader.get_mut().line_at(begin);
        let lengths = match read {
            Ok(false) => return Ok(None),
            Ok(true) => None,
            Err(error) => match error.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    Some((*expected_len, *len))
                }
                _ => return Err(broken(&self.name, line, error).into()),
            },
        };
        if let Some(row) = unreadable(&mut self.reader, line) {
            return Err(row.into());
        }
        if let Some((expected, found)) = lengths {
            let reason = format!("expected {expected} columns, found {found}");
            return Err(BadRow::new(line, None, reason).into());
        }
        Ok(Some(self.event(line)?))
    }

    fn kind(&self) -> Kind {
        Kind::Cases
    }

    fn findings(&self) -> Vec<Finding> {
        let outcome = self.default_type.as_ref().map(|given| format!("taken as {given}"));
        vec![Finding {
            name: "untyped_events",
            count: self.untyped,
            thing: "event without a type",
            outcome,
        }]
    }
}

/// What is wrong with the record that was read last as a whole.
fn unreadable(reader: &mut Reader<Scan>, line: u64) -> Option<BadRow> {
    let end = reader.position().byte();
    if let Some(open) = reader.get_ref().open_quote(end) {
        let reason = "expected the quote that opens here to be closed, found the end of the file";
        return Some(BadRow { rows: open.rows, ..BadRow::new(open.line, None, reason) });
    }
    let reason = "expected a row that fits an event, found one that is too large";
    reader.get_mut().was_cut(end).then(|| BadRow::new(line, None, reason))
}

/// A field of a record, given with the headings and the encoding of the file.
fn field<'a>(
    (record, headings, encoding): (&'a ByteRecord, &[String], &str),
    column: usize,
    line: u64,
) -> Result<&'a str, BadRow> {
    let bytes = record.get(column).unwrap_or_default();
    std::str::from_utf8(bytes).map_err(|_| {
        let reason = format!("expected {encoding}, found other bytes; --encoding names another");
        BadRow::new(line, Some(&headings[column]), reason)
    })
}

fn find(file: &str, headings: &[String], column: &str) -> Result<usize, Failure> {
    headings.iter().position(|it| it == column).ok_or_else(|| {
        let found = if headings.is_empty() { "no columns at all".into() } else { named(headings) };
        Failure::bad_input(format!("{file}: expected a column {column}, found {found}"))
            .hint("name the columns with --stream-column, --type-column and --time-column")
    })
}

/// The columns by name, cut where they are no names at all.
fn named(headings: &[String]) -> String {
    const NAMED: usize = 20;
    let cut = |it: &String| it.chars().take(40).collect::<String>();
    let mut names: Vec<_> = headings.iter().take(NAMED).map(cut).collect();
    if headings.len() > NAMED {
        names.push(format!("and {} more", headings.len() - NAMED));
    }
    names.join(", ")
}

fn broken(name: &str, line: u64, error: csv::Error) -> Failure {
    let text = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(error) => input::failure(name, line, &error),
        _ => Failure::bad_input(format!("{name}, line {line}: expected CSV, found {text}")),
    }
}

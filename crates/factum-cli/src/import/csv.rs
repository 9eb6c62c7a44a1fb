//! CSV: one event per row.

use clap::Args;
use csv::{ByteRecord, Reader, ReaderBuilder};
use factum::{CorrelationId, Tags};

use super::case::Cases;
use super::input::{self, Input};
use super::json::{self, Object};
use super::mapping::{CaseEvent, Mapping, TagField, tag_field};
use super::names::Names;
use super::source::{BadRow, Item, Source, Trouble};
use super::timestamps;
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
    /// What stands between columns
    #[arg(long, value_name = "CHARACTER", default_value = ",")]
    delimiter: char,
}

impl CsvColumns {
    /// The category of the streams.
    pub(crate) fn category(&self) -> Result<factum::Category, Failure> {
        self.mapping.category()
    }
}

/// Columns of the case, not of the event, start with this.
const CASE_PREFIX: &str = "case:";

/// Reads events from CSV.
pub(crate) struct CsvSource {
    name: String,
    reader: Reader<Box<dyn std::io::BufRead + Send>>,
    record: ByteRecord,
    headings: Vec<String>,
    stream: usize,
    event_type: usize,
    time: usize,
    tags: Vec<(usize, TagField)>,
    correlation: Option<usize>,
    names: Names,
    cases: Cases,
    objects: (Object, Object),
    attributes: Vec<u8>,
    case: Vec<u8>,
}

impl CsvSource {
    /// Reads the headings and finds the columns.
    pub(crate) fn new(input: Input, columns: &CsvColumns) -> Result<Self, Failure> {
        let delimiter = u8::try_from(columns.delimiter).map_err(|_| {
            Failure::usage("--delimiter: expected one ASCII character, found another")
        })?;
        let category = columns.category()?;
        let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(input.reader);
        let headings: Vec<String> = match reader.headers() {
            Ok(headings) => headings.iter().map(Into::into).collect(),
            Err(error) => return Err(broken(&input.name, 1, error)),
        };
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
            names: Names::new(category.as_str(), tags.len()),
            tags,
            name: input.name,
            reader,
            record: ByteRecord::new(),
            headings,
            cases: Cases::default(),
            objects: <(Object, Object)>::default(),
            attributes: Vec::new(),
            case: Vec::new(),
        })
    }

    /// The event of the record in hand.
    fn event(&mut self, line: u64) -> Result<Item, BadRow> {
        let id = field(&self.record, &self.headings, self.stream, line)?;
        let bad = |column: usize, reason: &dyn std::fmt::Display| {
            BadRow::new(line, Some(&self.headings[column]), reason)
        };
        let stream = self.names.stream(id).map_err(|error| bad(self.stream, &error))?;
        let case = self.cases.of("", stream.as_str());
        case.seen += 1; // Also for a bad row, so that mending it changes no other event's id.
        let text = field(&self.record, &self.headings, self.event_type, line)?;
        let event_type = self.names.event_type(text).map_err(|it| bad(self.event_type, &it))?;
        let text = field(&self.record, &self.headings, self.time, line)?;
        let at = timestamps::parse(text).map_err(|error| bad(self.time, &error))?;
        let mut tags = Vec::with_capacity(self.tags.len());
        for (index, (column, tag)) in self.tags.iter().enumerate() {
            let value = field(&self.record, &self.headings, *column, line)?;
            if !value.trim().is_empty() {
                let tag = self.names.tag(index, &tag.name, value);
                tags.push(tag.map_err(|error| bad(*column, &error))?);
            }
        }
        let correlation = match self.correlation {
            Some(column) => {
                let value = field(&self.record, &self.headings, column, line)?.trim();
                let correlation = (!value.is_empty()).then(|| CorrelationId::new(value));
                correlation.transpose().map_err(|error| bad(column, &error))?
            }
            None => None,
        };
        let (row, of_case) = (&mut self.objects.0, &mut self.objects.1);
        self.attributes.clear();
        self.case.clear();
        row.open_row(&mut self.attributes);
        of_case.open(&mut self.case);
        for column in 0..self.headings.len() {
            let value = field(&self.record, &self.headings, column, line)?;
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
                row.key(&mut self.attributes, heading);
                json::string(&mut self.attributes, value);
            }
        }
        Object::close(&mut self.attributes);
        Object::close(&mut self.case);
        let write_case = case.attributes_changed(&self.case) && !of_case.is_empty();
        let event = CaseEvent {
            stream,
            event_type,
            at,
            attributes: &self.attributes,
            case: write_case.then_some(&self.case),
            tags: Tags::from_iter(tags),
            correlation,
        };
        Ok(event.into_item(case))
    }
}

impl Source for CsvSource {
    fn next(&mut self) -> Result<Option<Item>, Trouble> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => {
                let line = self.record.position().map_or(0, csv::Position::line);
                Ok(Some(self.event(line)?))
            }
            Ok(false) => Ok(None),
            Err(error) => match error.kind() {
                csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
                    let line = pos.as_ref().map_or(0, csv::Position::line);
                    let reason = format!("expected {expected_len} columns, found {len}");
                    Err(BadRow::new(line, None, reason).into())
                }
                _ => Err(broken(&self.name, self.line(), error).into()),
            },
        }
    }

    fn line(&self) -> u64 {
        self.reader.position().line()
    }
}

fn field<'a>(
    record: &'a ByteRecord,
    headings: &[String],
    column: usize,
    line: u64,
) -> Result<&'a str, BadRow> {
    let bytes = record.get(column).unwrap_or_default();
    std::str::from_utf8(bytes).map_err(|_| {
        BadRow::new(line, Some(&headings[column]), "expected UTF-8, found other bytes")
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

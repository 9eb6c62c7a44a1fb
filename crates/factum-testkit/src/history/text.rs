//! A history as lines of text, one append each, so that it can be written as it happens.
//!
//! `acknowledged <first> <last> <id>,<id> <label>`, or `unknown` or `refused` with `- -`.

use std::fmt;
use std::str::FromStr;

use factum_core::{EventId, Position};

use super::{History, ObservedAppend, Outcome};

/// A line that is no line of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidLine {
    /// The line's number, from 1.
    pub line: usize,
}

impl fmt::Display for InvalidLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: expected an append of a history, found something else", self.line)
    }
}

impl std::error::Error for InvalidLine {}

impl fmt::Display for History {
    /// The appends, one a line; reads are not written. Texts of several clients may be joined.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for append in &self.appends {
            match append.outcome {
                Outcome::Acknowledged(first, last) => write!(f, "acknowledged {first} {last} ")?,
                Outcome::Unknown => f.write_str("unknown - - ")?,
                Outcome::Refused => f.write_str("refused - - ")?,
            }
            let ids: Vec<_> = append.ids.iter().map(EventId::to_string).collect();
            writeln!(f, "{} {}", ids.join(","), append.label.replace(['\n', '\r'], " "))?;
        }
        Ok(())
    }
}

impl FromStr for History {
    type Err = InvalidLine;

    fn from_str(text: &str) -> Result<Self, InvalidLine> {
        let append = |(line, text)| append(text).ok_or(InvalidLine { line });
        let appends = (1..).zip(text.lines()).map(append).collect::<Result<_, _>>()?;
        Ok(Self { appends, reads: Vec::new() })
    }
}

fn append(line: &str) -> Option<ObservedAppend> {
    let mut words = line.splitn(5, ' ');
    let (outcome, first, last) = (words.next()?, words.next()?, words.next()?);
    let ids = words.next()?.split(',').filter(|id| !id.is_empty());
    let ids = ids.map(|id| id.parse().ok()).collect::<Option<Vec<EventId>>>()?;
    let label = words.next()?.to_owned();
    let outcome = match outcome {
        "acknowledged" => Outcome::Acknowledged(place(first)?, place(last)?),
        "unknown" => Outcome::Unknown,
        "refused" => Outcome::Refused,
        _ => return None,
    };
    Some(ObservedAppend { label, ids, outcome })
}

fn place(text: &str) -> Option<Position> {
    text.parse().ok().map(Position::new)
}

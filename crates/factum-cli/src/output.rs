//! Standard output: tables and colours for people on a terminal, plain text and JSON for programs.

mod columns;
mod table;
mod wrap;

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

pub(crate) use self::columns::Columns;
pub(crate) use self::table::{facts, table};
pub(crate) use self::wrap::wrapped;
use crate::outcome::Failure;

/// How far the rest of a line that was broken is indented.
pub(crate) const INDENT: usize = 4;

/// How to write, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// For programs: JSON.
    pub(crate) json: bool,
    /// For people at a terminal: lines and boxes.
    pub(crate) rich: bool,
    colour: bool,
    /// How wide the terminal is; `None` where nothing is wrapped.
    pub(crate) width: Option<usize>,
}

/// What a piece of text is, which decides its colour.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    /// A heading.
    Heading,
    /// Of less interest.
    Faint,
    /// Good news, or the thing to look at.
    Good,
    /// Bad news.
    Bad,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let rich = io::stdout().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty())
            || std::env::var_os("TERM").is_some_and(|it| it == "dumb");
        let width = if json { None } else { terminal_width(rich) };
        Self { json, rich, colour: rich && !plain && !json, width }
    }

    /// `text` in its colour, where there are colours.
    pub(crate) fn styled(self, style: Style, text: &str) -> String {
        if !self.colour {
            return text.into();
        }
        let code = match style {
            Style::Heading => "1",
            Style::Faint => "2",
            Style::Good => "32",
            Style::Bad => "31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// Writes lines of text, broken between words where the terminal is narrow.
    pub(crate) fn line(self, text: &str) -> Result<(), Failure> {
        match self.width {
            Some(width) => self.verbatim(&wrapped(text, width, INDENT)),
            None => self.verbatim(text),
        }
    }

    /// Writes lines of text as they are: scripts, payloads.
    #[expect(clippy::unused_self, reason = "the counterpart of json, written the same way")]
    pub(crate) fn verbatim(self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n"));
        written.and_then(|()| out.flush()).map_err(|error| Failure::output(&error))
    }

    /// Writes one JSON value on a line of its own.
    pub(crate) fn json(self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value);
        self.verbatim(&text.map_err(|error| Failure::output(&error.into()))?)
    }
}

/// The width of the terminal, if a stream leads to it.
pub(crate) fn terminal_width(leads_there: bool) -> Option<usize> {
    let (width, _) = leads_there.then(terminal_size::terminal_size)??;
    Some(usize::from(width.0)).filter(|width| *width > 0)
}

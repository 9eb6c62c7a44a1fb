//! The progress file: how far a run is, so that another can go on.
//!
//! It is replaced as a whole once the target acknowledged a batch, or several small ones: written
//! beside, flushed, renamed. So it is never torn, and never ahead of the target. That it may be
//! behind does no harm: whoever goes on looks at what the target holds beyond it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use factum::{EventId, Position};
use serde::{Deserialize, Serialize};

use super::error::MigrateError;
use crate::outcome::Failure;

/// The number of this form of the file.
const FORMAT: u32 = 1;
/// A larger file is none of ours.
const BYTES_MAX: u64 = 64 << 10;

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reached {
    /// Events copied since the very beginning.
    pub(super) events: u64,
    /// The position of the last one in the source.
    pub(super) source: Position,
    /// Its position in the target.
    pub(super) target: Position,
    /// Its id.
    pub(super) last: Option<EventId>,
}

/// What must be the same for a run to go on with another's progress.
#[derive(Clone, Debug)]
pub(super) struct RunOf {
    pub(super) source: String,
    pub(super) target: String,
    /// The codec asked for.
    pub(super) recode: Option<String>,
}

/// A progress file, which may not be there yet.
#[derive(Debug)]
pub(super) struct Checkpoint {
    file: PathBuf,
    run: RunOf,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: u32,
    source: String,
    target: String,
    recode: Option<String>,
    events: u64,
    source_position: u64,
    target_position: u64,
    last_event: Option<String>,
}

impl Checkpoint {
    pub(super) fn new(file: PathBuf, run: RunOf) -> Self {
        Self { file, run }
    }

    /// How far the run got; `None` if there is no such file.
    pub(super) fn read(&self) -> Result<Option<Reached>, Failure> {
        let text = match self.read_text() {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(self.damaged("something else").into());
            }
            Err(error) => return Err(self.failed(&error)),
        };
        let content: Content =
            serde_json::from_str(&text).map_err(|error| self.damaged(error.to_string()))?;
        if content.format != FORMAT {
            return Err(self.damaged(format!("format {}", content.format)).into());
        }
        self.check_run(&content)?;
        let last = content.last_event.as_deref().map(str::parse).transpose();
        let last = last.map_err(|error| self.damaged(format!("{error}")))?;
        let reached = Reached {
            events: content.events,
            source: Position::new(content.source_position),
            target: Position::new(content.target_position),
            last,
        };
        let begun = reached.events > 0;
        if begun != last.is_some() || begun != (reached.source > Position::START) {
            return Err(self.damaged("numbers that contradict each other").into());
        }
        Ok(Some(reached))
    }

    fn read_text(&self) -> io::Result<String> {
        let mut text = String::new();
        io::Read::read_to_string(
            &mut io::Read::take(File::open(&self.file)?, BYTES_MAX),
            &mut text,
        )?;
        Ok(text)
    }

    fn check_run(&self, content: &Content) -> Result<(), MigrateError> {
        let codec = |recode: &Option<String>| recode.clone().unwrap_or_else(|| "none".into());
        let pairs = [
            ("source", self.run.source.clone(), content.source.clone()),
            ("target", self.run.target.clone(), content.target.clone()),
            ("--recode", codec(&self.run.recode), codec(&content.recode)),
        ];
        for (what, expected, found) in pairs {
            if expected != found {
                let file = self.file.display().to_string();
                return Err(MigrateError::OtherRun { file, what, expected, found });
            }
        }
        Ok(())
    }

    /// Replaces the file.
    pub(super) fn write(&self, reached: &Reached) -> Result<(), Failure> {
        let content = Content {
            format: FORMAT,
            source: self.run.source.clone(),
            target: self.run.target.clone(),
            recode: self.run.recode.clone(),
            events: reached.events,
            source_position: reached.source.get(),
            target_position: reached.target.get(),
            last_event: reached.last.map(|id| id.to_string()),
        };
        let text = serde_json::to_string_pretty(&content).map_err(io::Error::from);
        let written = text.and_then(|text| self.replace(&text));
        written.map_err(|error| self.failed(&error))
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        // A name of its own: two runs at once may not write into one another's.
        let mut beside = self.file.clone().into_os_string();
        beside.push(format!(".new-{}", std::process::id()));
        let mut new = File::create(&beside)?;
        new.write_all(text.as_bytes())?;
        new.write_all(b"\n")?;
        new.sync_all()?;
        fs::rename(&beside, &self.file)?;
        flush_folder(&self.file)
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::io(&self.file.display().to_string(), error)
    }

    fn damaged(&self, found: impl Into<String>) -> MigrateError {
        MigrateError::NoCheckpoint { file: self.file.display().to_string(), found: found.into() }
    }
}

/// Makes the new name of a file outlast a loss of power.
#[cfg(unix)]
fn flush_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape as on Unix")]
fn flush_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

//! `factum export`: events to a file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use factum::jsonl::write_line;
use factum::{Digest, Digester, LogRead, PageStream, Position};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::TryStreamExt;
use serde_json::json;

use crate::filters::Filters;
use crate::interrupt::Interrupt;
use crate::outcome::{Exit, Failure};
use crate::session::Session;
use crate::text;

/// The formats there are.
#[derive(Debug, Subcommand)]
pub(crate) enum Export {
    /// JSON Lines: one event per line, with everything in it
    Jsonl(Jsonl),
}

/// Which events, and where to.
#[derive(Args, Debug)]
pub(crate) struct Jsonl {
    /// The file to write, which must not exist; - for standard output
    #[arg(default_value = "-")]
    file: PathBuf,
    #[command(flatten)]
    filters: Filters,
    /// Only events after this position
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    after: u64,
    /// Only events up to this position
    #[arg(long, value_name = "POSITION")]
    through: Option<u64>,
    /// Compress with gzip
    #[arg(long)]
    gzip: bool,
}

/// Where the lines go.
enum Sink {
    Plain(Box<dyn Write>),
    Gzip(Box<GzEncoder<Box<dyn Write>>>),
}

pub(crate) async fn run(command: &Export, session: &Session) -> Result<Exit, Failure> {
    let Export::Jsonl(command) = command;
    let query = command.filters.query()?;
    let store = session.open().await?;
    let mut read = LogRead::after(query, Position::new(command.after));
    read.through = command.through.map(Position::new);
    let name = command.file.display().to_string();
    let to_stdout = name == "-";
    let failed = |error: io::Error| {
        if to_stdout { Failure::output(&error) } else { Failure::io(&name, &error) }
    };
    let sink = open(command).map_err(failed)?;
    let written = write(sink, store.read(read), failed).await;
    let (events, digest) = written.inspect_err(|failure| {
        // What is whole up to where it was interrupted is of use; what is cut off anywhere is in the way.
        if !to_stdout && failure.exit != Exit::Interrupted {
            let _ = fs::remove_file(&command.file);
        }
    })?;
    if to_stdout && session.output.json {
        // Standard output has the events, and nothing else.
        eprintln!("{}", json!({ "events": events, "digest": digest.to_string() }));
    } else if to_stdout {
        eprintln!("{}, digest {digest}", text::count(events, "event"));
    } else if session.output.json {
        let digest = digest.to_string();
        session.output.json(&json!({ "file": name, "events": events, "digest": digest }))?;
    } else {
        let events = text::count(events, "event");
        session.output.line(&format!("{events} exported to {name}\ndigest {digest}"))?;
    }
    Ok(Exit::Ok)
}

/// Writes the events; tells how many, and their digest.
async fn write(
    mut sink: Sink,
    mut pages: PageStream,
    failed: impl Fn(io::Error) -> Failure,
) -> Result<(u64, Digest), Failure> {
    let interrupt = Interrupt::listen()?;
    let (mut digester, mut events) = (Digester::default(), 0_u64);
    while let Some(page) = pages.try_next().await? {
        for event in &page.events {
            write_line(&mut sink, event).map_err(&failed)?;
            digester.update(event);
        }
        events += page.events.len() as u64;
        if interrupt.pressed() {
            sink.finish().map_err(&failed)?;
            let message = format!("interrupted after {}", text::count(events, "event"));
            return Err(Failure::new(Exit::Interrupted, message)
                .hint(format!("go on with --after {}", page.through)));
        }
    }
    sink.finish().map_err(&failed)?;
    Ok((events, digester.digest()))
}

fn open(command: &Jsonl) -> io::Result<Sink> {
    let plain: Box<dyn Write> = if command.file.as_os_str() == "-" {
        Box::new(BufWriter::new(io::stdout()))
    } else {
        Box::new(BufWriter::new(File::create_new(&command.file)?))
    };
    if command.gzip {
        return Ok(Sink::Gzip(Box::new(GzEncoder::new(plain, Compression::default()))));
    }
    Ok(Sink::Plain(plain))
}

impl Sink {
    fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(mut plain) => plain.flush(),
            Self::Gzip(gzip) => gzip.finish()?.flush(),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(plain) => plain.write(bytes),
            Self::Gzip(gzip) => gzip.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(plain) => plain.flush(),
            Self::Gzip(gzip) => gzip.flush(),
        }
    }
}

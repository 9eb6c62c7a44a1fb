//! The file itself: opened, unpacked if it is gzip, counted.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::Encoding;
use flate2::bufread::MultiGzDecoder;

use super::encoding::decoded;
use crate::outcome::Failure;

const BUFFER_BYTES: usize = 256 * 1024;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// How the bytes of a file become text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Decoding {
    /// What the user says it is.
    pub(crate) asked: Option<&'static Encoding>,
    /// Whether the file is XML, which may say itself.
    pub(crate) is_xml: bool,
}

/// An opened file or standard input.
pub(crate) struct Input {
    pub(crate) name: String,
    pub(super) reader: Box<dyn BufRead + Send>,
    /// Its encoding, by name; the reader gives UTF-8.
    pub(super) encoding: &'static str,
    /// How many bytes it has, where that is known.
    pub(super) bytes: Option<u64>,
    /// How many bytes were read so far, as they stand in the file.
    pub(super) consumed: Arc<AtomicU64>,
}

impl Input {
    /// Opens a file; `-` is standard input.
    pub(crate) fn open(path: &Path, decoding: Decoding) -> Result<Self, Failure> {
        let name = path.display().to_string();
        if name == "-" {
            return Self::new("standard input", Box::new(io::stdin()), None, decoding);
        }
        let failed = |error: io::Error| {
            Failure::io(&name, &error).hint("expected a file to import, or - for standard input")
        };
        let file = File::open(path).map_err(failed)?;
        let facts = file.metadata().map_err(failed)?;
        if facts.is_dir() {
            return Err(Failure::usage(format!("{name}: expected a file, found a directory")));
        }
        let bytes = facts.is_file().then_some(facts.len());
        Self::new(&name, Box::new(file), bytes, decoding)
    }

    /// Reads from anything.
    pub(crate) fn new(
        name: &str,
        raw: Box<dyn Read + Send>,
        bytes: Option<u64>,
        decoding: Decoding,
    ) -> Result<Self, Failure> {
        let consumed = Arc::new(AtomicU64::new(0));
        let mut raw = Counted { raw, consumed: Arc::clone(&consumed) };
        let mut magic = Vec::new();
        let start = raw.by_ref().take(GZIP_MAGIC.len() as u64).read_to_end(&mut magic);
        start.map_err(|error| Failure::io(name, &error))?;
        let is_gzip = magic == GZIP_MAGIC;
        let whole = BufReader::with_capacity(BUFFER_BYTES, Cursor::new(magic).chain(raw));
        let reader: Box<dyn BufRead + Send> = if is_gzip {
            Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(whole)))
        } else {
            Box::new(whole)
        };
        let (reader, encoding) = decoded(name, reader, decoding.asked, decoding.is_xml)?;
        Ok(Self { name: name.into(), reader, encoding: encoding.name(), bytes, consumed })
    }
}

/// A read that failed, in words.
pub(super) fn failure(name: &str, line: u64, error: &io::Error) -> Failure {
    let place = format!("{name}, line {line}");
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Failure::bad_input(format!(
            "{place}: expected more gzip data, found the end of the file"
        ))
        .hint("the file is cut short; what was read up to here is stored"),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            Failure::bad_input(format!("{place}: expected sound data, found {error}"))
                .hint("the file is damaged; what was read up to here is stored")
        }
        _ => Failure::io(&place, error),
    }
}

struct Counted {
    raw: Box<dyn Read + Send>,
    consumed: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.raw.read(buffer)?;
        self.consumed.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

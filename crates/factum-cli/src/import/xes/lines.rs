//! Counts lines while XML is read.

use std::io::{self, BufRead, Read};

use super::super::lines::LineEnds;

/// A reader that knows in which line it is.
pub(super) struct Lines {
    reader: Box<dyn BufRead + Send>,
    ends: LineEnds,
    line: u64,
}

impl Lines {
    pub(super) fn new(reader: Box<dyn BufRead + Send>) -> Self {
        Self { reader, ends: LineEnds::default(), line: 1 }
    }

    /// The line that is being read, 1-based.
    pub(super) fn line(&self) -> u64 {
        self.line
    }
}

impl Read for Lines {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(out)?;
        self.line += self.ends.count(&out[..read]);
        Ok(read)
    }
}

impl BufRead for Lines {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        if let Ok(buffer) = self.reader.fill_buf() {
            let taken = &buffer[..bytes.min(buffer.len())];
            self.line += self.ends.count(taken);
        }
        self.reader.consume(bytes);
    }
}

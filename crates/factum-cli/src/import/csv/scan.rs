//! What the CSV reader does not tell: in which line a record begins, whatever ends lines; whether
//! a quote is still open at the end of the file; and which record is too large to be an event.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

use super::super::lines::LineEnds;

/// Longest record: beyond this it is cut, so that a quote that is never closed does not bring the
/// rest of the file into memory. Four times what an event may have.
const RECORD_BYTES_MAX: usize = 16 << 20;

/// A quote that is open at the end of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenQuote {
    /// The line in which it opens.
    pub(super) line: u64,
    /// How many lines follow, with this one, but for empty ones.
    pub(super) rows: u64,
}

/// Passes bytes on to the CSV reader and looks at them.
pub(super) struct Scan {
    reader: Box<dyn BufRead + Send>,
    delimiter: u8,
    quote: Option<u8>,
    state: State,
    ends: LineEnds,
    line: u64,
    /// Lines that are not empty.
    rows: u64,
    in_line: bool,
    /// Bytes passed on.
    offset: u64,
    /// Where lines that may begin a record begin, as the reader counts bytes.
    begins: VecDeque<(u64, u64)>,
    /// The last quote that opened: where, in which line, which row.
    opened: (u64, u64, u64),
    record_bytes: usize,
    record_bytes_max: usize,
    cutting: bool,
    /// Where a record was cut.
    cut: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the start of a field.
    Start,
    Bare,
    Quoted,
    /// After a quote in a quoted field: it ends the field, or a second one follows.
    Closing,
}

impl Scan {
    pub(super) fn new(reader: Box<dyn BufRead + Send>, delimiter: u8, quote: Option<u8>) -> Self {
        Self {
            reader,
            delimiter,
            quote,
            state: State::Start,
            ends: LineEnds::default(),
            line: 1,
            rows: 0,
            in_line: false,
            offset: 0,
            begins: VecDeque::new(),
            opened: (0, 0, 0),
            record_bytes: 0,
            record_bytes_max: RECORD_BYTES_MAX,
            cutting: false,
            cut: None,
        }
    }

    /// The line in which the record at this byte begins. Records are asked for in order.
    pub(super) fn line_at(&mut self, byte: u64) -> u64 {
        while self.begins.front().is_some_and(|(begin, _)| *begin < byte) {
            self.begins.pop_front();
        }
        self.begins.front().map_or(self.line, |(_, line)| *line)
    }

    /// The quote that is never closed, if a record that ends at this byte is the one with it.
    pub(super) fn open_quote(&self, end: u64) -> Option<OpenQuote> {
        let (byte, line, row) = self.opened;
        let open = self.state == State::Quoted && end > byte;
        open.then(|| OpenQuote { line, rows: self.rows - row + 1 })
    }

    /// Whether the record that ends at this byte was cut.
    pub(super) fn was_cut(&mut self, end: u64) -> bool {
        self.cut.take_if(|byte| *byte < end).is_some()
    }

    /// What to pass on instead of a byte.
    fn look(&mut self, byte: u8) -> Option<u8> {
        let ends_line = self.ends.at(byte);
        if !self.in_line && !matches!(byte, b'\n' | b'\r') {
            self.in_line = true;
            self.rows += 1;
            if self.state != State::Quoted {
                self.begins.push_back((self.offset, self.line));
            }
        }
        let before = self.state;
        self.state = self.after(byte);
        if before == State::Start && self.state == State::Quoted {
            self.opened = (self.offset, self.line, self.rows);
        }
        self.record_bytes += 1;
        let passed = self.passed(byte, before);
        if ends_line {
            self.line += 1;
        }
        if matches!(byte, b'\n' | b'\r') {
            self.in_line = false;
            if self.state == State::Start {
                (self.record_bytes, self.cutting) = (0, false);
            }
        }
        self.offset += u64::from(passed.is_some());
        passed
    }

    fn after(&self, byte: u8) -> State {
        let is_quote = self.quote == Some(byte);
        let ends_field = byte == self.delimiter || matches!(byte, b'\n' | b'\r');
        match self.state {
            State::Quoted if is_quote => State::Closing,
            State::Quoted => State::Quoted,
            State::Start | State::Closing if is_quote => State::Quoted,
            _ if ends_field => State::Start,
            _ => State::Bare,
        }
    }

    /// The byte itself; nothing while a record is being cut, but for a quote that closes the
    /// field for the reader, and what ends the record.
    fn passed(&mut self, byte: u8, before: State) -> Option<u8> {
        let ends_record = matches!(byte, b'\n' | b'\r') && self.state == State::Start;
        if self.cutting {
            return ends_record.then_some(byte);
        }
        if self.record_bytes <= self.record_bytes_max || ends_record {
            return Some(byte);
        }
        (self.cutting, self.cut) = (true, Some(self.offset));
        self.quote.filter(|_| before == State::Quoted)
    }
}

impl Read for Scan {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.reader.read(out)?;
            let mut kept = 0;
            for at in 0..read {
                if let Some(byte) = self.look(out[at]) {
                    out[kept] = byte;
                    kept += 1;
                }
            }
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of records, and the quote that stays open.
    fn scan(text: &str) -> (Vec<u64>, Option<OpenQuote>) {
        let reader = Box::new(io::Cursor::new(text.as_bytes().to_vec()));
        let scan = Scan::new(reader, b',', Some(b'"'));
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(scan);
        let (mut record, mut lines) = (csv::ByteRecord::new(), Vec::new());
        while reader.read_byte_record(&mut record).unwrap() {
            let begin = record.position().unwrap().byte();
            lines.push(reader.get_mut().line_at(begin));
        }
        let end = reader.position().byte();
        (lines, reader.get_ref().open_quote(end))
    }

    #[test]
    fn lines_are_right_whatever_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "", "c,\"d", "e\"", "f,g", "", "", "h,\"\"\"\""].join(end);
            assert_eq!(scan(&text), (vec![1, 3, 5, 8], None), "{end:?}");
        }
    }

    #[test]
    fn an_open_quote_is_known_by_where_it_opens() {
        let open = |line, rows| Some(OpenQuote { line, rows });
        assert_eq!(scan("a,\"b\n\nc,d\ne").1, open(1, 3));
        assert_eq!(scan("a,b\nc,\"d\n\",\"e\nf").1, open(3, 2));
        assert_eq!(scan("a,\"b\"\"").1, open(1, 1));
        assert_eq!(scan("a,b\"c\n\"d\"e\"f,\"\"").1, None);
    }

    #[test]
    fn a_record_that_is_too_long_is_cut_and_the_next_one_is_whole() {
        for long in [format!("a,\"{}\",b", "x\n".repeat(900)), "x,".repeat(900)] {
            let text = format!("{long}\nc,\"d\"\n").into_bytes();
            let mut scan = Scan::new(Box::new(io::Cursor::new(text)), b',', Some(b'"'));
            scan.record_bytes_max = 1_000;
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(scan);
            let mut record = csv::ByteRecord::new();
            assert!(reader.read_byte_record(&mut record).unwrap());
            let end = reader.position().byte();
            assert!(reader.get_mut().was_cut(end) && !reader.get_mut().was_cut(end));
            assert!(record.as_slice().len() <= 1_000);
            assert!(reader.read_byte_record(&mut record).unwrap());
            assert_eq!(record, vec!["c", "d"]);
        }
    }
}

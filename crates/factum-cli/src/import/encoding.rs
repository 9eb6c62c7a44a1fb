//! What characters the bytes of a file stand for: by its byte order mark, by what XML declares, or
//! by `--encoding`. Everything behind this reads UTF-8 without a mark.

use std::io::{self, BufRead, Cursor, Read};

use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::outcome::Failure;

/// An encoding is looked for in so many bytes of an XML declaration.
const DECLARATION_BYTES_MAX: usize = 1_024;
/// Decoded at a time.
const BUFFER_BYTES: usize = 64 * 1024;
/// Stands for bytes that mean nothing in the file's encoding. No UTF-8 has it, so that whoever
/// checks a field finds the field that had them.
const BROKEN: u8 = 0xff;

/// Reads the name of an encoding, as web pages and XML have them.
pub(crate) fn encoding(label: &str) -> Result<&'static Encoding, String> {
    Encoding::for_label_no_replacement(label.trim().as_bytes()).ok_or_else(|| {
        format!("expected a name such as utf-16le, windows-1252 or shift_jis, found {label:?}")
    })
}

/// Finds out the encoding of `reader`, and gives a reader of the same text in UTF-8.
pub(super) fn decoded(
    name: &str,
    mut reader: Box<dyn BufRead + Send>,
    asked: Option<&'static Encoding>,
    is_xml: bool,
) -> Result<(Box<dyn BufRead + Send>, &'static Encoding), Failure> {
    let mut start = Vec::new();
    let failed = |error: &io::Error| super::input::failure(name, 1, error);
    reader.by_ref().take(4).read_to_end(&mut start).map_err(|error| failed(&error))?;
    let (marked, mark_bytes) = mark(&start).map_err(|it| refused(name, &it))?;
    start.drain(..mark_bytes);
    if is_xml {
        declaration(&mut reader, &mut start).map_err(|error| failed(&error))?;
    }
    let by_bytes = marked.or_else(|| if is_xml { utf16_xml(&start) } else { None });
    let declared = if is_xml && by_bytes.is_none_or(|it| it == UTF_8) {
        declared(&start).map_err(|it| refused(name, &it))?
    } else {
        None
    };
    let found = match (asked, by_bytes, declared) {
        (Some(asked), Some(marked), _) if asked != marked => {
            Err(format!("expected {}, found the marks of {}", asked.name(), marked.name()))
        }
        (None, Some(marked), Some(declared)) if marked != declared => Err(format!(
            "expected {} as declared, found the marks of {}",
            declared.name(),
            marked.name()
        )),
        (None, None, Some(declared)) if declared == UTF_16LE || declared == UTF_16BE => {
            Err(format!("expected {} as declared, found other text", declared.name()))
        }
        (None, None, None) if start.iter().take(4).any(|it| *it == 0) => {
            Err("expected UTF-8, found zero bytes, as UTF-16 has them".into())
        }
        (asked, by_bytes, declared) => Ok(asked.or(by_bytes).or(declared).unwrap_or(UTF_8)),
    };
    let encoding = found.map_err(|it| refused(name, &it))?;
    let whole: Box<dyn BufRead + Send> = Box::new(Cursor::new(start).chain(reader));
    if encoding == UTF_8 {
        return Ok((whole, encoding));
    }
    Ok((Box::new(Decoded::new(whole, encoding)), encoding))
}

fn refused(name: &str, what: &str) -> Failure {
    Failure::bad_input(format!("{name}: {what}"))
        .hint("name the encoding with --encoding, such as utf-8, utf-16le or windows-1252")
}

/// The encoding that a byte order mark tells, and how long the mark is.
fn mark(start: &[u8]) -> Result<(Option<&'static Encoding>, usize), String> {
    if matches!(start, [0xff, 0xfe, 0, 0] | [0, 0, 0xfe, 0xff]) {
        return Err("expected UTF-8, UTF-16 or a code page, found UTF-32".into());
    }
    Ok(Encoding::for_bom(start).map_or((None, 0), |(encoding, bytes)| (Some(encoding), bytes)))
}

/// Reads on to the end of an XML declaration, if there is one.
fn declaration(reader: &mut impl BufRead, start: &mut Vec<u8>) -> io::Result<()> {
    let opening = b"<?xml";
    let may_go_on = |start: &[u8]| opening.iter().zip(start).all(|(a, b)| a == b);
    while may_go_on(start) && !start.ends_with(b"?>") && start.len() < DECLARATION_BYTES_MAX {
        let mut byte = [0];
        if reader.read(&mut byte)? == 0 {
            break;
        }
        start.push(byte[0]);
    }
    Ok(())
}

/// XML begins with `<`, which shows UTF-16 also without a mark.
fn utf16_xml(start: &[u8]) -> Option<&'static Encoding> {
    match start {
        [b'<', 0, ..] => Some(UTF_16LE),
        [0, b'<', ..] => Some(UTF_16BE),
        _ => None,
    }
}

/// The encoding that an XML declaration names.
fn declared(start: &[u8]) -> Result<Option<&'static Encoding>, String> {
    let text: String = start.iter().copied().map(char::from).collect();
    let Some(declaration) = text.strip_prefix("<?xml") else { return Ok(None) };
    let Some((_, value)) = declaration.split_once("encoding") else { return Ok(None) };
    let value = value.trim_start().strip_prefix('=').map(str::trim_start).unwrap_or_default();
    let quoted = value
        .chars()
        .next()
        .filter(|it| matches!(it, '"' | '\''))
        .and_then(|quote| value[1..].split_once(quote).map(|(label, _)| label));
    quoted.map(encoding).transpose()
}

/// A file in another encoding, as UTF-8.
struct Decoded {
    raw: Box<dyn BufRead + Send>,
    decoder: encoding_rs::Decoder,
    text: Vec<u8>,
    /// What of `text` is decoded and not yet read.
    from: usize,
    to: usize,
    ended: bool,
}

impl Decoded {
    fn new(raw: Box<dyn BufRead + Send>, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_without_bom_handling();
        Self { raw, decoder, text: vec![0; BUFFER_BYTES], from: 0, to: 0, ended: false }
    }

    fn decode(&mut self) -> io::Result<()> {
        let input = self.raw.fill_buf()?;
        let last = input.is_empty();
        let room = self.text.len() - 1; // One byte more for what is broken.
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(input, &mut self.text[..room], last);
        self.raw.consume(read);
        (self.from, self.to) = (0, written);
        match result {
            DecoderResult::InputEmpty => self.ended = last,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => {
                self.text[self.to] = BROKEN;
                self.to += 1;
            }
        }
        Ok(())
    }
}

impl Read for Decoded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Decoded {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.from == self.to && !self.ended {
            self.decode()?;
        }
        Ok(&self.text[self.from..self.to])
    }

    fn consume(&mut self, bytes: usize) {
        self.from = (self.from + bytes).min(self.to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], asked: Option<&str>, is_xml: bool) -> Result<Vec<u8>, Failure> {
        let reader = Box::new(io::BufReader::with_capacity(3, Cursor::new(bytes.to_vec())));
        let asked = asked.map(|it| encoding(it).unwrap());
        let (mut reader, _) = decoded("file", reader, asked, is_xml)?;
        let mut text = Vec::new();
        reader.read_to_end(&mut text).unwrap();
        Ok(text)
    }

    fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn marks_declarations_and_options_tell_the_encoding() {
        let (le, be) =
            (u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes as fn(u16) -> [u8; 2]);
        for (bytes, asked, is_xml, text) in [
            (b"\xef\xbb\xbfa,\xc3\xbc".to_vec(), None, false, "a,ü"),
            (utf16("\u{feff}a,ü😀", le), None, false, "a,ü😀"),
            (utf16("\u{feff}a,ü😀", be), None, true, "a,ü😀"),
            (utf16("a,ü", le), Some("utf-16le"), false, "a,ü"),
            (utf16("<a/>", be), None, true, "<a/>"),
            (b"a,\xfc".to_vec(), Some("latin1"), false, "a,ü"),
            (b"<?xml encoding='koi8-r'?>\xc1".to_vec(), None, true, "<?xml encoding='koi8-r'?>а"),
            (
                b"<?xml encoding=\"UTF-16\"?>".to_vec(),
                Some("utf-8"),
                true,
                "<?xml encoding=\"UTF-16\"?>",
            ),
            (b"<".to_vec(), None, true, "<"),
            (Vec::new(), None, true, ""),
        ] {
            assert_eq!(read(&bytes, asked, is_xml).unwrap(), text.as_bytes(), "{text}");
        }
    }

    #[test]
    fn contradictions_are_refused_and_broken_bytes_stay_broken() {
        assert!(read(b"\xef\xbb\xbfa", Some("latin1"), false).is_err());
        assert!(read(b"\xef\xbb\xbf<?xml encoding='latin1'?>", None, true).is_err());
        assert!(read(b"<?xml encoding='utf-16'?>", None, true).is_err());
        assert!(read(b"<?xml encoding='klingon'?>", None, true).is_err());
        assert!(read(b"\xff\xfe\x00\x00", None, false).is_err());
        assert!(read(b"a\x00b\x00", None, false).is_err());
        assert_eq!(read(b"a\x81 b", Some("shift_jis"), false).unwrap(), b"a\xff b");
        assert_eq!(read(b"\xff\xfe\x00\xd8a\x00", None, false).unwrap(), b"\xffa");
    }
}

//! Payloads written straight into a buffer.

use std::ops::Range;

/// A JSON object being written. A key that comes again is written `key#2`, so nothing is lost.
#[derive(Debug, Default)]
pub(super) struct Object {
    keys: Vec<Range<usize>>,
    row: bool,
}

impl Object {
    /// Starts an object in which `case` is taken: that is where the case's attributes go.
    pub(super) fn open_row(&mut self, out: &mut Vec<u8>) {
        self.open(out);
        self.row = true;
    }

    /// Starts an object.
    pub(super) fn open(&mut self, out: &mut Vec<u8>) {
        self.keys.clear();
        self.row = false;
        out.push(b'{');
    }

    /// Writes a key; its value comes next.
    pub(super) fn key(&mut self, out: &mut Vec<u8>, key: &str) {
        if !self.keys.is_empty() {
            out.push(b',');
        }
        let start = out.len();
        string(out, key);
        let mut copy = 2;
        while (self.row && out[start..] == *b"\"case\"")
            || self.keys.iter().any(|known| out[known.clone()] == out[start..])
        {
            out.truncate(start);
            string(out, &format!("{key}#{copy}"));
            copy += 1;
        }
        self.keys.push(start..out.len());
        out.push(b':');
    }

    /// Ends the object.
    pub(super) fn close(out: &mut Vec<u8>) {
        out.push(b'}');
    }

    /// How many members there are, to go back to.
    pub(super) fn mark(&self) -> usize {
        self.keys.len()
    }

    /// Forgets the members after the first `mark`; the caller cuts what was written.
    pub(super) fn back_to(&mut self, mark: usize) {
        self.keys.truncate(mark);
    }

    /// Whether nothing was written into it.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// Writes a string.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    let written = serde_json::to_writer(&mut *out, text);
    debug_assert!(written.is_ok(), "a string is written to memory without fail");
}

/// Writes a number as it stands, if that is how JSON writes numbers; else as a string. A float
/// without a fraction gets one, so that it stays a float.
pub(super) fn number(out: &mut Vec<u8>, text: &str, float: bool) {
    let text = text.trim();
    if serde_json::from_str::<serde_json::Number>(text).is_err() {
        return string(out, text);
    }
    out.extend_from_slice(text.as_bytes());
    if float && !text.contains(['.', 'e', 'E']) {
        out.extend_from_slice(b".0");
    }
}

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

/// Writes a number as it stands, if that is how JSON writes numbers, or as JSON writes it if it is
/// one by the rules of XML Schema (`+5`, `007`, `.5`); else as a string. A float without a
/// fraction gets one, so that it stays a float.
pub(super) fn number(out: &mut Vec<u8>, text: &str, float: bool) {
    let text = text.trim();
    let is_number = |it: &str| serde_json::from_str::<serde_json::Number>(it).is_ok();
    let rewritten = if is_number(text) { text.to_owned() } else { rewritten(text) };
    if !is_number(&rewritten) {
        return string(out, text);
    }
    out.extend_from_slice(rewritten.as_bytes());
    if float && !rewritten.contains(['.', 'e', 'E']) {
        out.extend_from_slice(b".0");
    }
}

/// Without a plus sign and leading zeros, with digits on both sides of a point.
fn rewritten(text: &str) -> String {
    let (sign, digits) = match text.as_bytes().first() {
        Some(b'-') => ("-", &text[1..]),
        Some(b'+') => ("", &text[1..]),
        _ => ("", text),
    };
    let (mantissa, exponent) = digits.split_at(digits.find(['e', 'E']).unwrap_or(digits.len()));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return text.to_owned();
    }
    let kept = whole.trim_start_matches('0');
    let whole = if kept.is_empty() { "0" } else { kept };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}{exponent}")
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_of_xml_schema_are_numbers() {
        for (text, float, json) in [
            ("5", false, "5"),
            ("+5", false, "5"),
            ("-007", false, "-7"),
            ("000", false, "0"),
            ("0.10", true, "0.10"),
            ("5", true, "5.0"),
            (" +.5 ", true, "0.5"),
            ("5.", true, "5.0"),
            ("1.E3", true, "1E3"),
            ("NaN", true, "\"NaN\""),
            ("1,5", true, "\"1,5\""),
            ("+", false, "\"+\""),
            ("--5", false, "\"--5\""),
            ("0x10", false, "\"0x10\""),
            ("", false, "\"\""),
        ] {
            let mut out = Vec::new();
            number(&mut out, text, float);
            assert_eq!(String::from_utf8(out).unwrap(), json, "{text:?}");
        }
    }
}

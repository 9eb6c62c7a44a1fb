//! Where lines end: at a line feed, at a carriage return, or at both together.

/// Counts lines in bytes that come piece by piece.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LineEnds {
    after_return: bool,
}

impl LineEnds {
    /// Whether a line ends with this byte. A line feed after a carriage return ends nothing more.
    pub(super) fn at(&mut self, byte: u8) -> bool {
        let ends = byte == b'\r' || (byte == b'\n' && !self.after_return);
        self.after_return = byte == b'\r';
        ends
    }

    /// How many lines end in `bytes`.
    pub(super) fn count(&mut self, bytes: &[u8]) -> u64 {
        bytes.iter().map(|byte| u64::from(self.at(*byte))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::LineEnds;

    #[test]
    fn every_kind_of_line_end_counts_once() {
        for (pieces, lines) in
            [(&["a\nb\n"][..], 2), (&["a\rb\r"], 2), (&["a\r\nb\r", "\n"], 2), (&["\n\r\r\n"], 3)]
        {
            let mut ends = LineEnds::default();
            let found: u64 = pieces.iter().map(|piece| ends.count(piece.as_bytes())).sum();
            assert_eq!(found, lines, "{pieces:?}");
        }
    }
}

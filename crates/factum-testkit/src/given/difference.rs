//! What was expected beside what was found.

use std::fmt::{Debug, Write as _};

use similar::{ChangeTag, TextDiff};

/// A difference of two values, line by line: `-` was expected, `+` was found.
pub(crate) fn of(expected: &impl Debug, found: &impl Debug) -> String {
    of_lines(&format!("{expected:#?}"), &format!("{found:#?}"))
}

/// A difference of two texts.
pub(crate) fn of_lines(expected: &str, found: &str) -> String {
    let mut shown = String::from("- expected\n+ found\n\n");
    for change in TextDiff::from_lines(expected, found).iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        let line = change.value().trim_end_matches('\n');
        writeln!(shown, "{sign} {line}").expect("a string takes everything");
    }
    shown
}

//! The last resort of what must not go unseen.

use std::fmt::Arguments;
use std::io::Write;

/// Writes a line to standard error, unless the program has a `tracing` subscriber: that was told already.
pub(crate) fn print(line: Arguments<'_>) {
    if !tracing::dispatcher::has_been_set() {
        // Whoever closed standard error wants to read nothing.
        let _ = writeln!(std::io::stderr().lock(), "factum: {line}");
    }
}

//! Questions before something is lost: asked at a terminal; elsewhere `--yes` has to answer them.

use std::io::{self, IsTerminal, Write};

use crate::outcome::{Exit, Failure};

/// Goes on if the answer is yes.
///
/// # Errors
///
/// Where nobody can be asked, or the answer is another one; nothing was changed.
pub(crate) fn confirm(yes: bool, question: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let message = format!("expected --yes, found nobody to ask: {question}");
        return Err(Failure::usage(message));
    }
    let failed = |error| Failure::io("terminal", &error);
    let mut out = io::stderr().lock();
    write!(out, "{question} [y/N] ").and_then(|()| out.flush()).map_err(failed)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(failed)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::new(Exit::Interrupted, "nothing was changed")),
    }
}

//! `factum completions`: a script that completes arguments.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::outcome::{Exit, Failure};
use crate::output::Output;

/// For which shell.
#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(command: &Completions, output: Output) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut Arguments::command(), "factum", &mut script);
    let script = String::from_utf8_lossy(&script);
    if output.json {
        let shell = command.shell.to_string();
        output.json(&serde_json::json!({ "shell": shell, "script": script }))?;
    } else {
        output.verbatim(script.trim_end())?;
    }
    Ok(Exit::Ok)
}

//! The life and death of the children of one round.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use crate::arguments::Arguments;
use crate::plan::{Death, Plan};
use crate::witness::{Line, Witness};

/// Signal numbers that a plan asks for: the parent's kill, and the abort at a fail point.
const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;

/// What the children did, in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lived {
    pub(crate) lines: u32,
    /// Children that a plan's kill or fail point ended, rather than the end of their work.
    pub(crate) died: u32,
}

/// Starts the round's children, listens to them until the last is gone, and kills as planned.
pub(crate) fn live(
    arguments: &Arguments,
    plan: &Plan,
    witness: &mut Witness,
) -> Result<Lived, String> {
    let (sender, lines) = channel();
    let mut children = Vec::new();
    for number in 0..plan.children {
        let mut child = spawn(arguments, plan, number).map_err(|it| format!("no child: {it}"))?;
        if let Some(output) = child.stdout.take() {
            listen(number, output, sender.clone());
        }
        children.push((child, 0_u32));
    }
    drop(sender);
    let mut lived = Lived::default();
    for (number, line) in lines {
        witness.hear(number, line);
        lived.lines += 1;
        let Some((child, said)) = children.get_mut(number as usize) else { continue };
        *said += 1;
        if let Death::Killed(after) = &plan.death
            && let Some((lines, micros)) = after.get(number as usize)
            && lines == said
        {
            thread::sleep(Duration::from_micros(u64::from(*micros)));
            child.kill().map_err(|it| format!("could not kill: {it}"))?;
        }
    }
    for (mut child, _) in children {
        let status = child.wait().map_err(|it| format!("could not wait: {it}"))?;
        lived.died += u32::from(!status.success());
        if let Some(problem) = unplanned(status, &plan.death) {
            witness.wrong.push(problem);
        }
    }
    Ok(lived)
}

fn spawn(arguments: &Arguments, plan: &Plan, number: u32) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("child").arg("--home").arg(&arguments.home);
    command.args(["--seed", &arguments.seed.to_string()]);
    command.args(["--round", &plan.round.to_string(), "--child", &number.to_string()]);
    command.args(["--backups", if plan.backups { "1" } else { "0" }]);
    if let Some(sabotage) = arguments.sabotage {
        command.args(["--sabotage", sabotage.as_str()]);
    }
    if let Death::FailPoint(name, hit) = plan.death {
        command.env("FACTUM_FAIL_POINT", format!("{name}:{hit}"));
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()
}

/// Passes on a child's lines; the last one may be torn by its death and is then dropped.
fn listen(number: u32, output: ChildStdout, sender: Sender<(u32, Line)>) {
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut text = String::new();
        while output.read_line(&mut text).is_ok_and(|bytes| bytes > 0) && text.ends_with('\n') {
            let line = serde_json::from_str(&text)
                .unwrap_or_else(|error| Line::Wrong { what: format!("{error}: {text}") });
            if sender.send((number, line)).is_err() {
                break;
            }
            text.clear();
        }
    });
}

/// What is wrong with the way a child ended, if anything. To finish the work before the planned
/// death is all right.
fn unplanned(status: ExitStatus, death: &Death) -> Option<String> {
    let planned = match death {
        Death::Killed(_) => Some(SIGKILL),
        Death::FailPoint(..) => Some(SIGABRT),
        Death::Finished => None,
    };
    let as_planned = status.success() || (status.signal().is_some() && status.signal() == planned);
    (!as_planned).then(|| format!("a child ended with {status}"))
}

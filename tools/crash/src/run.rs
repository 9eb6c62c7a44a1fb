//! The rounds: live, die, look, go on with what is left.

use std::path::Path;
use std::time::Instant;

use crate::arguments::Arguments;
use crate::checks::{self, Found};
use crate::life::{self, Lived};
use crate::plan::{Plan, plans};
use crate::witness::Witness;

/// Problems of one round that are shown.
const PROBLEMS_SHOWN: usize = 60;

/// Runs all rounds. The error says what is broken and how to see it again.
pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let started = Instant::now();
    println!("seed {}, {} rounds", arguments.seed, arguments.rounds);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|it| it.to_string())?;
    let base = tempfile::Builder::new().prefix("factum-crash-").tempdir();
    let base = base.map_err(|it| format!("no folder for the stores: {it}"))?;
    let mut arguments = arguments.clone();
    let mut witness = Witness::new(arguments.seed);
    let (mut events, mut deaths) = (0, 0);
    for plan in plans(&arguments) {
        if plan.fresh {
            arguments.home = base.path().join(format!("store-{}", plan.round));
            std::fs::create_dir(&arguments.home).map_err(|it| it.to_string())?;
            witness = Witness::new(arguments.seed);
        }
        let done = round(&arguments, &plan, &mut witness, &runtime);
        match done {
            Ok((lived, found)) if found.problems.is_empty() => {
                println!("{plan}: {}", described(lived, &found));
                deaths += lived.died;
                events += found.stored;
            }
            Ok((_, found)) => {
                let problems = found.problems;
                return Err(failed(&arguments, &plan, &problems, &base.keep()));
            }
            Err(problem) => return Err(failed(&arguments, &plan, &[problem], &base.keep())),
        }
    }
    let seconds = started.elapsed().as_secs_f32();
    println!(
        "every invariant held: {} rounds, {deaths} deaths, {events} events, {seconds:.1} s",
        arguments.rounds
    );
    Ok(())
}

fn round(
    arguments: &Arguments,
    plan: &Plan,
    witness: &mut Witness,
    runtime: &tokio::runtime::Runtime,
) -> Result<(Lived, Found), String> {
    let lived = life::live(arguments, plan, witness)?;
    let found = runtime.block_on(checks::check(arguments, witness))?;
    Ok((lived, found))
}

fn described(lived: Lived, found: &Found) -> String {
    let Found { head, stored, acknowledged, unknown, refused, backups, .. } = found;
    let Lived { lines, died } = lived;
    format!(
        "{lines} lines, {died} died; {acknowledged} acknowledged, {unknown} unknown, \
         {refused} refused, {stored} events stored, head {head}, {backups} backups"
    )
}

fn failed(arguments: &Arguments, plan: &Plan, problems: &[String], kept: &Path) -> String {
    let mut lines = vec![format!("{plan}: broken")];
    lines.extend(problems.iter().take(PROBLEMS_SHOWN).map(|problem| format!("  {problem}")));
    if problems.len() > PROBLEMS_SHOWN {
        lines.push(format!("  and {} more", problems.len() - PROBLEMS_SHOWN));
    }
    let Arguments { seed, rounds, .. } = arguments;
    lines.push(format!("the stores are kept in {}", kept.display()));
    lines.push(format!("repeat with: cargo xtask crash --rounds {rounds} --seed {seed}"));
    lines.join("\n")
}

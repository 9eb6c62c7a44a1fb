//! The project's tasks: `cargo xtask <task>`. Nothing but the standard library, so that the first
//! task starts seconds after a checkout.

mod bench;
mod ci;
mod command;
mod crash;
mod examples;
mod fuzz;
mod report;
mod servers;
mod stores;
mod test;
mod tidy;

use std::process::ExitCode;

use report::Report;

const HELP: &str = "\
cargo xtask <task>

  test                           every test: unit, integration, doctests, crash harness
  servers                        the servers that tests talk to, brought into a cache; `test` and
                                 `ci` do this first
  stores                         runs the conformance suite and writes docs/stores.md from it
  crash [--rounds N] [--seed S]  the crash harness alone; 25 rounds unless said otherwise
  fuzz [--seconds N]             random and damaged input for everything that reads bytes from
                                 outside; 60 seconds for each test unless said otherwise
  tidy                           the project's own rules
  bench [...]                    the benchmarks; further arguments go to the bench program
  checks                         everything else a change must pass: format, tidy, lints, docs,
                                 fuzz, examples, benchmarks compile
  ci                             both, `test` after the quick ones of `checks`

With CI=true in the environment, a part that is not run for want of a tool fails.
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let mut report = Report::new();
    match task.as_str() {
        "test" if rest.is_empty() => test::run(&mut report),
        "servers" if rest.is_empty() => drop(servers::bring(&mut report)),
        "stores" if rest.is_empty() => stores::write(&mut report),
        "crash" => crash::run(&mut report, &rest),
        "fuzz" => fuzz::run(&mut report, &rest),
        "tidy" if rest.is_empty() => tidy::run(&mut report),
        "bench" => bench::run(&mut report, &rest),
        "checks" if rest.is_empty() => ci::run_checks(&mut report),
        "ci" if rest.is_empty() => ci::run(&mut report),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{HELP}");
            return ExitCode::from(2);
        }
    }
    report.finish()
}

//! Several processes appending to one store at once, beside one process with as many callers.
//!
//! The processes are this program again: they open the store, say so, wait for the word, append,
//! and say that they are done.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use super::single::append_by;
use super::{CALLERS, PROCESSES};
use crate::measure::{Bench, Pairs, Result, per_second, rate};
use crate::postgres::{Postgres, open};
use crate::table::{Bar, Row};
use crate::work::STREAMS;

/// How the hidden option names what a process has to do: URL SCHEMA CALLERS EACH FIRST.
pub const OPTION: &str = "--append-to";
const COUNT: u64 = 4;

pub fn measure(bench: &Bench, postgres: &Postgres) -> Result<Vec<Row>> {
    let each = bench.size(64_000) / CALLERS;
    let mut pairs = Pairs::default();
    for round in 0..bench.rounds() {
        let several = || run(bench, postgres, COUNT, each);
        let one = || run(bench, postgres, 1, each);
        pairs.push_by_turns(round, several, one)?;
    }
    let detail = format!("4 x 16 callers {}, 1 x 64 {}", rate(pairs.ours()), rate(pairs.theirs()));
    Ok(vec![Row { name: PROCESSES, value: pairs.ratio(), bar: Bar::AtLeast(0.8), detail }])
}

/// Appends per second of [`CALLERS`] callers in so many processes.
fn run(bench: &Bench, postgres: &Postgres, processes: u64, each: u64) -> Result<f64> {
    let (schema, store) = bench.block_on(postgres.begun_store())?;
    drop(store);
    let callers = CALLERS / processes;
    let mut appenders = Vec::new();
    for process in 0..processes {
        let first = STREAMS + process * callers * each;
        appenders.push(Appender::start(&postgres.url(), &schema, callers, each, first)?);
    }
    for appender in &mut appenders {
        appender.hear("ready")?;
    }
    bench.block_on(postgres.settle())?;
    let start = Instant::now();
    for appender in &mut appenders {
        appender.words.write_all(b"go\n")?;
    }
    for appender in &mut appenders {
        appender.hear("done")?;
    }
    let time = start.elapsed();
    for mut appender in appenders {
        appender.child.wait()?;
    }
    bench.block_on(postgres.discard(&schema))?;
    Ok(per_second(CALLERS * each, time))
}

/// A process that appends.
struct Appender {
    child: Child,
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Appender {
    fn start(url: &str, schema: &str, callers: u64, each: u64, first: u64) -> Result<Self> {
        let numbers = [callers, each, first].map(|it| it.to_string());
        let mut child = Command::new(std::env::current_exe()?)
            .args([OPTION, url, schema])
            .args(numbers)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let words = child.stdin.take().ok_or("it has no input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("it has no output")?);
        Ok(Self { child, words, answers })
    }

    fn hear(&mut self, expected: &str) -> Result<()> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        if line.trim() == expected {
            return Ok(());
        }
        Err(format!("expected an appending process to say {expected}, found {line:?}").into())
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        let _ = self.child.kill(); // Fails where it has ended, as it should have.
        let _ = self.child.wait();
    }
}

/// What such a process does.
pub fn append(bench: &Bench, arguments: &[String]) -> Result<()> {
    let [url, schema, callers, each, first] = arguments else {
        return Err("usage: URL SCHEMA CALLERS EACH FIRST".into());
    };
    let store = bench.block_on(open(url, schema))?;
    println!("ready");
    std::io::stdin().read_line(&mut String::new())?;
    bench.block_on(append_by(&store, callers.parse()?, each.parse()?, first.parse()?))?;
    println!("done");
    Ok(())
}

//! What a server prints, as it prints it.
//!
//! The server and all its processes write into one fifo. Its end is therefore the end of the last
//! of them, which no other sign tells as surely: a killed postmaster leaves its children running
//! for a moment.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How many lines are kept.
const LINES_MAX: usize = 1_000;
/// How many lines an error repeats.
const TOLD: usize = 12;

/// The output of one run of a server.
#[derive(Clone, Debug)]
pub(super) struct Log {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    heard: Mutex<Heard>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct Heard {
    lines: VecDeque<String>,
    ended: bool,
}

/// How waiting for a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// The line came.
    Came,
    /// The server ended before it came.
    Ended,
    /// Neither, for as long as was waited.
    Late,
}

impl Log {
    /// Follows a fifo from its first writer to its last.
    pub(super) fn follow(fifo: PathBuf) -> Self {
        let log = Self { shared: Arc::default() };
        let writer = log.clone();
        // Opening waits for the server to open its side, hence inside the thread.
        thread::spawn(move || {
            for line in File::open(fifo).into_iter().flat_map(|it| BufReader::new(it).split(b'\n'))
            {
                let Ok(line) = line else { break };
                let mut heard = writer.heard();
                if heard.lines.len() == LINES_MAX {
                    heard.lines.pop_front();
                }
                heard.lines.push_back(String::from_utf8_lossy(&line).into_owned());
                writer.shared.more.notify_all();
            }
            writer.heard().ended = true;
            writer.shared.more.notify_all();
        });
        log
    }

    /// Waits until a line contains `text`.
    pub(super) fn wait_for(&self, text: &str, limit: Duration) -> Waited {
        let said = |heard: &Heard| heard.lines.iter().any(|line| line.contains(text));
        let heard = self.wait(limit, |heard| heard.ended || said(heard));
        match (said(&heard), heard.ended) {
            (true, _) => Waited::Came,
            (false, true) => Waited::Ended,
            (false, false) => Waited::Late,
        }
    }

    /// Waits until the last process of the server has ended; says whether it has.
    pub(super) fn wait_for_end(&self, limit: Duration) -> bool {
        self.wait(limit, |heard| heard.ended).ended
    }

    /// The lines so far, the oldest first; of very many, the newest.
    pub(super) fn lines(&self) -> Vec<String> {
        self.heard().lines.iter().cloned().collect()
    }

    /// The last lines, for an error.
    pub(super) fn tail(&self) -> String {
        let lines = self.lines();
        lines[lines.len().saturating_sub(TOLD)..].join(" | ")
    }

    fn wait(&self, limit: Duration, done: impl Fn(&Heard) -> bool) -> MutexGuard<'_, Heard> {
        let end = Instant::now() + limit;
        let mut heard = self.heard();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if done(&heard) || left.is_zero() {
                return heard;
            }
            let woken = self.shared.more.wait_timeout(heard, left);
            heard = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.shared.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

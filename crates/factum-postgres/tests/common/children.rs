//! Other processes: the test binary started again, to run one of its tests with a task.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use super::{NEVER, Place};

const TASK: &str = "FACTUM_TEST_CHILD_TASK";
const URL: &str = "FACTUM_TEST_CHILD_URL";
const SCHEMA: &str = "FACTUM_TEST_CHILD_SCHEMA";
/// Begins the lines that are meant for the parent; the runner of tests writes others.
const WORD: &str = "child says ";

/// Where this process should work and on what, if it is a child.
pub(crate) fn task() -> Option<(Place, String)> {
    let url = std::env::var(URL).ok()?;
    let (schema, task) = (std::env::var(SCHEMA).ok()?, std::env::var(TASK).ok()?);
    Some((Place { url, schema }, task))
}

/// Says a word to the parent.
pub(crate) fn say(word: &str) {
    // The runner may have written the beginning of a line.
    println!("\n{WORD}{word}");
}

/// Waits for the parent's next word; panics once the parent is gone.
pub(crate) async fn hear() -> String {
    let heard = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line).expect("the parent speaks text");
        assert!(read > 0, "the parent is gone");
        line.trim_end().to_owned()
    });
    heard.await.expect("reading a line does not panic")
}

/// A process that runs the test `child` of this binary. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct ChildProcess {
    process: Child,
    orders: Option<ChildStdin>,
    words: Receiver<String>,
}

impl ChildProcess {
    pub(crate) fn start(place: &Place, task: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("the test runs"))
            .args(["--exact", "child", "--nocapture"])
            .env(URL, &place.url)
            .env(SCHEMA, &place.schema)
            .env(TASK, task)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the test starts again");
        let (sender, words) = channel();
        let output = process.stdout.take().expect("it is piped");
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(word) = line.strip_prefix(WORD) {
                    drop(sender.send(word.to_owned())); // Fails once nobody listens.
                }
            }
        });
        let orders = process.stdin.take();
        Self { process, orders, words }
    }

    /// Says a word to the child.
    pub(crate) fn tell(&mut self, word: &str) {
        let orders = self.orders.as_mut().expect("the child was not left");
        writeln!(orders, "{word}").expect("the child hears");
    }

    /// The child's next word.
    pub(crate) fn word(&self) -> String {
        self.words.recv_timeout(NEVER).expect("the child says something")
    }

    /// Sends a signal, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", name])
            .arg(self.process.id().to_string())
            .status()
            .expect("there is a shell");
        assert!(sent.success(), "the signal {name} is sent");
    }

    /// Waits for the child to end well.
    pub(crate) fn finish(mut self) {
        drop(self.orders.take());
        let ended = self.process.wait().expect("the child ends");
        assert!(ended.success(), "the child ends well: {ended}");
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        // Fails if it has ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

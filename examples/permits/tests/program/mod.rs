//! The program as a process of its own, and the stores that it is run on.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use factum::tokio_postgres;
use factum_testkit::servers::{PostgresOptions, TestPostgres, postgres_under_test};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

fn permits(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_permits"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// What `permits` prints, once it has ended well.
pub fn output(arguments: &[&str]) -> String {
    let done = permits(arguments).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// A `permits` that runs for long.
pub struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = permits(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// Reads on up to the line that holds all of these words.
    pub fn hear(&mut self, words: &[&str]) -> String {
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).unwrap();
            assert!(read > 0, "it ended before it said {words:?}");
            if words.iter().all(|it| line.contains(it)) {
                return line;
            }
        }
    }

    /// Ends it like control-C; gives its exit code and what it still said.
    pub fn interrupt(mut self) -> (Option<i32>, String) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::INT).unwrap();
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }

    /// Ends it at once, wherever it is.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(3), what).await.expect("it ends")
}

/// Where stores live; gone with it.
pub struct Place {
    pub name: String,
    base: Base,
    made: AtomicU64,
}

enum Base {
    Sqlite(TempDir),
    Postgres(Box<TestPostgres>),
}

impl Place {
    fn new(name: String, base: Base) -> Self {
        Self { name, base, made: AtomicU64::new(0) }
    }

    pub fn sqlite() -> Self {
        Self::new("sqlite".into(), Base::Sqlite(TempDir::with_prefix("factum-").unwrap()))
    }

    /// SQLite, and PostgreSQL where a server can be had.
    pub fn all() -> Vec<Self> {
        let servers = postgres_under_test(&PostgresOptions::default()).unwrap();
        let newest = servers.into_iter().next_back();
        let newest =
            newest.map(|server| Self::new(server.name(), Base::Postgres(Box::new(server))));
        [Self::sqlite()].into_iter().chain(newest).collect()
    }

    /// The address of a store that is not there yet.
    pub async fn new_url(&self) -> String {
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        match &self.base {
            Base::Sqlite(folder) => {
                format!("sqlite:{}", folder.path().join(format!("{number}.db")).display())
            }
            Base::Postgres(server) => {
                let name = format!("permits_{}_{number}", std::process::id());
                new_database(&server.url(), &name).await
            }
        }
    }
}

/// Makes a database on the server of `url`, and gives its address.
async fn new_database(url: &str, name: &str) -> String {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let (before, query) = url.split_once('?').map_or((url, None), |(url, it)| (url, Some(it)));
    let (server, _) = before.rsplit_once('/').unwrap();
    let query = query.map(|it| format!("?{it}")).unwrap_or_default();
    format!("{server}/{name}{query}")
}

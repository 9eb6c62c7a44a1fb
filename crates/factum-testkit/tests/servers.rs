//! Servers of the tests' own: they start, crash, come back with their data, and leave nothing.
//!
//! The tests speak as much of PostgreSQL's protocol as they need: the kit has no client.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use factum_testkit::servers::{
    NO_PGBOUNCER, NO_POSTGRES, PgBouncer, PoolMode, PostgresInstall, PostgresOptions,
    PostgresServer, ServerError, Signal, shared_postgres,
};

const LIMIT: Duration = Duration::from_secs(30);
const PARENT: &str = "FACTUM_TEST_PARENT_TO_KILL";

fn installs() -> Vec<PostgresInstall> {
    let all = PostgresInstall::all();
    if all.is_empty() {
        println!("{NO_POSTGRES}");
    }
    all
}

/// The newest of them.
fn install() -> Option<PostgresInstall> {
    installs().pop()
}

fn started(install: &PostgresInstall) -> PostgresServer {
    PostgresServer::start(install, &PostgresOptions::default()).expect("the server starts")
}

/// A connection as `postgres`.
struct Connection(TcpStream);

impl Connection {
    fn to(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        stream.set_read_timeout(Some(LIMIT)).expect("a limit");
        let mut connection = Self(stream);
        let mut packet = 196_608_u32.to_be_bytes().to_vec(); // Version 3.0 of the protocol.
        packet.extend(b"user\0postgres\0database\0postgres\0\0");
        connection.send(&[], &packet);
        connection.answers();
        connection
    }

    fn send(&mut self, kind: &[u8], body: &[u8]) {
        let length = u32::try_from(body.len() + 4).expect("a short packet").to_be_bytes();
        self.0.write_all(&[kind, &length, body].concat()).expect("the packet is sent");
    }

    /// The first value of the last row that a statement answers.
    fn query(&mut self, sql: &str) -> String {
        self.send(b"Q", format!("{sql}\0").as_bytes());
        self.answers()
    }

    /// Reads until the server is ready for more.
    fn answers(&mut self) -> String {
        let mut value = String::new();
        loop {
            let mut head = [0; 5];
            self.0.read_exact(&mut head).expect("an answer");
            let length = u32::from_be_bytes(head[1..].try_into().expect("four bytes"));
            let mut body = vec![0; length as usize - 4];
            self.0.read_exact(&mut body).expect("the rest of an answer");
            match head[0] {
                b'D' => value = String::from_utf8_lossy(&body[6..]).into_owned(),
                b'E' => panic!("{}", String::from_utf8_lossy(&body)),
                b'Z' => return value,
                _ => {}
            }
        }
    }

    /// Waits until the other side is gone.
    fn wait_for_end(mut self) {
        let mut rest = Vec::new();
        let ended = self.0.read_to_end(&mut rest);
        let is_reset = |it: &std::io::Error| it.kind() == std::io::ErrorKind::ConnectionReset;
        assert!(ended.is_ok() || ended.is_err_and(|it| is_reset(&it)), "the connection is open");
    }
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + LIMIT;
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        thread::park_timeout(Duration::from_millis(5));
    }
}

fn is_running(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).expect("a pid");
    rustix::process::test_kill_process(pid).is_ok()
}

#[test]
fn each_installed_server_starts_and_answers() {
    for install in installs() {
        let server = started(&install);
        let mut connection = Connection::to(server.port());
        let (major, minor) = install.version;
        let version = connection.query("show server_version");
        assert!(version.starts_with(&format!("{major}.{minor}")), "{version}");
        assert_eq!(connection.query("show server_encoding"), "UTF8");
        assert_eq!(connection.query("show fsync"), "on");
        assert_eq!(connection.query("show listen_addresses"), "127.0.0.1");
    }
}

#[test]
fn a_killed_server_comes_back_with_its_data() {
    for install in installs() {
        let options = PostgresOptions { durable: true, ..PostgresOptions::default() };
        let server = PostgresServer::start(&install, &options).expect("the server starts");
        let mut connection = Connection::to(server.port());
        connection.query("create table kept as select 7 as number");
        let (port, pid) = (server.port(), server.pid().expect("it runs"));
        server.kill_postmaster().expect("it is killed");
        connection.wait_for_end();
        assert_eq!(server.pid(), None);
        assert!(!is_running(pid));
        assert!(matches!(server.kill_postmaster(), Err(ServerError::Stopped)));
        server.restart().expect("it starts again");
        assert_eq!(server.port(), port);
        assert_eq!(Connection::to(port).query("select number from kept"), "7");
        server.stop().expect("it stops");
        server.restart().expect("it starts again");
        server.restart().expect("it stops and starts");
        assert_eq!(Connection::to(port).query("select number from kept"), "7");
    }
}

#[test]
fn a_process_that_stands_still_does_not_keep_a_killed_server() {
    let Some(install) = install() else { return };
    let server = started(&install);
    let mut connection = Connection::to(server.port());
    let pid = connection.query("select pg_backend_pid()").parse().expect("a number");
    server.signal_backend(pid, Signal::Stop).expect("it is a process of the server");
    server.kill_postmaster().expect("it is killed");
    connection.wait_for_end();
    server.restart().expect("it starts again");
}

#[test]
fn signals_reach_the_servers_own_processes_only() {
    let Some(install) = install() else { return };
    let server = started(&install);
    let mut connection = Connection::to(server.port());
    let pid = connection.query("select pg_backend_pid()").parse().expect("a number");
    server.signal_backend(pid, Signal::Terminate).expect("it is a process of the server");
    connection.wait_for_end();
    let own = std::process::id();
    let refused = server.signal_backend(own, Signal::Kill);
    assert!(matches!(refused, Err(ServerError::NotOurs(pid)) if pid == own));
}

#[test]
fn a_dropped_server_leaves_nothing() {
    let Some(install) = install() else { return };
    let server = started(&install);
    let (pid, folder) = (server.pid().expect("it runs"), server.folder().to_owned());
    assert!(folder.exists() && is_running(pid));
    drop(server);
    assert!(!folder.exists() && !is_running(pid));
}

#[test]
fn a_dropped_server_that_was_killed_leaves_nothing() {
    let Some(install) = install() else { return };
    let server = started(&install);
    let folder = server.folder().to_owned();
    server.kill_postmaster().expect("it is killed");
    let lock = std::fs::read_to_string(folder.join("data/postmaster.pid")).expect("it stays");
    let segment = lock.lines().nth(6).and_then(|it| it.split_whitespace().nth(1));
    let segment = segment.expect("the lock file names the segment").to_owned();
    let is_there = || {
        let segments = std::fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
        segments.lines().any(|it| it.split_whitespace().nth(1) == Some(&segment))
    };
    assert!(is_there());
    drop(server);
    assert!(!folder.exists() && !is_there());
}

#[test]
fn servers_have_ports_of_their_own() {
    let Some(install) = install() else { return };
    let servers = [started(&install), started(&install)];
    assert_ne!(servers[0].port(), servers[1].port());
    let shared = shared_postgres(&install).expect("it starts");
    let again = shared_postgres(&install).expect("it runs");
    assert!(std::ptr::eq(shared, again));
    assert!(servers.iter().all(|it| it.port() != shared.port()));
}

#[test]
fn settings_reach_the_server() {
    let Some(install) = install() else { return };
    let settings = vec![("max_connections".to_owned(), "17".to_owned())];
    let options = PostgresOptions { settings, ..PostgresOptions::default() };
    let server = PostgresServer::start(&install, &options).expect("the server starts");
    assert_eq!(Connection::to(server.port()).query("show max_connections"), "17");
}

#[test]
fn a_server_with_a_certificate_offers_encryption() {
    let Some(install) = install() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (certificate, key) = (folder.path().join("certificate"), folder.path().join("key"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]);
    let made = openssl.arg("-out").arg(&certificate).arg("-keyout").arg(&key).output();
    if !made.is_ok_and(|it| it.status.success()) {
        return println!("not run: missing tool: openssl");
    }
    let answer = |options: &PostgresOptions| {
        let server = PostgresServer::start(&install, options).expect("the server starts");
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).expect("a connection");
        stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).expect("the question is sent");
        let mut answer = [0];
        stream.read_exact(&mut answer).expect("an answer");
        char::from(answer[0])
    };
    assert_eq!(answer(&PostgresOptions::default()), 'N');
    let tls = Some((certificate, key));
    assert_eq!(answer(&PostgresOptions { tls, ..PostgresOptions::default() }), 'S');
}

#[test]
fn a_server_that_cannot_start_says_why_and_leaves_nothing() {
    let Some(install) = install() else { return };
    let settings = vec![("no_such_setting".to_owned(), "1".to_owned())];
    let options = PostgresOptions { settings, ..PostgresOptions::default() };
    let error = PostgresServer::start(&install, &options).expect_err("the setting is unknown");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[test]
fn a_killed_parent_takes_its_servers_along() {
    if std::env::var_os(PARENT).is_some() {
        parent_to_kill();
    }
    let Some(_) = install() else { return };
    let itself = std::env::current_exe().expect("this program");
    let mut parent = Command::new(itself);
    parent.args(["--exact", "a_killed_parent_takes_its_servers_along", "--nocapture"]);
    let parent = parent.env(PARENT, "1").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut parent = parent.expect("this program runs again");
    let output = BufReader::new(parent.stdout.take().expect("its output"));
    let told = output.lines().map(|it| it.expect("text")).find(|it| it.starts_with("server\t"));
    let told = told.expect("it tells of its server");
    let fields: Vec<&str> = told.split('\t').collect();
    let pid = fields[1].parse().expect("a pid");
    let folder = PathBuf::from(fields[2]);
    assert!(is_running(pid) && folder.exists());
    let connection = Connection::to(fields[3].parse().expect("a port"));
    parent.kill().expect("it is killed");
    parent.wait().expect("it is gone");
    connection.wait_for_end();
    eventually("the postmaster ends", || !is_running(pid));
    eventually("the folder goes", || !folder.exists());
}

/// Tells of a server and waits to be killed.
fn parent_to_kill() -> ! {
    let server = started(&PostgresInstall::newest().expect("there is one"));
    let (pid, folder) = (server.pid().expect("it runs"), server.folder().display());
    println!("\nserver\t{pid}\t{folder}\t{}", server.port());
    drop(std::io::stdin().read(&mut [0]));
    panic!("expected to be killed, found the end of the input");
}

#[test]
fn a_pooled_connection_reaches_the_server() {
    let Some(install) = install() else { return };
    if PgBouncer::find().is_none() {
        return println!("{NO_PGBOUNCER}");
    }
    let server = started(&install);
    for mode in [PoolMode::Transaction, PoolMode::Session] {
        let pool = PgBouncer::start(&server, mode).expect("it starts");
        let backend = |it: &mut Connection| it.query("select pg_backend_pid()");
        let mut clients = [Connection::to(pool.port()), Connection::to(pool.port())];
        let shared = backend(&mut clients[0]) == backend(&mut clients[1]);
        assert_eq!(shared, mode == PoolMode::Transaction);
        let pid = pool.pid().expect("it runs");
        drop(pool);
        assert!(!is_running(pid));
    }
}

//! The contract, case by case, on every PostgreSQL that can be started here.
//!
//! Each case gets a schema of its own. A runner that gives every test a process (nextest) gets one
//! test per server instead of one per case, so that a server is not started for each of them.

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use factum_core::{Capabilities, Clock, SharedStore, TenantScope};
use factum_postgres::{PostgresStore, PostgresStoreConfig};
use factum_testkit::conformance::{self, Case, Fixture};
use factum_testkit::servers::{PostgresOptions, TestPostgres, postgres_under_test};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// How many cases run at once where one test runs all of them.
const THREADS: usize = 4;

struct Postgres(TestPostgres);

#[async_trait]
impl Fixture for Postgres {
    async fn open(&self, home: &Path, scope: TenantScope, clock: Arc<dyn Clock>) -> SharedStore {
        let config = PostgresStoreConfig {
            schema: schema(home),
            scope,
            clock,
            connections_max: 3,
            ..PostgresStoreConfig::new(self.0.url())
        };
        Arc::new(PostgresStore::open(config).await.expect("the server is up"))
    }
}

/// A schema for each home, the same ever after.
fn schema(home: &Path) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64; // FNV-1a: short and the same in every process.
    for byte in home.as_os_str().as_encoded_bytes() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("t{hash:016x}")
}

fn main() -> ExitCode {
    let servers = match postgres_under_test(&PostgresOptions::default()) {
        Ok(servers) => servers,
        Err(error) => {
            println!("expected PostgreSQL servers to test on: {error}");
            return ExitCode::FAILURE;
        }
    };
    let one_test_each = std::env::var_os("NEXTEST").is_some();
    let mut trials = Vec::new();
    for server in servers {
        let name = server.name();
        let fixture: Arc<dyn Fixture> = Arc::new(Postgres(server));
        if one_test_each {
            trials.push(Trial::test(format!("every case on {name}"), move || run_all(&fixture)));
            continue;
        }
        let capabilities = conformance::capabilities(&fixture);
        trials.extend(
            conformance::cases()
                .into_iter()
                .map(|case| trial(&name, case, &fixture, &capabilities)),
        );
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(name: &str, case: Case, fixture: &Arc<dyn Fixture>, capabilities: &Capabilities) -> Trial {
    let (missing, fixture) = (case.missing(capabilities), Arc::clone(fixture));
    Trial::ignorable_test(format!("{name}::{}", case.name()), move || match missing {
        Some(reason) => Ok(Completion::ignored_with(reason)),
        None => case.run(fixture).map(|()| Completion::Completed).map_err(Failed::from),
    })
}

/// Runs every case and names those that failed.
fn run_all(fixture: &Arc<dyn Fixture>) -> Result<(), Failed> {
    let capabilities = conformance::capabilities(fixture);
    let (cases, next) = (conformance::cases(), AtomicUsize::new(0));
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(reason) = case.missing(&capabilities) {
                        println!("not run: {} ({reason})", case.name());
                    } else if let Err(failure) = case.run(Arc::clone(fixture)) {
                        let failure = format!("{}: {failure}", case.name());
                        failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
}

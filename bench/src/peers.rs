//! Factum and other event stores on the same work, each a small program with a lock file of its
//! own, built when asked for. Those on PostgreSQL share a server, one after the other.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::measure::{Bench, Result, rate};
use crate::postgres::Postgres;

/// Folders under `peers/`, each a program that prints one JSON object per measurement.
const PEERS: [&str; 5] = ["factum", "tephra", "umadb", "cqrs-es", "evento"];
/// Those that work on PostgreSQL: the name, and the folder.
const ON_POSTGRES: [(&str, &str); 3] = [
    ("factum-postgres", "factum"),
    ("cqrs-es-postgres", "cqrs-es-postgres"),
    ("disintegrate-postgres", "disintegrate-postgres"),
];

/// Runs the peers whose name contains `only`.
pub fn run(bench: &Bench, only: &str, json: bool) -> Result<()> {
    if !json {
        println!("\n{:<22} {:<24} {:>12}  what was durable", "peer", "work", "rate");
    }
    for peer in PEERS.into_iter().filter(|it| it.contains(only)) {
        print_all(peer, &run_in_folder(bench, peer), json);
    }
    let on_postgres = || ON_POSTGRES.into_iter().filter(|(name, _)| name.contains(only));
    if on_postgres().next().is_none() {
        return Ok(());
    }
    match Postgres::start() {
        Ok(postgres) => {
            postgres.print(json);
            for (name, folder) in on_postgres() {
                print_all(name, &run_in_database(bench, &postgres, folder), json);
            }
        }
        Err(why) => on_postgres().for_each(|(name, _)| print_not_run(name, &why, json)),
    }
    Ok(())
}

fn print_all(peer: &str, lines: &Result<Vec<Value>>, json: bool) {
    match lines {
        Ok(lines) => lines.iter().for_each(|line| print(peer, line, json)),
        Err(error) => print_not_run(peer, &error.to_string(), json),
    }
}

fn print_not_run(peer: &str, why: &str, json: bool) {
    if json {
        println!("{}", serde_json::json!({ "peer": peer, "not_run": why }));
    } else {
        println!("{peer:<22} not run: {why}");
    }
}

fn run_in_folder(bench: &Bench, peer: &str) -> Result<Vec<Value>> {
    let folder = bench.file().with_extension(peer);
    std::fs::create_dir_all(&folder)?;
    let lines = run_one(bench, peer, folder.as_os_str());
    std::fs::remove_dir_all(&folder)?;
    lines
}

/// In a new database, which is dropped afterwards, so that nothing of one peer is vacuumed or
/// written out while the next is measured.
fn run_in_database(bench: &Bench, postgres: &Postgres, peer: &str) -> Result<Vec<Value>> {
    let url = bench.block_on(postgres.create_database("peer"))?;
    let lines = run_one(bench, peer, url.as_ref());
    bench.block_on(postgres.drop_database("peer"))?;
    lines
}

/// Builds the program and runs it on stores in that place.
fn run_one(bench: &Bench, peer: &str, place: &OsStr) -> Result<Vec<Value>> {
    let manifest =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(peer).join("Cargo.toml");
    if !manifest.is_file() {
        return Err(format!("no program at {}", manifest.display()).into());
    }
    let output = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["run", "--release", "--quiet", "--locked", "--jobs", "1", "--manifest-path"])
        .arg(manifest)
        .envs(std::env::var_os("FACTUM_PEERS_TARGET_DIR").map(|it| ("CARGO_TARGET_DIR", it)))
        .arg("--")
        .arg(place)
        .arg(bench.size(200_000).to_string())
        .output()?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        let last = error.lines().rfind(|line| !line.is_empty()).unwrap_or("it failed");
        return Err(last.to_owned().into());
    }
    let text = String::from_utf8(output.stdout)?;
    // A peer may say other things besides.
    let lines = text.lines().filter(|line| line.starts_with('{'));
    Ok(lines.map(serde_json::from_str).collect::<std::result::Result<_, _>>()?)
}

/// A line is `{"work": "...", "events": 1, "per_second": 1.0, "durable": "..."}`.
fn print(peer: &str, line: &Value, json: bool) {
    if json {
        println!("{}", serde_json::json!({ "peer": peer, "measured": line }));
        return;
    }
    let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let per_second = line["per_second"].as_f64().unwrap_or_default();
    println!("{peer:<22} {:<24} {:>12}  {}", text("work"), rate(per_second), text("durable"));
}

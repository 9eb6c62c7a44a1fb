//! Factum and other event stores on the same work, each a small program with a lock file of its
//! own, built when asked for.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::measure::{Bench, Result, rate};

/// Folders under `peers/`, each a program that prints one JSON object per measurement.
const PEERS: [&str; 5] = ["factum", "tephra", "umadb", "cqrs-es", "evento"];
/// Peers that no program stands for, and why.
const NOT_RUN: [(&str, &str); 1] = [("disintegrate", "PostgreSQL only")];

pub fn run(bench: &Bench, json: bool) -> Result<()> {
    if !json {
        println!("\npeer         {:<24} {:>12}  what was durable", "work", "rate");
    }
    for peer in PEERS {
        match run_one(bench, peer) {
            Ok(lines) => lines.iter().for_each(|line| print(peer, line, json)),
            Err(error) => print_not_run(peer, &error.to_string(), json),
        }
    }
    for (peer, why) in NOT_RUN {
        print_not_run(peer, why, json);
    }
    Ok(())
}

fn print_not_run(peer: &str, why: &str, json: bool) {
    if json {
        println!("{}", serde_json::json!({ "peer": peer, "not_run": why }));
    } else {
        println!("{peer:<12} not run: {why}");
    }
}

fn run_one(bench: &Bench, peer: &str) -> Result<Vec<Value>> {
    let manifest =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(peer).join("Cargo.toml");
    if !manifest.is_file() {
        return Err(format!("no program at {}", manifest.display()).into());
    }
    let folder = bench.file().with_extension(peer);
    std::fs::create_dir_all(&folder)?;
    let output = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["run", "--release", "--quiet", "--locked", "--jobs", "1", "--manifest-path"])
        .arg(manifest)
        .envs(std::env::var_os("FACTUM_PEERS_TARGET_DIR").map(|it| ("CARGO_TARGET_DIR", it)))
        .arg("--")
        .arg(&folder)
        .arg(bench.size(200_000).to_string())
        .output()?;
    std::fs::remove_dir_all(&folder)?;
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
    println!("{peer:<12} {:<24} {:>12}  {}", text("work"), rate(per_second), text("durable"));
}

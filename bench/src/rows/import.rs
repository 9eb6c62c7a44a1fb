//! The program `factum` importing a XES log, against appending the same bytes in batches.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use factum_core::{AppendRequest, EventStore, LogRead};
use factum_sqlite::{SqliteStore, SqliteStoreConfig};
use futures::StreamExt;

use super::memory::{RESIDENT_MIB_MAX, watch};
use crate::measure::{Bench, Pairs, Result, per_second, rate, timed};
use crate::table::{Bar, Row};

pub fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let Some(factum) = bench.factum() else {
        eprintln!(
            "import XES: not run; build the program first (cargo build --release), or name it with --factum"
        );
        return Ok(Vec::new());
    };
    let log = real_log().map_or_else(|| generated_log(bench), Ok)?;
    let mut pairs = Pairs::default();
    let (mut memory, mut count) = (0.0_f64, 0);
    let mut course = String::new();
    for _ in 0..3 {
        let path = bench.file();
        let (resident, time) = timed(|| import(&factum, &log, &path))?;
        if resident.most() > memory {
            (memory, course) = (resident.most(), resident.course());
        }
        let (events, again) = append_again(bench, &path)?;
        count = events;
        pairs.push(per_second(events, time), again);
        Bench::discard(&path);
    }
    let name = log.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let detail = format!(
        "{name}, {count} events: import {}, batches of 1000 {}",
        rate(pairs.ours()),
        rate(pairs.theirs())
    );
    Ok(vec![
        Row { name: "import XES", value: pairs.ratio(), bar: Bar::AtLeast(0.4), detail },
        Row {
            name: "memory while importing",
            value: memory,
            bar: Bar::AtMost(RESIDENT_MIB_MAX),
            detail: format!("MiB resident; {course}"),
        },
    ])
}

fn import(factum: &Path, log: &Path, store: &Path) -> Result<super::memory::Resident> {
    let mut child = Command::new(factum)
        .arg("--store")
        .arg(format!("sqlite:{}", store.display()))
        .args(["import", "xes"])
        .arg(log)
        .stdout(Stdio::null())
        .spawn()?;
    watch(&mut child)
}

/// Appends the imported events to a new store in batches. Returns how many, and how many a second.
fn append_again(bench: &Bench, imported: &Path) -> Result<(u64, f64)> {
    let source = bench.block_on(SqliteStore::open(SqliteStoreConfig::new(imported)))?;
    let requests: Vec<AppendRequest> = bench.block_on(async {
        let mut requests = Vec::new();
        let mut pages = source.read(LogRead::default());
        while let Some(page) = pages.next().await {
            let events =
                page?.events.into_iter().map(|event| (event.stream.clone(), event.into_new()));
            requests.push(AppendRequest { events: events.collect(), ..AppendRequest::default() });
        }
        Ok::<_, crate::measure::Error>(requests)
    })?;
    let count: usize = requests.iter().map(|request| request.events.len()).sum();
    let (path, store) = bench.store()?;
    let ((), time) = timed(|| {
        bench.block_on(async {
            for request in requests {
                store.append(request).await?;
            }
            Ok(())
        })
    })?;
    drop(store);
    Bench::discard(&path);
    Ok((count as u64, per_second(count as u64, time)))
}

/// A real log of loan applications, where there is one.
fn real_log() -> Option<PathBuf> {
    let folders =
        [std::env::var_os("FACTUM_DATA").map(PathBuf::from), Some("../../shared/data".into())];
    let files = folders.into_iter().flatten().map(|folder| folder.join("bpic2012.xes.gz"));
    files.into_iter().find(|file| file.is_file())
}

/// A log of the same shape: 13,000 cases of 20 events.
fn generated_log(bench: &Bench) -> Result<PathBuf> {
    let path = bench.file().with_extension("xes");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&path)?);
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?><log xes.version="1.0">"#)?;
    for case in 0..bench.size(13_000) {
        writeln!(out, r#"<trace><string key="concept:name" value="{case}"/>"#)?;
        for step in 0..20 {
            writeln!(
                out,
                "<event><string key=\"org:resource\" value=\"{}\"/>\
                 <string key=\"lifecycle:transition\" value=\"COMPLETE\"/>\
                 <string key=\"concept:name\" value=\"Step {step}\"/>\
                 <date key=\"time:timestamp\" value=\"2026-01-01T{:02}:{:02}:00.000+00:00\"/></event>",
                case % 60,
                step,
                case % 60
            )?;
        }
        writeln!(out, "</trace>")?;
    }
    writeln!(out, "</log>")?;
    out.flush()?;
    Ok(path)
}

//! The machine, because a figure without it says nothing.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::measure::{Result, percentile};

/// What the figures were measured on, and in which state it was.
#[derive(Debug)]
pub struct Machine {
    cores: usize,
    cpu: String,
    kernel: String,
    /// How many were running or waiting to, over the last minute: above 0 is other work.
    load: String,
    file_system: String,
    free: String,
    flush_p50_us: f64,
    flush_p99_us: f64,
}

impl Machine {
    /// Looks at the machine and measures the disk under a folder.
    pub fn look(home: &Path) -> Result<Self> {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            cpu: model.unwrap_or("unknown").trim_start_matches(['\t', ' ', ':']).into(),
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease")
                .map_or("unknown".into(), |it| it.trim().into()),
            load: load.split(' ').next().unwrap_or("unknown").into(),
            file_system: file_system(home),
            free: free(home).unwrap_or("unknown".into()),
            flush_p50_us: flush(home, 0.5)?,
            flush_p99_us: flush(home, 0.99)?,
        })
    }

    pub fn print(&self, json: bool) {
        let Self { cores, cpu, kernel, load, file_system, free, flush_p50_us, flush_p99_us } = self;
        let sqlite = rusqlite::version();
        if json {
            let line = serde_json::json!({
                "cores": cores, "cpu": cpu, "kernel": kernel, "load": load,
                "file_system": file_system, "free": free, "flush_p50_us": flush_p50_us,
                "flush_p99_us": flush_p99_us, "sqlite": sqlite,
            });
            println!("{line}");
            return;
        }
        println!("cores {cores}, {cpu}, Linux {kernel}, load {load}");
        println!(
            "file system {file_system}, {free}, fdatasync p50 {flush_p50_us:.0} us, \
             p99 {flush_p99_us:.0} us"
        );
        println!("SQLite {sqlite}, write-ahead log, synchronous=FULL\n");
    }
}

/// The type of the file system under a folder: the longest mount point that is its prefix.
fn file_system(home: &Path) -> String {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let fields = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let under = fields.filter(|(point, _)| home.starts_with(point));
    under.max_by_key(|(point, _)| point.len()).map_or("unknown".into(), |(_, kind)| kind.into())
}

/// The state of the disk: a full one is slower.
fn free(home: &Path) -> Option<String> {
    let output = Command::new("df").args(["-k", "--output=size,avail"]).arg(home).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut kib = text.lines().nth(1)?.split_whitespace().map(str::parse::<u64>);
    let (size, free) = (kib.next()?.ok()?, kib.next()?.ok()?);
    Some(format!("{} GiB free of {}", free >> 20, size >> 20))
}

/// How long it takes to write 4 KiB over what is there and flush it, in microseconds.
fn flush(home: &Path, share: f64) -> Result<f64> {
    let mut file = File::create(home.join("flush"))?;
    file.write_all(&[0; 4_096])?;
    file.sync_all()?;
    let mut times = Vec::new();
    for _ in 0..200 {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&[1; 4_096])?;
        let start = Instant::now();
        file.sync_data()?;
        times.push(start.elapsed());
    }
    Ok(percentile(&mut times, share))
}

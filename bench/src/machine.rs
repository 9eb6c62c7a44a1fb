//! The machine, because a figure without it says nothing.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Instant;

use crate::measure::{Result, percentile};

pub fn describe(home: &Path) -> Result<()> {
    let cores = std::thread::available_parallelism()?;
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    println!(
        "cores {cores}, {}, Linux {}",
        model.trim_start_matches(['\t', ' ', ':']),
        kernel.trim()
    );
    println!(
        "file system {}, flush p50 {:.0} us, p99 {:.0} us",
        file_system(home),
        flush(home, 0.5)?,
        flush(home, 0.99)?
    );
    println!("SQLite {}, write-ahead log, synchronous=FULL\n", rusqlite::version());
    Ok(())
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

//! F4 for indexes: single bits flip on every kind of page of every table and index. Each read, query,
//! claim, load and append is answered as it would be from the sound file, or with an error.
//!
//! Takes `FACTUM_FLIPS` flips, with the seed `FACTUM_FLIPS_SEED`; a failure prints what to set to
//! see it again.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod appends;
mod build;
mod pages;
mod reads;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use factum_core::{SharedStore, StoreError, TenantScope};
use factum_sqlite::{SqliteStore, SqliteStoreConfig};
use factum_testkit::ManualClock;
use futures::StreamExt;

use appends::Written;
use pages::Flip;
use reads::Answer;

/// How many flips a run without settings makes.
const FLIPS: usize = 2_000;

/// The handle of all tenants.
pub(crate) async fn open(path: &Path) -> Result<SharedStore, StoreError> {
    let config = SqliteStoreConfig {
        scope: TenantScope::All,
        clock: Arc::new(ManualClock::default()),
        readers: 1,
        busy_timeout_ms: 0,
        unsafe_no_flush: true, // What is tested survives no crash.
        ..SqliteStoreConfig::new(path)
    };
    Ok(Arc::new(SqliteStore::open(config).await?))
}

/// What a store answers, before and after appends.
struct Answers {
    reads: Vec<Answer>,
    written: Written,
}

async fn answers(path: &Path, turn: usize) -> Result<Answers, StoreError> {
    let store = open(path).await?;
    let reads = reads::all(&store, turn).await;
    let written = appends::all(&store, turn).await;
    Ok(Answers { reads, written })
}

/// The file as it was built, and what it answers at each turn.
struct Sound {
    bytes: Vec<u8>,
    answers: Vec<Answers>,
}

async fn sound(folder: &Path) -> Sound {
    let path = folder.join("log.db");
    build::build(&path).await;
    let bytes = std::fs::read(&path).unwrap();
    let mut all = Vec::new();
    for turn in 0..reads::TURNS {
        let copy = folder.join(format!("sound-{turn}.db"));
        std::fs::write(&copy, &bytes).unwrap();
        let answers = answers(&copy, turn).await.unwrap();
        answers.written.must_be_whole();
        let findings = open(&copy).await.unwrap().verify().await.unwrap().findings;
        assert_eq!(findings, [""; 0]);
        all.push(answers);
    }
    Sound { bytes, answers: all }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Flips a bit in a copy of the file. What is wrong, in words.
async fn wrong_after(sound: &Sound, flip: &Flip, path: PathBuf) -> Vec<String> {
    let expected = &sound.answers[flip.number % reads::TURNS];
    let mut bytes = sound.bytes.clone();
    bytes[flip.byte] ^= 1 << flip.bit;
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    std::fs::write(&path, bytes).unwrap();
    let Ok(found) = answers(&path, flip.number).await else { return Vec::new() };
    let reads = expected.reads.iter().zip(&found.reads);
    let mut wrong: Vec<_> = reads.filter_map(|(sound, found)| found.wrong(sound)).collect();
    wrong.extend(found.written.wrong(&expected.written));
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f4_no_flipped_bit_of_an_index_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let sound = sound(folder.path()).await;
    let seed = setting("FACTUM_FLIPS_SEED").unwrap_or(11);
    let count = setting("FACTUM_FLIPS").map_or(FLIPS, |it| usize::try_from(it).unwrap());
    let flips = pages::flips(&folder.path().join("log.db"), seed, count);

    let (sound, folder) = (&sound, folder.path());
    let checks = flips.iter().map(|flip| async move {
        let place = folder.join(format!("{}.db", flip.number));
        let wrong = wrong_after(sound, flip, place.clone()).await;
        let _ = std::fs::remove_file(place);
        (flip, wrong)
    });
    let checked: Vec<_> = futures::stream::iter(checks).buffer_unordered(4).collect().await;

    let (mut by_page, mut shown, mut failed) = (BTreeMap::new(), Vec::new(), 0);
    for (flip, wrong) in &checked {
        let of_page: &mut (usize, usize) = by_page.entry(&flip.page).or_default();
        of_page.0 += 1;
        if let Some(first) = wrong.first() {
            of_page.1 += 1;
            failed += 1;
            shown.push(format!("{flip}: {} wrong, first {first}", wrong.len()));
        }
    }
    for (page, (made, wrong)) in by_page {
        println!("{page}: {wrong} of {made} flips answered wrongly");
    }
    assert_eq!(failed, 0, "of {count} flips with seed {seed}:\n{}", shown.join("\n"));
}

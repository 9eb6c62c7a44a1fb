//! Backups: complete ones are a prefix of the log, incomplete ones are not taken for backups.

use std::path::Path;

use factum_core::{Maintenance, TenantScope, Verified};
use factum_sqlite::{SqliteStore, SqliteStoreConfig};

use super::Log;
use crate::arguments::Arguments;
use crate::witness::{Backup, Witness};

/// Opens every backup that the round left and compares it with the log. Returns how many.
///
/// A backup that was acknowledged must be there. One that was not may be missing; if its file is
/// there, it must be complete, because nobody could tell it from a good one.
pub(super) async fn backups_are_prefixes(
    arguments: &Arguments,
    witness: &Witness,
    log: &Log,
) -> (usize, Vec<String>) {
    let (mut compared, mut problems) = (0, Vec::new());
    for backup in &witness.backups {
        let path = arguments.home.join(&backup.name);
        if !path.exists() {
            if backup.position.is_some() {
                problems.push(format!("backup {}: acknowledged and missing", backup.name));
            }
            continue;
        }
        compared += 1;
        match opened(&path).await {
            Ok(verified) => problems.extend(compare(backup, &verified, log)),
            Err(error) => problems.push(format!("backup {}: {error}", backup.name)),
        }
    }
    (compared, problems)
}

async fn opened(path: &Path) -> Result<Verified, factum_core::StoreError> {
    let config = SqliteStoreConfig {
        scope: TenantScope::All,
        create: false,
        ..SqliteStoreConfig::new(path)
    };
    SqliteStore::open(config).await?.verify().await
}

fn compare(backup: &Backup, verified: &Verified, log: &Log) -> Vec<String> {
    let Backup { name, position } = backup;
    let mut problems: Vec<String> =
        verified.findings.iter().map(|finding| format!("backup {name}: {finding}")).collect();
    let events = verified.events;
    if position.is_some_and(|position| position != events) {
        problems.push(format!("backup {name}: told {position:?}, found {events} events"));
    }
    if events > log.head || log.digest(events) != verified.digest {
        problems.push(format!("backup {name}: its {events} events are not the log's first"));
    }
    problems
}

#[cfg(test)]
mod tests;

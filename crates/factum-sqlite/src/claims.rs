//! Unique values: looked up so that damage is neither taken for another holder nor for none.

use factum_core::{Claim, StreamId};
use rusqlite::{Connection, OptionalExtension};

use crate::codec::{claim_checksum, claim_hash};
use crate::error::Failure;
use crate::names::Names;
use crate::sql;

/// The stream that holds a claim. One that is not found by its name must be missing from the index
/// of hashes as well.
pub(crate) fn find_claim(
    conn: &Connection,
    names: &mut Names,
    tenant: i64,
    claim: &Claim,
) -> Result<Option<StreamId>, Failure> {
    let (name, value) = (claim.name(), claim.value());
    let damaged =
        || Failure::Corrupt(format!("a claim {name:?} or an index that leads to it is damaged"));
    let mut statement = conn.prepare_cached(sql::FIND_CLAIM)?;
    let row = statement.query_row((tenant, name, value), |row| Ok((row.get(0)?, row.get(1)?)));
    let found: Option<(i64, i64)> = row.optional()?;
    if let Some((owner, checksum)) = found {
        if claim_checksum(tenant, name, value, owner) != checksum {
            return Err(damaged());
        }
        return Ok(Some(names.stream(conn, owner)?.stream.clone()));
    }
    let mut statement = conn.prepare_cached(sql::FIND_CLAIM_BY_HASH)?;
    let known = statement.exists([claim_hash(tenant, name, value)])?;
    if known { Err(damaged()) } else { Ok(None) }
}

/// Makes a stream the holder of a claim.
pub(crate) fn put_claim(
    conn: &Connection,
    tenant: i64,
    claim: &Claim,
    stream: i64,
) -> Result<(), Failure> {
    let (name, value) = (claim.name(), claim.value());
    let hash = claim_hash(tenant, name, value);
    let checksum = claim_checksum(tenant, name, value, stream);
    let mut statement = conn.prepare_cached(sql::PUT_CLAIM)?;
    statement.execute((tenant, name, value, stream, hash, checksum))?;
    Ok(())
}

/// A stream that has events has a row.
pub(crate) fn without_row(stream: &StreamId) -> Failure {
    Failure::Corrupt(format!("stream {stream}: expected a row, found none"))
}

//! Looking a tenant up, so that damage is not taken for a tenant without data.

use factum_core::TenantId;
use rusqlite::{Connection, OptionalExtension};

use crate::codec::tenant_checksum;
use crate::error::Failure;
use crate::{head, sql};

/// The id of a tenant; `None` if the store has never heard of it.
pub(crate) fn find(conn: &Connection, tenant: &TenantId) -> Result<Option<i64>, Failure> {
    let mut statement = conn.prepare_cached(sql::FIND_TENANT)?;
    let found = statement.query_row([tenant.as_str()], |row| row.get(0)).optional()?;
    match found {
        Some(id) => {
            let mut statement = conn.prepare_cached(sql::TENANT_NAME)?;
            let checksum: Option<i64> = statement.query_row([id], |row| row.get(1)).optional()?;
            if checksum != Some(tenant_checksum(id, tenant.as_str())) {
                return Err(damaged(tenant));
            }
        }
        None => check_absent(conn, tenant)?,
    }
    Ok(found)
}

fn damaged(tenant: &TenantId) -> Failure {
    Failure::Corrupt(format!("the rows or the index of tenants are damaged near {tenant}"))
}

/// Makes sure by the rows themselves that a tenant missing from their index is not there.
fn check_absent(conn: &Connection, tenant: &TenantId) -> Result<(), Failure> {
    let damaged = || damaged(tenant);
    let mut statement = conn.prepare_cached(sql::ALL_TENANTS)?;
    let mut rows = statement.query([])?;
    let mut expected = 1;
    while let Some(row) = rows.next()? {
        let read = || -> rusqlite::Result<(i64, String, i64)> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        };
        let (id, name, checksum) = read().map_err(|_| damaged())?;
        let sound = id == expected && checksum == tenant_checksum(id, &name);
        if !sound || name == tenant.as_str() {
            return Err(damaged());
        }
        expected += 1;
    }
    // The writer's transaction may hold more of them than the head says.
    if expected - 1 < head::read(conn)?.tenants() {
        return Err(damaged());
    }
    Ok(())
}

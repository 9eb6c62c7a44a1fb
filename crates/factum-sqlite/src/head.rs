//! Where the log ends and how many names there are, as the file says beside the rows.

use rusqlite::{Connection, OptionalExtension};

use crate::codec::head_checksum;
use crate::error::Failure;
use crate::sql;

/// What the row of the head says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The last position, 0 for an empty log.
    pub(crate) position: i64,
    /// How many tenants, streams, kinds and terms there are. Their ids are dense from 1.
    pub(crate) names: [i64; 4],
}

impl Head {
    pub(crate) fn tenants(&self) -> i64 {
        self.names[0]
    }
}

pub(crate) fn read(conn: &Connection) -> Result<Head, Failure> {
    let mut statement = conn.prepare_cached(sql::HEAD)?;
    let row = statement.query_row([], |row| {
        let names = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
        Ok((Head { position: row.get(0)?, names }, row.get::<_, i64>(5)?))
    });
    match row.optional()? {
        Some((head, checksum)) if head_checksum(head.position, head.names) == checksum => Ok(head),
        _ => Err(Failure::Corrupt("the row of the head differs from its checksum".into())),
    }
}

/// The head, after making sure that events and names end there too.
pub(crate) fn read_checked(conn: &Connection) -> Result<Head, Failure> {
    let head = read(conn)?;
    let last = last(conn)?;
    if last == head {
        return Ok(head);
    }
    let (expected, found) = (head.position, last.position);
    if expected != found {
        return Err(Failure::Corrupt(format!(
            "expected the last event at position {expected}, found it at {found}"
        )));
    }
    let (expected, found) = (head.names, last.names);
    Err(Failure::Corrupt(format!(
        "expected the last ids of tenants, streams, kinds and terms to be {expected:?}, \
         found {found:?}"
    )))
}

/// What the rows say the head is.
pub(crate) fn last(conn: &Connection) -> rusqlite::Result<Head> {
    conn.prepare_cached(sql::LAST_IDS)?.query_row([], |row| {
        let names = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
        Ok(Head { position: row.get(0)?, names })
    })
}

/// Says that the log now ends here.
pub(crate) fn write(conn: &Connection, head: Head) -> Result<(), Failure> {
    let Head { position, names } = head;
    let [tenants, streams, kinds, terms] = names;
    let checksum = head_checksum(position, names);
    let mut statement = conn.prepare_cached(sql::MOVE_HEAD)?;
    statement.execute((position, tenants, streams, kinds, terms, checksum))?;
    Ok(())
}

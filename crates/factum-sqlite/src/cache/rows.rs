//! The rows of a run as bytes, one after another: position, kind, lengths of envelope and payload
//! as varints, time in 8 bytes, envelope, payload. The stream and the revision are the run's.

use super::Run;
use crate::codec::{ByteReader, RowNumbers, varint};
use crate::rows::EventRow;

/// Puts a row at the end of a run's rows.
pub(crate) fn keep_row(rows: &mut Vec<u8>, numbers: RowNumbers, envelope: &[u8], payload: &[u8]) {
    rows.reserve(32 + envelope.len() + payload.len());
    varint(rows, numbers.position.cast_unsigned());
    varint(rows, numbers.kind.cast_unsigned());
    varint(rows, envelope.len() as u64);
    varint(rows, payload.len() as u64);
    rows.extend_from_slice(&numbers.recorded_at.to_le_bytes());
    rows.extend_from_slice(envelope);
    rows.extend_from_slice(payload);
}

/// The rows of a run, first to last.
pub(crate) fn kept_rows(run: Run, rows: &[u8]) -> impl Iterator<Item = EventRow<'_>> {
    let (mut reader, mut revision) = (ByteReader::new(rows), run.first);
    std::iter::from_fn(move || {
        let position = reader.number()?.cast_signed();
        let kind = reader.number()?.cast_signed();
        let lengths = [reader.length()?, reader.length()?];
        let recorded_at = i64::from_le_bytes(reader.bytes()?);
        let [envelope, payload] = lengths.map(|length| reader.slice(length));
        let numbers = RowNumbers { position, stream: run.stream, revision, kind, recorded_at };
        revision += 1;
        Some(EventRow::kept(numbers, envelope?, payload?))
    })
}

/// Where the rows begin that are left when the first `count` are taken away.
pub(super) fn rows_after(rows: &[u8], count: i64) -> usize {
    let mut reader = ByteReader::new(rows);
    let mut skip = || {
        reader.number()?;
        reader.number()?;
        let length = reader.length()? + reader.length()?;
        reader.bytes::<8>()?;
        reader.slice(length)
    };
    (0..count).for_each(|_| _ = skip());
    rows.len() - reader.left()
}

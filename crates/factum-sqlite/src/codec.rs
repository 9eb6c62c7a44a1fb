//! The bytes of a row: envelopes and checksums. Golden-tested; a change needs a migration.
//!
//! # Envelope
//!
//! | bytes | what |
//! |---|---|
//! | 1 | layout, 1 |
//! | 16 | event id |
//! | 1 | codec number |
//! | varint | schema version |
//! | varint, then each a varint | tags: how many, their term ids in tag order |
//! | varint | correlation: 0, or its term id |
//! | text | causation, empty for none |
//! | text | principal, empty for none |
//! | varint, then each 1 byte and 2 texts | claim changes: how many; 0 release or 1 take, name, value |
//! | varint, then each 2 texts | metadata: how many; key, value |
//!
//! A varint is LEB128; a text is its length in bytes as a varint, then UTF-8.

use factum_core::{Claim, ClaimChange, Metadata, NewEvent};
use rusqlite::types::ValueRef;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

mod bytes;

pub(crate) use bytes::{ByteReader, varint};

const LAYOUT: u8 = 1;

/// The whole numbers of an event row, in the order they are hashed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowNumbers {
    pub(crate) position: i64,
    pub(crate) stream: i64,
    pub(crate) revision: i64,
    pub(crate) kind: i64,
    pub(crate) recorded_at: i64,
}

/// The checksum of an event row: XXH3 over its numbers, chained over its envelope and payload.
pub(crate) fn event_checksum(numbers: RowNumbers, envelope: &[u8], payload: &[u8]) -> i64 {
    let RowNumbers { position, stream, revision, kind, recorded_at } = numbers;
    let mut head = [0; 40];
    for (bytes, number) in
        head.chunks_exact_mut(8).zip([position, stream, revision, kind, recorded_at])
    {
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    let seed = xxh3_64_with_seed(envelope, xxh3_64(&head));
    xxh3_64_with_seed(payload, seed).cast_signed()
}

/// The checksum of the row that says where the log ends: its position and how many names there are.
pub(crate) fn head_checksum(position: i64, names: [i64; 4]) -> i64 {
    let [tenants, streams, kinds, terms] = names;
    row_checksum(&[position, tenants, streams, kinds, terms], &[])
}

/// The checksum of a tenant's row.
pub(crate) fn tenant_checksum(id: i64, name: &str) -> i64 {
    row_checksum(&[id], &[name.as_bytes()])
}

/// What a stream's row says, apart from its checksum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamRow<'a> {
    pub(crate) id: i64,
    pub(crate) tenant: i64,
    pub(crate) name: &'a str,
    pub(crate) first_revision: i64,
    pub(crate) tombstoned: bool,
    pub(crate) last_revision: i64,
    pub(crate) last_position: i64,
}

impl StreamRow<'_> {
    pub(crate) fn checksum(&self) -> i64 {
        let Self { id, tenant, name, first_revision, tombstoned, .. } = *self;
        let tombstoned = i64::from(tombstoned);
        let numbers =
            [id, tenant, first_revision, tombstoned, self.last_revision, self.last_position];
        row_checksum(&numbers, &[name.as_bytes()])
    }
}

/// The checksum of a kind's row.
pub(crate) fn kind_checksum(id: i64, tenant: i64, category: &str, event_type: &str) -> i64 {
    row_checksum(&[id, tenant], &[category.as_bytes(), event_type.as_bytes()])
}

/// The checksum of a term's row.
pub(crate) fn term_checksum(id: i64, tenant: i64, form: i64, name: &str) -> i64 {
    row_checksum(&[id, tenant, form], &[name.as_bytes()])
}

/// The checksum of a claim's row.
pub(crate) fn claim_checksum(tenant: i64, name: &str, value: &str, stream: i64) -> i64 {
    row_checksum(&[tenant, stream], &[name.as_bytes(), value.as_bytes()])
}

/// What the second index of streams finds one by.
pub(crate) fn stream_hash(tenant: i64, name: &str) -> i64 {
    row_checksum(&[1, tenant], &[name.as_bytes()])
}

/// What the second index of terms finds one by, of whatever tenant.
pub(crate) fn term_hash(form: i64, name: &str) -> i64 {
    row_checksum(&[2, form], &[name.as_bytes()])
}

/// What kinds are found by, beside their own indexes: a category, a type, both or neither.
pub(crate) fn kind_hash(category: Option<&str>, event_type: Option<&str>) -> i64 {
    let asked = i64::from(category.is_some()) + 2 * i64::from(event_type.is_some());
    row_checksum(&[3, asked], &[category, event_type].map(|it| it.unwrap_or("").as_bytes()))
}

/// Everything that a kind may be asked for by.
pub(crate) fn kind_hashes(category: &str, event_type: &str) -> [i64; 4] {
    let (category, event_type) = (Some(category), Some(event_type));
    [(None, None), (category, None), (None, event_type), (category, event_type)]
        .map(|(category, event_type)| kind_hash(category, event_type))
}

/// What the second index of claims finds one by.
pub(crate) fn claim_hash(tenant: i64, name: &str, value: &str) -> i64 {
    row_checksum(&[4, tenant], &[name.as_bytes(), value.as_bytes()])
}

/// What the second index of commands finds one by.
pub(crate) fn command_hash(tenant: i64, id: &str) -> i64 {
    row_checksum(&[5, tenant], &[id.as_bytes()])
}

/// What the second index of subscriptions finds one by.
pub(crate) fn subscription_hash(scope: &str, name: &str) -> i64 {
    row_checksum(&[6], &[scope.as_bytes(), name.as_bytes()])
}

/// What a command's row says, apart from its checksum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommandRow<'a> {
    pub(crate) tenant: i64,
    pub(crate) id: &'a str,
    pub(crate) target: &'a str,
    pub(crate) digest: Option<&'a [u8]>,
    pub(crate) first: Option<i64>,
    pub(crate) last: i64,
    pub(crate) outcome: &'a [u8],
    pub(crate) expires_at: Option<i64>,
}

impl CommandRow<'_> {
    pub(crate) fn checksum(&self) -> i64 {
        let never = i64::MAX; // Stands in for "no time", which no clock reaches.
        let numbers =
            [self.tenant, self.first.unwrap_or(0), self.last, self.expires_at.unwrap_or(never)];
        let (id, target) = (self.id.as_bytes(), self.target.as_bytes());
        match self.digest {
            // As it was before there were digests.
            None => row_checksum(&numbers, &[id, target, self.outcome]),
            Some(digest) => row_checksum(&numbers, &[id, target, self.outcome, digest]),
        }
    }
}

/// What a snapshot's row says, apart from its checksum and its payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SnapshotRow<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) stream: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) revision: i64,
    pub(crate) position: i64,
    pub(crate) schema_version: i64,
    pub(crate) codec: i64,
    pub(crate) taken_at: i64,
    pub(crate) payload_checksum: i64,
    pub(crate) payload_bytes: i64,
}

impl SnapshotRow<'_> {
    pub(crate) fn checksum(&self) -> i64 {
        let numbers = [
            self.revision,
            self.position,
            self.schema_version,
            self.codec,
            self.taken_at,
            self.payload_checksum,
            self.payload_bytes,
        ];
        let texts = [self.tenant, self.stream, self.kind];
        row_checksum(&numbers, &texts.map(str::as_bytes))
    }
}

/// The checksum of a snapshot's payload.
pub(crate) fn payload_checksum(payload: &[u8]) -> i64 {
    row_checksum(&[], &[payload])
}

/// XXH3 chained over numbers, then texts. Each link also takes in its length, so that a border
/// between two texts cannot move unseen.
pub(crate) fn row_checksum(numbers: &[i64], texts: &[&[u8]]) -> i64 {
    let seed = numbers.iter().fold(0, |seed, it| xxh3_64_with_seed(&it.to_le_bytes(), seed));
    texts.iter().fold(seed, |seed, it| xxh3_64_with_seed(it, seed)).cast_signed()
}

/// The checksum of a row of any columns: XXH3 chained over each value with its type.
pub(crate) fn values_checksum<'a>(values: impl Iterator<Item = ValueRef<'a>>) -> i64 {
    let chained = values.fold(0, |seed, value| match value {
        ValueRef::Null => xxh3_64_with_seed(&[0], seed),
        ValueRef::Integer(number) => xxh3_64_with_seed(&number.to_le_bytes(), seed ^ 1),
        ValueRef::Real(number) => xxh3_64_with_seed(&number.to_le_bytes(), seed ^ 2),
        ValueRef::Text(bytes) => xxh3_64_with_seed(bytes, seed ^ 3),
        ValueRef::Blob(bytes) => xxh3_64_with_seed(bytes, seed ^ 4),
    });
    chained.cast_signed()
}

/// Writes an event's envelope into `out`, which is emptied first.
pub(crate) fn encode_envelope(
    out: &mut Vec<u8>,
    event: &NewEvent,
    tags: impl ExactSizeIterator<Item = i64>,
    correlation: Option<i64>,
) {
    out.clear();
    out.push(LAYOUT);
    out.extend_from_slice(event.id.as_bytes());
    out.push(event.codec.number());
    varint(out, u64::from(event.schema_version.get()));
    varint(out, tags.len() as u64);
    tags.for_each(|term| varint(out, term.cast_unsigned()));
    varint(out, correlation.unwrap_or(0).cast_unsigned());
    text(out, event.causation.as_ref().map_or("", |it| it.as_str()));
    text(out, event.principal.as_ref().map_or("", |it| it.as_str()));
    varint(out, event.claims.len() as u64);
    for change in &event.claims {
        out.push(u8::from(matches!(change, ClaimChange::Take(_))));
        text(out, change.claim().name());
        text(out, change.claim().value());
    }
    varint(out, event.metadata.iter().len() as u64);
    for (key, value) in event.metadata.iter() {
        text(out, key);
        text(out, value);
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Reads an envelope from front to back. Every method gives `None` where the bytes make no sense.
#[derive(Debug)]
pub(crate) struct EnvelopeReader<'a>(ByteReader<'a>);

impl<'a> EnvelopeReader<'a> {
    /// Starts behind the layout byte.
    pub(crate) fn new(envelope: &'a [u8]) -> Option<Self> {
        let mut bytes = ByteReader::new(envelope);
        (bytes.byte()? == LAYOUT).then_some(Self(bytes))
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.0.byte()
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.0.bytes()
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        self.0.number()
    }

    /// A count of things that take at least a byte each, so that a bad one cannot ask for memory.
    pub(crate) fn count(&mut self) -> Option<usize> {
        let count = self.0.length()?;
        (count <= self.0.left()).then_some(count)
    }

    pub(crate) fn term(&mut self) -> Option<i64> {
        i64::try_from(self.number()?).ok()
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let length = self.0.length()?;
        std::str::from_utf8(self.0.slice(length)?).ok()
    }

    pub(crate) fn claims(&mut self) -> Option<Vec<ClaimChange>> {
        let count = self.count()?;
        let mut claims = Vec::with_capacity(count);
        for _ in 0..count {
            let takes = self.byte()? == 1;
            let claim = Claim::new(self.text()?, self.text()?).ok()?;
            claims.push(if takes { ClaimChange::Take(claim) } else { ClaimChange::Release(claim) });
        }
        Some(claims)
    }

    pub(crate) fn metadata(&mut self) -> Option<Metadata> {
        let mut metadata = Metadata::default();
        for _ in 0..self.count()? {
            metadata.insert(self.text()?, self.text()?).ok()?;
        }
        Some(metadata)
    }

    /// Whether everything was read.
    pub(crate) fn is_at_end(&self) -> bool {
        self.0.left() == 0
    }
}

#[cfg(test)]
mod tests;

//! Golden bytes: never regenerated. If one of these fails, files written before cannot be read.

use factum_core::{
    CausationId, Claim, ClaimChange, Codec, EventId, EventType, NewEvent, Principal, SchemaVersion,
};

use super::*;

fn full_event() -> NewEvent {
    let id = EventId::from_bytes(*b"0123456789abcdef");
    let event_type = EventType::new("account.opened").unwrap();
    let mut event = NewEvent::new(id, event_type, Codec::Cbor, "payload");
    event.schema_version = SchemaVersion::new(300);
    event.causation = Some(CausationId::new("cause").unwrap());
    event.principal = Some(Principal::new("ann").unwrap());
    event.claims = vec![
        ClaimChange::Release(Claim::new("email", "old").unwrap()),
        ClaimChange::Take(Claim::new("email", "new").unwrap()),
    ];
    event.metadata.insert("k", "v").unwrap();
    event
}

fn encoded(event: &NewEvent, tags: &[i64], correlation: Option<i64>) -> Vec<u8> {
    let mut out = vec![9; 3]; // Left over from the event before.
    encode_envelope(&mut out, event, tags.iter().copied(), correlation);
    out
}

#[test]
fn an_envelope_with_everything_has_these_bytes() {
    let golden = b"\x010123456789abcdef\x01\xac\x02\x02\x05\x80\x01\x07\x05cause\x03ann\
                   \x02\x00\x05email\x03old\x01\x05email\x03new\x01\x01k\x01v";
    assert_eq!(encoded(&full_event(), &[5, 128], Some(7)), golden);
}

#[test]
fn an_envelope_with_nothing_has_these_bytes() {
    let id = EventId::from_bytes([0; 16]);
    let event = NewEvent::new(id, EventType::new("x").unwrap(), Codec::Json, "");
    let mut golden = vec![0; 25];
    (golden[0], golden[18]) = (1, 1);
    assert_eq!(encoded(&event, &[], None), golden);
}

#[test]
fn an_envelope_cut_anywhere_is_refused() {
    let whole = encoded(&full_event(), &[5, 128], Some(7));
    let read = |bytes: &[u8]| -> Option<()> {
        let mut envelope = EnvelopeReader::new(bytes)?;
        envelope.bytes::<16>()?;
        envelope.byte()?;
        envelope.number()?;
        for _ in 0..envelope.count()? {
            envelope.term()?;
        }
        envelope.term()?;
        envelope.text()?;
        envelope.text()?;
        envelope.claims()?;
        envelope.metadata()?;
        envelope.is_at_end().then_some(())
    };
    assert!(read(&whole).is_some());
    for length in 0..whole.len() {
        assert!(read(&whole[..length]).is_none(), "cut to {length} bytes");
    }
}

#[test]
fn checksums_have_these_values() {
    let numbers = RowNumbers { position: 1, stream: 2, revision: 3, kind: 4, recorded_at: 5 };
    let values = [
        event_checksum(numbers, b"envelope", b"payload"),
        tenant_checksum(1, "default"),
        kind_checksum(1, 2, "account", "account.opened"),
        term_checksum(1, 2, 0, "order:1"),
    ];
    assert_eq!(values, GOLDEN_CHECKSUMS);
}

const GOLDEN_CHECKSUMS: [i64; 4] = [
    -1_637_974_313_000_849_228,
    -7_423_603_056_249_158_682,
    -6_470_415_249_570_577_549,
    4_314_586_649_453_501_891,
];

#[test]
fn checksums_and_hashes_of_indexes_have_these_values() {
    let name = "account/ann";
    let stream = StreamRow {
        id: 1,
        tenant: 2,
        name,
        first_revision: 3,
        tombstoned: true,
        last_revision: 4,
        last_position: 5,
    };
    let null = ValueRef::Null;
    let values = [ValueRef::Text(b"a"), ValueRef::Integer(1), ValueRef::Blob(b"b"), null];
    let found = [
        stream.checksum(),
        head_checksum(1, [2, 3, 4, 5]),
        claim_checksum(1, "email", "ann", 2),
        values_checksum(values.into_iter()),
        stream_hash(1, name),
        term_hash(0, "order:1"),
        kind_hash(None, None),
        kind_hash(Some("account"), None),
        kind_hash(None, Some("account")),
        kind_hash(Some("account"), Some("account.opened")),
        claim_hash(1, "email", "ann"),
        command_hash(1, "c1"),
        subscription_hash("default", "mails"),
    ];
    assert_eq!(found, GOLDEN_OF_INDEXES);
}

#[test]
fn every_field_counts_for_a_streams_checksum() {
    let sound = StreamRow {
        id: 1,
        tenant: 2,
        name: "account/ann",
        first_revision: 3,
        tombstoned: false,
        last_revision: 4,
        last_position: 5,
    };
    let others = [
        StreamRow { id: 2, ..sound },
        StreamRow { tenant: 1, ..sound },
        StreamRow { name: "account/bob", ..sound },
        StreamRow { first_revision: 2, ..sound },
        StreamRow { tombstoned: true, ..sound },
        StreamRow { last_revision: 5, ..sound },
        StreamRow { last_position: 4, ..sound },
    ];
    for other in others {
        assert_ne!(other.checksum(), sound.checksum(), "{other:?}");
    }
}

const GOLDEN_OF_INDEXES: [i64; 13] = [
    5_302_538_862_467_462_236,
    8_070_309_487_302_277_475,
    105_002_278_558_044_152,
    -7_206_442_389_001_104_369,
    92_303_047_626_302_494,
    -7_822_794_523_792_507_569,
    8_419_540_343_813_157_834,
    -5_387_475_570_755_073_695,
    2_338_943_037_748_879_049,
    5_662_429_084_467_928_579,
    -7_684_815_368_136_469_066,
    -5_572_164_010_365_425_491,
    5_087_349_531_294_627_282,
];

#[test]
fn every_number_and_byte_counts_for_an_events_checksum() {
    let numbers = RowNumbers { position: 1, stream: 2, revision: 3, kind: 4, recorded_at: 5 };
    let sound = event_checksum(numbers, b"envelope", b"payload");
    let others = [
        event_checksum(RowNumbers { position: 2, ..numbers }, b"envelope", b"payload"),
        event_checksum(RowNumbers { stream: 3, ..numbers }, b"envelope", b"payload"),
        event_checksum(RowNumbers { revision: 2, ..numbers }, b"envelope", b"payload"),
        event_checksum(RowNumbers { kind: 5, ..numbers }, b"envelope", b"payload"),
        event_checksum(RowNumbers { recorded_at: 6, ..numbers }, b"envelope", b"payload"),
        event_checksum(numbers, b"envelopf", b"payload"),
        event_checksum(numbers, b"envelope", b"paylobd"),
        event_checksum(numbers, b"envelopep", b"ayload"),
    ];
    assert!(others.iter().all(|other| *other != sound), "{others:?} against {sound}");
}

#[test]
fn every_field_counts_for_a_snapshots_checksum() {
    let sound = SnapshotRow {
        tenant: "default",
        stream: "account/ann",
        kind: "account",
        revision: 1,
        position: 2,
        schema_version: 3,
        codec: 4,
        taken_at: 5,
        payload_checksum: payload_checksum(b"payload"),
        payload_bytes: 7,
    };
    assert_eq!((sound.checksum(), sound.payload_checksum), GOLDEN_SNAPSHOT);
    let others = [
        SnapshotRow { tenant: "defaul", stream: "taccount/ann", ..sound },
        SnapshotRow { stream: "account/bob", ..sound },
        SnapshotRow { stream: "account/an", kind: "naccount", ..sound },
        SnapshotRow { kind: "other", ..sound },
        SnapshotRow { revision: 2, ..sound },
        SnapshotRow { position: 3, ..sound },
        SnapshotRow { schema_version: 4, ..sound },
        SnapshotRow { codec: 1, ..sound },
        SnapshotRow { taken_at: 6, ..sound },
        SnapshotRow { payload_checksum: payload_checksum(b"paylobd"), ..sound },
        SnapshotRow { payload_bytes: 8, ..sound },
    ];
    for other in others {
        assert_ne!(other.checksum(), sound.checksum(), "{other:?}");
    }
}

/// The checksums of the row and of its payload.
const GOLDEN_SNAPSHOT: (i64, i64) = (7_359_045_447_866_463_294, 3_674_482_030_930_660_731);

#[test]
fn an_empty_logs_head_has_the_checksum_that_the_first_migration_writes() {
    let sql = include_str!("../sql/migrations/0001_log.sql");
    let row = format!("INSERT INTO head VALUES (1, 0, {});", row_checksum(&[0], &[]));
    assert!(sql.contains(&row), "expected {row}");
}

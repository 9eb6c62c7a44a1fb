//! Everything on an event comes back as it went in.

use factum_core::{
    CausationId, ClaimChange, Clock, Codec, CorrelationId, EventStoreExt, LogRead, Metadata,
    NewEvent, Position, Principal, SchemaVersion, Tags, TenantId, Timestamp,
};

use super::rig::{ALWAYS, Rig, conformance_cases};
use super::support::{account, all, email, event, event_type, one, put_one, tag};

conformance_cases!["envelope", ALWAYS;
    every_field_comes_back,
    a_bare_event_comes_back_bare,
    text_of_every_script_comes_back,
    payload_bytes_come_back_untouched,
    every_codec_is_named,
    every_schema_version_is_kept,
    claim_changes_come_back_in_their_order,
    an_event_takes_the_time_of_the_stores_clock,
    a_time_that_an_event_brings_is_kept,
    order_does_not_come_from_clocks,
];

/// An event with something in every field.
fn full(number: u64, text: &str) -> NewEvent {
    let mut metadata = Metadata::default();
    metadata.insert("trace", text).expect("the key is valid");
    metadata.insert(text, "{\"a\": [1, 2]}\n\t").expect("the key is valid");
    metadata.insert("empty", "").expect("the key is valid");
    NewEvent {
        event_type: event_type(text),
        schema_version: SchemaVersion::new(7),
        codec: Codec::Cbor,
        payload: text.as_bytes().to_vec().into(),
        tags: Tags::from_iter([
            factum_core::Tag::new("course", text).expect("the tag is valid"),
            tag("student:s1"),
        ]),
        claims: vec![ClaimChange::Take(email(text)), ClaimChange::Release(email("old"))],
        correlation: Some(CorrelationId::new(text).expect("the text is valid")),
        causation: Some(CausationId::new(text).expect("the text is valid")),
        principal: Some(Principal::new(text).expect("the text is valid")),
        metadata,
        recorded_at: Some(Timestamp::from_micros(1_234_567)),
        ..event(number)
    }
}

async fn every_field_comes_back(rig: &Rig) {
    let store = rig.open().await;
    let sent = full(1, "some text");
    put_one(&store, "ann", sent.clone()).await;
    let found = all(&store).await.remove(0);
    assert_eq!((found.position, found.revision.get()), (Position::new(1), 0));
    assert_eq!((&found.tenant, &found.stream), (&TenantId::default(), &account("ann")));
    assert_eq!(found.payload, sent.payload);
    assert_eq!(found.into_new(), sent);
}

async fn a_bare_event_comes_back_bare(rig: &Rig) {
    let store = rig.open().await;
    let sent = NewEvent { payload: bytes::Bytes::new(), ..event(1) };
    put_one(&store, "ann", full(9, "x")).await;
    put_one(&store, "ann", sent.clone()).await;
    let found = all(&store).await.remove(1).into_new();
    assert_eq!(NewEvent { recorded_at: None, ..found }, sent);
}

async fn text_of_every_script_comes_back(rig: &Rig) {
    let store = rig.open().await;
    let texts = ["日本語", "👩‍👩‍👧 🦀", "it's \"quoted\"", "a;b'); --", "%_\\", "עברית", "e\u{301}"];
    for (number, text) in (1..).zip(texts) {
        let request = one(text, full(number, text));
        store.append(request).await.expect("any text is fine");
    }
    for ((number, text), found) in (1..).zip(texts).zip(all(&store).await) {
        assert_eq!(found.stream, account(text));
        assert_eq!(found.into_new(), full(number, text));
    }
}

async fn payload_bytes_come_back_untouched(rig: &Rig) {
    let store = rig.open().await;
    let every_byte: Vec<u8> = (0..=255).collect();
    let megabyte: Vec<u8> = (0..1_u32 << 20).map(|it| (it ^ (it >> 8)).to_le_bytes()[0]).collect();
    let payloads = [b"\0".to_vec(), b"a\0b\0".to_vec(), vec![0xff, 0xfe], every_byte, megabyte];
    for (number, payload) in (1..).zip(&payloads) {
        let opaque =
            NewEvent { codec: Codec::Opaque, payload: payload.clone().into(), ..event(number) };
        put_one(&store, "ann", opaque).await;
    }
    for (expected, found) in payloads.iter().zip(all(&store).await) {
        assert!(found.payload == *expected, "{} bytes came back changed", expected.len());
    }
}

async fn every_codec_is_named(rig: &Rig) {
    let store = rig.open().await;
    for (number, codec) in (1..).zip(Codec::ALL) {
        put_one(&store, "ann", NewEvent { codec, ..event(number) }).await;
    }
    let found: Vec<_> = all(&store).await.iter().map(|it| it.codec).collect();
    assert_eq!(found, Codec::ALL);
}

async fn every_schema_version_is_kept(rig: &Rig) {
    let store = rig.open().await;
    let versions = [0, 1, 2, 1_000, u32::MAX].map(SchemaVersion::new);
    for (number, schema_version) in (1..).zip(versions) {
        put_one(&store, "ann", NewEvent { schema_version, ..event(number) }).await;
    }
    let found: Vec<_> = all(&store).await.iter().map(|it| it.schema_version).collect();
    assert_eq!(found, versions);
}

async fn claim_changes_come_back_in_their_order(rig: &Rig) {
    let store = rig.open().await;
    let (z, a) = (email("z"), email("a"));
    let claims =
        vec![ClaimChange::Take(z.clone()), ClaimChange::Take(a.clone()), ClaimChange::Release(z)];
    put_one(&store, "ann", NewEvent { claims: claims.clone(), ..event(1) }).await;
    assert_eq!(all(&store).await[0].claims, claims);
    assert_eq!(store.claim_owner(&a).await.expect("looked up"), Some(account("ann")));
}

async fn an_event_takes_the_time_of_the_stores_clock(rig: &Rig) {
    let store = rig.open().await;
    let first = rig.clock.now();
    put_one(&store, "ann", event(1)).await;
    rig.clock.advance_ms(90_061_001);
    put_one(&store, "ann", event(2)).await;
    let times: Vec<_> = all(&store).await.iter().map(|it| it.recorded_at).collect();
    assert_eq!(times, [first, first.plus_millis(90_061_001)]);
}

async fn a_time_that_an_event_brings_is_kept(rig: &Rig) {
    let store = rig.open().await;
    let times = [-1, 0, 1, 1_600_000_000_123_456].map(Timestamp::from_micros);
    for (number, at) in (1..).zip(times) {
        put_one(&store, "ann", NewEvent { recorded_at: Some(at), ..event(number) }).await;
    }
    let found: Vec<_> = all(&store).await.iter().map(|it| it.recorded_at).collect();
    assert_eq!(found, times);
}

async fn order_does_not_come_from_clocks(rig: &Rig) {
    let store = rig.open().await;
    for number in 1..20 {
        put_one(&store, "ann", event(number)).await;
        rig.clock.advance_ms(if number % 2 == 0 { 10_000 } else { -15_000 });
    }
    let events = store.collect(LogRead::default()).await.expect("the log can be read");
    assert_eq!(super::support::numbers(&events), (1..20).collect::<Vec<_>>());
    assert!(events.iter().zip(1..).all(|(it, place)| it.position == Position::new(place)));
}

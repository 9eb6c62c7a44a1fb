//! The words of the log: what they accept, what they refuse, how they compare.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use factum_core::{
    Category, Claim, ClaimChange, Codec, CommandId, Digester, EventId, EventType, Metadata,
    NewEvent, Place, Position, Principal, RecordedEvent, Revision, StreamId, Tag, Tags, TenantId,
    Timestamp, limits,
};

#[test]
fn names_are_stored_up_to_their_limit_and_refused_beyond() {
    let at = |bytes: usize| "x".repeat(bytes);
    assert!(TenantId::new(at(limits::TENANT_BYTES_MAX)).is_ok());
    assert!(TenantId::new(at(limits::TENANT_BYTES_MAX + 1)).is_err());
    assert!(Category::new(at(limits::CATEGORY_BYTES_MAX)).is_ok());
    assert!(Category::new(at(limits::CATEGORY_BYTES_MAX + 1)).is_err());
    assert!(StreamId::new("a", &at(limits::STREAM_ID_BYTES_MAX)).is_ok());
    assert!(StreamId::new("a", &at(limits::STREAM_ID_BYTES_MAX + 1)).is_err());
    assert!(EventType::new(at(limits::EVENT_TYPE_BYTES_MAX)).is_ok());
    assert!(EventType::new(at(limits::EVENT_TYPE_BYTES_MAX + 1)).is_err());
    assert!(Tag::new("t", &at(limits::TAG_VALUE_BYTES_MAX)).is_ok());
    assert!(Tag::new("t", &at(limits::TAG_VALUE_BYTES_MAX + 1)).is_err());
    assert!(Claim::new("c", &at(limits::CLAIM_VALUE_BYTES_MAX)).is_ok());
    assert!(Claim::new("c", &at(limits::CLAIM_VALUE_BYTES_MAX + 1)).is_err());
    assert!(CommandId::new(at(limits::COMMAND_BYTES_MAX)).is_ok());
    assert!(CommandId::new(at(limits::COMMAND_BYTES_MAX + 1)).is_err());
    assert!(Principal::new(at(limits::CONTEXT_BYTES_MAX)).is_ok());
    assert!(Principal::new(at(limits::CONTEXT_BYTES_MAX + 1)).is_err());
}

#[test]
fn identifiers_are_plain_and_texts_are_one_line() {
    for bad in ["", "-a", ".a", "a b", "a/b", "ä", "a\0"] {
        assert!(TenantId::new(bad).is_err(), "{bad:?}");
    }
    for bad in ["", " a", "a ", "a\nb", "a\0b", "\u{7f}"] {
        assert!(EventType::new(bad).is_err(), "{bad:?}");
    }
    for good in ["a", "日本語", "a b", "a/b", "it's", "🦀"] {
        assert!(EventType::new(good).is_ok(), "{good:?}");
    }
}

#[test]
fn a_stream_is_split_at_its_first_slash_and_a_tag_at_its_first_colon() {
    let stream: StreamId = "account/a/b".parse().unwrap();
    assert_eq!((stream.category(), stream.id()), ("account", "a/b"));
    let tag: Tag = "at:10:30".parse().unwrap();
    assert_eq!((tag.name(), tag.value()), ("at", "10:30"));
    assert!("account".parse::<StreamId>().is_err());
    assert!("at".parse::<Tag>().is_err());
}

#[test]
fn tags_are_a_set() {
    let tags = |texts: &[&str]| texts.iter().map(|it| it.parse::<Tag>().unwrap()).collect::<Tags>();
    assert_eq!(tags(&["b:1", "a:1", "b:1"]), tags(&["a:1", "b:1"]));
    assert_eq!(tags(&["b:1", "a:1", "b:1"]).iter().len(), 2);
    assert!(tags(&["a:1"]).contains(&"a:1".parse().unwrap()));
    assert!(!tags(&["a:1"]).contains(&"a:2".parse().unwrap()));
}

#[test]
fn normalised_claims_fold_case_and_width() {
    let normal = |value| Claim::new("email", value).unwrap().normalized().unwrap();
    for spelling in ["Ann@X.org", "ANN@x.ORG", "ａｎｎ@x.org"] {
        assert_eq!(normal(spelling).value(), "ann@x.org");
    }
    assert_eq!(normal("A\u{308}"), normal("Ä"));
    assert_ne!(normal("ann"), normal("bob"));
}

#[test]
fn hashed_claims_depend_on_key_name_and_value_and_hide_the_value() {
    let hashed = |name, value, key| Claim::new(name, value).unwrap().hashed(&[key; 32]);
    assert_eq!(hashed("email", "ann", 1), hashed("email", "ann", 1));
    assert_ne!(hashed("email", "ann", 1), hashed("email", "ann", 2));
    assert_ne!(hashed("email", "ann", 1).value(), hashed("login", "ann", 1).value());
    assert!(!hashed("email", "ann", 1).value().contains("ann"));
    assert!(!format!("{:?}", Claim::new("email", "ann").unwrap()).contains("ann"));
}

#[test]
fn times_are_shown_and_parsed_as_rfc_3339() {
    for micros in [0, -1, 1_767_225_600_123_456, -62_000_000_000_000_000] {
        let at = Timestamp::from_micros(micros);
        assert_eq!(at.to_string().parse::<Timestamp>().unwrap(), at);
    }
    assert_eq!(Timestamp::from_micros(i64::MAX).plus_millis(1).as_micros(), i64::MAX);
    assert!("2026-13-01T00:00:00Z".parse::<Timestamp>().is_err());
}

#[test]
fn codecs_keep_their_numbers_and_names() {
    for (number, codec) in (0..).zip(Codec::ALL) {
        assert_eq!((codec.number(), Codec::from_number(number)), (number, Some(codec)));
        assert_eq!(codec.as_str().parse::<Codec>().unwrap(), codec);
    }
    assert_eq!(Codec::from_number(4), None);
}

#[test]
fn content_ids_tell_where_parts_end() {
    let id = |parts: &[&[u8]]| EventId::from_content(parts);
    assert_eq!(id(&[b"ab", b"c"]), id(&[b"ab", b"c"]));
    assert_ne!(id(&[b"ab", b"c"]), id(&[b"a", b"bc"]));
    assert_eq!(id(&[b"a"]).to_string().parse::<EventId>().unwrap(), id(&[b"a"]));
}

#[test]
fn metadata_takes_so_many_entries_and_replaces_beyond() {
    let mut metadata = Metadata::default();
    for number in 0..limits::METADATA_ENTRIES_MAX {
        metadata.insert(&format!("key{number}"), "value").unwrap();
    }
    assert!(metadata.insert("one more", "value").is_err());
    metadata.insert("key0", "replaced").unwrap();
    assert_eq!(metadata.get("key0"), Some("replaced"));
}

fn recorded() -> RecordedEvent {
    let event_type = EventType::new("opened").unwrap();
    let event = NewEvent::new(EventId::from_bytes([1; 16]), event_type, Codec::Json, "{}");
    event.into_recorded(Place {
        position: Position::new(1),
        tenant: TenantId::default(),
        stream: "account/ann".parse().unwrap(),
        revision: Revision::FIRST,
        now: Timestamp::from_micros(0),
    })
}

#[test]
fn a_digest_changes_with_every_part_of_an_event() {
    let digest = |change: fn(&mut RecordedEvent)| {
        let (mut digester, mut event) = (Digester::default(), recorded());
        change(&mut event);
        digester.update(&event);
        digester.digest()
    };
    let changes: [fn(&mut RecordedEvent); 13] = [
        |it| it.position = Position::new(2),
        |it| it.revision = Revision::new(2),
        |it| it.recorded_at = Timestamp::from_micros(1),
        |it| it.id = EventId::from_bytes([2; 16]),
        |it| it.codec = Codec::Cbor,
        |it| it.tenant = TenantId::new("other").unwrap(),
        |it| it.stream = "account/bob".parse().unwrap(),
        |it| it.tags = Tags::from_iter(["a:1".parse().unwrap()]),
        |it| it.claims = vec![ClaimChange::Take(Claim::new("a", "1").unwrap())],
        |it| it.claims = vec![ClaimChange::Release(Claim::new("a", "1").unwrap())],
        |it| it.principal = Principal::new("ann").ok(),
        |it| it.metadata.insert("a", "1").unwrap(),
        |it| it.payload = "[]".into(),
    ];
    let mut digests = vec![digest(|_| {})];
    for change in changes {
        digests.push(digest(change));
    }
    let different: std::collections::HashSet<_> = digests.iter().collect();
    assert_eq!(different.len(), digests.len());
}

#[test]
fn a_copied_event_keeps_its_id_time_and_content() {
    let event = recorded();
    let copy = event.clone().into_new();
    assert_eq!((copy.id, copy.recorded_at), (event.id, Some(event.recorded_at)));
    assert_eq!(copy.payload, event.payload);
}

/// The page that says all of them at once.
#[test]
fn the_page_of_limits_says_what_they_are() {
    use limits::*;
    let page = include_str!("../../../docs/contract.md");
    let said = |row: &str, all: &[usize]| {
        let row = page.lines().find(|it| it.starts_with(&format!("| {row} |")));
        let row = row.unwrap_or_else(|| panic!("there is no row {row:?}"));
        let most: usize = row.split('|').nth(2).unwrap().trim().replace(',', "").parse().unwrap();
        assert!(all.iter().all(|it| *it == most), "{row}: {all:?}");
    };
    let short = [TENANT_BYTES_MAX, CATEGORY_BYTES_MAX, TAG_NAME_BYTES_MAX, CLAIM_NAME_BYTES_MAX];
    said("tenant, category, tag name, claim name, subscription", &short);
    said("tenant, category, tag name, claim name, subscription", &[SUBSCRIPTION_BYTES_MAX]);
    let middle = [STREAM_ID_BYTES_MAX, EVENT_TYPE_BYTES_MAX, TAG_VALUE_BYTES_MAX, OWNER_BYTES_MAX];
    said("id of a stream, event type, tag value, owner of a lease", &middle);
    let long = [CLAIM_VALUE_BYTES_MAX, COMMAND_BYTES_MAX, LANE_KEY_BYTES_MAX];
    said("claim value, command id, command target, key that events are kept in order by", &long);
    let context = [CONTEXT_BYTES_MAX, METADATA_KEY_BYTES_MAX];
    said("correlation, causation, principal, metadata key", &context);
    said("an event: payload, tags, claims, context and metadata together", &[EVENT_BYTES_MAX]);
    said("an append: all its events together", &[APPEND_BYTES_MAX]);
    said("a command's outcome", &[OUTCOME_BYTES_MAX]);
    said("a snapshot's payload", &[SNAPSHOT_BYTES_MAX]);
    let counts = [EVENTS_PER_APPEND_MAX, GUARDS_PER_APPEND_MAX];
    said("events in an append, guards on one", &counts);
    said("tags on an event", &[TAGS_PER_EVENT_MAX]);
    said("claim changes on an event", &[CLAIMS_PER_EVENT_MAX]);
    said("entries in an event's metadata", &[METADATA_ENTRIES_MAX]);
    let query = [QUERY_ITEMS_MAX, QUERY_TERMS_MAX];
    said("items of a query, and types or tags in one of them", &query);
    said("events in a page of a read, entries in a page of a listing", &[PAGE_MAX]);
}

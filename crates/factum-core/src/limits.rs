//! Every limit of the contract, in one place.
//!
//! Names are checked when they are built, appends by [`AppendRequest::check`], which every store
//! calls first. A store may state lower limits in its own documentation, never higher ones.
//!
//! [`AppendRequest::check`]: crate::AppendRequest::check

/// Highest position in the log, and highest revision of a stream, that a store keeps: databases
/// count with a sign. A higher one may be asked for, and is beyond everything that is there.
pub const POSITION_MAX: u64 = i64::MAX as u64;
/// Longest tenant name, in bytes.
pub const TENANT_BYTES_MAX: usize = 64;
/// Longest category, in bytes.
pub const CATEGORY_BYTES_MAX: usize = 64;
/// Longest id part of a stream name, in bytes.
pub const STREAM_ID_BYTES_MAX: usize = 256;
/// Longest beginning of stream names that a query may ask for, in bytes: a whole name.
pub const STREAM_PREFIX_BYTES_MAX: usize = CATEGORY_BYTES_MAX + 1 + STREAM_ID_BYTES_MAX;
/// Longest event type, in bytes.
pub const EVENT_TYPE_BYTES_MAX: usize = 256;
/// Longest tag name, in bytes.
pub const TAG_NAME_BYTES_MAX: usize = 64;
/// Longest tag value, in bytes.
pub const TAG_VALUE_BYTES_MAX: usize = 256;
/// Longest claim name, in bytes.
pub const CLAIM_NAME_BYTES_MAX: usize = 64;
/// Longest claim value, in bytes.
pub const CLAIM_VALUE_BYTES_MAX: usize = 512;
/// Longest command id, and longest command target, in bytes.
pub const COMMAND_BYTES_MAX: usize = 512;
/// Longest correlation, causation or principal, in bytes.
pub const CONTEXT_BYTES_MAX: usize = 128;
/// Most entries in an event's metadata.
pub const METADATA_ENTRIES_MAX: usize = 64;
/// Longest metadata key, in bytes.
pub const METADATA_KEY_BYTES_MAX: usize = 128;
/// Most tags on one event.
pub const TAGS_PER_EVENT_MAX: usize = 32;
/// Most claim changes on one event.
pub const CLAIMS_PER_EVENT_MAX: usize = 16;
/// Most events in one append.
pub const EVENTS_PER_APPEND_MAX: usize = 4_096;
/// Most guards on one append.
pub const GUARDS_PER_APPEND_MAX: usize = 4_096;
/// Largest event: payload, tags, claims, context and metadata together, in bytes.
pub const EVENT_BYTES_MAX: usize = 4 << 20;
/// Largest append: all its events together, in bytes.
pub const APPEND_BYTES_MAX: usize = 16 << 20;
/// Largest stored command outcome, in bytes.
pub const OUTCOME_BYTES_MAX: usize = 1 << 20;
/// Most alternatives in one query.
pub const QUERY_ITEMS_MAX: usize = 64;
/// Most types, and most tags, in one alternative of a query.
pub const QUERY_TERMS_MAX: usize = 64;
/// Most events in one page of a read, and most entries in one page of a listing.
pub const PAGE_MAX: usize = 4_096;
/// Largest payload of a snapshot, in bytes.
pub const SNAPSHOT_BYTES_MAX: usize = 64 << 20;
/// Longest name of a subscription, in bytes.
pub const SUBSCRIPTION_BYTES_MAX: usize = 64;
/// Longest name of an owner of a lease, in bytes.
pub const OWNER_BYTES_MAX: usize = 256;
/// Longest key that events are kept in order by, in bytes: a tenant, a category and an id fit.
pub const LANE_KEY_BYTES_MAX: usize = 512;
/// Longest description of what a subscription reads, in bytes.
pub const SHAPE_BYTES_MAX: usize = 4_096;
/// Longest reason or cause that is stored with a subscription or a dead letter, in bytes; longer
/// ones are cut.
pub const CAUSE_BYTES_MAX: usize = 2_048;

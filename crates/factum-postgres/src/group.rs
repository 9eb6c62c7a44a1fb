//! A group of requests as the columns that the function `append` takes.
//!
//! Names come once each, with numbers that point to them; what points counts from 1, as PostgreSQL
//! does. The prefixes are those of the function: t tenants, s streams, r requests, w streams a
//! request writes to, g guards, n claims, c claim changes, k kinds, m terms, p postings, e events.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;

use factum_core::{
    AppendRequest, CausationId, Claim, ClaimChange, CorrelationId, Expected, Guard, NewEvent,
    Principal, StreamId, TenantId,
};
use foldhash::fast::RandomState;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::codec::{Checksum, CoveredEvent, TAG_BORDER, extra, query};
use crate::connection::Bind;
use crate::hints::Hints;
use crate::names::{CORRELATION, TAG};
use crate::parameters::{Absent, Hidden};

/// Where a name stands in its column, counted from 1.
type Places<K> = HashMap<K, i32, RandomState>;

/// The columns of a group, borrowed from its requests.
#[derive(Debug, Default)]
pub(crate) struct Group<'a> {
    now: i64,
    hints: Option<&'a Hints>,
    /// Whether the verdict on a request may depend on those before it in the group.
    entangled: bool,
    commands: bool,
    query_guards: bool,
    checksum: Checksum,
    tenants: Places<&'a TenantId>,
    streams: Places<(i32, &'a StreamId)>,
    claims: Places<(i32, &'a Claim)>,
    kinds: Places<(i32, &'a str, &'a str)>,
    terms: Places<(i32, i16, &'a str)>,
    t_name: Vec<&'a str>,
    s_tenant: Vec<i32>,
    s_name: Vec<&'a str>,
    s_hint: Vec<i64>,
    /// How many events of the group each stream has so far.
    s_events: Vec<i32>,
    r_tenant: Vec<i32>,
    r_events: Vec<i32>,
    r_before: Vec<i32>,
    pub(crate) r_writes: Vec<i32>,
    pub(crate) r_guards: Vec<i32>,
    pub(crate) r_claims: Vec<i32>,
    r_command: Vec<Option<&'a str>>,
    r_target: Vec<&'a str>,
    r_outcome: Vec<Hidden<&'a [u8]>>,
    r_expires: Vec<Option<i64>>,
    r_checksum: Vec<i64>,
    r_digest: Vec<Option<&'a [u8]>>,
    /// The streams that `w_stream` points to.
    pub(crate) w_name: Vec<&'a StreamId>,
    w_stream: Vec<i32>,
    pub(crate) w_count: Vec<i32>,
    w_before: Vec<i32>,
    g_stream: Vec<i32>,
    g_expected: Vec<i64>,
    g_after: Vec<i64>,
    g_query: Vec<String>,
    n_tenant: Vec<i32>,
    n_name: Vec<&'a str>,
    n_value: Vec<Hidden<&'a str>>,
    /// The claim and the stream that `c_claim` and `c_stream` point to.
    pub(crate) c_name: Vec<(&'a Claim, &'a StreamId)>,
    c_claim: Vec<i32>,
    c_stream: Vec<i32>,
    c_take: Vec<bool>,
    k_tenant: Vec<i32>,
    k_category: Vec<&'a str>,
    k_type: Vec<&'a str>,
    m_tenant: Vec<i32>,
    m_form: Vec<i16>,
    m_name: Vec<&'a str>,
    p_event: Vec<i32>,
    p_term: Vec<i32>,
    e_request: Vec<i32>,
    e_write: Vec<i32>,
    e_place: Vec<i32>,
    e_shift: Vec<i32>,
    e_kind: Vec<i32>,
    e_recorded: Vec<i64>,
    e_checksum: Vec<i64>,
    e_version: Vec<i64>,
    e_id: Vec<Uuid>,
    e_codec: Vec<i16>,
    e_tags: Vec<Option<Cow<'a, str>>>,
    e_correlation: Vec<Option<&'a str>>,
    e_causation: Vec<Option<&'a str>>,
    e_principal: Vec<Option<&'a str>>,
    e_extra: Vec<Hidden<Option<String>>>,
    e_payload: Vec<Hidden<&'a [u8]>>,
}

impl<'a> Group<'a> {
    /// A group whose events are recorded at `now`, unless they say otherwise.
    pub(crate) fn new(now: i64, hints: Option<&'a Hints>) -> Self {
        Self { now, hints, ..Self::default() }
    }

    /// Adds a request at the end.
    pub(crate) fn push(&mut self, tenant: &'a TenantId, request: &'a AppendRequest) {
        let tenant_place = place(&mut self.tenants, tenant, || self.t_name.push(tenant.as_str()));
        self.r_tenant.push(tenant_place);
        self.push_command(tenant, request);
        self.r_before.push(number(self.e_request.len()));
        for guard in &request.guards {
            self.push_guard(tenant_place, tenant, guard);
        }
        let (writes, claims) = (self.w_stream.len(), self.c_claim.len());
        self.push_events(tenant, tenant_place, request);
        for write in writes..self.w_stream.len() {
            self.s_events[index(self.w_stream[write])] += self.w_count[write];
        }
        self.r_events.push(number(request.events.len()));
        self.r_writes.push(number(self.w_stream.len() - writes));
        self.r_guards.push(number(request.guards.len()));
        self.r_claims.push(number(self.c_claim.len() - claims));
    }

    fn push_command(&mut self, tenant: &'a TenantId, request: &'a AppendRequest) {
        let command = request.command.as_ref();
        self.commands |= command.is_some();
        let target = command.map_or("", |it| it.target.as_str());
        let outcome: &[u8] = command.map_or(&[], |it| &it.outcome);
        let expires_at =
            command.and_then(|it| it.expires_at).map(factum_core::Timestamp::as_micros);
        self.r_command.push(command.map(|it| it.id.as_str()));
        self.r_target.push(target);
        self.r_outcome.push(Hidden(outcome));
        self.r_expires.push(expires_at);
        let digest = command.and_then(|it| it.digest.as_ref()).map(|it| &it.as_bytes()[..]);
        self.r_digest.push(digest);
        self.r_checksum.push(command.map_or(0, |it| {
            self.checksum.of_command(tenant, it.id.as_str(), target, digest, expires_at, outcome)
        }));
    }

    fn push_events(&mut self, tenant: &'a TenantId, tenant_place: i32, request: &'a AppendRequest) {
        let request_place = number(self.r_tenant.len());
        let mut writes: Places<i32> = Places::default(); // Of this request, by stream.
        let mut previous: Option<(&StreamId, i32)> = None;
        for (event_place, (stream, event)) in (0..).zip(&request.events) {
            let stream_place = match previous {
                Some((last, place)) if last == stream => place,
                _ => self.stream(tenant_place, tenant, stream),
            };
            previous = Some((stream, stream_place));
            let write = place(&mut writes, stream_place, || {
                self.w_name.push(stream);
                self.w_stream.push(stream_place);
                self.w_count.push(0);
                self.w_before.push(self.s_events[index(stream_place)]);
            });
            let write = number(self.w_stream.len() - writes.len()) + write;
            let count = &mut self.w_count[index(write)];
            self.e_shift.push(*count);
            *count += 1;
            self.e_request.push(request_place);
            self.e_write.push(write);
            self.e_place.push(event_place);
            self.push_event(tenant, tenant_place, stream, event);
            for change in &event.claims {
                self.push_claim(tenant_place, (stream_place, stream), change);
            }
        }
    }

    fn push_event(
        &mut self,
        tenant: &'a TenantId,
        tenant_place: i32,
        stream: &'a StreamId,
        event: &'a NewEvent,
    ) {
        let (category, event_type) = (stream.category(), event.event_type.as_str());
        let kind = place(&mut self.kinds, (tenant_place, category, event_type), || {
            self.k_tenant.push(tenant_place);
            self.k_category.push(category);
            self.k_type.push(event_type);
        });
        let event_place = number(self.e_request.len());
        let tags = event.tags.iter().map(|tag| (TAG, tag.as_str()));
        let correlation = event.correlation.iter().map(|it| (CORRELATION, it.as_str()));
        for (form, name) in tags.chain(correlation) {
            let term = place(&mut self.terms, (tenant_place, form, name), || {
                self.m_tenant.push(tenant_place);
                self.m_form.push(form);
                self.m_name.push(name);
            });
            self.p_event.push(event_place);
            self.p_term.push(term);
        }
        let extra = extra(event);
        let recorded = event.recorded_at.map_or(self.now, factum_core::Timestamp::as_micros);
        let covered = CoveredEvent::new((tenant, stream), event, recorded, extra.as_deref());
        self.e_checksum.push(self.checksum.of_event(&covered));
        self.e_kind.push(kind);
        self.e_recorded.push(recorded);
        self.e_version.push(event.schema_version.get().into());
        self.e_id.push(Uuid::from_bytes(*event.id.as_bytes()));
        self.e_codec.push(event.codec.number().into());
        self.e_tags.push(joined_tags(event));
        self.e_correlation.push(event.correlation.as_ref().map(CorrelationId::as_str));
        self.e_causation.push(event.causation.as_ref().map(CausationId::as_str));
        self.e_principal.push(event.principal.as_ref().map(Principal::as_str));
        self.e_extra.push(Hidden(extra));
        self.e_payload.push(Hidden(&event.payload));
    }

    fn push_claim(
        &mut self,
        tenant: i32,
        (stream_place, stream): (i32, &'a StreamId),
        change: &'a ClaimChange,
    ) {
        let claim = change.claim();
        let claim_place = place(&mut self.claims, (tenant, claim), || {
            self.n_tenant.push(tenant);
            self.n_name.push(claim.name());
            self.n_value.push(Hidden(claim.value()));
        });
        self.c_name.push((claim, stream));
        self.c_claim.push(claim_place);
        self.c_stream.push(stream_place);
        self.c_take.push(matches!(change, ClaimChange::Take(_)));
    }

    fn push_guard(&mut self, tenant: i32, owner: &TenantId, guard: &'a Guard) {
        let (stream, expected, after, wanted) = match guard {
            Guard::Stream { stream, expected } => {
                let place = self.stream(tenant, owner, stream);
                self.entangled |= *expected != Expected::Any && self.s_events[index(place)] > 0;
                (place, expected_number(*expected), 0, String::new())
            }
            Guard::NoneMatch { query: wanted, after } => {
                self.query_guards = true;
                let after = i64::try_from(after.get()).unwrap_or(i64::MAX);
                (0, 0, after, query(wanted))
            }
        };
        self.g_stream.push(stream);
        self.g_expected.push(expected);
        self.g_after.push(after);
        self.g_query.push(wanted);
    }

    fn stream(&mut self, tenant: i32, owner: &TenantId, stream: &'a StreamId) -> i32 {
        place(&mut self.streams, (tenant, stream), || {
            self.s_tenant.push(tenant);
            self.s_name.push(stream.as_str());
            self.s_events.push(0);
            self.s_hint.push(self.hints.map_or(0, |hints| hints.of(owner, stream)));
        })
    }

    /// Whether no request's verdict can depend on another's.
    pub(crate) fn is_plain(&self) -> bool {
        !self.entangled
    }

    /// The columns as the function's parameters, from `t_name` on. Parts that the group has no use
    /// for are NULL, so that the function need not look at them.
    pub(crate) fn binds(&self) -> Vec<Bind<'_>> {
        let mut binds: Vec<Bind<'_>> = vec![
            (&self.t_name, Type::TEXT_ARRAY),
            (&self.s_tenant, Type::INT4_ARRAY),
            (&self.s_name, Type::TEXT_ARRAY),
            (&self.s_hint, Type::INT8_ARRAY),
            (&self.r_tenant, Type::INT4_ARRAY),
            (&self.r_events, Type::INT4_ARRAY),
            (&self.r_before, Type::INT4_ARRAY),
            (&self.r_writes, Type::INT4_ARRAY),
            (&self.r_guards, Type::INT4_ARRAY),
            (&self.r_claims, Type::INT4_ARRAY),
            (&self.r_command, Type::TEXT_ARRAY),
            (&self.r_target, Type::TEXT_ARRAY),
            (&self.r_outcome, Type::BYTEA_ARRAY),
            (&self.r_expires, Type::INT8_ARRAY),
            (&self.r_checksum, Type::INT8_ARRAY),
            (&self.w_stream, Type::INT4_ARRAY),
            (&self.w_count, Type::INT4_ARRAY),
            (&self.w_before, Type::INT4_ARRAY),
            (&self.g_stream, Type::INT4_ARRAY),
            (&self.g_expected, Type::INT8_ARRAY),
            (&self.g_after, Type::INT8_ARRAY),
            (&self.g_query, Type::TEXT_ARRAY),
            (&self.n_tenant, Type::INT4_ARRAY),
            (&self.n_name, Type::TEXT_ARRAY),
            (&self.n_value, Type::TEXT_ARRAY),
            (&self.c_claim, Type::INT4_ARRAY),
            (&self.c_stream, Type::INT4_ARRAY),
            (&self.c_take, Type::BOOL_ARRAY),
            (&self.k_tenant, Type::INT4_ARRAY),
            (&self.k_category, Type::TEXT_ARRAY),
            (&self.k_type, Type::TEXT_ARRAY),
            (&self.m_tenant, Type::INT4_ARRAY),
            (&self.m_form, Type::INT2_ARRAY),
            (&self.m_name, Type::TEXT_ARRAY),
            (&self.p_event, Type::INT4_ARRAY),
            (&self.p_term, Type::INT4_ARRAY),
            (&self.e_request, Type::INT4_ARRAY),
            (&self.e_write, Type::INT4_ARRAY),
            (&self.e_place, Type::INT4_ARRAY),
            (&self.e_shift, Type::INT4_ARRAY),
            (&self.e_kind, Type::INT4_ARRAY),
            (&self.e_recorded, Type::INT8_ARRAY),
            (&self.e_checksum, Type::INT8_ARRAY),
            (&self.e_version, Type::INT8_ARRAY),
            (&self.e_id, Type::UUID_ARRAY),
            (&self.e_codec, Type::INT2_ARRAY),
            (&self.e_tags, Type::TEXT_ARRAY),
            (&self.e_correlation, Type::TEXT_ARRAY),
            (&self.e_causation, Type::TEXT_ARRAY),
            (&self.e_principal, Type::TEXT_ARRAY),
            (&self.e_extra, Type::TEXT_ARRAY),
            (&self.e_payload, Type::BYTEA_ARRAY),
            (&self.r_digest, Type::BYTEA_ARRAY),
        ];
        let unused = [
            (COMMANDS, !self.commands),
            (DIGESTS, !self.commands),
            (GUARD_QUERIES, !self.query_guards),
            (CLAIMS, self.n_name.is_empty()),
            (TERMS, self.m_name.is_empty()),
        ];
        for (columns, _) in unused.into_iter().filter(|(_, unused)| *unused) {
            for bind in &mut binds[columns] {
                bind.0 = &Absent;
            }
        }
        binds
    }
}

/// Where the parts that may be left out stand among the columns.
const COMMANDS: Range<usize> = 10..15;
const DIGESTS: Range<usize> = 52..53;
const GUARD_QUERIES: Range<usize> = 21..22;
const CLAIMS: Range<usize> = 22..25;
const TERMS: Range<usize> = 31..34;

/// The place of a name that is made, or looked up, in its column.
fn place<K: Eq + Hash>(places: &mut Places<K>, key: K, push: impl FnOnce()) -> i32 {
    let next = number(places.len() + 1);
    *places.entry(key).or_insert_with(|| {
        push();
        next
    })
}

/// Columns are far shorter than what the type holds: the limits of a group see to that.
fn number(count: usize) -> i32 {
    i32::try_from(count).expect("a group's columns are short")
}

/// Where the entry of a place stands.
fn index(place: i32) -> usize {
    usize::try_from(place - 1).expect("places count from 1")
}

/// What a stream guard expects, as the function has it.
pub(crate) fn expected_number(expected: Expected) -> i64 {
    match expected {
        Expected::Any => -3,
        Expected::Exists => -2,
        Expected::NoStream => -1,
        Expected::Revision(revision) => i64::try_from(revision.get()).unwrap_or(i64::MAX),
    }
}

fn joined_tags(event: &NewEvent) -> Option<Cow<'_, str>> {
    let mut tags = event.tags.iter();
    let first = tags.next()?.as_str();
    let mut joined = Cow::Borrowed(first);
    for tag in tags {
        let joined = joined.to_mut();
        joined.push(TAG_BORDER);
        joined.push_str(tag.as_str());
    }
    Some(joined)
}

-- Makes appends follow one another, over all connections, until the transaction ends: so positions
-- are consecutive in the order of commits, and every statement after this one sees everything that
-- was committed before. A lock on a table and not on a counter's row: nothing is written to take it,
-- and a long transaction elsewhere does not make it slower by keeping old rows alive.
CREATE FUNCTION {schema}.take_append_lock(lock_ms integer, flush boolean) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
    own_limit text;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'expected a transaction of isolation level read committed, found %',
            current_setting('transaction_isolation') USING ERRCODE = 'invalid_transaction_state';
    END IF;
    IF NOT flush THEN
        PERFORM set_config('synchronous_commit', 'off', true);
    ELSIF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    IF lock_ms > 0 THEN
        own_limit := current_setting('lock_timeout');
        PERFORM set_config('lock_timeout', lock_ms::text, true);
    END IF;
    LOCK TABLE {schema}.append_lock IN EXCLUSIVE MODE;
    IF lock_ms > 0 THEN
        PERFORM set_config('lock_timeout', own_limit, true);
    END IF;
END
$body$;

-- Appends a group of requests: each judged in full and in order, against everything committed and
-- against the requests of the group before it; what is accepted is stored, the rest leaves nothing.
--
-- The group comes as columns. A prefix says of what: t tenants, s streams, r requests, w streams a
-- request writes to, g guards, n claims, c claim changes, k kinds, m terms, p postings, e events.
-- Numbers that point into another list count from 1.
--
-- Rows: one per request.
--   verdict  0 stored, 1 command known, 2 stream deleted, 3 stream guard, 4 query guard, 5 claim
--   place    for 2 the number in w, for 3 and 4 in g, for 5 in c
--   number   for 0 the position of the first event, for 3 the last revision (NULL for no stream),
--            for 4 the position found
--   head     the last position after the request was judged
--   owner    for 5 the stream that holds the claim
--   bases    for 0 the revision of the first event in each stream written to
CREATE FUNCTION {schema}.append(
    lock_ms integer, idle_ms integer, flush boolean, now_us bigint, channel text,
    t_name text[],
    s_tenant integer[], s_name text[],
    r_tenant integer[], r_events integer[], r_writes integer[], r_guards integer[],
    r_claims integer[], r_command text[],
    r_target text[], r_outcome bytea[], r_expires bigint[], r_checksum bigint[],
    w_stream integer[], w_count integer[],
    g_stream integer[], g_expected bigint[], g_after bigint[], g_query text[],
    n_tenant integer[], n_name text[], n_value text[],
    c_claim integer[], c_stream integer[], c_take boolean[],
    k_tenant integer[], k_category text[], k_type text[],
    m_tenant integer[], m_form smallint[], m_name text[],
    p_event integer[], p_term integer[],
    e_request integer[], e_write integer[], e_place integer[], e_shift integer[], e_kind integer[],
    e_recorded bigint[], e_checksum bigint[], e_version bigint[], e_id uuid[], e_codec smallint[],
    e_tags text[], e_correlation text[], e_causation text[], e_principal text[],
    e_extra text[], e_payload bytea[])
RETURNS TABLE (verdict smallint, place integer, number bigint, head bigint, owner text, bases bigint[])
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan
AS $body$
DECLARE
    last bigint;
    t_id bigint[]; t_new boolean[];
    s_id bigint[]; s_last bigint[]; s_dead boolean[]; s_new boolean[];
    k_id bigint[]; k_new boolean[];
    m_id bigint[]; m_new boolean[];
    n_holder bigint[]; n_before bigint[]; -- the streams that hold the claims, 0 for none
    r_known boolean[];
    r_first bigint[] := '{}';
    r_ok boolean[] := '{}';
    w_base bigint[] := w_count;
    k_used integer[]; m_used integer[];
    commands boolean := array_remove(r_command, NULL) <> '{}';
    w integer := 0; g integer := 0; c integer := 0; s integer;
    refused integer := 0;
    stored boolean := false;
    started bigint;
BEGIN
    PERFORM {schema}.take_append_lock(lock_ms, flush);
    -- An open transaction must not hold the lock for ever.
    IF idle_ms > 0 AND current_setting('idle_in_transaction_session_timeout') = '0' THEN
        PERFORM set_config('idle_in_transaction_session_timeout', idle_ms::text, true);
    END IF;

    -- What is known of everything the group names.
    SELECT coalesce(max(e.position), 0) INTO last FROM {schema}.events e;
    started := last;
    SELECT array_agg(coalesce(t.id, 0) ORDER BY i.o), array_agg(t.id IS NULL ORDER BY i.o)
    INTO t_id, t_new
    FROM unnest(t_name) WITH ORDINALITY i(name, o) LEFT JOIN {schema}.tenants t ON t.name = i.name;
    IF cardinality(s_name) > 0 THEN
        SELECT array_agg(coalesce(x.id, 0) ORDER BY i.o), array_agg(x.id IS NULL ORDER BY i.o),
               array_agg(coalesce(x.tombstoned, false) ORDER BY i.o),
               array_agg(coalesce((
                   SELECT e.revision FROM {schema}.events e
                   WHERE e.stream = x.id ORDER BY e.revision DESC LIMIT 1), -1) ORDER BY i.o)
        INTO s_id, s_new, s_dead, s_last
        FROM unnest(s_tenant, s_name) WITH ORDINALITY i(tenant, name, o)
        LEFT JOIN {schema}.streams x ON x.tenant = t_id[i.tenant] AND x.name = i.name;
    END IF;
    IF commands THEN
        SELECT array_agg(x.id IS NOT NULL ORDER BY i.o) INTO r_known
        FROM unnest(r_tenant, r_command) WITH ORDINALITY i(tenant, command, o)
        LEFT JOIN {schema}.commands x ON x.tenant = t_id[i.tenant] AND x.id = i.command
            AND (x.expires_at IS NULL OR x.expires_at > now_us);
    END IF;
    IF cardinality(n_name) > 0 THEN
        SELECT array_agg(coalesce(x.stream, 0) ORDER BY i.o) INTO n_holder
        FROM unnest(n_tenant, n_name, n_value) WITH ORDINALITY i(tenant, name, value, o)
        LEFT JOIN {schema}.claims x
            ON x.tenant = t_id[i.tenant] AND x.name = i.name AND x.value = i.value;
    END IF;

    FOR r IN 1 .. cardinality(r_tenant) LOOP
        verdict := 0; place := NULL; number := NULL; owner := NULL; bases := NULL;
        IF commands AND r_known[r] THEN
            verdict := 1;
        END IF;
        IF verdict = 0 THEN
            FOR i IN w + 1 .. w + r_writes[r] LOOP
                IF s_dead[w_stream[i]] THEN
                    verdict := 2; place := i;
                    EXIT;
                END IF;
            END LOOP;
        END IF;
        IF verdict = 0 THEN
            FOR i IN g + 1 .. g + r_guards[r] LOOP
                s := g_stream[i];
                IF s > 0 THEN
                    -- Expected: -3 anything, -2 a stream, -1 no stream, else the last revision.
                    IF NOT (CASE g_expected[i] WHEN -3 THEN true WHEN -2 THEN s_last[s] >= 0
                                               ELSE s_last[s] = g_expected[i] END) THEN
                        verdict := 3; place := i; number := nullif(s_last[s], -1);
                        EXIT;
                    END IF;
                ELSIF g_after[i] < started AND NOT t_new[r_tenant[r]] THEN
                    SELECT f INTO number FROM {schema}.matching(
                        t_id[r_tenant[r]], g_query[i]::jsonb, g_after[i], started, 1) f;
                    IF FOUND THEN
                        verdict := 4; place := i;
                        EXIT;
                    END IF;
                END IF;
            END LOOP;
        END IF;
        IF verdict = 0 AND r_claims[r] > 0 THEN
            n_before := n_holder;
            FOR i IN c + 1 .. c + r_claims[r] LOOP
                s := c_stream[i];
                IF s_id[s] = 0 THEN
                    s_id[s] := nextval('{schema}.stream_ids');
                END IF;
                IF NOT c_take[i] THEN
                    IF n_holder[c_claim[i]] = s_id[s] THEN
                        n_holder[c_claim[i]] := 0;
                    END IF;
                ELSIF n_holder[c_claim[i]] IN (0, s_id[s]) THEN
                    n_holder[c_claim[i]] := s_id[s];
                ELSE
                    verdict := 5; place := i;
                    SELECT x.name INTO owner FROM {schema}.streams x WHERE x.id = n_holder[c_claim[i]];
                    owner := coalesce(owner, s_name[array_position(s_id, n_holder[c_claim[i]])]);
                    n_holder := n_before;
                    EXIT;
                END IF;
            END LOOP;
        END IF;

        r_ok[r] := verdict = 0;
        r_first[r] := last + 1;
        IF verdict = 0 THEN
            number := last + 1;
            bases := '{}';
            FOR i IN w + 1 .. w + r_writes[r] LOOP
                s := w_stream[i];
                w_base[i] := s_last[s] + 1;
                bases := bases || w_base[i];
                s_last[s] := s_last[s] + w_count[i];
                IF s_id[s] = 0 THEN
                    s_id[s] := nextval('{schema}.stream_ids');
                END IF;
            END LOOP;
            last := last + r_events[r];
            stored := true;
        ELSE
            refused := refused + 1;
        END IF;
        w := w + r_writes[r]; g := g + r_guards[r]; c := c + r_claims[r];
        head := last;
        RETURN NEXT;
    END LOOP;
    IF NOT stored THEN
        RETURN;
    END IF;

    -- Names that are new. Those of refused requests only leave no trace.
    IF true = ANY (t_new) THEN
        FOR i IN 1 .. cardinality(t_id) LOOP
            IF t_new[i] AND EXISTS (SELECT 1 FROM unnest(r_tenant, r_ok) u(t, ok) WHERE u.t = i AND u.ok) THEN
                t_id[i] := nextval('{schema}.tenant_ids');
                INSERT INTO {schema}.tenants (id, name) SELECT t_id[i], t_name[i];
            END IF;
        END LOOP;
    END IF;
    IF true = ANY (s_new) THEN
        INSERT INTO {schema}.streams (id, tenant, name)
        SELECT s_id[i.o], t_id[i.tenant], i.name
        FROM unnest(s_tenant, s_name) WITH ORDINALITY i(tenant, name, o)
        WHERE s_new[i.o] AND s_last[i.o] >= 0;
    END IF;

    IF last > started THEN
        IF refused > 0 THEN
            SELECT array_agg(DISTINCT u.kind) INTO k_used
            FROM unnest(e_request, e_kind) u(request, kind) WHERE r_ok[u.request];
            SELECT array_agg(DISTINCT u.term) INTO m_used
            FROM unnest(p_event, p_term) u(event, term) WHERE r_ok[e_request[u.event]];
        END IF;
        SELECT array_agg(coalesce(x.id, nextval('{schema}.kind_ids')) ORDER BY i.o),
               array_agg(x.id IS NULL AND (refused = 0 OR i.o = ANY (k_used)) ORDER BY i.o)
        INTO k_id, k_new
        FROM unnest(k_tenant, k_category, k_type) WITH ORDINALITY i(tenant, category, type, o)
        LEFT JOIN {schema}.kinds x
            ON x.tenant = t_id[i.tenant] AND x.category = i.category AND x.event_type = i.type;
        IF true = ANY (k_new) THEN
            INSERT INTO {schema}.kinds (id, tenant, category, event_type)
            SELECT k_id[i.o], t_id[i.tenant], i.category, i.type
            FROM unnest(k_tenant, k_category, k_type) WITH ORDINALITY i(tenant, category, type, o)
            WHERE k_new[i.o];
        END IF;

        INSERT INTO {schema}.events
            (position, stream, revision, kind, recorded_at, checksum, schema_version, id, codec, tags,
             correlation, causation, principal, extra, payload)
        SELECT r_first[i.request] + i.place, s_id[w_stream[i.write]], w_base[i.write] + i.shift,
               k_id[i.kind], i.recorded, i.checksum, i.version, i.id, i.codec,
               string_to_array(i.tags, E'\x1f'), i.correlation, i.causation, i.principal, i.extra,
               i.payload
        FROM unnest(e_request, e_write, e_place, e_shift, e_kind, e_recorded, e_checksum, e_version,
                    e_id, e_codec, e_tags, e_correlation, e_causation, e_principal, e_extra, e_payload)
             i(request, write, place, shift, kind, recorded, checksum, version,
               id, codec, tags, correlation, causation, principal, extra, payload)
        WHERE refused = 0 OR r_ok[i.request];

        IF cardinality(m_name) > 0 THEN
            SELECT array_agg(coalesce(x.id, nextval('{schema}.term_ids')) ORDER BY i.o),
                   array_agg(x.id IS NULL AND (refused = 0 OR i.o = ANY (m_used)) ORDER BY i.o)
            INTO m_id, m_new
            FROM unnest(m_tenant, m_form, m_name) WITH ORDINALITY i(tenant, form, name, o)
            LEFT JOIN {schema}.terms x
                ON x.tenant = t_id[i.tenant] AND x.form = i.form AND x.name = i.name;
            IF true = ANY (m_new) THEN
                INSERT INTO {schema}.terms (id, tenant, form, name)
                SELECT m_id[i.o], t_id[i.tenant], i.form, i.name
                FROM unnest(m_tenant, m_form, m_name) WITH ORDINALITY i(tenant, form, name, o)
                WHERE m_new[i.o];
            END IF;
            INSERT INTO {schema}.term_positions (term, position)
            SELECT m_id[i.term], r_first[e_request[i.event]] + e_place[i.event]
            FROM unnest(p_event, p_term) i(event, term)
            WHERE refused = 0 OR r_ok[e_request[i.event]]
            ORDER BY 1, 2;
        END IF;
    END IF;

    IF cardinality(n_name) > 0 THEN
        DELETE FROM {schema}.claims x USING unnest(n_tenant, n_name, n_value) WITH ORDINALITY i(tenant, name, value, o)
        WHERE n_holder[i.o] = 0 AND x.tenant = t_id[i.tenant] AND x.name = i.name AND x.value = i.value;
        INSERT INTO {schema}.claims (tenant, name, value, stream)
        SELECT t_id[i.tenant], i.name, i.value, n_holder[i.o]
        FROM unnest(n_tenant, n_name, n_value) WITH ORDINALITY i(tenant, name, value, o)
        WHERE n_holder[i.o] > 0
        ON CONFLICT (tenant, name, value) DO UPDATE SET stream = excluded.stream
            WHERE claims.stream <> excluded.stream;
    END IF;
    IF commands THEN
        INSERT INTO {schema}.commands AS x
            (tenant, first_position, last_position, expires_at, checksum, id, target, outcome)
        SELECT t_id[i.tenant], CASE WHEN i.events > 0 THEN i.first END, i.first + i.events - 1,
               i.expires, i.checksum, i.command, i.target, i.outcome
        FROM unnest(r_tenant, r_first, r_events, r_expires, r_checksum, r_command, r_target, r_outcome, r_ok)
             i(tenant, first, events, expires, checksum, command, target, outcome, ok)
        WHERE i.ok AND i.command IS NOT NULL
        ON CONFLICT (tenant, id) DO UPDATE SET
            first_position = excluded.first_position, last_position = excluded.last_position,
            expires_at = excluded.expires_at, checksum = excluded.checksum,
            target = excluded.target, outcome = excluded.outcome;
        DELETE FROM {schema}.commands x USING (
            SELECT d.tenant, d.id FROM {schema}.commands d
            WHERE d.expires_at <= now_us ORDER BY d.expires_at LIMIT 64) d
        WHERE x.tenant = d.tenant AND x.id = d.id;
    END IF;
    IF channel IS NOT NULL AND last > started THEN
        PERFORM pg_notify(channel, last::text);
    END IF;
END
$body$;

-- Records an act on a whole stream, which is its last event: its end if truncate_before is NULL, the
-- loss of its beginning otherwise. Rows and verdicts are those of append, and
--   6 stream unknown
--   7 truncation out of range: number is the first revision, head the last one
CREATE FUNCTION {schema}.act(
    lock_ms integer, flush boolean, now_us bigint, channel text,
    tenant_name text, stream_name text, expected bigint, truncate_before bigint,
    category text, type text, recorded bigint, checksum bigint, event_id uuid, principal text,
    payload bytea)
RETURNS TABLE (verdict smallint, place integer, number bigint, head bigint, owner text, bases bigint[])
LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan
AS $body$
DECLARE
    found_stream {schema}.streams;
    last bigint;
BEGIN
    PERFORM {schema}.take_append_lock(lock_ms, flush);
    SELECT x.* INTO found_stream FROM {schema}.tenants t
    JOIN {schema}.streams x ON x.tenant = t.id AND x.name = stream_name WHERE t.name = tenant_name;
    IF found_stream.tombstoned THEN
        verdict := 2;
        RETURN NEXT; RETURN;
    END IF;
    SELECT e.revision INTO last FROM {schema}.events e
    WHERE e.stream = found_stream.id ORDER BY e.revision DESC LIMIT 1;
    IF NOT (CASE expected WHEN -3 THEN true WHEN -2 THEN last IS NOT NULL
                          ELSE coalesce(last, -1) = expected END) THEN
        verdict := 3; number := last;
        RETURN NEXT; RETURN;
    END IF;
    IF found_stream.id IS NULL THEN
        verdict := 6;
        RETURN NEXT; RETURN;
    END IF;
    IF truncate_before IS NOT NULL AND truncate_before NOT BETWEEN found_stream.first_revision AND last THEN
        verdict := 7; number := found_stream.first_revision; head := last;
        RETURN NEXT; RETURN;
    END IF;
    RETURN QUERY SELECT * FROM {schema}.append(
        0, 0, flush, now_us, channel, ARRAY[tenant_name], ARRAY[1], ARRAY[stream_name],
        ARRAY[1], ARRAY[1], ARRAY[1], ARRAY[0], ARRAY[0], ARRAY[NULL]::text[], ARRAY['']::text[],
        ARRAY['']::bytea[], ARRAY[NULL]::bigint[], ARRAY[0]::bigint[], ARRAY[1], ARRAY[1],
        '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
        ARRAY[1], ARRAY[category], ARRAY[type], '{}', '{}', '{}', '{}', '{}',
        ARRAY[1], ARRAY[1], ARRAY[0], ARRAY[0], ARRAY[1], ARRAY[recorded], ARRAY[checksum],
        ARRAY[1]::bigint[], ARRAY[event_id], ARRAY[0]::smallint[], ARRAY[NULL]::text[],
        ARRAY[NULL]::text[], ARRAY[NULL]::text[], ARRAY[principal], ARRAY[NULL]::text[],
        ARRAY[payload]);
    IF truncate_before IS NULL THEN
        UPDATE {schema}.streams x SET tombstoned = true WHERE x.id = found_stream.id;
        DELETE FROM {schema}.claims x WHERE x.stream = found_stream.id;
        DELETE FROM {schema}.snapshots x WHERE x.tenant = tenant_name AND x.stream = stream_name;
    ELSE
        UPDATE {schema}.streams x SET first_revision = truncate_before WHERE x.id = found_stream.id;
    END IF;
END
$body$;

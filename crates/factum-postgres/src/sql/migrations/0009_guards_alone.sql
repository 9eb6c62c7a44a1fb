-- Appends a group of requests: each judged in full and in order, against everything committed and
-- against the requests of the group before it; what is accepted is stored, the rest leaves nothing. A
-- request of guards alone is judged like any other and leaves nothing either.
--
-- The group comes as columns. A prefix says of what: t tenants, s streams, r requests, w streams a
-- request writes to, g guards, n claims, c claim changes, k kinds, m terms, p postings, e events.
-- Numbers that point into another list count from 1. r_before and w_before count the group's events
-- before the request, and before it in the same stream. plain says that no request's verdict can
-- depend on another's; then, if nothing is in the way of any, no request is looked at by itself.
-- s_hint is a revision that the stream had reached before, as far as the caller knows, and spares looking
-- through older ones; 0 if nothing is known.
--
-- Answers with an entry for each request:
--   verdicts  NULL if all are stored; else 0 stored, 1 command known, 2 stream deleted, 3 stream guard,
--             4 query guard, 5 claim
--   places    for 2 the number in w, for 3 and 4 in g, for 5 in c
--   numbers   for 0 the position of the first event, or the one it would have had; for 3 the last
--             revision, NULL for no stream; for 4 the position found
--   owners    for 5 the stream that holds the claim
-- and one for each w:
--   bases     the revision of the first event, if the request is stored
--
-- The caller's session has chosen plans and limits: sessions of our own when they are made, others
-- through append_in_transaction.
CREATE OR REPLACE FUNCTION {schema}.append(
    now_us bigint, channel text, plain boolean,
    t_name text[],
    s_tenant integer[], s_name text[], s_hint bigint[],
    r_tenant integer[], r_events integer[], r_before integer[], r_writes integer[], r_guards integer[],
    r_claims integer[], r_command text[],
    r_target text[], r_outcome bytea[], r_expires bigint[], r_checksum bigint[],
    w_stream integer[], w_count integer[], w_before integer[],
    g_stream integer[], g_expected bigint[], g_after bigint[], g_query text[],
    n_tenant integer[], n_name text[], n_value text[],
    c_claim integer[], c_stream integer[], c_take boolean[],
    k_tenant integer[], k_category text[], k_type text[],
    m_tenant integer[], m_form smallint[], m_name text[],
    p_event integer[], p_term integer[],
    e_request integer[], e_write integer[], e_place integer[], e_shift integer[], e_kind integer[],
    e_recorded bigint[], e_checksum bigint[], e_version bigint[], e_id uuid[], e_codec smallint[],
    e_tags text[], e_correlation text[], e_causation text[], e_principal text[],
    e_extra text[], e_payload bytea[], r_digest bytea[] DEFAULT NULL,
    OUT verdicts smallint[], OUT places integer[], OUT numbers bigint[], OUT owners text[],
    OUT bases bigint[])
LANGUAGE plpgsql AS $body$
DECLARE
    last bigint; started bigint;
    t_id bigint[]; s_id bigint[]; s_last bigint[]; s_dead boolean[]; k_id bigint[]; m_id bigint[];
    n_holder bigint[]; n_before bigint[]; -- the streams that hold the claims, 0 for none
    r_known boolean[]; r_first bigint[]; r_ok boolean[];
    w_base bigint[];
    k_used integer[]; m_used integer[];
    fine boolean;
    w integer := 0; g integer := 0; c integer := 0; s integer;
    verdict integer; place integer; number bigint; owner text;
    refused integer := 0;
BEGIN
    LOCK TABLE {schema}.append_lock IN EXCLUSIVE MODE;

    -- What is known of everything the group names; 0 stands for an id that is not there yet. Then
    -- whether anything is in the way of a plain request, and the places if nothing is. A list comes in
    -- the order of the column it is made from: nothing here sorts, and to join by hash or by merging is
    -- out of the question in the sessions that run this.
    SELECT h.head, ta.ids, sa.ids, sa.lasts, sa.deads,
           ARRAY(SELECT coalesce((
                     SELECT x.id FROM {schema}.kinds x WHERE x.tenant = ta.ids[k_tenant[i]]
                     AND x.category = k_category[i] AND x.event_type = k_type[i]), 0)
                 FROM generate_series(1, cardinality(k_type)) i),
           ARRAY(SELECT coalesce((
                     SELECT x.id FROM {schema}.terms x WHERE x.tenant = ta.ids[m_tenant[i]]
                     AND x.form = m_form[i] AND x.name = m_name[i]), 0)
                 FROM generate_series(1, cardinality(m_name)) i),
           plain AND true <> ALL (sa.deads) AND NOT EXISTS (
               SELECT 1 FROM generate_series(1, cardinality(g_stream)) i
               WHERE g_stream[i] > 0 AND g_expected[i] <> -3 AND NOT CASE g_expected[i]
                   WHEN -2 THEN sa.lasts[g_stream[i]] >= 0
                   ELSE sa.lasts[g_stream[i]] = g_expected[i] END),
           ARRAY(SELECT h.head + 1 + i FROM unnest(r_before) i),
           ARRAY(SELECT sa.lasts[w_stream[i]] + 1 + w_before[i]
                 FROM generate_series(1, cardinality(w_stream)) i)
    INTO last, t_id, s_id, s_last, s_dead, k_id, m_id, fine, r_first, w_base
    FROM (SELECT coalesce(max(e.position), 0) AS head FROM {schema}.events e) h,
    (SELECT ARRAY(SELECT coalesce((SELECT x.id FROM {schema}.tenants x WHERE x.name = i.name), 0)
                  FROM unnest(t_name) i(name)) AS ids) ta,
    LATERAL (
        SELECT array_agg(coalesce(x.id, 0)) AS ids,
               array_agg(coalesce(x.tombstoned, false)) AS deads,
               array_agg(coalesce((
                   SELECT e.revision FROM {schema}.events e
                   WHERE e.stream = x.id AND e.revision >= s_hint[i]
                   ORDER BY e.revision DESC LIMIT 1),
                   CASE WHEN x.id > 0 THEN -2 ELSE -1 END)) AS lasts
        FROM generate_series(1, cardinality(s_name)) i
        LEFT JOIN {schema}.streams x ON x.tenant = ta.ids[s_tenant[i]] AND x.name = s_name[i]) sa;
    started := last;
    IF -2 = ANY (s_last) THEN
        -- Hints that were too high: of a log that was put back to an earlier state, say.
        s_last := ARRAY(
            SELECT coalesce((
                SELECT e.revision FROM {schema}.events e
                WHERE e.stream = s_id[i] ORDER BY e.revision DESC LIMIT 1), -1)
            FROM generate_series(1, cardinality(s_id)) i);
        fine := false;
    END IF;
    IF r_command IS NOT NULL THEN
        r_known := ARRAY(
            SELECT coalesce((
                SELECT x.expires_at IS NULL OR x.expires_at > now_us FROM {schema}.commands x
                WHERE x.tenant = t_id[r_tenant[i]] AND x.id = r_command[i]), false)
            FROM generate_series(1, cardinality(r_tenant)) i);
        fine := fine AND true <> ALL (r_known);
    END IF;
    IF n_name IS NOT NULL THEN
        n_holder := ARRAY(
            SELECT coalesce((
                SELECT x.stream FROM {schema}.claims x WHERE x.tenant = t_id[n_tenant[i]]
                AND x.name = n_name[i] AND x.value = n_value[i]), 0)
            FROM generate_series(1, cardinality(n_name)) i);
    END IF;

    IF NOT coalesce(fine, true) OR n_name IS NOT NULL OR g_query IS NOT NULL THEN
        -- One by one.
        last := started;
        FOR r IN 1 .. cardinality(r_tenant) LOOP
            verdict := 0; place := NULL; number := NULL; owner := NULL;
            IF r_command IS NOT NULL AND r_known[r] THEN
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
                    ELSIF g_after[i] < started AND t_id[r_tenant[r]] > 0 THEN
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
                        s_id[s] := -nextval('{schema}.stream_ids');
                    END IF;
                    IF NOT c_take[i] THEN
                        IF n_holder[c_claim[i]] = abs(s_id[s]) THEN
                            n_holder[c_claim[i]] := 0;
                        END IF;
                    ELSIF n_holder[c_claim[i]] IN (0, abs(s_id[s])) THEN
                        n_holder[c_claim[i]] := abs(s_id[s]);
                    ELSE
                        verdict := 5; place := i;
                        SELECT x.name INTO owner FROM {schema}.streams x WHERE x.id = n_holder[c_claim[i]];
                        owner := coalesce(owner, s_name[array_position(s_id, -n_holder[c_claim[i]])]);
                        n_holder := n_before;
                        EXIT;
                    END IF;
                END LOOP;
            END IF;

            r_first[r] := last + 1;
            IF verdict = 0 THEN
                number := last + 1;
                FOR i IN w + 1 .. w + r_writes[r] LOOP
                    s := w_stream[i];
                    w_base[i] := s_last[s] + 1;
                    s_last[s] := s_last[s] + w_count[i];
                END LOOP;
                last := last + r_events[r];
            ELSE
                refused := refused + 1;
            END IF;
            r_ok[r] := verdict = 0;
            verdicts[r] := verdict; places[r] := place; numbers[r] := number; owners[r] := owner;
            w := w + r_writes[r]; g := g + r_guards[r]; c := c + r_claims[r];
        END LOOP;
        IF refused = cardinality(r_tenant) THEN
            RETURN;
        END IF;
    ELSE
        numbers := r_first;
        last := last + cardinality(e_id);
    END IF;
    bases := w_base;
    IF last = started AND r_command IS NULL THEN
        RETURN; -- Guards alone: nothing is written, so the commit has nothing to flush.
    END IF;

    -- Names that are new: of accepted requests that store something, the others leave no trace.
    IF 0 = ANY (t_id) THEN
        FOR i IN 1 .. cardinality(t_id) LOOP
            IF t_id[i] = 0 AND EXISTS (
                SELECT 1 FROM generate_series(1, cardinality(r_tenant)) r
                WHERE (refused = 0 OR r_ok[r]) AND r_tenant[r] = i
                  AND (r_events[r] > 0 OR r_command[r] IS NOT NULL)) THEN
                t_id[i] := nextval('{schema}.tenant_ids');
                INSERT INTO {schema}.tenants (id, name) SELECT t_id[i], t_name[i];
            END IF;
        END LOOP;
    END IF;
    IF 0 >= ANY (s_id) THEN
        s_id := ARRAY(
            SELECT CASE WHEN i = 0 THEN -nextval('{schema}.stream_ids') ELSE i END FROM unnest(s_id) i);
        INSERT INTO {schema}.streams (id, tenant, name)
        SELECT -s_id[i.s], t_id[s_tenant[i.s]], s_name[i.s]
        FROM (SELECT DISTINCT u.s FROM unnest(w_stream) u(s)) i
        WHERE s_id[i.s] < 0 AND (refused = 0 OR s_last[i.s] >= 0);
    END IF;

    IF last > started THEN
        IF refused > 0 THEN
            k_used := ARRAY(
                SELECT DISTINCT e_kind[i] FROM generate_series(1, cardinality(e_id)) i
                WHERE r_ok[e_request[i]]);
            m_used := ARRAY(
                SELECT DISTINCT p_term[i] FROM generate_series(1, cardinality(p_term)) i
                WHERE r_ok[e_request[p_event[i]]]);
        END IF;
        IF 0 = ANY (k_id) THEN
            k_id := ARRAY(
                SELECT CASE WHEN i = 0 THEN -nextval('{schema}.kind_ids') ELSE i END FROM unnest(k_id) i);
            INSERT INTO {schema}.kinds (id, tenant, category, event_type)
            SELECT -k_id[i], t_id[k_tenant[i]], k_category[i], k_type[i]
            FROM generate_series(1, cardinality(k_type)) i
            WHERE k_id[i] < 0 AND (refused = 0 OR i = ANY (k_used));
        END IF;

        INSERT INTO {schema}.events
            (position, stream, revision, kind, recorded_at, checksum, schema_version, id, codec, tags,
             correlation, causation, principal, extra, payload)
        SELECT r_first[e_request[i]] + e_place[i], abs(s_id[w_stream[e_write[i]]]),
               w_base[e_write[i]] + e_shift[i], abs(k_id[e_kind[i]]), e_recorded[i], e_checksum[i],
               e_version[i], e_id[i], e_codec[i], string_to_array(e_tags[i], E'\x1f'),
               e_correlation[i], e_causation[i], e_principal[i], e_extra[i], e_payload[i]
        FROM generate_series(1, cardinality(e_id)) i
        WHERE refused = 0 OR r_ok[e_request[i]];

        IF m_name IS NOT NULL THEN
            IF 0 = ANY (m_id) THEN
                m_id := ARRAY(
                    SELECT CASE WHEN i = 0 THEN -nextval('{schema}.term_ids') ELSE i END FROM unnest(m_id) i);
                INSERT INTO {schema}.terms (id, tenant, form, name)
                SELECT -m_id[i], t_id[m_tenant[i]], m_form[i], m_name[i]
                FROM generate_series(1, cardinality(m_name)) i
                WHERE m_id[i] < 0 AND (refused = 0 OR i = ANY (m_used));
            END IF;
            INSERT INTO {schema}.term_positions (term, position)
            SELECT abs(m_id[p_term[i]]), r_first[e_request[p_event[i]]] + e_place[p_event[i]]
            FROM generate_series(1, cardinality(p_term)) i
            WHERE refused = 0 OR r_ok[e_request[p_event[i]]];
        END IF;
    END IF;

    IF n_name IS NOT NULL THEN
        IF 0 = ANY (n_holder) THEN
            DELETE FROM {schema}.claims x USING generate_series(1, cardinality(n_name)) i
            WHERE n_holder[i] = 0
              AND x.tenant = t_id[n_tenant[i]] AND x.name = n_name[i] AND x.value = n_value[i];
        END IF;
        INSERT INTO {schema}.claims AS x (tenant, name, value, stream)
        SELECT t_id[n_tenant[i]], n_name[i], n_value[i], n_holder[i]
        FROM generate_series(1, cardinality(n_name)) i
        WHERE n_holder[i] > 0
        ON CONFLICT (tenant, name, value) DO UPDATE SET stream = excluded.stream
            WHERE x.stream <> excluded.stream;
    END IF;
    IF r_command IS NOT NULL THEN
        INSERT INTO {schema}.commands AS x
            (tenant, first_position, last_position, expires_at, checksum, id, target, outcome,
             digest)
        SELECT t_id[r_tenant[i]], CASE WHEN r_events[i] > 0 THEN r_first[i] END,
               r_first[i] + r_events[i] - 1, r_expires[i], r_checksum[i], r_command[i], r_target[i],
               r_outcome[i], r_digest[i]
        FROM generate_series(1, cardinality(r_tenant)) i
        WHERE r_command[i] IS NOT NULL AND (refused = 0 OR r_ok[i])
        ON CONFLICT (tenant, id) DO UPDATE SET
            first_position = excluded.first_position, last_position = excluded.last_position,
            expires_at = excluded.expires_at, checksum = excluded.checksum,
            target = excluded.target, outcome = excluded.outcome, digest = excluded.digest;
        DELETE FROM {schema}.commands x USING (
            SELECT d.tenant, d.id FROM {schema}.commands d
            WHERE d.expires_at <= now_us ORDER BY d.expires_at LIMIT 64 FOR UPDATE SKIP LOCKED) d
        WHERE x.tenant = d.tenant AND x.id = d.id;
    END IF;
    IF channel IS NOT NULL AND last > started THEN
        PERFORM pg_notify(channel, last::text);
    END IF;
END
$body$;

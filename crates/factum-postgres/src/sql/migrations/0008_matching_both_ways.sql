-- Queries by stream, and from the newest event down.

-- The first revision of a stream that stands after a position; behind its last one if none does. Positions
-- go up with revisions, so it is found by halving. Its callers have chosen plans and the search path.
CREATE FUNCTION {schema}.revision_after(of_stream bigint, after bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $body$
DECLARE
    low bigint := 0;
    high bigint;
    middle bigint;
    place bigint;
BEGIN
    SELECT e.revision, e.position INTO high, place FROM {schema}.events e
    WHERE e.stream = of_stream ORDER BY e.revision DESC LIMIT 1;
    IF high IS NULL OR place <= after THEN
        RETURN coalesce(high + 1, 0);
    END IF;
    IF after <= 0 THEN
        RETURN 0;
    END IF;
    WHILE low < high LOOP
        middle := (low + high) / 2;
        SELECT e.position INTO place FROM {schema}.events e
        WHERE e.stream = of_stream AND e.revision = middle;
        IF place > after THEN
            high := middle;
        ELSE
            low := middle + 1;
        END IF;
    END LOOP;
    RETURN low;
END
$body$;

-- The positions that match a query: the first `most` after `after`, through `through`, in order; backward
-- the last ones, newest first.
--
-- scope is a tenant, or NULL for all of them. The query is a JSON list of alternatives, each with
-- s (streams: from name, before name, their category if it is one), c (category), t (types), g (tags) and
-- r (correlation), all of them optional. Those with streams have a function of their own, so that the others
-- pay nothing for them.
--
-- STABLE, so that everything in here is read as the calling statement sees it. Both ways are made of one
-- text, so that they differ in nothing but the order.
DO $make$
DECLARE
    in_streams text := $text$
CREATE FUNCTION {schema}.{name}_in_streams(
    scope bigint, item jsonb, after bigint, through bigint, most bigint)
RETURNS bigint[] LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    name_from text COLLATE "C" := item -> 's' ->> 0;
    name_to text COLLATE "C" := item -> 's' ->> 1;
    category_wanted text := coalesce(item ->> 'c', item -> 's' ->> 2);
    types text[];
    part bigint[];
    stream_ids bigint[];       -- NULL if they are too many to merge
    kinds_needed boolean;
    kinds_wanted bigint[];     -- NULL if every kind will do
    term_ids bigint[];
    term_groups integer[];     -- which tag or correlation each id stands for, from 1
    groups integer := coalesce(jsonb_array_length(item -> 'g'), 0) + (item ? 'r')::integer;
    driver integer;            -- the rarest of the groups, 0 for the kinds, -1 for the streams
    others integer;
BEGIN
    IF scope IS NULL THEN
        stream_ids := ARRAY(
            SELECT s.id FROM {schema}.tenants t
            JOIN {schema}.streams s ON s.tenant = t.id AND s.name >= name_from AND s.name < name_to
            LIMIT 65);
    ELSE
        stream_ids := ARRAY(
            SELECT s.id FROM {schema}.streams s
            WHERE s.tenant = scope AND s.name >= name_from AND s.name < name_to LIMIT 65);
    END IF;
    IF cardinality(stream_ids) = 0 THEN
        RETURN NULL; -- No stream is named so.
    ELSIF cardinality(stream_ids) > 64 THEN
        stream_ids := NULL; -- Looking at each event's stream costs less than merging them.
    END IF;
    kinds_needed := item ? 't' OR item ? 'c' OR (groups = 0 AND stream_ids IS NULL);
    IF item ? 't' THEN
        SELECT array_agg(value) INTO types FROM jsonb_array_elements_text(item -> 't');
        SELECT array_agg(DISTINCT k.id) INTO kinds_wanted
        FROM unnest(types) y(name) JOIN {schema}.kinds k ON k.event_type = y.name
        WHERE (scope IS NULL OR k.tenant = scope)
          AND (category_wanted IS NULL OR k.category = category_wanted);
    ELSIF kinds_needed THEN
        SELECT array_agg(k.id) INTO kinds_wanted FROM {schema}.kinds k
        WHERE (scope IS NULL OR k.tenant = scope)
          AND (category_wanted IS NULL OR k.category = category_wanted);
    END IF;
    IF kinds_needed AND kinds_wanted IS NULL THEN
        RETURN NULL; -- No event is of such a kind.
    END IF;
    IF groups > 0 THEN
        SELECT array_agg(t.id), array_agg(w.place), count(DISTINCT w.place)
        INTO term_ids, term_groups, others
        FROM (
            SELECT 0::smallint AS form, value AS name, ordinality::integer AS place
            FROM jsonb_array_elements_text(item -> 'g') WITH ORDINALITY
            UNION ALL SELECT 1::smallint, item ->> 'r', groups WHERE item ? 'r'
        ) w
        JOIN {schema}.terms t ON t.name = w.name AND t.form = w.form
        WHERE scope IS NULL OR t.tenant = scope;
        IF others < groups THEN
            RETURN NULL; -- One of them was never seen.
        END IF;
    END IF;

    driver := CASE WHEN stream_ids IS NOT NULL THEN -1 WHEN kinds_wanted IS NOT NULL THEN 0 ELSE 1 END;
    IF groups + (kinds_wanted IS NOT NULL)::integer + (stream_ids IS NOT NULL)::integer > 1 THEN
        -- Which list is shortest, as far as a thousand entries tell.
        SELECT c.grp INTO driver FROM (
            SELECT g.grp, (
                SELECT count(*) FROM (
                    SELECT 1 FROM unnest(term_ids, term_groups) i(id, grp)
                    JOIN {schema}.term_positions p ON p.term = i.id
                    WHERE i.grp = g.grp AND p.position > after AND p.position <= through
                    LIMIT 1000) few) AS entries
            FROM generate_series(1, groups) g(grp)
            UNION ALL
            SELECT 0, (
                SELECT count(*) FROM (
                    SELECT 1 FROM unnest(kinds_wanted) i(id)
                    JOIN {schema}.events e ON e.kind = i.id
                    WHERE e.position > after AND e.position <= through LIMIT 1000) few)
            WHERE kinds_wanted IS NOT NULL
            UNION ALL
            SELECT -1, (
                SELECT least(1000, sum(
                    {schema}.revision_after(i.id, through) - {schema}.revision_after(i.id, after)))
                FROM unnest(stream_ids) i(id))::bigint
            WHERE stream_ids IS NOT NULL
        ) c ORDER BY c.entries, c.grp DESC LIMIT 1;
    END IF;
    others := groups - (driver > 0)::integer;

    IF driver > 0 THEN
        SELECT array_agg(q.position) INTO part FROM (
            SELECT d.position FROM unnest(term_ids, term_groups) i(id, grp)
            CROSS JOIN LATERAL (
                SELECT p.position FROM {schema}.term_positions p
                WHERE p.term = i.id AND p.position > after AND p.position <= through
                  AND EXISTS (
                      SELECT 1 FROM {schema}.events e JOIN {schema}.streams s ON s.id = e.stream
                      WHERE e.position = p.position AND s.name >= name_from AND s.name < name_to
                        AND (kinds_wanted IS NULL OR e.kind = ANY (kinds_wanted))
                      OFFSET 0) -- One by one, in the order of the list.
                  AND (others = 0 OR others = (
                      SELECT count(DISTINCT o.grp) FROM unnest(term_ids, term_groups) o(id, grp)
                      JOIN {schema}.term_positions x ON x.term = o.id AND x.position = p.position
                      WHERE o.grp <> driver))
                ORDER BY p.position {order} LIMIT most) d
            WHERE i.grp = driver
            ORDER BY d.position {order} LIMIT most) q;
    ELSIF driver < 0 THEN
        SELECT array_agg(q.position) INTO part FROM (
            SELECT d.position FROM unnest(stream_ids) i(id)
            CROSS JOIN LATERAL (
                SELECT e.position FROM {schema}.events e
                WHERE e.stream = i.id
                  AND e.revision >= {schema}.revision_after(i.id, after)
                  AND e.revision < {schema}.revision_after(i.id, through)
                  AND (kinds_wanted IS NULL OR e.kind = ANY (kinds_wanted))
                  AND (others = 0 OR others = (
                      SELECT count(DISTINCT o.grp) FROM unnest(term_ids, term_groups) o(id, grp)
                      JOIN {schema}.term_positions x ON x.term = o.id AND x.position = e.position))
                ORDER BY e.revision {order} LIMIT most) d
            ORDER BY d.position {order} LIMIT most) q;
    ELSIF cardinality(kinds_wanted) > 64 THEN
        -- Merging so many lists costs more than looking at every event.
        SELECT array_agg(q.position) INTO part FROM (
            SELECT e.position FROM {schema}.events e
            WHERE e.position > after AND e.position <= through
              AND e.kind + 0 = ANY (kinds_wanted)
              AND EXISTS (
                  SELECT 1 FROM {schema}.streams s
                  WHERE s.id = e.stream AND s.name >= name_from AND s.name < name_to OFFSET 0)
              AND (others = 0 OR others = (
                  SELECT count(DISTINCT o.grp) FROM unnest(term_ids, term_groups) o(id, grp)
                  JOIN {schema}.term_positions x ON x.term = o.id AND x.position = e.position))
            ORDER BY e.position {order} LIMIT most) q;
    ELSE
        SELECT array_agg(q.position) INTO part FROM (
            SELECT d.position FROM unnest(kinds_wanted) i(id)
            CROSS JOIN LATERAL (
                SELECT e.position FROM {schema}.events e
                WHERE e.kind = i.id AND e.position > after AND e.position <= through
                  AND EXISTS (
                      SELECT 1 FROM {schema}.streams s
                      WHERE s.id = e.stream AND s.name >= name_from AND s.name < name_to OFFSET 0)
                  AND (others = 0 OR others = (
                      SELECT count(DISTINCT o.grp) FROM unnest(term_ids, term_groups) o(id, grp)
                      JOIN {schema}.term_positions x
                        ON x.term = o.id AND x.position = e.position))
                ORDER BY e.position {order} LIMIT most) d
            ORDER BY d.position {order} LIMIT most) q;
    END IF;
    RETURN part;
END
$body$
$text$;
    matching text := $text$
CREATE OR REPLACE FUNCTION {schema}.{name}(
    scope bigint, query jsonb, after bigint, through bigint, most bigint)
RETURNS SETOF bigint LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
    item jsonb;
    types text[];
    found bigint[] := '{}';
    part bigint[];
    kinds_wanted bigint[];     -- NULL if every kind will do
    term_ids bigint[];
    term_groups integer[];     -- which tag or correlation each id stands for, from 1
    groups integer;
    driver integer;            -- the rarest of the groups, 0 for the kinds
    others integer;
BEGIN
    FOR item IN SELECT value FROM jsonb_array_elements(query) LOOP
        IF item ? 's' THEN
            found := found || {schema}.{name}_in_streams(scope, item, after, through, most);
            CONTINUE;
        END IF;
        kinds_wanted := NULL;
        groups := coalesce(jsonb_array_length(item -> 'g'), 0) + (item ? 'r')::integer;
        IF item ? 't' THEN
            SELECT array_agg(value) INTO types FROM jsonb_array_elements_text(item -> 't');
            SELECT array_agg(DISTINCT k.id) INTO kinds_wanted
            FROM unnest(types) y(name) JOIN {schema}.kinds k ON k.event_type = y.name
            WHERE (scope IS NULL OR k.tenant = scope)
              AND (item ->> 'c' IS NULL OR k.category = item ->> 'c');
        ELSIF item ? 'c' OR groups = 0 THEN
            SELECT array_agg(k.id) INTO kinds_wanted FROM {schema}.kinds k
            WHERE (scope IS NULL OR k.tenant = scope)
              AND (item ->> 'c' IS NULL OR k.category = item ->> 'c');
        END IF;
        IF kinds_wanted IS NULL AND (item ? 't' OR item ? 'c' OR groups = 0) THEN
            CONTINUE; -- No event is of such a kind.
        END IF;

        driver := 0;
        IF groups > 0 THEN
            SELECT array_agg(t.id), array_agg(w.place), count(DISTINCT w.place)
            INTO term_ids, term_groups, others
            FROM (
                SELECT 0::smallint AS form, value AS name, ordinality::integer AS place
                FROM jsonb_array_elements_text(item -> 'g') WITH ORDINALITY
                UNION ALL SELECT 1::smallint, item ->> 'r', groups WHERE item ? 'r'
            ) w
            JOIN {schema}.terms t ON t.name = w.name AND t.form = w.form
            WHERE scope IS NULL OR t.tenant = scope;
            CONTINUE WHEN others < groups; -- One of them was never seen.
            driver := 1;
            IF groups > 1 OR kinds_wanted IS NOT NULL THEN
                -- Which list is shortest, as far as a thousand entries tell.
                SELECT c.grp INTO driver FROM (
                    SELECT g.grp, (
                        SELECT count(*) FROM (
                            SELECT 1 FROM unnest(term_ids, term_groups) i(id, grp)
                            JOIN {schema}.term_positions p ON p.term = i.id
                            WHERE i.grp = g.grp AND p.position > after AND p.position <= through
                            LIMIT 1000) few) AS entries
                    FROM generate_series(1, groups) g(grp)
                    UNION ALL
                    SELECT 0, (
                        SELECT count(*) FROM (
                            SELECT 1 FROM unnest(kinds_wanted) i(id)
                            JOIN {schema}.events e ON e.kind = i.id
                            WHERE e.position > after AND e.position <= through LIMIT 1000) few)
                    WHERE kinds_wanted IS NOT NULL
                ) c ORDER BY c.entries, c.grp DESC LIMIT 1;
            END IF;
        END IF;

        others := groups - (driver > 0)::integer;
        IF driver > 0 THEN
            SELECT array_agg(q.position) INTO part FROM (
                SELECT d.position FROM unnest(term_ids, term_groups) i(id, grp)
                CROSS JOIN LATERAL (
                    SELECT p.position FROM {schema}.term_positions p
                    WHERE p.term = i.id AND p.position > after AND p.position <= through
                      AND (kinds_wanted IS NULL OR EXISTS (
                          SELECT 1 FROM {schema}.events e
                          WHERE e.position = p.position AND e.kind = ANY (kinds_wanted)))
                      AND (others = 0 OR others = (
                          SELECT count(DISTINCT o.grp) FROM unnest(term_ids, term_groups) o(id, grp)
                          JOIN {schema}.term_positions x ON x.term = o.id AND x.position = p.position
                          WHERE o.grp <> driver))
                    ORDER BY p.position {order} LIMIT most) d
                WHERE i.grp = driver
                ORDER BY d.position {order} LIMIT most) q;
        ELSIF cardinality(kinds_wanted) > 64 THEN
            -- Merging so many lists costs more than looking at every event.
            SELECT array_agg(q.position) INTO part FROM (
                SELECT e.position FROM {schema}.events e
                WHERE e.position > after AND e.position <= through
                  AND e.kind + 0 = ANY (kinds_wanted)
                  AND (others = 0 OR others = (
                      SELECT count(DISTINCT o.grp) FROM unnest(term_ids, term_groups) o(id, grp)
                      JOIN {schema}.term_positions x ON x.term = o.id AND x.position = e.position))
                ORDER BY e.position {order} LIMIT most) q;
        ELSE
            SELECT array_agg(q.position) INTO part FROM (
                SELECT d.position FROM unnest(kinds_wanted) i(id)
                CROSS JOIN LATERAL (
                    SELECT e.position FROM {schema}.events e
                    WHERE e.kind = i.id AND e.position > after AND e.position <= through
                      AND (others = 0 OR others = (
                          SELECT count(DISTINCT o.grp) FROM unnest(term_ids, term_groups) o(id, grp)
                          JOIN {schema}.term_positions x
                            ON x.term = o.id AND x.position = e.position))
                    ORDER BY e.position {order} LIMIT most) d
                ORDER BY d.position {order} LIMIT most) q;
        END IF;
        found := found || part;
    END LOOP;
    IF jsonb_array_length(query) = 1 THEN
        RETURN QUERY SELECT p FROM unnest(found) p;
    ELSE
        RETURN QUERY SELECT DISTINCT p FROM unnest(found) p ORDER BY p {order} LIMIT most;
    END IF;
END
$body$
$text$;
BEGIN
    EXECUTE replace(replace(in_streams, '{name}', 'matching'), '{order}', 'ASC');
    EXECUTE replace(replace(in_streams, '{name}', 'matching_backward'), '{order}', 'DESC');
    EXECUTE replace(replace(matching, '{name}', 'matching'), '{order}', 'ASC');
    EXECUTE replace(replace(matching, '{name}', 'matching_backward'), '{order}', 'DESC');
END
$make$;

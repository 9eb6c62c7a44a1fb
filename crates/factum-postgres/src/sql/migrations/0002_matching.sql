-- The positions that match a query, in order: the first `most` after `after`, through `through`.
--
-- scope is a tenant, or NULL for all of them. The query is a JSON list of alternatives, each with
-- c (category), t (types), g (tags) and r (correlation), all of them optional.
--
-- STABLE, so that everything in here is read as the calling statement sees it.
CREATE FUNCTION {schema}.matching(scope bigint, query jsonb, after bigint, through bigint, most bigint)
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
                    ORDER BY p.position LIMIT most) d
                WHERE i.grp = driver
                ORDER BY d.position LIMIT most) q;
        ELSIF cardinality(kinds_wanted) > 64 THEN
            -- Merging so many lists costs more than looking at every event.
            SELECT array_agg(q.position) INTO part FROM (
                SELECT e.position FROM {schema}.events e
                WHERE e.position > after AND e.position <= through
                  AND e.kind + 0 = ANY (kinds_wanted)
                  AND (others = 0 OR others = (
                      SELECT count(DISTINCT o.grp) FROM unnest(term_ids, term_groups) o(id, grp)
                      JOIN {schema}.term_positions x ON x.term = o.id AND x.position = e.position))
                ORDER BY e.position LIMIT most) q;
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
                    ORDER BY e.position LIMIT most) d
                ORDER BY d.position LIMIT most) q;
        END IF;
        found := found || part;
    END LOOP;
    IF jsonb_array_length(query) = 1 THEN
        RETURN QUERY SELECT p FROM unnest(found) p;
    ELSE
        RETURN QUERY SELECT DISTINCT p FROM unnest(found) p ORDER BY p LIMIT most;
    END IF;
END
$body$;

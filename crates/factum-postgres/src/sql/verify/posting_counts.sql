-- How many postings there are, and how many the events ask for.
SELECT (SELECT count(*) FROM {schema}.term_positions),
       (SELECT coalesce(sum(coalesce(cardinality(tags), 0) + (correlation IS NOT NULL)::integer), 0)
        FROM {schema}.events)::bigint

-- ?1 tenant or NULL
SELECT (SELECT position FROM head),
       (SELECT count(*) FROM kind_positions JOIN kinds ON kinds.id = kind
        WHERE position > 0 AND (?1 IS NULL OR tenant = ?1)),
       (SELECT count(*) FROM streams WHERE ?1 IS NULL OR tenant = ?1),
       (SELECT count(DISTINCT event_type) FROM kinds WHERE ?1 IS NULL OR tenant = ?1),
       (SELECT count(DISTINCT name) FROM terms WHERE form = 0 AND (?1 IS NULL OR tenant = ?1)),
       (SELECT count(*) FROM claims WHERE ?1 IS NULL OR tenant = ?1),
       (SELECT count(*) FROM commands WHERE ?1 IS NULL OR tenant = ?1),
       (SELECT count(DISTINCT tenant) FROM kinds WHERE ?1 IS NULL OR tenant = ?1)

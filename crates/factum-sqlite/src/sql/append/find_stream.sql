-- ?1 tenant, ?2 name
SELECT id, first_revision, tombstoned, (SELECT max(revision) FROM events WHERE stream = streams.id)
FROM streams WHERE tenant = ?1 AND name = ?2

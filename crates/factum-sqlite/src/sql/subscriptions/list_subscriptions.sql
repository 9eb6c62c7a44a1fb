-- ?1 and ?2 after scope, name (exclusive), ?3 through scope (inclusive), ?4 most rows
SELECT scope, name, kind, version, shape, position, last_position, last_id, epoch, owner, beat, beat_at,
       state, reason, head, pause_reason, paused_at, rebuild_after, rebuild_at, rebuild_target,
       parked_keys, waiting_events, dead_letters, instructions, updated_at, checksum
FROM subscriptions WHERE (scope, name) > (?1, ?2) AND scope <= ?3 AND forgotten = 0
ORDER BY scope, name LIMIT ?4

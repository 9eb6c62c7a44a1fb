-- ?1 scope, ?2 name
SELECT scope, name, kind, version, shape, position, last_position, last_id, epoch, owner, beat, beat_at,
       state, reason, head, pause_reason, paused_at, rebuild_after, rebuild_at, rebuild_target,
       parked_keys, waiting_events, dead_letters, instructions, updated_at, checksum
FROM subscriptions WHERE scope = ?1 AND name = ?2 AND forgotten = 0

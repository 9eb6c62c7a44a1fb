-- $1 scope, $2 name
SELECT scope, name, kind, version, shape, position, last_position, last_id, epoch, owner, beat, beat_at,
       state, reason, head, paused_at, pause_reason, rebuild_after, rebuild_at, rebuild_target,
       parked_keys, waiting_events, dead_letters, instructions, updated_at
FROM {schema}.subscriptions WHERE scope = $1 AND name = $2
  AND place = (SELECT p.place FROM {schema}.subscriptions p WHERE p.scope = $1 AND p.name = $2
               ORDER BY p.place DESC LIMIT 1)
  AND NOT forgotten

-- $1 scope, $2 name, $3 epoch, $4 state, $5 reason or NULL, $6 head, $7 now: the row if the lease is the
-- caller's
UPDATE {schema}.subscriptions
SET writes = writes + 1, beat = beat + 1, beat_at = $7, state = $4, reason = $5, head = $6
WHERE scope = $1 AND name = $2
  AND place = (SELECT p.place FROM {schema}.subscriptions p WHERE p.scope = $1 AND p.name = $2
               ORDER BY p.place DESC LIMIT 1)
  AND epoch = $3 AND owner IS NOT NULL
  AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off'
RETURNING scope, name, kind, version, shape, position, last_position, last_id, epoch, owner, beat, beat_at,
          state, reason, head, paused_at, pause_reason, rebuild_after, rebuild_at, rebuild_target,
          parked_keys, waiting_events, dead_letters, instructions, updated_at, writes

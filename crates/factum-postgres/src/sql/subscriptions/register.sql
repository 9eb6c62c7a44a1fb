-- $1 scope, $2 name, $3 kind, $4 version, $5 shape, $6 start, $7 now: the row, new or as it was; none if
-- another session has made it since this statement began
WITH made AS (
    INSERT INTO {schema}.subscriptions AS s (scope, name, kind, version, shape, position, updated_at)
    SELECT $1, $2, $3, $4, $5, $6, $7
    WHERE set_config('synchronous_commit', 'off', true) = 'off'
      AND NOT EXISTS (SELECT FROM {schema}.subscriptions
                      WHERE scope = $1 AND name = $2 AND NOT forgotten)
    ON CONFLICT (scope, name) DO UPDATE SET
        kind = excluded.kind, version = excluded.version, shape = excluded.shape,
        position = excluded.position, updated_at = excluded.updated_at, forgotten = false
    WHERE s.forgotten RETURNING *)
SELECT scope, name, kind, version, shape, position, last_position, last_id, epoch, owner, beat, beat_at,
       state, reason, head, paused_at, pause_reason, rebuild_after, rebuild_at, rebuild_target,
       parked_keys, waiting_events, dead_letters, instructions, updated_at
FROM made
UNION ALL
SELECT scope, name, kind, version, shape, position, last_position, last_id, epoch, owner, beat, beat_at,
       state, reason, head, paused_at, pause_reason, rebuild_after, rebuild_at, rebuild_target,
       parked_keys, waiting_events, dead_letters, instructions, updated_at
FROM {schema}.subscriptions WHERE scope = $1 AND name = $2 AND NOT forgotten

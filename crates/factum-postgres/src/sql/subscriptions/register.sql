-- $1 scope, $2 name, $3 kind, $4 version, $5 shape, $6 start, $7 now: the row, new or as it was; none if
-- another session has made it since this statement began
WITH named AS (
    INSERT INTO {schema}.subscription_names (scope, name)
    SELECT $1, $2
    WHERE set_config('synchronous_commit', 'off', true) = 'off'
      AND NOT EXISTS (SELECT FROM {schema}.subscription_names WHERE scope = $1 AND name = $2)
    ON CONFLICT (scope, name) DO NOTHING RETURNING 1),
made AS (
    INSERT INTO {schema}.subscriptions (scope, name, kind, version, shape, position, updated_at)
    SELECT $1, $2, $3, $4, $5, $6, $7 FROM named RETURNING *),
revived AS (
    UPDATE {schema}.subscriptions SET
        kind = $3, version = $4, shape = $5, position = $6, updated_at = $7, forgotten = false
    WHERE scope = $1 AND name = $2
      AND place = (SELECT p.place FROM {schema}.subscriptions p WHERE p.scope = $1 AND p.name = $2
                   ORDER BY p.place DESC LIMIT 1)
      AND forgotten AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off' RETURNING *)
SELECT scope, name, kind, version, shape, position, last_position, last_id, epoch, owner, beat, beat_at,
       state, reason, head, paused_at, pause_reason, rebuild_after, rebuild_at, rebuild_target,
       parked_keys, waiting_events, dead_letters, instructions, updated_at
FROM made
UNION ALL
SELECT scope, name, kind, version, shape, position, last_position, last_id, epoch, owner, beat, beat_at,
       state, reason, head, paused_at, pause_reason, rebuild_after, rebuild_at, rebuild_target,
       parked_keys, waiting_events, dead_letters, instructions, updated_at
FROM revived
UNION ALL
SELECT scope, name, kind, version, shape, position, last_position, last_id, epoch, owner, beat, beat_at,
       state, reason, head, paused_at, pause_reason, rebuild_after, rebuild_at, rebuild_target,
       parked_keys, waiting_events, dead_letters, instructions, updated_at
FROM {schema}.subscriptions
WHERE scope = $1 AND name = $2
  AND place = (SELECT p.place FROM {schema}.subscriptions p WHERE p.scope = $1 AND p.name = $2
               ORDER BY p.place DESC LIMIT 1)
  AND NOT forgotten

-- $1 and $2 after scope, name (exclusive), $3 and $4 before scope, name (exclusive), $5 most rows
SELECT scope, name, kind, version, shape, position, last_position, last_id, epoch, owner, beat, beat_at,
       state, reason, head, paused_at, pause_reason, rebuild_after, rebuild_at, rebuild_target,
       parked_keys, waiting_events, dead_letters, instructions, updated_at
FROM {schema}.subscriptions WHERE (scope, name) > ($1, $2) AND (scope, name) < ($3, $4) AND NOT forgotten
ORDER BY scope, name LIMIT $5

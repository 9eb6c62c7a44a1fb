-- $1 scope, $2 name: all that is left is its epoch
UPDATE {schema}.subscriptions SET
    forgotten = true, shape = '', position = 0, last_position = NULL, last_id = NULL, beat = 0,
    beat_at = NULL, state = 0, reason = NULL, head = 0, paused_at = NULL, pause_reason = NULL,
    rebuild_after = NULL, rebuild_at = NULL, rebuild_target = NULL, parked_keys = 0, waiting_events = 0,
    dead_letters = 0, instructions = 0
WHERE scope = $1 AND name = $2
  AND place = (SELECT p.place FROM {schema}.subscriptions p WHERE p.scope = $1 AND p.name = $2
               ORDER BY p.place DESC LIMIT 1)

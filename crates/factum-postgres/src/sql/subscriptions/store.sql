-- $1 scope, $2 name, then every other column that is read: what a program has judged while it held the row
UPDATE {schema}.subscriptions SET
    kind = $3, version = $4, shape = $5, position = $6, last_position = $7, last_id = $8, epoch = $9,
    owner = $10, beat = $11, beat_at = $12, state = $13, reason = $14, head = $15, paused_at = $16,
    pause_reason = $17, rebuild_after = $18, rebuild_at = $19, rebuild_target = $20, parked_keys = $21,
    waiting_events = $22, dead_letters = $23, instructions = $24, updated_at = $25, writes = writes + 1
WHERE scope = $1 AND name = $2
  AND place = (SELECT p.place FROM {schema}.subscriptions p WHERE p.scope = $1 AND p.name = $2
               ORDER BY p.place DESC LIMIT 1)
RETURNING writes

-- $1 scope, $2 name, $3 epoch, $4 from, $5 to, $6 and $7 last event's position and id or NULL, $8 now:
-- a step that changes no letters and begins no rebuild; no row if it is not to be stored
UPDATE {schema}.subscriptions SET
    position = $5,
    last_position = coalesce($6, last_position), last_id = coalesce($7, last_id),
    writes = writes + 1, updated_at = CASE WHEN $5 <> $4 THEN $8 ELSE updated_at END,
    rebuild_after = CASE WHEN rebuild_target <= $5 THEN NULL ELSE rebuild_after END,
    rebuild_at = CASE WHEN rebuild_target <= $5 THEN NULL ELSE rebuild_at END,
    rebuild_target = CASE WHEN rebuild_target <= $5 THEN NULL ELSE rebuild_target END
WHERE scope = $1 AND name = $2
  AND place = (SELECT p.place FROM {schema}.subscriptions p WHERE p.scope = $1 AND p.name = $2
               ORDER BY p.place DESC LIMIT 1)
  AND epoch = $3 AND owner IS NOT NULL AND position = $4 AND $5 >= $4
  AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off'
RETURNING instructions, writes

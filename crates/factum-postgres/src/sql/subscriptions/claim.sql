-- $1 scope, $2 name, $3 owner, $4 to $6 owner, epoch and beat of the lease that is known to be dead or NULL,
-- $7 now: the row if it is granted. It waits for the flush: a lease that a crash of the server forgot would
-- be granted to another owner under the same epoch
UPDATE {schema}.subscriptions SET epoch = epoch + 1, owner = $3, beat = 0, beat_at = $7
WHERE scope = $1 AND name = $2
  AND place = (SELECT p.place FROM {schema}.subscriptions p WHERE p.scope = $1 AND p.name = $2
               ORDER BY p.place DESC LIMIT 1)
  AND NOT forgotten
  AND (owner IS NULL OR owner = $3 OR (owner, epoch, beat) = ($4, $5, $6))
  AND (SELECT CASE current_setting('synchronous_commit')
              WHEN 'off' THEN set_config('synchronous_commit', 'on', true) ELSE 'on' END) = 'on'
RETURNING scope, name, kind, version, shape, position, last_position, last_id, epoch, owner, beat, beat_at,
          state, reason, head, paused_at, pause_reason, rebuild_after, rebuild_at, rebuild_target,
          parked_keys, waiting_events, dead_letters, instructions, updated_at

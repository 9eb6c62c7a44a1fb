-- $1 and $2 after scope, name (exclusive), $3 and $4 before scope, name (exclusive), $5 most rows
SELECT s.scope, s.name, kind, version, shape, position, last_position, last_id, epoch, owner, beat, beat_at,
       state, reason, head, paused_at, pause_reason, rebuild_after, rebuild_at, rebuild_target,
       parked_keys, waiting_events, dead_letters, instructions, updated_at
FROM (SELECT n.scope, n.name FROM {schema}.subscription_names n
      WHERE (n.scope, n.name) > ($1, $2) AND (n.scope, n.name) < ($3, $4) ORDER BY n.scope, n.name) n
CROSS JOIN LATERAL (SELECT * FROM {schema}.subscriptions p WHERE p.scope = n.scope AND p.name = n.name
                    ORDER BY p.place DESC LIMIT 1) s
WHERE NOT s.forgotten ORDER BY n.scope, n.name LIMIT $5

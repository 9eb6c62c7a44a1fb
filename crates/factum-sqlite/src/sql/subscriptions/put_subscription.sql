-- ?1 to ?25 the columns in their order, ?26 hash, ?27 checksum
INSERT INTO subscriptions
    (scope, name, kind, version, shape, position, last_position, last_id, epoch, owner, beat, beat_at,
     state, reason, head, pause_reason, paused_at, rebuild_after, rebuild_at, rebuild_target,
     parked_keys, waiting_events, dead_letters, instructions, updated_at, hash, checksum)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
        ?21, ?22, ?23, ?24, ?25, ?26, ?27)
ON CONFLICT (scope, name) DO UPDATE SET
    forgotten = 0, kind = excluded.kind, version = excluded.version, shape = excluded.shape,
    position = excluded.position, last_position = excluded.last_position,
    last_id = excluded.last_id, epoch = excluded.epoch, owner = excluded.owner,
    beat = excluded.beat, beat_at = excluded.beat_at, state = excluded.state,
    reason = excluded.reason, head = excluded.head, pause_reason = excluded.pause_reason,
    paused_at = excluded.paused_at, rebuild_after = excluded.rebuild_after,
    rebuild_at = excluded.rebuild_at, rebuild_target = excluded.rebuild_target,
    parked_keys = excluded.parked_keys, waiting_events = excluded.waiting_events,
    dead_letters = excluded.dead_letters, instructions = excluded.instructions,
    updated_at = excluded.updated_at, checksum = excluded.checksum

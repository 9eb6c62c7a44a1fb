-- ?1 to ?26 the columns in their order
INSERT OR REPLACE INTO subscriptions
    (scope, name, kind, version, shape, position, last_position, last_id, epoch, owner, beat, beat_at,
     state, reason, head, pause_reason, paused_at, rebuild_after, rebuild_at, rebuild_target,
     parked_keys, waiting_events, dead_letters, instructions, updated_at,
     checksum)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
        ?21, ?22, ?23, ?24, ?25, ?26)

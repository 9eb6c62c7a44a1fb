-- ?1 scope, ?2 name, ?3 checksum
UPDATE subscriptions SET
    forgotten = 1, shape = '', position = 0, last_position = NULL, last_id = NULL, reason = NULL,
    pause_reason = NULL, paused_at = NULL, rebuild_after = NULL, rebuild_at = NULL,
    rebuild_target = NULL, parked_keys = 0, waiting_events = 0, dead_letters = 0,
    checksum = ?3
WHERE scope = ?1 AND name = ?2

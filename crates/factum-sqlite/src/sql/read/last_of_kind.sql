-- ?1 kind
SELECT previous FROM kind_positions WHERE kind = ?1 AND position = 0

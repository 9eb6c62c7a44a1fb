-- ?1 hash
SELECT tenant FROM commands INDEXED BY commands_by_hash WHERE hash = ?1

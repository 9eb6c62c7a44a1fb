-- ?1 hash
SELECT scope FROM subscriptions INDEXED BY subscriptions_by_hash WHERE hash = ?1

-- ?1 hash
SELECT tenant FROM claims INDEXED BY claims_by_hash WHERE hash = ?1
